// The shop: what surrounds every view, and the table of views.

import { serverNow } from "./api.js";
import { left, minutes } from "./clock.js";
import { every, fill, h, say } from "./dom.js";
import { choose, language, number, t } from "./i18n.js";
import * as line from "./line.js";
import { notices } from "./notice.js";
import * as router from "./router.js";
import { get, onChange } from "./store.js";
import { balance } from "./views/balance.js";
import { concerts } from "./views/concerts.js";
import { dates } from "./views/dates.js";
import { hold } from "./views/hold.js";
import { receipt } from "./views/receipt.js";
import { seats } from "./views/seats.js";
import { tickets } from "./views/tickets.js";
import { announce, waiting } from "./views/waiting.js";
import { welcome } from "./views/welcome.js";

/** A view for those who have signed up. */
const own = (view) => (params, signal) => (get().fan ? view : welcome)(params, signal);
/** A view for those whose turn it is. */
const admitted = (view) =>
  own((params, signal) => (get().place?.state.status === "active" ? view : waiting)(params, signal));

const ROUTES = [
  [/^\/$/, welcome],
  [/^\/balance$/, own(balance)],
  [/^\/queue$/, own(waiting)],
  [/^\/concerts$/, admitted(concerts)],
  [/^\/concerts\/([\w-]+)$/, admitted(dates)],
  [/^\/dates\/([\w-]+)$/, admitted(seats)],
  [/^\/holds\/([\w-]+)$/, own(hold)],
  [/^\/receipts\/([\w-]+)$/, own(receipt)],
  [/^\/tickets$/, own(tickets)],
];

const header = h("header", { class: "top" });
const view = h("main", { id: "view" });
const forever = new AbortController().signal;

const chip = h("a", { class: "chip" });

/** Where the fan stands, in a few words beside the menu. It is changed in place: it may have the focus. */
function stand() {
  const { place, fan } = get();
  const { status, position, expires_at } = place?.state ?? {};
  const active = status === "active";
  chip.hidden = !fan || !(active || status === "waiting");
  if (chip.hidden) return;
  chip.setAttribute("href", active ? "#/concerts" : "#/queue");
  chip.classList.toggle("on", active);
  say(chip, active ? t("on_turn", { left: minutes(left(expires_at, serverNow())) }) : t("in_line", { n: number(position) }));
}

function menu() {
  const state = get();
  const link = (to, text) =>
    h("a", { href: to, "aria-current": location.hash.startsWith(to) && "page" }, text);
  const other = language() === "ko" ? "en" : "ko";
  stand();
  fill(
    header,
    h("a", { class: "brand", href: "#/" }, "Boxoffice"),
    chip,
    h(
      "nav",
      { "aria-label": t("nav") },
      state.fan && [
        link(state.place?.state.status === "active" ? "#/concerts" : "#/queue", t("to_shop")),
        link("#/tickets", t("to_tickets")),
        link("#/balance", t("balance")),
      ],
      h("button", { class: "quiet", id: "language", lang: other, type: "button", onclick: () => choose(other) }, t("other_language")),
    ),
  );
}

/** What the menu shows; it is only made anew when that changes. */
const shown = ({ language, fan, place }) =>
  JSON.stringify([language, fan?.id, place?.state.status, location.hash]);

function main() {
  let [before, menued] = [get(), ""];
  document.documentElement.lang = language();
  const skip = h("a", { class: "skip", href: "#view", onclick: (event) => (event.preventDefault(), view.focus()) }, t("skip"));
  view.setAttribute("tabindex", "-1");
  document.getElementById("shop").replaceWith(skip, header, view, notices());

  const follow = () => {
    const now = get();
    const [was, is] = [before.place?.state.status, now.place?.state.status];
    const spoken = before.language !== now.language;
    before = now;
    if (spoken) {
      document.documentElement.lang = language();
      skip.textContent = t("skip");
    }
    if (menued !== (menued = shown(now))) menu();
    else stand();
    if (was === "waiting" && is === "active") announce(now.place);
    if (spoken) router.refresh();
    else if (was !== is && /^#\/(queue|concerts|dates)/.test(location.hash)) turned(was, is);
  };
  onChange(follow);
  addEventListener("hashchange", () => menued !== (menued = shown(get())) && menu());
  every(1000, forever, stand);
  addEventListener("visibilitychange", () => document.visibilityState === "visible" && router.call(""));
  menu();
  router.start(view, ROUTES);
  line.start();
}

/** The place has changed while a view that depends on it is shown. */
function turned(was, is) {
  if (was === "waiting" && is === "active" && location.hash === "#/queue") router.go("#/concerts");
  else router.refresh();
}

main();

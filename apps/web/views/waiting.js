// The waiting room. What is true is what the server says; here it is only shown, calmly.

import { ask, serverNow } from "../api.js";
import { left, minutes } from "../clock.js";
import { every, fill, h, say } from "../dom.js";
import { number, roughly, t } from "../i18n.js";
import { onConnection, took } from "../line.js";
import { busy, complain, sure, tell } from "../notice.js";
import { behind, dot, progress } from "../place.js";
import { call, go } from "../router.js";
import { get, onChange, set } from "../store.js";

const DOTS = 36;
const SAY_EVERY = 15_000;

/** @param {string[]} _ @param {AbortSignal} signal */
export function waiting(_, signal) {
  const { place } = get();
  const status = place?.state.status;
  if (status === "waiting") return room(signal);
  if (status === "active") return inside(signal);
  return outside(place);
}

/** Takes a place, or finds the one there is. */
async function join() {
  took(await ask("POST", "/v1/queue/check", { as: "access" }));
  go(get().place?.state.status === "active" ? "#/concerts" : "#/queue");
}

function outside(place) {
  const [title, more] = place ? ["place_over", "place_over_more"] : ["no_place", "no_place_more"];
  const button = h("button", { class: "primary", id: "join", type: "button", onclick: () => busy(button, t("loading"), join) }, t("join"));
  const node = h("div", { class: "narrow centre" }, h("h1", {}, t(title)), h("p", { class: "lead" }, t(more)), h("div", { class: "actions" }, button, place && h("a", { class: "button", href: "#/tickets" }, t("to_tickets"))));
  return { title: t(title), node };
}

function inside(signal) {
  const more = h("p", { class: "lead" });
  const show = () => say(more, t("your_turn_more", { left: minutes(left(get().place?.state.expires_at, serverNow())) }));
  show();
  every(1000, signal, show);
  const node = h("div", { class: "narrow centre" }, h("h1", {}, t("your_turn")), more, h("a", { class: "button primary", href: "#/concerts" }, t("go_in")), leave());
  return { title: t("your_turn"), node };
}

function room(signal) {
  const place = h("p", { class: "position", id: "position" });
  const said = h("p", { class: "hidden", "aria-live": "polite" });
  const bar = h("progress", { max: 100, "aria-label": t("progress") });
  const picture = h("svg", { class: "line", viewBox: `0 0 ${DOTS * 10 + 30} 24`, "aria-hidden": "true" });
  const [ahead, after, wait] = [h("dd", { id: "ahead" }), h("dd", { id: "behind" }), h("dd", { id: "wait" })];
  const lost = h("p", { class: "calm lost", id: "lost", role: "status" });
  let lastSaid = -SAY_EVERY;
  const show = () => {
    const now = get().place;
    if (now?.state.status !== "waiting") return;
    const { state } = now;
    say(place, number(state.position));
    say(ahead, number(state.ahead));
    say(after, number(behind(state)));
    say(wait, state.estimated_wait_seconds === undefined ? t("wait_unknown") : roughly(state.estimated_wait_seconds));
    bar.value = Math.round(progress(now) * 100);
    draw(picture, state);
    if (performance.now() - lastSaid >= SAY_EVERY) {
      lastSaid = performance.now();
      say(said, t("waiting_at", { n: number(state.position) }) + ". " + t("line_drawn", { ahead: state.ahead, behind: behind(state) }));
    }
    if (document.visibilityState === "hidden") call(t("waiting_at", { n: number(state.position) }));
  };
  show();
  onChange(show, signal);
  onConnection((is) => say(lost, is ? t("lost") : ""), signal);
  const fact = (name, value) => h("div", {}, h("dt", {}, t(name)), value);
  const node = h(
    "div",
    { class: "room" },
    h("h1", {}, t("waiting")),
    h("div", { class: "card big" }, h("p", { class: "label" }, t("your_number")), place, said, picture, bar, h("dl", { class: "facts" }, fact("ahead", ahead), fact("behind", after), fact("wait", wait))),
    lost,
    h("p", { class: "calm" }, t("calm")),
    h("div", { class: "actions" }, bell(), leave()),
  );
  return { title: t("waiting"), node };
}

/** The line from above: the door, those ahead, the fan, those behind. */
function draw(picture, state) {
  const own = dot(state, DOTS);
  const shown = Math.min(DOTS, state.waiting_total);
  const door = h("path", { class: "door", d: "M4 22V4a2 2 0 0 1 2-2h8a2 2 0 0 1 2 2v18" });
  const dots = Array.from({ length: shown }, (_, at) =>
    h("circle", { class: at === own ? "own" : at < own ? "ahead" : "after", cx: 28 + at * 10, cy: at === own ? 13 : 15, r: at === own ? 6 : 3 }),
  );
  fill(picture, door, dots);
}

function bell() {
  if (!("Notification" in globalThis)) return null;
  const text = () => t(Notification.permission === "granted" ? "notify_on" : "notify");
  const button = h("button", { type: "button", id: "notify" }, text());
  button.onclick = async () => {
    if ((await Notification.requestPermission()) !== "granted") tell(t("notify_off"));
    button.textContent = text();
  };
  return button;
}

function leave() {
  const give = async () => {
    if (!(await sure(t("leave_sure"), t("yes_leave")))) return;
    try {
      await ask("DELETE", "/v1/queue/tokens/me", { as: "queue" });
    } catch (problem) {
      if (problem.code !== "queue_token_expired") return complain(problem);
    }
    set({ place: undefined });
    go("#/queue");
  };
  return h("button", { class: "quiet", type: "button", id: "leave", onclick: give }, t("leave"));
}

/** Says everywhere that the turn has come: on the page, in the tab's title, as a notification. */
export function announce(place) {
  const body = t("your_turn_more", { left: minutes(left(place.state.expires_at, serverNow())) });
  tell(`${t("your_turn")} ${body}`);
  call(`● ${t("your_turn")}`);
  setTimeout(() => document.visibilityState === "visible" && call(""), 8000);
  if (document.visibilityState === "visible" || globalThis.Notification?.permission !== "granted") return;
  try {
    const note = new Notification(t("your_turn"), { body, tag: "boxoffice" });
    note.onclick = () => (globalThis.focus(), note.close());
  } catch {
    // Some phones let only service workers notify; the title has it, too.
  }
}

// The first view: a name is all that is needed; who has one is shown the way on.

import { ask, read } from "../api.js";
import { h, say } from "../dom.js";
import { t, won } from "../i18n.js";
import { busy } from "../notice.js";
import { go } from "../router.js";
import { get, set } from "../store.js";

/** @param {string[]} _ @param {AbortSignal} signal */
export function welcome(_, signal) {
  const { fan } = get();
  return {
    title: t("welcome"),
    node: h(
      "div",
      { class: "welcome" },
      scene(),
      h("section", { class: "hero" }, h("h1", {}, t("welcome")), h("p", { class: "lead" }, t("welcome_more")), fan ? known(fan, signal) : form()),
      h("ol", { class: "steps" }, [1, 2, 3].map((n) => h("li", {}, h("h2", {}, t(`step_${n}`)), h("p", {}, t(`step_${n}_more`))))),
    ),
  };
}

/** A hall from above, with one seat taken: only for the eye. */
function scene() {
  const rows = [70, 84, 98, 112, 126, 140, 154, 168, 182].map((r) => h("circle", { cx: 200, cy: 0, r }));
  return h("svg", { class: "scene", viewBox: "0 0 400 200", "aria-hidden": "true" }, rows, h("circle", { class: "stage", cx: 200, cy: 0, r: 44 }), h("circle", { class: "own", cx: 262, cy: 109.3, r: 4.5 }));
}

function form() {
  const name = h("input", { id: "name", name: "name", required: true, maxlength: 100, autocomplete: "given-name" });
  const button = h("button", { class: "primary", id: "sign-up" }, t("sign_up"));
  const submit = async (event) => {
    event.preventDefault();
    await busy(button, t("signing_up"), () => signUp(name.value));
  };
  return h("form", { class: "row-form", onsubmit: submit }, h("label", { for: "name" }, t("name")), name, button);
}

async function signUp(name) {
  const user = await ask("POST", "/v1/users", { as: "nobody", body: { name: name.trim() } });
  set({ fan: { id: user.id, name: user.name, token: user.access_token }, place: undefined, hold: undefined });
  go("#/balance");
}

function known(fan, signal) {
  const more = h("p", { class: "muted" });
  read(`/v1/users/${fan.id}/balance`, "access", signal)
    .then(({ balance }) => say(more, t("hello_more", { won: won(balance) })))
    .catch(() => {});
  return h(
    "div",
    { class: "card" },
    h("h2", {}, t("hello", fan)),
    more,
    h("div", { class: "actions" }, h("a", { class: "button primary", href: "#/queue" }, t("join")), h("a", { class: "button", href: "#/balance" }, t("charge_first"))),
    h("button", { class: "quiet", type: "button", onclick: () => (set({ fan: undefined, place: undefined, hold: undefined, intents: undefined }), go("#/")) }, t("sign_out")),
  );
}

// What the operator can turn: whether people are let in, and how many.

import { h, say } from "/app/dom.js";
import { number, t } from "/app/i18n.js";
import { busy, sure, tell } from "/app/notice.js";
import { change } from "./desk.js";

/** @param {(board: any) => void} changed is told how the queue is after a change */
export function controls(changed) {
  let paused = false;
  const state = h("p", { id: "admission", class: "strong", role: "status" }, "–");
  const toggle = h("button", { type: "button", id: "pause" }, t("pause"));
  const set = (button, policy, news) =>
    busy(button, t("changing"), async () => {
      changed(await change("/v1/admin/queue", policy));
      tell(news);
    });
  toggle.onclick = async () => {
    const stops = !paused;
    if (stops && !(await sure(t("pause_sure"), t("yes_pause")))) return;
    await set(toggle, { paused: stops }, t(stops ? "now_paused" : "now_open"));
    dress();
  };
  const dress = () => {
    say(state, t(paused ? "is_paused" : "is_open"));
    state.classList.toggle("stale", paused);
    say(toggle, t(paused ? "resume" : "pause"));
    toggle.classList.toggle("primary", paused);
  };
  const fields = [field("capacity", 0, 1_000_000, set), field("admission_batch", 1, 100_000, set)];
  return {
    node: h("section", { class: "card controls", "aria-labelledby": "controls" }, h("h2", { id: "controls" }, t("controls")), h("div", { class: "switch" }, state, toggle), fields.map(({ node }) => node)),
    /** Shows the policy in force. */
    show(policy) {
      paused = policy.paused;
      // Its text says what is being done.
      if (!toggle.hasAttribute("aria-busy")) dress();
      for (const { name, show } of fields) show(policy[name]);
    },
  };
}

/** A number that can be set. What was typed stays until it is set. */
function field(name, least, most, set) {
  let isTyped = false;
  const input = h("input", { id: name, type: "number", inputmode: "numeric", min: least, max: most, step: 1, required: true, "aria-describedby": `${name}-now` });
  const now = h("p", { id: `${name}-now`, class: "muted small" });
  const button = h("button", { id: `${name}-set` }, t("apply"));
  input.oninput = () => (isTyped = true);
  const submit = async (event) => {
    event.preventDefault();
    const value = Number(input.value);
    await set(button, { [name]: value }, t(`now_${name}`, { n: number(value) }));
    isTyped = false;
  };
  const show = (value) => {
    say(now, t("in_force", { n: number(value) }));
    if (!isTyped && document.activeElement !== input) input.value = value;
  };
  return { name, show, node: h("form", { class: "row-form", onsubmit: submit }, h("label", { for: name }, t(name)), input, button, now) };
}

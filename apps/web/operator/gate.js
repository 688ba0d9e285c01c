// Asks for the operator's key.

import { h, say } from "/app/dom.js";
import { advice, t } from "/app/i18n.js";
import { busy } from "/app/notice.js";
import { isRefused, keep, look } from "./desk.js";

/** What a header can carry; nothing else is a key. */
const KEY = /^[\x21-\x7e]+$/;

/**
 * @param {string} why what to say at first, or nothing
 * @param {() => void} enter the key is good, and kept
 */
export function gate(why, enter) {
  const key = h("input", { id: "key", type: "password", required: true, autocomplete: "off", spellcheck: "false", "aria-describedby": "key-help refused" });
  const button = h("button", { class: "primary", id: "enter" }, t("enter"));
  const refused = h("p", { id: "refused", class: "refused", role: "alert" }, why);
  const submit = async (event) => {
    event.preventDefault();
    say(refused, "");
    const isGood = await busy(button, t("entering"), () => opens(key.value.trim()));
    if (isGood === undefined) return;
    if (isGood) return enter();
    say(refused, `${t("key_refused")} ${advice("forbidden")}`);
    key.focus();
    key.select();
  };
  return h(
    "section",
    { class: "narrow gate" },
    h("h1", {}, t("board")),
    h("form", { class: "card", onsubmit: submit }, h("div", { class: "row-form" }, h("label", { for: "key" }, t("key")), key, button), refused, h("p", { class: "muted small", id: "key-help" }, t("key_help"))),
  );
}

/** Keeps the key if it opens something. */
async function opens(typed) {
  try {
    if (!KEY.test(typed)) return false;
    await look("/v1/admin/queue", undefined, typed);
  } catch (problem) {
    if (isRefused(problem)) return false;
    throw problem;
  }
  keep(typed);
  return true;
}

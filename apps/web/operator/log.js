// What operators changed lately.

import { fill, h } from "/app/dom.js";
import { moment, number, t } from "/app/i18n.js";

export function log() {
  const rows = h("tbody");
  const head = ["log_when", "log_who", "log_what"].map((name) => h("th", { scope: "col" }, t(name)));
  let shown = "";
  return {
    node: h("section", { class: "card log", "aria-labelledby": "log" }, h("h2", { id: "log" }, t("log")), h("div", { class: "scroll", tabindex: "0", role: "group", "aria-labelledby": "log" }, h("table", {}, h("thead", {}, h("tr", {}, head)), rows))),
    /** @param {any[]} entries the newest first */
    show(entries) {
      const numbers = entries.map((entry) => entry.number).join();
      if (numbers === shown) return;
      shown = numbers;
      fill(rows, entries.length ? entries.map(row) : h("tr", {}, h("td", { colspan: 3, class: "muted" }, t("log_empty"))));
    },
  };
}

const row = (entry) => h("tr", { "data-entry": entry.number }, h("td", { class: "figure" }, moment(entry.at)), h("td", {}, entry.operator), h("td", {}, h("span", { class: "strong" }, t(`did_${entry.action}`)), details(entry.details)));

function details(all) {
  const text = Object.entries(all).map(([name, value]) => `${t(`detail_${name}`)}: ${shown(value)}`).join(" · ");
  return text && h("small", { class: "muted" }, text);
}

function shown(value) {
  if (value === null) return "–";
  if (typeof value === "number") return number(value);
  if (typeof value === "boolean") return t(value ? "detail_yes" : "detail_no");
  if (Array.isArray(value)) return value.map(shown).join(", ");
  if (typeof value === "object") return "to" in value ? `${shown(value.from)} → ${shown(value.to)}` : JSON.stringify(value);
  return String(value);
}

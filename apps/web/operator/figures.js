// The numbers that matter, in one line.

import { serverNow } from "/app/api.js";
import { h, say } from "/app/dom.js";
import { number, t, won } from "/app/i18n.js";

const SHOWN = ["waiting", "active", "admitted", "holding", "sold", "revenue"];

export function figures() {
  const cells = Object.fromEntries(SHOWN.map((name) => [name, h("dd", { id: name, class: "figure" }, "–")]));
  const audit = h("dd", { id: "audit" }, "–");
  const item = (name, cell) => h("div", {}, h("dt", {}, t(`figure_${name}`)), cell);
  const set = (name, value, shown = number) => {
    cells[name].dataset.value = String(value);
    say(cells[name], shown(value));
  };
  return {
    node: h("section", { "aria-label": t("figures") }, h("dl", { class: "figures" }, SHOWN.map((name) => item(name, cells[name])), item("audit", audit))),
    queue(board) {
      set("waiting", board.waiting);
      set("active", board.active);
      set("admitted", board.admitted_last_minute);
    },
    /** @param {import("./exposition.js").Sales[]} sales none when nothing is known */
    sales(sales) {
      if (!sales.length) return ["holding", "sold", "revenue"].forEach((name) => set(name, "", () => "–"));
      const sum = (member) => sales.reduce((all, one) => all + one[member], 0);
      set("holding", sum("held"));
      set("sold", sum("sold"));
      set("revenue", sum("revenue"), won);
    },
    /** @param {ReturnType<typeof import("./exposition.js").audit>} found */
    audit(found) {
      audit.className = !found ? "" : found.broken.length ? "broken" : "held";
      if (!found) return say(audit, t("not_audited"));
      const ago = t("ago", { time: since(serverNow() / 1000 - found.at) });
      say(audit, t(found.broken.length ? "audit_broken" : "audit_held", { promises: found.broken.join(", "), ago }));
    },
  };
}

function since(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  return whole < 90 ? t("short_seconds", { n: whole }) : t("short_minutes", { n: number(Math.round(whole / 60)) });
}

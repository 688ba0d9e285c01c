// The map with the buttons that move it.

import { h } from "../dom.js";
import { t } from "../i18n.js";

/** @param {ReturnType<typeof import("./map.js").seatMap>} map */
export function frame(map) {
  const tool = (id, name, sign, work) => h("button", { type: "button", id, "aria-label": t(name), title: t(name), onclick: work }, sign);
  const tools = [tool("closer", "zoom_in", "+", map.closer), tool("farther", "zoom_out", "−", map.farther), tool("all", "zoom_all", "⤢", map.all)];
  return h("div", { class: "map-frame" }, map.node, h("div", { class: "tools" }, tools));
}

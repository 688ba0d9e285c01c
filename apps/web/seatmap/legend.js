// What the shapes and colours of the map mean, with prices and how many seats are free.

import { fill, h } from "../dom.js";
import { number, t, won } from "../i18n.js";
import { free } from "./hall.js";
import { points } from "./shapes.js";

/** The shape of a grade as a small picture. */
export function shape(grade) {
  const corners = points(grade);
  return h("svg", { class: `shape grade-${grade % 6}`, viewBox: "0 0 20 20", "aria-hidden": "true" }, corners ? h("polygon", { points: corners }) : h("circle", { cx: 10, cy: 10, r: 8 }));
}

/** @param {import("./hall.js").Hall} hall */
export function legend(hall) {
  const node = h("ul", { class: "legend" });
  const update = () => {
    const counts = free(hall);
    const item = ({ name, price }, at) =>
      h("li", {}, shape(at), h("span", { class: "strong" }, name), h("span", {}, won(price)), h("span", { class: "muted" }, t("grade_left", { n: number(counts[at]) })));
    fill(node, hall.grades.map(item));
  };
  update();
  return { node, update };
}

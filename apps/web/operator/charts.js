// Lines over the last 15 minutes. A chart's legend is a table with its latest values, so whoever does not see the
// lines knows them, too.

import { fill, h, say } from "/app/dom.js";
import { clock, number, t } from "/app/i18n.js";
import { columns, latest } from "./history.js";
import uPlot from "./vendor/uplot.js";

const HEIGHT = 190;
/** A chart that has just begun is not all slope. */
const SHORTEST_SECONDS = 60;
const DASHES = [[], [7, 4], [2, 3], [12, 4, 2, 4]];

/**
 * A line has a colour, and dashes so that it can be told without colours.
 * @typedef {{name: string, title: string}} Line
 * @param {string} id
 * @param {string} title
 * @param {AbortSignal} signal
 */
export function chart(id, title, signal) {
  const canvas = h("div", { class: "plot", "aria-hidden": "true" });
  const table = h("table", { class: "series", id: `${id}-now` });
  const when = h("caption", {}, t("no_values"));
  const node = h("figure", { class: "card chart", id, "aria-labelledby": `${id}-title` }, h("h3", { id: `${id}-title` }, title), canvas, table);
  let [plot, lines, rows] = [/** @type {uPlot | null} */ (null), /** @type {Line[]} */ ([]), []];

  const data = () => columns(rows, lines.map((line) => line.name));
  const rebuild = () => {
    plot?.destroy();
    plot = new uPlot(options(canvas, lines, (at) => tell(at)), data(), canvas);
    fill(table, when, h("tbody", {}, lines.map((line, at) => h("tr", {}, h("th", { scope: "row" }, mark(at), line.title), h("td", { class: "figure", "data-line": line.name })))));
  };
  /** Shows the values of a row, or the latest. */
  const tell = (at) => {
    const row = at === null || at === undefined ? latest(rows) : rows[at];
    if (!row) return;
    say(when, t("values_at", { time: clock(row.at * 1000) }));
    const cells = table.querySelectorAll("td");
    lines.forEach((line, n) => say(cells[n], row.values[line.name] === undefined ? "–" : number(row.values[line.name])));
  };

  const resized = new ResizeObserver(() => plot?.setSize({ width: canvas.clientWidth, height: HEIGHT }));
  resized.observe(canvas);
  signal.addEventListener("abort", () => (resized.disconnect(), plot?.destroy()));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => plot && rebuild(), { signal });

  return {
    node,
    /** @param {Line[]} wished @param {import("./history.js").Row[]} seen */
    draw(wished, seen) {
      const isSame = plot && JSON.stringify(wished) === JSON.stringify(lines);
      [lines, rows] = [wished, seen];
      if (isSame) plot.setData(data());
      else rebuild();
      tell(plot.cursor.idx);
    },
  };
}

/** How a line looks, as a small picture. */
const mark = (at) => h("svg", { class: `mark tone-${at % 6}`, viewBox: "0 0 26 8", "aria-hidden": "true" }, h("line", { x1: 0, y1: 4, x2: 26, y2: 4, "stroke-dasharray": dash(at).join(" ") || false }));

const dash = (at) => DASHES[at % DASHES.length];

function options(canvas, lines, tell) {
  const style = getComputedStyle(canvas);
  const colour = (name) => style.getPropertyValue(name).trim();
  const axis = { stroke: colour("--quiet"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false }, font: `12px ${colour("--sans")}` };
  const whole = (_, values) => values.map((value) => (Number.isInteger(value) ? number(value) : ""));
  return {
    width: canvas.clientWidth || 300,
    height: HEIGHT,
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, y: false, points: { size: 7 } },
    hooks: { setCursor: [(plot) => tell(plot.cursor.idx)] },
    scales: {
      x: { range: (_, least, most) => [Math.min(least, most - SHORTEST_SECONDS), most] },
      y: { range: (_, __, most) => [0, Math.max(4, most * 1.08)] },
    },
    axes: [
      { ...axis, space: 90, size: 30, values: (_, splits) => splits.map((at) => clock(at * 1000)) },
      { ...axis, size: 58, values: whole },
    ],
    series: [{}, ...lines.map((line, at) => ({ label: line.title, stroke: colour(`--tone-${at % 6}`), width: 2, dash: dash(at), points: { show: false } }))],
  };
}

// The seats as rows of buttons, one row at a time: the same hall for the keyboard, for screen readers and for whoever
// likes it exact. 20,000 buttons would be too many for any of them, so the other rows come when they are asked for.

import { fill, h } from "../dom.js";
import { number as figure, t, won } from "../i18n.js";
import { AVAILABLE, NAMES, gradeOf, inRow, rowOf, rows, statusOf } from "./hall.js";
import { shape } from "./legend.js";

/**
 * @param {import("./hall.js").Hall} hall
 * @param {{chosen: Set<number>, mine: Set<number>}} marks
 * @param {{pick: (number: number) => void, focus: (number: number | null) => void, closer: () => void,
 *   farther: () => void, all: () => void}} on
 */
export function seatRows(hall, marks, on) {
  const count = rows(hall);
  let row = 0;
  let current = inRow(hall, 0)[0];
  const grid = h("div", { class: "seat-row", role: "grid", "aria-label": t("seat_map"), "aria-rowcount": count, "aria-colcount": hall.perRow });
  const where = h("select", { id: "row", "aria-label": t("rows") }, Array.from({ length: count }, (_, at) => h("option", { value: at }, t("row", { n: figure(at + 1) }))));
  where.onchange = () => show(Number(where.value));
  const [before, next] = [step("row_back", -1, "‹"), step("row_next", 1, "›")];

  function step(name, by, sign) {
    return h("button", { type: "button", "aria-label": t(name), onclick: () => show(row + by) }, sign);
  }

  function look(number) {
    if (marks.chosen.has(number)) return "chosen";
    if (marks.mine.has(number)) return "mine";
    return NAMES[statusOf(hall, number)];
  }

  function dress(button, number) {
    const how = look(number);
    const { name, price } = gradeOf(hall, number);
    // Not the sign of the won: it is read as "yen", or not at all.
    const spoken = t("spoken_won", { n: figure(price) });
    button.setAttribute("aria-label", t("seat_label", { n: number, grade: name, price: spoken, status: t(`status_${how}`) }));
    button.setAttribute("aria-pressed", String(how === "chosen"));
    button.setAttribute("aria-disabled", String(how !== "available" && how !== "chosen"));
    button.setAttribute("tabindex", number === current ? "0" : "-1");
    button.dataset.status = how;
    button.title = `${won(price)}`;
  }

  function cell(number) {
    const at = hall.at.get(number);
    const button = h("button", { type: "button", class: `seat grade-${hall.grade[at] % 6}`, "data-seat": number }, shape(hall.grade[at]), h("span", {}, String(number)));
    dress(button, number);
    button.onclick = () => ((current = number), on.pick(number));
    button.onfocus = () => on.focus(number);
    button.onblur = () => on.focus(null);
    return h("div", { role: "gridcell", "aria-colindex": ((number - 1) % hall.perRow) + 1 }, button);
  }

  function show(wished, focus = false) {
    row = Math.min(count - 1, Math.max(0, wished));
    const seats = inRow(hall, row);
    const column = (current - 1) % hall.perRow;
    if (rowOf(hall, current) !== row) current = seats[Math.min(column, seats.length - 1)];
    fill(grid, h("div", { role: "row", "aria-rowindex": row + 1, "aria-label": t("row_of", { n: row + 1, rows: count }) }, seats.map(cell)));
    where.value = String(row);
    [before.disabled, next.disabled] = [row === 0, row === count - 1];
    if (focus) buttonOf(current)?.focus();
  }

  const buttonOf = (number) => grid.querySelector(`[data-seat="${number}"]`);

  grid.onkeydown = (event) => {
    const keys = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: hall.perRow, ArrowUp: -hall.perRow, PageDown: 10 * hall.perRow, PageUp: -10 * hall.perRow };
    const seats = inRow(hall, row);
    if (event.key in keys) go(current + keys[event.key]);
    else if (event.key === "Home") go(seats[0]);
    else if (event.key === "End") go(seats[seats.length - 1]);
    else if (event.key === "+" || event.key === "=") on.closer();
    else if (event.key === "-") on.farther();
    else if (event.key === "0") on.all();
    else return;
    event.preventDefault();
  };

  function go(number) {
    if (!hall.at.has(number)) return;
    current = number;
    if (rowOf(hall, number) !== row) return show(rowOf(hall, number), true);
    grid.querySelectorAll("[data-seat]").forEach((button) => button.setAttribute("tabindex", Number(button.dataset.seat) === current ? "0" : "-1"));
    buttonOf(number)?.focus();
  }

  show(firstFree(hall));
  return {
    node: h(
      "section",
      { class: "rows-panel", "aria-labelledby": "rows-title" },
      h("div", { class: "rows-head" }, h("h2", { id: "rows-title" }, t("rows")), h("div", { class: "stepper" }, before, where, next)),
      grid,
      h("p", { class: "muted small" }, t("rows_help")),
    ),
    /** Some seats look different now. */
    update(numbers) {
      for (const number of numbers) {
        const button = buttonOf(number);
        if (button) dress(button, number);
      }
    },
    /** Brings the row of a seat into view. */
    reveal(number) {
      current = number;
      show(rowOf(hall, number));
    },
  };
}

function firstFree(hall) {
  const at = hall.status.indexOf(AVAILABLE);
  return at < 0 ? 0 : rowOf(hall, hall.numbers[at]);
}


// Choosing seats: the map and the rows show the same hall, kept up to date by what has changed.

import { ask, read } from "../api.js";
import { fill, h, say } from "../dom.js";
import { number as figure, t, won } from "../i18n.js";
import { busy, complain, explained, tell } from "../notice.js";
import { go } from "../router.js";
import { follow } from "../seatmap/follow.js";
import { frame } from "../seatmap/frame.js";
import { AVAILABLE, HELD, gradeOf, mark, statusOf, whole } from "../seatmap/hall.js";
import { legend } from "../seatmap/legend.js";
import { seatMap } from "../seatmap/map.js";
import { seatRows } from "../seatmap/rows.js";
import { dated, nameOf, showOf, whenAndWhere } from "../shows.js";
import { set } from "../store.js";

const MOST = 4;

/** What was chosen and not held yet, by date: it outlives a change of the language. */
const choices = new Map();

/** @param {string[]} params @param {AbortSignal} signal */
export function seats([schedule], signal) {
  const body = h("div", { class: "hall-page" }, h("div", { class: "skeleton map" }));
  const back = showOf(schedule).concert ? `#/concerts/${showOf(schedule).concert}` : "#/concerts";
  const head = h("div", {}, h("a", { class: "back", href: back }, t("dates")), h("h1", {}, nameOf(schedule)), h("p", { class: "muted" }, whenAndWhere(schedule)));
  open(schedule, body, head, signal).catch((problem) => problem.code && fill(body, h("div", { class: "card" }, explained(problem), h("a", { class: "button", href: back }, t("back")))));
  return { title: t("seats"), node: h("div", {}, head, body) };
}

async function open(schedule, body, head, signal) {
  const path = `/v1/schedules/${schedule}/seats`;
  const [map, own] = await Promise.all([read(path, "queue", signal), read("/v1/reservations?limit=100", "queue", signal)]);
  if (!showOf(schedule).starts_at) dated(showOf(schedule).concert, { id: schedule, starts_at: map.starts_at });
  say(head.lastChild, whenAndWhere(schedule));
  const hall = whole(map);
  if (!choices.has(schedule)) choices.set(schedule, new Set());
  const mine = own.items.filter((one) => one.schedule_id === schedule && ["pending_payment", "paid"].includes(one.status));
  const marks = { chosen: choices.get(schedule), mine: new Set(mine.flatMap((one) => one.seats.map((seat) => seat.number))) };
  show(schedule, hall, marks, map.message, body, signal);
}

function show(schedule, hall, marks, message, body, signal) {
  const pick = (number) => {
    if (marks.chosen.delete(number)) return updated([number]);
    const status = statusOf(hall, number);
    const how = marks.mine.has(number) ? "mine" : status === HELD ? "held" : "sold";
    if (marks.mine.has(number) || status !== AVAILABLE) return tell(t("seat_taken", { n: number, status: t(`status_${how}`) }));
    if (marks.chosen.size >= MOST) return tell(t("most_seats"));
    marks.chosen.add(number);
    updated([number]);
  };
  const map = seatMap(hall, marks, (number) => (rows.reveal(number), pick(number)), signal);
  const rows = seatRows(hall, marks, { pick, focus: map.show, closer: map.closer, farther: map.farther, all: map.all });
  const grades = legend(hall);
  const bill = h("div", { class: "bill" });
  const state = h("p", { class: "live", id: "live", role: "status" }, t("live"));
  /** Seats look different: shows that everywhere. */
  const updated = (numbers) => {
    map.redraw();
    rows.update(numbers);
    drawBill();
  };
  const drawBill = () => fill(bill, chosenSeats(hall, marks.chosen, pick, holdThese));
  /** Somebody else has them. */
  const lost = (numbers) => {
    const gone = numbers.filter((number) => marks.chosen.delete(number));
    if (!gone.length) return;
    tell(t("taken", { seats: gone.join(", "), n: gone.length }), 10_000);
    updated(gone);
  };
  const holdThese = (button) => held(button, { schedule_id: schedule, seat_numbers: [...marks.chosen].sort((a, b) => a - b) });
  const held = (button, wish) =>
    busy(button, t("holding"), async () => {
      try {
        const reservation = await ask("POST", "/v1/reservations", { as: "queue", body: wish, intention: `hold ${JSON.stringify(wish)}` });
        marks.chosen.clear();
        set({ hold: reservation.id });
        go(`#/holds/${reservation.id}`);
      } catch (problem) {
        const taken = problem.members?.seat_numbers ?? [];
        if (problem.code === "seat_unavailable" && taken.length) {
          taken.forEach((number) => mark(hall, number, HELD));
          updated(taken);
          lost(taken);
        }
        throw problem;
      }
    });
  fill(
    body,
    h(
      "section",
      { class: "map-panel", "aria-label": t("seat_map") },
      h("div", { class: "map-head" }, grades.node, state),
      frame(map),
      h("p", { class: "muted small" }, message ?? t("map_help")),
      rows.node,
    ),
    h("aside", { class: "side" }, h("section", { class: "card", "aria-labelledby": "chosen" }, h("h2", { id: "chosen" }, t("chosen")), bill), best(hall, schedule, held)),
  );
  drawBill();
  follow((version) => read(`/v1/schedules/${schedule}/seats?since=${version}`, "queue", signal), hall, signal, {
    changed(numbers) {
      lost(numbers.filter((number) => statusOf(hall, number) !== AVAILABLE));
      updated(numbers);
      grades.update();
    },
    live(is) {
      say(state, t(is ? "live" : "stale"));
      state.classList.toggle("stale", !is);
    },
  });
  // For the tests of the map, which look where a seat is.
  body.whereIs = map.whereIs;
}

function chosenSeats(hall, chosen, giveUp, holdThese) {
  if (!chosen.size) return h("p", { class: "muted" }, t("chosen_none"));
  const numbers = [...chosen].sort((a, b) => a - b);
  const item = (number) => {
    const { name, price } = gradeOf(hall, number);
    return h("li", {}, h("span", {}, h("span", { class: "strong" }, t("seat", { n: number })), h("small", { class: "muted" }, t("grade", { grade: name }))), h("span", { class: "figure" }, won(price)), h("button", { class: "quiet", type: "button", "aria-label": t("remove", { n: number }), onclick: () => giveUp(number) }, "×"));
  };
  const total = numbers.reduce((sum, number) => sum + gradeOf(hall, number).price, 0);
  const button = h("button", { class: "primary wide", id: "hold", type: "button", onclick: () => holdThese(button) }, t("hold", { n: numbers.length }));
  return [h("ul", { class: "lines" }, numbers.map(item)), h("p", { class: "total" }, h("span", {}, t("total")), h("span", { class: "figure" }, won(total))), button];
}

function best(hall, schedule, held) {
  const count = h("select", { id: "count" }, Array.from({ length: MOST }, (_, at) => h("option", { value: at + 1, selected: at === 1 }, figure(at + 1))));
  const grade = h("select", { id: "grade" }, h("option", { value: "" }, t("any_grade")), hall.grades.map(({ name }) => h("option", { value: name }, t("grade", { grade: name }))));
  const button = h("button", { class: "wide", id: "best", type: "button" }, t("best_take"));
  button.onclick = () => held(button, { schedule_id: schedule, count: Number(count.value), ...(grade.value ? { grade: grade.value } : {}) });
  const field = (name, input) => h("div", {}, h("label", { for: input.id }, t(name)), input);
  return h("section", { class: "card", "aria-labelledby": "best-title" }, h("h2", { id: "best-title" }, t("best")), h("div", { class: "pair" }, field("best_count", count), field("best_grade", grade)), button);
}

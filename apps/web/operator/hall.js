// The seats of a date at this moment, by who has them.

import { fill, h, say } from "/app/dom.js";
import { day, hour, number, t, won } from "/app/i18n.js";
import { explained, tell } from "/app/notice.js";
import { follow } from "/app/seatmap/follow.js";
import { frame } from "/app/seatmap/frame.js";
import { NAMES, statusOf, whole } from "/app/seatmap/hall.js";
import { legend } from "/app/seatmap/legend.js";
import { seatMap } from "/app/seatmap/map.js";
import { seatRows } from "/app/seatmap/rows.js";
import { watch } from "/app/watch.js";
import { look } from "./desk.js";

const LISTED_EVERY = 10_000;
const COUNTED_EVERY = 2_000;
const SEATS = ["available", "held", "sold", "complimentary", "blocked"];

/** What was chosen: it outlives a change of the language. */
const chosen = { concert: "", date: "" };

/** @param {AbortSignal} signal */
export function hall(signal) {
  const concerts = h("select", { id: "concert" });
  const dates = h("select", { id: "date" });
  const body = h("div", { id: "seats" }, h("p", { class: "muted" }, t("no_dates")));
  let open = { date: "", over: new AbortController() };

  const show = () => {
    if (open.date === chosen.date) return;
    open.over.abort();
    const now = (open = { date: chosen.date, over: new AbortController() });
    const both = AbortSignal.any([signal, now.over.signal]);
    seatsOf(now.date, body, both).catch((problem) => {
      if (both.aborted) return;
      // The next look at the list tries again.
      now.date = "";
      fill(body, explained(problem));
    });
  };
  const list = async (best) => {
    const all = await everyConcert(signal);
    if (!all.some(({ id }) => id === chosen.concert)) Object.assign(chosen, { concert: best ?? all[0]?.id ?? "", date: "" });
    offer(concerts, all.map(({ id, title }) => [id, title]), chosen.concert);
    if (!chosen.concert) return;
    const asked = chosen.concert;
    const { schedules } = await look(`/v1/admin/concerts/${asked}`, signal);
    if (asked !== chosen.concert) return;
    if (!schedules.some(({ id }) => id === chosen.date)) chosen.date = (schedules.find(isOnSale) ?? schedules[0])?.id ?? "";
    offer(dates, schedules.map(({ id, starts_at }) => [id, `${day(starts_at)}, ${hour(starts_at)}`]), chosen.date);
    if (chosen.date) show();
  };
  concerts.onchange = () => (Object.assign(chosen, { concert: concerts.value, date: "" }), list().catch(() => {}));
  dates.onchange = () => ((chosen.date = dates.value), show());
  const field = (name, input) => h("div", {}, h("label", { for: input.id }, t(name)), input);
  return {
    node: h("section", { class: "card house", "aria-labelledby": "hall" }, h("h2", { id: "hall" }, t("hall")), h("div", { class: "pair" }, field("concert", concerts), field("date", dates)), body),
    /** Begins to look, first at the concert that sells `best`. */
    start: (best) => watch(LISTED_EVERY, signal, () => list(best), { failed: () => false, most: 5000 }),
  };
}

const isOnSale = ({ sales_closed, starts_at }) => !sales_closed && Date.parse(starts_at) > Date.now();

async function everyConcert(signal) {
  const all = [];
  for (let more = ""; more !== null; ) {
    const page = await look(`/v1/admin/concerts?limit=100${more && `&cursor=${more}`}`, signal);
    all.push(...page.items);
    more = page.next_cursor ?? null;
  }
  return all;
}

/** Puts options into a select, unless they are there: it may be open. */
function offer(select, pairs, value) {
  const before = [...select.options].map((option) => [option.value, option.textContent]);
  if (JSON.stringify(before) !== JSON.stringify(pairs)) fill(select, pairs.map(([of, text]) => h("option", { value: of }, text)));
  select.value = value;
}

async function seatsOf(date, body, signal) {
  const path = `/v1/admin/schedules/${date}`;
  const seats = whole(await look(`${path}/seats`, signal));
  const marks = { chosen: new Set(), mine: new Set() };
  const map = seatMap(seats, marks, (picked) => (rows.reveal(picked), pick(picked)), signal);
  const pick = (picked) => tell(t("seat_taken", { n: picked, status: t(`status_${marks.mine.has(picked) ? "mine" : NAMES[statusOf(seats, picked)]}`) }));
  const rows = seatRows(seats, marks, { pick, focus: map.show, closer: map.closer, farther: map.farther, all: map.all });
  const [grades, count] = [legend(seats), counts()];
  const state = h("p", { class: "live", id: "live", role: "status" }, t("live"));
  const changed = (numbers) => {
    map.redraw();
    rows.update(numbers);
    grades.update();
  };
  fill(body, h("div", { class: "map-panel" }, h("div", { class: "map-head" }, count.node, state), frame(map), grades.node, rows.node));
  const live = (is) => {
    say(state, t(is ? "live" : "stale"));
    state.classList.toggle("stale", !is);
  };
  follow((version) => look(`${path}/seats?since=${version}`, signal), seats, signal, { changed, live });
  const tally = async () => {
    const [report, blocks] = await Promise.all([look(path, signal), look(`${path}/blocks`, signal)]);
    count.show(report);
    const kept = new Set(blocks.items.flatMap((block) => block.seat_numbers));
    const different = [...kept, ...marks.mine].filter((seat) => kept.has(seat) !== marks.mine.has(seat));
    marks.mine = kept;
    if (different.length) changed(different);
  };
  watch(COUNTED_EVERY, signal, tally, { failed: () => false, most: 5000 });
}

/** How many seats are whose, which is also what the shapes on the map mean. */
function counts() {
  const cells = Object.fromEntries(SEATS.map((name) => [name, h("span", { id: `count-${name}`, class: "figure strong" }, "–")]));
  const revenue = h("span", { id: "date-revenue", class: "figure strong" }, "–");
  const item = (name) => h("li", {}, h("svg", { class: `shape state-${name}`, viewBox: "0 0 20 20", "aria-hidden": "true" }, h("circle", { cx: 10, cy: 10, r: ["sold", "complimentary"].includes(name) ? 5 : 8 })), t(`count_${name}`), cells[name]);
  return {
    node: h("ul", { class: "legend" }, SEATS.map(item), h("li", {}, t("figure_revenue"), revenue)),
    show(report) {
      for (const name of SEATS) say(cells[name], number(report.seats[name]));
      say(revenue, won(report.revenue));
    },
  };
}

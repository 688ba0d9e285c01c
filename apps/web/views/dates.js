// The dates of a concert: a calendar for those who look for a day, and a list with the hours.

import { read } from "../api.js";
import { months } from "../calendar.js";
import { fill, h, say } from "../dom.js";
import { day, hour, isoDay, month, number, t, weekdays } from "../i18n.js";
import { explained } from "../notice.js";
import { concertOf, dated, nameOf, showOf, titled } from "../shows.js";
import { poster } from "./concerts.js";

/** @param {string[]} params @param {AbortSignal} signal */
export function dates([id], signal) {
  const heading = h("h1", {}, concertOf(id)?.title ?? t("dates"));
  const venue = h("p", { class: "muted" }, concertOf(id)?.venue ?? "");
  const body = h("div", { class: "dates" }, h("div", { class: "skeleton tall" }));
  load(id, signal)
    .then((items) => {
      const known = showOf(items[0].id);
      say(heading, nameOf(items[0].id));
      say(venue, known.venue ?? "");
      fill(body, calendar(items), list(items));
    })
    .catch((problem) => problem.code && fill(body, h("div", { class: "card" }, explained(problem), h("a", { class: "button", href: "#/concerts" }, t("back")))));
  const head = h("div", { class: "head" }, h("div", { class: "thumb" }, poster(id)), h("div", {}, h("a", { class: "back", href: "#/concerts" }, t("concerts")), heading, venue));
  return { title: t("dates"), node: h("div", {}, head, body) };
}

async function load(id, signal) {
  const [{ items }] = await Promise.all([read(`/v1/concerts/${id}/schedules`, "queue", signal), know(id, signal)]);
  items.forEach((date) => dated(id, date));
  return items;
}

/** After a reload nothing is known of the concert: there is no call for one, so the list is read. */
async function know(id, signal) {
  for (let cursor = ""; cursor !== null && !concertOf(id); ) {
    const page = await read(`/v1/concerts?limit=100${cursor && `&cursor=${cursor}`}`, "queue", signal);
    page.items.forEach(titled);
    cursor = page.next_cursor;
  }
}

const leftOf = ({ remaining_seats: n }) => t("seats_left", { n, number: number(n) });

function calendar(items) {
  const byDay = Map.groupBy(items, (date) => isoDay(date.starts_at));
  const cell = (of) => {
    const there = byDay.get(of);
    if (!of) return h("td", {});
    const n = String(Number(of.slice(8)));
    if (!there) return h("td", { class: "muted" }, n);
    const share = there.reduce((sum, date) => sum + date.remaining_seats, 0) / there.reduce((sum, date) => sum + date.total_seats, 0);
    const to = there.length === 1 ? `#/dates/${there[0].id}` : `#/concerts/${there[0].concert ?? ""}`;
    const label = `${day(there[0].starts_at)}, ${there.map((date) => `${hour(date.starts_at)}, ${leftOf(date)}`).join("; ")}`;
    const meter = h("svg", { class: "share", viewBox: "0 0 100 6", preserveAspectRatio: "none", "aria-hidden": "true" }, h("rect", { class: "rest", width: 100, height: 6 }), h("rect", { class: "left", width: Math.ceil(share * 100), height: 6 }));
    if (there.length > 1) return h("td", { class: "on" }, n, meter);
    return h("td", { class: "on" }, h("a", { href: to, "aria-label": label }, n, meter));
  };
  return h(
    "div",
    { class: "calendar" },
    months([...byDay.keys()]).map(({ first, weeks }) =>
      h(
        "table",
        {},
        h("caption", {}, month(`${first}T12:00:00Z`)),
        h("thead", {}, h("tr", {}, weekdays().map((name) => h("th", { scope: "col" }, name)))),
        h("tbody", {}, weeks.map((week) => h("tr", {}, week.map(cell)))),
      ),
    ),
  );
}

function list(items) {
  const row = (date) =>
    h("li", {}, h("a", { class: "date", href: `#/dates/${date.id}` }, h("span", { class: "strong" }, day(date.starts_at)), h("span", {}, hour(date.starts_at)), h("span", { class: "muted" }, leftOf(date))));
  return h("section", {}, h("h2", {}, t("all_dates")), h("ul", { class: "rows" }, items.map(row)));
}

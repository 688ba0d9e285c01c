// The board: the numbers, the charts, the seats, what can be turned, and what was turned, for one who has a key.

import { fill, h, say } from "/app/dom.js";
import { add, choose, clock, language, t } from "/app/i18n.js";
import { notices, tell } from "/app/notice.js";
import { onChange } from "/app/store.js";
import { watch } from "/app/watch.js";
import { chart } from "./charts.js";
import { controls } from "./controls.js";
import { forget, isRefused, key, look } from "./desk.js";
import { audit, parse, sales, valueOf } from "./exposition.js";
import { figures } from "./figures.js";
import { gate } from "./gate.js";
import { hall } from "./hall.js";
import { missed, seen } from "./history.js";
import en from "./i18n/en.js";
import ko from "./i18n/ko.js";
import { log } from "./log.js";

const QUEUE_EVERY = 1000;
const REST_EVERY = 2000;
/** The longest that a server that is back is not noticed. */
const MOST = 5000;
const CONCERTS_DRAWN = 6;
const OLD_SECONDS = 20;

/** What was seen, which outlives a change of the language. */
const memory = { queue: [], held: [], sold: [], drawn: [], started: undefined, wasLost: false };

/** Whether the sales are of now: they are read every five seconds, if the database answers. */
const isFresh = (metrics) => valueOf(metrics, "boxoffice_sample_age_seconds") < OLD_SECONDS;

/** The time for the charts, in seconds. It never goes back. */
const now = () => (performance.timeOrigin + performance.now()) / 1000;

let shown = new AbortController();

/** Shows the board, or asks for the key, and says why. */
function show(why = "") {
  shown.abort();
  shown = new AbortController();
  const focused = document.activeElement?.id;
  document.documentElement.lang = language();
  document.title = `${t("board")} · Boxoffice`;
  const state = h("p", { id: "state", class: "live", role: "status" });
  const view = h("main", { id: "view", tabindex: "-1" });
  const skip = h("a", { class: "skip", href: "#view", onclick: (event) => (event.preventDefault(), view.focus()) }, t("skip"));
  fill(document.getElementById("board"), skip, header(state), view, notices());
  fill(view, key() ? board(state, shown.signal) : gate(why, () => show()));
  if (focused) document.getElementById(focused)?.focus();
}

function header(state) {
  const other = language() === "ko" ? "en" : "ko";
  const quiet = (id, text, work, more = {}) => h("button", { class: "quiet", id, type: "button", onclick: work, ...more }, text);
  return h(
    "header",
    { class: "top" },
    h("a", { class: "brand", href: "/operator" }, "Boxoffice"),
    state,
    h("nav", { "aria-label": t("menu") }, key() && quiet("forget", t("forget"), () => (forget(), show())), quiet("language", t("other_language"), () => choose(other), { lang: other })),
  );
}

function board(state, signal) {
  const [numbers, entries, seats] = [figures(), log(), hall(signal)];
  const charts = Object.fromEntries(["queue", "admissions", "held", "sold"].map((name) => [name, chart(`chart-${name}`, t(`chart_${name}`), signal)]));
  const queue = (found) => {
    const admissions = Math.round(found.admitted_last_minute / 6) / 10;
    memory.queue = seen(memory.queue, now(), { waiting: found.waiting, active: found.active, admissions });
    numbers.queue(found);
    knobs.show(found.policy);
    drawQueue();
  };
  const drawQueue = () => {
    const line = (name) => ({ name, title: t(`line_${name}`) });
    charts.queue.draw([line("waiting"), line("active")], memory.queue);
    charts.admissions.draw([line("admissions")], memory.queue);
  };
  const measured = (metrics) => {
    const concerts = isFresh(metrics) ? sales(metrics) : [];
    numbers.audit(audit(metrics));
    numbers.sales(concerts);
    noteStart(valueOf(metrics, "boxoffice_process_start_time_seconds"));
    if (!concerts.length) return undefined;
    memory.drawn = places(memory.drawn, concerts.slice(0, CONCERTS_DRAWN));
    for (const name of ["held", "sold"]) {
      memory[name] = seen(memory[name], now(), Object.fromEntries(concerts.map((one) => [one.id, one[name]])));
      charts[name].draw(memory.drawn, memory[name]);
    }
    return concerts[0].id;
  };
  const knobs = controls(queue);
  const keepUp = upkeep(state, signal);
  keepUp(QUEUE_EVERY, async () => queue(await look("/v1/admin/queue", signal)), ["queue"]);
  let begun = false;
  const measure = async () => {
    const best = measured(parse(await look("/metrics", signal)));
    if (!begun) seats.start(best);
    begun = true;
  };
  keepUp(REST_EVERY, measure, ["held", "sold"]);
  keepUp(REST_EVERY, async () => entries.show((await look("/v1/admin/log?limit=20", signal)).items), []);
  return h(
    "div",
    { class: "board" },
    h("h1", { class: "hidden" }, t("board")),
    numbers.node,
    h("section", { "aria-labelledby": "charts" }, h("h2", { id: "charts" }, t("charts")), h("div", { class: "charts" }, Object.values(charts).map(({ node }) => node))),
    h("div", { class: "floor" }, seats.node, knobs.node),
    entries.node,
  );
}

/** What looks at something again and again, and shows whether what is seen is of now. */
function upkeep(state, signal) {
  const lost = new Set();
  const live = (problem) => {
    say(state, problem ? t("not_live", { why: problem.message }) : t("live"));
    state.classList.toggle("stale", Boolean(problem));
  };
  live(null);
  /** @param {string[]} lines of the memory, which have a gap when it fails */
  return (ms, work, lines) => {
    const failed = (problem) => {
      if (isRefused(problem)) return forget(), show(t("key_over")), true;
      lost.add(work);
      memory.wasLost = true;
      live(problem);
      for (const name of lines) memory[name] = missed(memory[name], now());
      return false;
    };
    const again = () => {
      lost.delete(work);
      if (lost.size) return;
      live(null);
      tell(t("back_again"), 10_000);
    };
    watch(ms, signal, work, { failed, again, most: MOST });
  };
}

/** Tells of a server that was away and is another process now. */
function noteStart(started) {
  if (memory.wasLost && memory.started && started !== memory.started) tell(t("restarted", { time: clock(started * 1000) }), 20_000);
  Object.assign(memory, { started, wasLost: false });
}

/** The concerts that are drawn: each keeps its place, and so its colour, as long as it is among them. */
function places(before, concerts) {
  const lines = concerts.map(({ id, title }) => ({ name: id, title }));
  const of = (list, name) => list.find((line) => line.name === name);
  const fresh = lines.filter(({ name }) => !of(before, name));
  const kept = before.map(({ name }) => of(lines, name) ?? fresh.shift()).filter(Boolean);
  return [...kept, ...fresh];
}

add({ en, ko });
let spoken = language();
onChange(() => spoken !== (spoken = language()) && show());
show();

// The concerts, each with a poster drawn from its id: there are no pictures to load.

import { read } from "../api.js";
import { h } from "../dom.js";
import { t } from "../i18n.js";
import { busy, complain } from "../notice.js";
import { titled } from "../shows.js";

/** @param {string[]} _ @param {AbortSignal} signal */
export function concerts(_, signal) {
  const list = h("ul", { class: "posters" }, Array.from({ length: 6 }, () => h("li", { class: "skeleton tall" })));
  const more = h("button", { type: "button", hidden: true }, t("more"));
  const load = async (cursor) => {
    const page = await read(`/v1/concerts?limit=24${cursor ? `&cursor=${cursor}` : ""}`, "queue", signal);
    if (!cursor) list.replaceChildren();
    list.append(...page.items.map(card));
    if (!list.children.length) list.append(h("li", { class: "muted" }, t("no_concerts")));
    more.hidden = !page.next_cursor;
    more.onclick = () => busy(more, t("loading"), () => load(page.next_cursor));
  };
  load().catch(complain);
  return { title: t("concerts"), node: h("div", {}, h("h1", {}, t("concerts")), h("p", { class: "muted" }, t("concerts_more")), list, more) };
}

function card(concert) {
  titled(concert);
  return h("li", {}, h("a", { class: "poster", href: `#/concerts/${concert.id}` }, poster(concert.id), h("span", { class: "strong" }, concert.title), h("span", { class: "muted" }, concert.venue)));
}

/** Arcs like a hall seen from above, different for every concert. */
export function poster(id) {
  const bytes = id.replaceAll("-", "").match(/../g).map((pair) => parseInt(pair, 16)).slice(-10);
  const [x, y] = [20 + (bytes[0] % 60), 12 + (bytes[1] % 40)];
  const rings = Array.from({ length: 5 }, (_, at) => {
    const radius = 9 + at * (7 + (bytes[2] % 5));
    const dash = `${4 + (bytes[3 + at] % 24)} ${2 + (bytes[4 + at] % 7)}`;
    return h("circle", { class: `ring r${(bytes[9] + at) % 4}`, cx: x, cy: y, r: radius, "stroke-dasharray": dash });
  });
  return h("svg", { class: `art hue${bytes[8] % 5}`, viewBox: "0 0 100 62", preserveAspectRatio: "xMidYMid slice", "aria-hidden": "true" }, h("rect", { width: 100, height: 62, class: "ground" }), rings, h("circle", { class: "core", cx: x, cy: y, r: 5 }));
}

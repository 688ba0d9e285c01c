// The fan's reservations. They need no place in the line.

import { ask, read, serverNow } from "../api.js";
import { fill, h } from "../dom.js";
import { moment, t, won } from "../i18n.js";
import { busy, complain, sure, tell } from "../notice.js";
import { nameOf, whenAndWhere } from "../shows.js";

/** @param {string[]} _ @param {AbortSignal} signal */
export function tickets(_, signal) {
  const list = h("ul", { class: "tickets" }, h("li", { class: "skeleton tall" }), h("li", { class: "skeleton tall" }));
  const more = h("button", { type: "button", hidden: true }, t("more"));
  const load = async (cursor) => {
    const page = await read(`/v1/reservations?limit=20${cursor ? `&cursor=${cursor}` : ""}`, "access", signal);
    if (!cursor) list.replaceChildren();
    list.append(...page.items.map(item));
    if (!list.children.length) list.append(h("li", { class: "muted" }, t("no_tickets")));
    more.hidden = !page.next_cursor;
    more.onclick = () => busy(more, t("loading"), () => load(page.next_cursor));
  };
  load().catch(complain);
  return { title: t("tickets"), node: h("div", { class: "narrow" }, h("h1", {}, t("tickets")), list, more) };
}

function item(reservation) {
  return fill(h("li", { class: `card reservation ${reservation.status}`, "data-id": reservation.id }), content(reservation));
}

function content(reservation) {
  const { status, schedule_id, seats, amount, refunded_at } = reservation;
  const name = refunded_at ? "refunded" : status === "paid" ? "paid_status" : status;
  return [
    h("div", { class: "reservation-head" }, h("span", { class: "strong" }, nameOf(schedule_id)), h("span", { class: `badge ${refunded_at ? "refunded" : status}` }, t(name))),
    h("p", { class: "muted" }, whenAndWhere(schedule_id)),
    h("p", {}, seats.map((seat) => t("seat", { n: seat.number })).join(" · "), h("span", { class: "figure" }, ` ${won(amount)}`)),
    h("div", { class: "actions" }, actions(reservation)),
  ];
}

function actions(reservation) {
  const { id, status, refund_until } = reservation;
  if (status === "pending_payment") return [h("a", { class: "button primary", href: `#/holds/${id}` }, t("continue_paying")), cancel(reservation, "cancel")];
  if (status !== "paid" || !refund_until || Date.parse(refund_until) <= serverNow()) return null;
  return [cancel(reservation, "refund"), h("small", { class: "muted" }, t("refund_until", { moment: moment(refund_until) }))];
}

function cancel(reservation, kind) {
  const sum = won(reservation.amount);
  const button = h("button", { class: "cancel", type: "button" }, t(kind));
  button.onclick = async () => {
    if (!(await sure(t(`${kind}_sure`, { won: sum }), t("yes")))) return;
    await busy(button, t("loading"), async () => {
      const cancelled = await ask("DELETE", `/v1/reservations/${reservation.id}`);
      tell(t(`${kind}_done`, { won: sum }));
      const row = document.querySelector(`[data-id="${reservation.id}"]`);
      row?.replaceWith(item(cancelled));
    });
  };
  return button;
}

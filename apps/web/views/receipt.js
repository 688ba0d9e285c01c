// What was paid, as a ticket.

import { read } from "../api.js";
import { fill, h } from "../dom.js";
import { moment, t, won } from "../i18n.js";
import { explained } from "../notice.js";
import { nameOf, whenAndWhere } from "../shows.js";
import { get } from "../store.js";

/** @param {string[]} params @param {AbortSignal} signal */
export function receipt([id], signal) {
  const body = h("div", { class: "narrow" }, h("div", { class: "skeleton tall" }));
  read(`/v1/payments/${id}`, "access", signal)
    .then((payment) => show(payment, body))
    .catch((problem) => problem.code && fill(body, h("div", { class: "card" }, explained(problem))));
  return { title: t("receipt"), node: body };
}

function show(payment, body) {
  const { reservation } = payment;
  const fact = (name, value) => h("div", {}, h("dt", {}, t(name)), h("dd", {}, value));
  const seats = reservation.seats.map((seat) => h("li", {}, h("span", { class: "seat-number" }, String(seat.number)), h("small", {}, t("grade", seat))));
  fill(
    body,
    h("h1", {}, t("receipt")),
    h("p", { class: "lead" }, t("receipt_more", get().fan)),
    h(
      "article",
      { class: "ticket", id: "receipt" },
      h("div", { class: "ticket-main" }, h("p", { class: "label" }, t("admit", { n: reservation.seats.length })), h("h2", {}, nameOf(reservation.schedule_id)), h("p", {}, whenAndWhere(reservation.schedule_id)), h("ul", { class: "ticket-seats" }, seats)),
      h("dl", { class: "ticket-stub" }, fact("paid", won(payment.amount)), fact("paid_at", moment(payment.paid_at)), fact("number", payment.id.slice(-12)), payment.refunded_at && fact("refunded", moment(payment.refunded_at))),
    ),
    h("p", { class: "muted" }, t("balance_after", { won: won(payment.balance_after) })),
    h("div", { class: "actions" }, h("a", { class: "button primary", href: "#/tickets" }, t("to_tickets")), h("button", { type: "button", onclick: () => print() }, t("print")), h("a", { class: "button", href: "#/queue" }, t("again"))),
  );
}

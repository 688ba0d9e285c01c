// Held seats: how long they are, and paying for them.

import { ask, read, serverNow } from "../api.js";
import { left, minutes } from "../clock.js";
import { every, fill, h, say } from "../dom.js";
import { number, t, won } from "../i18n.js";
import { busy, complain, explained, sure } from "../notice.js";
import { go } from "../router.js";
import { nameOf, whenAndWhere } from "../shows.js";
import { get, set } from "../store.js";
import { charge } from "./balance.js";

const ROUND = 2 * Math.PI * 44;

/** @param {string[]} params @param {AbortSignal} signal */
export function hold([id], signal) {
  const body = h("div", { class: "narrow" }, h("div", { class: "skeleton tall" }));
  load(id, body, signal).catch((problem) => problem.code && fill(body, h("h1", {}, t("tickets")), h("div", { class: "card" }, explained(problem), h("a", { class: "button", href: "#/tickets" }, t("to_tickets")))));
  return { title: t("pay_title"), node: body };
}

async function load(id, body, signal) {
  const { fan } = get();
  const [reservation, account] = await Promise.all([read(`/v1/reservations/${id}`, "access", signal), read(`/v1/users/${fan.id}/balance`, "access", signal)]);
  if (reservation.status === "pending_payment") return counting(reservation, account.balance, body, signal);
  if (get().hold === id) set({ hold: undefined });
  over(reservation, body);
}

function counting(reservation, balance, body, signal) {
  const again = () => load(reservation.id, body, signal).catch(complain);
  const missing = Math.max(0, reservation.amount - balance);
  const [rest, said] = [h("span", { class: "rest", id: "rest" }), h("p", { class: "hidden", "aria-live": "polite" })];
  const arc = h("circle", { class: "arc", cx: 50, cy: 50, r: 44, "stroke-dasharray": ROUND });
  const whole = left(reservation.held_until, Date.parse(reservation.created_at)) || 1;
  let timer = 0;
  let done = false;
  const show = () => {
    const ms = left(reservation.held_until, serverNow());
    say(rest, minutes(ms));
    arc.setAttribute("stroke-dashoffset", String(ROUND * (1 - ms / whole)));
    arc.classList.toggle("soon", ms < 60_000);
    if (ms % 60_000 < 1000 && ms > 50_000) say(said, t("minutes_left", { n: number(Math.round(ms / 60_000)) }));
    if (ms > 0 || done) return;
    done = true;
    // The server decides: the hold is over when it says so.
    timer = setTimeout(again, 700);
  };
  every(250, signal, show);
  signal.addEventListener("abort", () => clearTimeout(timer));
  fill(
    body,
    h("h1", {}, t("pay_title")),
    h("p", { class: "lead" }, t("pay_more")),
    h(
      "div",
      { class: "card pay" },
      h("div", { class: "dial" }, h("svg", { viewBox: "0 0 100 100", "aria-hidden": "true" }, h("circle", { class: "track", cx: 50, cy: 50, r: 44 }), arc), h("div", { class: "dial-text" }, rest, h("small", { class: "muted" }, t("time_left")))),
      said,
      h("div", {}, summary(reservation), missing > 0 ? short(missing, again) : null, payment(reservation, missing > 0, again)),
    ),
    giveUp(reservation, again),
  );
  show();
}

/** What is held. */
export function summary(reservation) {
  const item = (seat) => h("li", {}, h("span", {}, h("span", { class: "strong" }, t("seat", { n: seat.number })), h("small", { class: "muted" }, t("grade", seat))), h("span", { class: "figure" }, won(seat.price)));
  return [
    h("p", { class: "strong" }, nameOf(reservation.schedule_id), h("small", { class: "muted" }, whenAndWhere(reservation.schedule_id))),
    h("ul", { class: "lines" }, reservation.seats.map(item)),
    h("p", { class: "total" }, h("span", {}, t("total")), h("span", { class: "figure" }, won(reservation.amount))),
  ];
}

function short(missing, again) {
  const button = h("button", { class: "primary wide", id: "charge-short", type: "button" }, t("charge_short", { won: won(missing) }));
  button.onclick = () => busy(button, t("loading"), async () => (await charge(missing), await again()));
  return h("div", { class: "short" }, h("p", {}, t("short", { won: won(missing) })), button);
}

function payment(reservation, poor, again) {
  const button = h("button", { class: poor ? "wide" : "primary wide", id: "pay", type: "button" }, t("pay", { won: won(reservation.amount) }));
  button.onclick = () =>
    busy(button, t("paying"), async () => {
      try {
        const body = { reservation_id: reservation.id };
        const receipt = await ask("POST", "/v1/payments", { as: "queue", body, intention: `pay ${reservation.id}` });
        paid(receipt);
      } catch (problem) {
        if (problem.code === "reservation_already_paid") return go(`#/receipts/${problem.members.payment_id}`);
        if (["reservation_expired", "reservation_cancelled", "insufficient_balance"].includes(problem.code)) await again();
        throw problem;
      }
    });
  return button;
}

/** A payment spends the place in the line. */
function paid(receipt) {
  const { place } = get();
  set({ hold: undefined, place: place && { ...place, state: { ...place.state, status: "expired" } } });
  go(`#/receipts/${receipt.id}`);
}

function giveUp(reservation, again) {
  const cancel = async () => {
    if (!(await sure(t("cancel_sure"), t("yes")))) return;
    try {
      await ask("DELETE", `/v1/reservations/${reservation.id}`);
      set({ hold: undefined });
      go(`#/dates/${reservation.schedule_id}`);
    } catch (problem) {
      complain(problem);
      await again();
    }
  };
  return h("button", { class: "quiet", id: "give-up", type: "button", onclick: cancel }, t("give_up"));
}

function over(reservation, body) {
  const { status } = reservation;
  const title = { paid: "hold_paid", cancelled: "hold_cancelled" }[status] ?? "hold_over";
  fill(
    body,
    h("h1", { id: "over" }, t(title)),
    status === "expired" ? h("p", { class: "lead" }, t("hold_over_more")) : null,
    h("div", { class: "card" }, summary(reservation)),
    h("div", { class: "actions" }, h("a", { class: "button primary", href: status === "paid" ? "#/tickets" : `#/dates/${reservation.schedule_id}` }, t(status === "paid" ? "to_tickets" : "to_map"))),
  );
}

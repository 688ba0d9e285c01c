// The fan's money: charge it, and see what changed it.

import { ask, read } from "../api.js";
import { fill, h, say } from "../dom.js";
import { moment, t, won } from "../i18n.js";
import { busy, complain, tell } from "../notice.js";
import { get } from "../store.js";

const USUAL = [100_000, 300_000, 500_000];

/** Charges once, however often it is asked for before the answer. */
export function charge(amount) {
  const { fan } = get();
  return ask("POST", `/v1/users/${fan.id}/balance/charges`, { body: { amount }, intention: `charge ${fan.id} ${amount}` });
}

/** @param {string[]} _ @param {AbortSignal} signal */
export function balance(_, signal) {
  const { fan } = get();
  const sum = h("p", { class: "sum", id: "sum", "aria-live": "polite" }, h("span", { class: "skeleton" }));
  const entries = h("ul", { class: "ledger" });
  const more = h("button", { type: "button", hidden: true }, t("more"));
  const path = `/v1/users/${fan.id}/balance`;
  const load = async () => {
    const [account, page] = await Promise.all([read(path, "access", signal), read(`${path}/entries?limit=10`, "access", signal)]);
    say(sum, won(account.balance));
    fill(entries, page.items.length ? page.items.map(entry) : h("li", { class: "muted" }, t("no_entries")));
    next(page.next_cursor);
  };
  const next = (cursor) => {
    more.hidden = !cursor;
    more.onclick = () =>
      busy(more, t("loading"), async () => {
        const page = await read(`${path}/entries?limit=10&cursor=${cursor}`, "access", signal);
        entries.append(...page.items.map(entry));
        next(page.next_cursor);
      });
  };
  const reload = () => load().catch(complain);
  reload();
  return {
    title: t("balance"),
    node: h(
      "div",
      { class: "narrow" },
      h("h1", {}, t("balance")),
      sum,
      form(reload),
      h("div", { class: "actions" }, h("a", { class: "button", id: "join-next", href: "#/queue" }, t("join"))),
      h("h2", {}, t("ledger")),
      entries,
      more,
    ),
  };
}

function form(reload) {
  const amount = h("input", { id: "amount", inputmode: "numeric", value: USUAL[2], autocomplete: "off" });
  const button = h("button", { class: "primary", id: "charge" }, t("charge"));
  const submit = (event) => {
    event.preventDefault();
    busy(button, t("loading"), async () => {
      const charged = await charge(Number(amount.value.replace(/[^\d.-]/g, "")));
      tell(t("charged", { won: won(charged.amount) }));
      await reload();
    });
  };
  const chip = (won_) => h("button", { type: "button", class: "option", onclick: () => (amount.value = won_) }, won(won_));
  return h(
    "form",
    { class: "card", onsubmit: submit },
    h("div", { class: "options" }, USUAL.map(chip)),
    h("div", { class: "row-form" }, h("label", { for: "amount" }, t("amount")), amount, button),
  );
}

const entry = (one) =>
  h(
    "li",
    {},
    h("span", {}, t(`entry_${one.kind}`), h("small", { class: "muted" }, moment(one.created_at))),
    h("span", { class: "figure" }, `${one.amount > 0 ? "+" : "−"}${won(Math.abs(one.amount))}`, h("small", { class: "muted" }, t("balance_after", { won: won(one.balance_after) }))),
  );

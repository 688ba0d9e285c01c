// The two languages: which one is spoken, and what things are called in it.

import en from "./i18n/en.js";
import ko from "./i18n/ko.js";
import { get, set } from "./store.js";

const TEXTS = { en, ko };

/** Adds the texts of another page to the shop's, or puts them in their place. */
export function add(texts) {
  for (const [tag, more] of Object.entries(texts)) Object.assign(TEXTS[tag], more);
}

/** The day and hour of a concert are those of the venue, wherever a fan is. The API does not tell its zone. */
const ZONE = "Asia/Seoul";

/** The language chosen, or the first of the browser's that there is. @returns {"ko" | "en"} */
export function language() {
  const wished = [get().language, ...navigator.languages].map((tag) => tag?.slice(0, 2));
  return /** @type {any} */ (wished.find((tag) => tag in TEXTS) ?? "en");
}

export const choose = (tag) => set({ language: tag });

/** A text, with the members that it names. */
export function t(key, members = {}) {
  const text = TEXTS[language()][key];
  if (typeof text === "function") return text(members);
  return (text ?? key).replace(/\{(\w+)\}/g, (_, name) => String(members[name] ?? ""));
}

/** What to do about a problem, if there is something to say. */
export const advice = (code) => TEXTS[language()][`do_${code}`] ?? "";

const locale = () => (language() === "ko" ? "ko-KR" : "en-GB");

export const number = (value) => new Intl.NumberFormat(locale()).format(value);

/** Whole won. */
export const won = (amount) => (language() === "ko" ? `${number(amount)}원` : `₩${number(amount)}`);

const format = (options) => (moment) =>
  new Intl.DateTimeFormat(locale(), { timeZone: ZONE, ...options }).format(new Date(moment));

export const day = format({ weekday: "short", day: "numeric", month: "long" });
export const hour = format({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
export const month = format({ month: "long", year: "numeric" });

/** What has to do with the fan and not with the venue is told in the fan's own time. */
export const moment = format({ dateStyle: "medium", timeStyle: "short", timeZone: undefined });

/** The same, to the second, of today. */
export const clock = format({ timeStyle: "medium", hourCycle: "h23", timeZone: undefined });

/** The venue's day as `2026-11-21`. */
export const isoDay = (moment) =>
  new Intl.DateTimeFormat("en-CA", { timeZone: ZONE, dateStyle: "short" }).format(new Date(moment));

export const weekdays = () =>
  // A week that begins on a Sunday.
  [1, 2, 3, 4, 5, 6, 7].map((n) =>
    new Intl.DateTimeFormat(locale(), { weekday: "short", timeZone: "UTC" }).format(Date.UTC(2023, 0, n)),
  );

/** So many seconds, said roughly: nobody knows better. */
export function roughly(seconds) {
  if (seconds < 60) return t("seconds", { n: Math.max(1, Math.round(seconds)) });
  return t("minutes", { n: Math.round(seconds / 60) });
}

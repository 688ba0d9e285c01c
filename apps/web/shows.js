// What was seen of concerts and dates. Reservations name a date's id alone, and who is not admitted any more can
// ask for neither; so their names are remembered when they are shown.

import { day, hour, t } from "./i18n.js";
import { get, remember } from "./store.js";

const concerts = new Map();

/** A concert was shown. */
export function titled(concert) {
  concerts.set(concert.id, concert);
}

/** What is known of a concert. */
export const concertOf = (id) => concerts.get(id);

/** A date of a concert was shown. */
export function dated(concertId, date) {
  const concert = concerts.get(concertId);
  const known = get().shows?.[date.id];
  const about = { concert: concertId, starts_at: date.starts_at, title: concert?.title ?? known?.title, venue: concert?.venue ?? known?.venue };
  if (JSON.stringify(known) !== JSON.stringify(about)) remember(date.id, about);
}

/** What is known of a date, by its id. */
export const showOf = (schedule) => get().shows?.[schedule] ?? {};

/** What a date is called. */
export const nameOf = (schedule) => showOf(schedule).title ?? t("a_date");

/** When and where, as far as known. */
export function whenAndWhere(schedule) {
  const { starts_at, venue } = showOf(schedule);
  return [starts_at && `${day(starts_at)}, ${hour(starts_at)}`, venue].filter(Boolean).join(" · ");
}

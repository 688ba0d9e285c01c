// The server's time, told from the `Date` of its answers and carried on by the monotonic clock: a phone whose
// clock is wrong sees right countdowns. Pure, but for `performance.now()` in its callers.

/** A `Date` has whole seconds, and servers write it anew every half second. */
const COARSE = 1500;

/**
 * Between which bounds the server's time is ahead of the monotonic clock, in milliseconds. Each answer
 * narrows them; one that contradicts (the machine slept) starts anew.
 * @typedef {{low: number, high: number}} Bounds
 */

/**
 * @param {Bounds | null} bounds what was known
 * @param {number} date what the answer's `Date` says
 * @param {number} sent monotonic
 * @param {number} received monotonic
 * @returns {Bounds}
 */
export function narrow(bounds, date, sent, received) {
  const fresh = { low: date - received, high: date + COARSE - sent };
  if (!bounds) return fresh;
  const both = { low: Math.max(bounds.low, fresh.low), high: Math.min(bounds.high, fresh.high) };
  return both.low <= both.high ? both : fresh;
}

/** The server's time at a moment of the monotonic clock. */
export function at(bounds, monotonic, wall) {
  return bounds ? monotonic + (bounds.low + bounds.high) / 2 : wall;
}

/** How long until then, in milliseconds, never negative. */
export const left = (until, now) => Math.max(0, Date.parse(until) - now);

/** Milliseconds as `4:07`, rounded up: zero is shown when it is over. */
export function minutes(ms) {
  const seconds = Math.ceil(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

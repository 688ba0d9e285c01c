// What was seen in the last 15 minutes, for the charts. Pure.

const KEPT_SECONDS = 15 * 60;

/** @typedef {{at: number, values: Record<string, number>}} Row at in seconds */

/** @param {Row[]} rows with one more. @returns {Row[]} */
export const seen = (rows, at, values) => [...rows.filter((row) => row.at > at - KEPT_SECONDS), { at, values }];

/** The same when nothing could be seen: the lines have a gap. Two gaps are one. */
export function missed(rows, at) {
  const last = rows[rows.length - 1];
  return !last || isGap(last) ? rows : seen(rows, at, {});
}

const isGap = (row) => Object.keys(row.values).length === 0;

/** As columns: the times, then one a name. */
export const columns = (rows, names) => [rows.map((row) => row.at), ...names.map((name) => rows.map((row) => row.values[name] ?? null))];

/** The last row in which something was seen. */
export const latest = (rows) => rows.findLast((row) => !isGap(row));

// The months of a list of dates, as weeks of days. Pure.

/**
 * @param {string[]} days as `2026-11-21`
 * @returns {{first: string, weeks: (string | null)[][]}[]} the months from the first to the last of them
 */
export function months(days) {
  const named = [...new Set(days.map((day) => day.slice(0, 7)))].sort();
  if (!named.length) return [];
  const all = [];
  for (let month = named[0]; month <= named[named.length - 1]; month = after(month)) all.push(month);
  return all.map((month) => ({ first: `${month}-01`, weeks: weeks(month) }));
}

function after(month) {
  const [year, number] = month.split("-").map(Number);
  return new Date(Date.UTC(year, number, 1)).toISOString().slice(0, 7);
}

function weeks(month) {
  const [year, number] = month.split("-").map(Number);
  const length = new Date(Date.UTC(year, number, 0)).getUTCDate();
  const offset = new Date(Date.UTC(year, number - 1, 1)).getUTCDay();
  const cells = Array.from({ length: Math.ceil((offset + length) / 7) * 7 }, (_, at) => {
    const day = at - offset + 1;
    return day >= 1 && day <= length ? `${month}-${String(day).padStart(2, "0")}` : null;
  });
  return Array.from({ length: cells.length / 7 }, (_, week) => cells.slice(week * 7, week * 7 + 7));
}

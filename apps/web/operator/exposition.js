// Reads the text that the server writes for Prometheus (format 0.0.4). Pure.

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;
const ESCAPED = { n: "\n" };

/**
 * @typedef {{labels: Record<string, string>, value: number}} Sample
 * @param {string} text
 * @returns {Map<string, Sample[]>} the samples of each metric
 */
export function parse(text) {
  const metrics = new Map();
  for (const line of text.split("\n")) {
    const [, name, labels, value] = LINE.exec(line) ?? [];
    if (!name) continue;
    if (!metrics.has(name)) metrics.set(name, []);
    metrics.get(name).push({ labels: labelled(labels ?? ""), value: Number(value) });
  }
  return metrics;
}

function labelled(text) {
  const pairs = [...text.matchAll(LABEL)].map(([, name, value]) => [name, value.replace(/\\(.)/g, (_, sign) => ESCAPED[sign] ?? sign)]);
  return Object.fromEntries(pairs);
}

/** The value of a metric without labels. @returns {number | undefined} */
export const valueOf = (metrics, name) => metrics.get(name)?.[0].value;

/**
 * How each concert sells, those first that have most seats held or sold.
 * @typedef {{id: string, title: string, held: number, sold: number, revenue: number}} Sales
 * @returns {Sales[]}
 */
export function sales(metrics) {
  const concerts = new Map();
  for (const [name, member] of [["seats", "seats"], ["seats_remaining", "remaining"], ["seats_sold", "sold"], ["revenue_won", "revenue"]]) {
    for (const { labels, value } of metrics.get(`boxoffice_concert_${name}`) ?? []) {
      const known = concerts.get(labels.concert) ?? { id: labels.concert, title: labels.title };
      concerts.set(labels.concert, { ...known, [member]: value });
    }
  }
  const all = [...concerts.values()].map(({ seats, remaining, ...one }) => ({ ...one, held: seats - remaining - one.sold }));
  return all.sort((a, b) => b.held + b.sold - (a.held + a.sold));
}

/**
 * What the last audit of this process found.
 * @returns {{at: number, broken: string[]} | null} when, in seconds, and the promises that are broken
 */
export function audit(metrics) {
  const at = valueOf(metrics, "boxoffice_audit_timestamp_seconds");
  if (!at) return null;
  const checks = metrics.get("boxoffice_audit_broken_checks") ?? [];
  return { at, broken: checks.filter(({ value }) => value > 0).map(({ labels }) => labels.promise) };
}

// Asks the server: with the right token, in the chosen language, again after `Retry-After`. Every problem comes
// out as one `Problem`, also that nobody answers.

import { at, narrow } from "./clock.js";
import { language, t } from "./i18n.js";
import { answered, get, keyOf } from "./store.js";

/** What went wrong, by the code of the API; `offline` is ours. */
export class Problem extends Error {
  constructor(code, detail, members = {}) {
    super(detail);
    this.code = code;
    this.members = members;
  }
}

/** @type {import("./clock.js").Bounds | null} */
let bounds = null;

/** The server's time in milliseconds. */
export const serverNow = () => at(bounds, performance.now(), Date.now());

const TRIES = 4;
const TIMEOUT = 8000;

/** Waits, longer for each try, and never as long as the others. */
export const backoff = (failures, most = 15000) =>
  Math.min(most, 400 * 2 ** failures) * (0.5 + Math.random() / 2);

export const pause = (ms, signal) =>
  new Promise((done, stop) => {
    const over = () => (clearTimeout(timer), stop(signal.reason));
    const timer = setTimeout(() => (signal?.removeEventListener("abort", over), done(undefined)), ms);
    signal?.addEventListener("abort", over, { once: true });
  });

export const headers = (token) => ({
  "Accept-Language": language(),
  ...(token ? { Authorization: `Bearer ${token}` } : {}),
});

/** Reads something as the fan (`access`) or as one who is in the line (`queue`). */
export const read = (path, as = "access", signal) => ask("GET", path, { as, signal });

const tokenOf = (as) => ({ access: get().fan?.token, queue: get().place?.token, nobody: null })[as];

/**
 * Does something. With an `intention` it is done once, however often it is sent.
 * @param {string} method
 * @param {string} path
 * @param {{as?: "access" | "queue" | "nobody", token?: string | null, tries?: number, body?: unknown,
 *   intention?: string, signal?: AbortSignal}} [how]
 */
export async function ask(method, path, { as = "access", token = tokenOf(as), tries = TRIES, body, intention, signal } = {}) {
  const request = { method, headers: headers(token), cache: "no-store" };
  if (body !== undefined) {
    request.headers["Content-Type"] = "application/json";
    request.body = JSON.stringify(body);
  }
  if (intention) request.headers["Idempotency-Key"] = keyOf(intention);
  const repeatable = method === "GET" || Boolean(intention);
  for (let tried = 1; ; tried++) {
    const outcome = await once(path, request, signal);
    const again = repeatable && outcome.transient && tried < tries;
    if (!again) {
      // Whoever got no answer asks again with the same key.
      if (intention && !outcome.transient) answered(intention);
      if (outcome.problem) throw outcome.problem;
      return outcome.value;
    }
    await pause(outcome.retryAfter ?? backoff(tried, 4000), signal);
  }
}

async function once(path, request, signal) {
  const limit = AbortSignal.timeout(TIMEOUT);
  const sent = performance.now();
  let answer, text;
  try {
    answer = await fetch(path, { ...request, signal: signal ? AbortSignal.any([signal, limit]) : limit });
    text = await answer.text();
  } catch {
    signal?.throwIfAborted();
    return { transient: true, problem: new Problem("offline", t("offline")) };
  }
  heard(answer, sent);
  const isPlain = answer.headers.get("Content-Type")?.startsWith("text/plain");
  const value = isPlain ? text : parsed(text);
  if (answer.ok) return { value };
  const problem = new Problem(value?.code ?? "internal_error", value?.detail ?? t("offline"), value ?? {});
  const seconds = Number(answer.headers.get("Retry-After"));
  const transient = answer.status === 429 || answer.status >= 500;
  return { transient, problem, retryAfter: seconds ? seconds * 1000 * (1 + Math.random() / 4) : undefined };
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Learns the time from any answer. */
export function heard(answer, sent) {
  const date = Date.parse(answer.headers.get("Date") ?? "");
  if (date) bounds = narrow(bounds, date, sent, performance.now());
}

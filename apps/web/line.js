// Follows the fan's place as long as there is one: over a stream if it can be had, else by asking again when the
// server says so. A sleeping tab, a lost connection and a server that restarts are all the same here: look
// again, soon at first, then with more patience. The place itself is the server's to keep.

import { backoff, headers, heard, read } from "./api.js";
import { advance } from "./place.js";
import { take } from "./sse.js";
import { get, onChange, set } from "./store.js";

/** The server says something every 15 seconds; after this silence the stream is dead. */
const SILENCE = 22_000;
/** It says something at once; who hears nothing has a proxy between that keeps streams back. */
const FIRST = 6_000;
/** After so many streams in a row that did not work, asking is the rule and a stream is tried now and then. */
const FRUITLESS = 3;
const NOW_AND_THEN = 20;

let followed = "";
let run = new AbortController();
let wake = () => {};
let lastHeard = 0;
let seen = "";
let lost = false;
const listeners = new Set();

/** Whether the connection is lost just now, told on every change. */
export function onConnection(listener, signal) {
  listeners.add(listener);
  signal.addEventListener("abort", () => listeners.delete(listener));
  listener(lost);
}

function connected(is) {
  if (lost === !is) return;
  lost = !is;
  for (const listener of [...listeners]) listener(lost);
}

/** Takes over what the server says of the place. */
export function took(state) {
  set({ place: advance(get().place, state) });
}

/** Looks after the place from now on. */
export function start() {
  onChange(follow);
  addEventListener("offline", () => followed && connected(false));
  addEventListener("online", look);
  addEventListener("visibilitychange", () => {
    // After a sleep the stream may be dead without knowing it.
    if (document.visibilityState === "visible") {
      if (performance.now() - lastHeard > 3000) look();
      else wake();
    }
  });
  follow();
}

/** Asks again at once, whatever the stream says. */
function look() {
  run.signal.dispatchEvent(new Event("look"));
  wake();
}

function follow() {
  const place = get().place;
  const token = place && place.state.status !== "expired" ? place.token : "";
  if (token === followed) return;
  followed = token;
  run.abort();
  run = new AbortController();
  seen = "";
  if (token) keep(token, run.signal).catch(() => {});
  else connected(true);
}

async function keep(token, signal) {
  for (let turn = 0, fruitless = 0, failures = 0; !signal.aborted; turn++) {
    if (fruitless < FRUITLESS || turn % NOW_AND_THEN === 0) {
      fruitless++;
      await stream(token, signal, () => (fruitless = failures = 0)).catch(() => {});
    }
    if (signal.aborted) return;
    try {
      took(await read("/v1/queue/tokens/me", "queue", signal));
      connected(true);
      // After an outage streams may work again.
      if (failures) fruitless = failures = 0;
    } catch (problem) {
      signal.throwIfAborted();
      if (ended(problem)) return;
      connected(false);
      failures++;
    }
    const asked = get().place?.state.poll_after_ms ?? 2000;
    const wait = lost || fruitless === 0 ? backoff(failures) : asked;
    await new Promise((done) => {
      wake = done;
      setTimeout(done, wait);
    });
  }
}

/** The server knows the place no more. */
function ended(problem) {
  if (!["queue_token_expired", "token_invalid"].includes(problem.code)) return false;
  const { place } = get();
  if (place) set({ place: { ...place, state: { ...place.state, status: "expired" } } });
  return true;
}

async function stream(token, signal, works) {
  const own = new AbortController();
  const stop = () => own.abort();
  let limit = FIRST;
  const guard = setInterval(() => performance.now() - lastHeard > limit && stop(), 2000);
  signal.addEventListener("abort", stop);
  signal.addEventListener("look", stop);
  try {
    const sent = performance.now();
    lastHeard = sent;
    const again = seen ? { "Last-Event-ID": seen } : {};
    const answer = await fetch("/v1/queue/tokens/me/events", {
      headers: { ...headers(token), ...again },
      cache: "no-store",
      signal: own.signal,
    });
    heard(answer, sent);
    if (!answer.ok || !answer.body) throw new Error(String(answer.status));
    connected(true);
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let rest = ""; ; ) {
      const { done, value } = await reader.read();
      if (done) return;
      [lastHeard, limit] = [performance.now(), SILENCE];
      works();
      const taken = take(rest, value);
      rest = taken.rest;
      for (const event of taken.events) {
        seen = event.id;
        if (!signal.aborted) took(JSON.parse(event.data));
      }
    }
  } finally {
    clearInterval(guard);
    signal.removeEventListener("abort", stop);
    signal.removeEventListener("look", stop);
  }
}

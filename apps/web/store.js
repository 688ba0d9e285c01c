// What the shop remembers, in localStorage: a place in the line may be hours of waiting, and phones throw away
// tabs that they do not show. With sessionStorage a tab closed by mistake would be the end of it, and a
// second tab would queue anew.

const KEY = "boxoffice";

/**
 * @typedef {object} Remembered
 * @property {string} [language] chosen, `ko` or `en`
 * @property {{id: string, name: string, token: string}} [fan] who has signed up
 * @property {{token: string, state: any, first: number}} [place] in the line, and how many were ahead at first
 * @property {Record<string, string>} [intents] keys of what was asked for and not answered yet
 * @property {Record<string, any>} [shows] what was seen of dates, by id: reservations name ids alone
 * @property {string} [hold] the reservation to be paid
 */

/** @type {Remembered} */
let state = load();
const listeners = new Set();

function load() {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "{}");
  } catch {
    return {};
  }
}

/** @returns {Remembered} */
export const get = () => state;

/** Changes some of it; `undefined` forgets. */
export function set(change) {
  state = { ...state, ...change };
  try {
    localStorage.setItem(KEY, JSON.stringify(state));
  } catch {
    // Without storage the shop works until it is reloaded.
  }
  for (const listener of [...listeners]) listener(state);
}

/** Calls `listener` on every change until `signal` aborts. */
export function onChange(listener, signal) {
  listeners.add(listener);
  signal?.addEventListener("abort", () => listeners.delete(listener));
}

// Other tabs of the same shop.
globalThis.addEventListener?.("storage", (event) => {
  if (event.key !== KEY) return;
  state = load();
  for (const listener of [...listeners]) listener(state);
});

/** The key of an intention, the same until it is answered, also after a reload. */
export function keyOf(intention) {
  const known = state.intents?.[intention];
  if (known) return known;
  const key = randomKey();
  set({ intents: { ...state.intents, [intention]: key } });
  return key;
}

/** What was intended is answered. */
export function answered(intention) {
  const { [intention]: _, ...others } = state.intents ?? {};
  set({ intents: others });
}

/** `crypto.randomUUID` needs HTTPS; the shop may be looked at over HTTP in one's own network. */
function randomKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Remembers what a date is. */
export function remember(schedule, about) {
  set({ shows: { ...state.shows, [schedule]: { ...state.shows?.[schedule], ...about } } });
}

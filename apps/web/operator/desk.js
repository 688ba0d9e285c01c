// The operator's key, and what is asked with it. The key is kept as long as the tab is open and no longer: whoever
// has it can change the sale.

import { ask } from "/app/api.js";

const KEY = "boxoffice.operator";

export const key = () => sessionStorage.getItem(KEY);
export const keep = (typed) => sessionStorage.setItem(KEY, typed);
export const forget = () => sessionStorage.removeItem(KEY);

/** Reads something once: whoever looks again and again waits between. */
export const look = (path, signal, token = key()) => ask("GET", path, { token, tries: 1, signal });

/** Changes something. */
export const change = (path, body) => ask("PATCH", path, { token: key(), body });

/** Whether a problem means that the key opens nothing. */
export const isRefused = (problem) => ["forbidden", "token_missing"].includes(problem.code);

// Looks at something again and again while the page is seen, and less often while that fails.

import { backoff, pause } from "./api.js";

/**
 * @param {number} ms between two looks
 * @param {AbortSignal} signal that it is not wanted any more
 * @param {() => Promise<void>} look
 * @param {{failed: (problem: any) => unknown, again?: () => void, most?: number}} on what to do when a look fails
 *   (it gives up if that is true) and when one succeeds again, and the longest wait between two
 */
export async function watch(ms, signal, look, { failed, again, most }) {
  for (let failures = 0; !signal.aborted; ) {
    try {
      await seen(signal);
      await look();
      if (failures) again?.();
      failures = 0;
    } catch (problem) {
      if (signal.aborted || failed(problem)) return;
      failures++;
    }
    await pause(failures ? backoff(failures, most) : ms, signal).catch(() => {});
  }
}

/** Waits until the page is seen. */
function seen(signal) {
  if (document.visibilityState !== "hidden") return undefined;
  return new Promise((done, stop) => {
    const over = new AbortController();
    const look = () => document.visibilityState !== "hidden" && (over.abort(), done(undefined));
    document.addEventListener("visibilitychange", look, { signal: over.signal });
    signal.addEventListener("abort", () => (over.abort(), stop(signal.reason)), { signal: over.signal });
  });
}

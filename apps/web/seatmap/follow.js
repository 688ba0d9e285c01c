// Keeps a hall up to date by what has changed.

import { complain } from "../notice.js";
import { watch } from "../watch.js";
import { change } from "./hall.js";

/**
 * @param {(version: string) => Promise<any>} since reads what has changed since a version
 * @param {import("./hall.js").Hall} hall
 * @param {AbortSignal} signal
 * @param {{changed: (numbers: number[]) => void, live: (is: boolean) => void}} on
 */
export function follow(since, hall, signal, on) {
  const look = async () => {
    const numbers = change(hall, await since(hall.version));
    if (numbers.length) on.changed(numbers);
  };
  const failed = (problem) => {
    on.live(false);
    const isGone = ["schedule_cancelled", "no_seats"].includes(problem.code);
    if (isGone) complain(problem);
    return isGone;
  };
  return watch(800, signal, look, { failed, again: () => on.live(true) });
}

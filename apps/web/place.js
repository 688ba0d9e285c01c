// What a place in the line means: what is shown of it, worked out of the queue state. Pure.

/** The state to remember when the server says `next`: a place that has ended stays ended. */
export function advance(place, next) {
  const token = next.token ?? place?.token;
  const same = place && place.token === token;
  if (same && place.state.status === "expired") return place;
  const first = same ? Math.max(place.first, next.ahead ?? 0) : (next.ahead ?? 0);
  const { token: _, ...state } = next;
  return { token, state, first };
}

/** How much of the way is done, 0 to 1. */
export function progress(place) {
  if (place.state.status !== "waiting") return 1;
  return place.first > 0 ? 1 - place.state.ahead / (place.first + 1) : 0.5;
}

/** How many stand behind. */
export const behind = ({ waiting_total, position }) => Math.max(0, waiting_total - position);

/** Where of so many dots the fan stands, 0 at the door. */
export function dot({ ahead, waiting_total }, dots) {
  if (waiting_total <= dots) return Math.min(dots - 1, ahead);
  return Math.min(dots - 1, Math.round((ahead / waiting_total) * (dots - 1)));
}

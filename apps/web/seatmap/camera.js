// Which part of the hall is seen: a point in the middle and a scale. Pure: every move makes a new camera.

/** @typedef {{x: number, y: number, scale: number}} Camera scale in pixels a seat */

const NEAREST = 44;

/** Shows all of `box` in a canvas of this size. @returns {Camera} */
export function whole(box, width, height) {
  const scale = Math.min(width / (box.right - box.left), height / (box.bottom - box.top), NEAREST);
  return { x: (box.left + box.right) / 2, y: (box.top + box.bottom) / 2, scale };
}

/** Moves by pixels. */
export const moved = (camera, dx, dy) => ({ ...camera, x: camera.x - dx / camera.scale, y: camera.y - dy / camera.scale });

/** Zooms, while the point under the pixel (from the middle of the canvas) stays where it is. */
export function zoomed(camera, factor, px, py, farthest) {
  const scale = Math.min(NEAREST, Math.max(farthest, camera.scale * factor));
  return { x: camera.x + px / camera.scale - px / scale, y: camera.y + py / camera.scale - py / scale, scale };
}

/** Keeps the hall in sight. */
export function kept(camera, box) {
  const between = (value, low, high) => Math.min(high, Math.max(low, value));
  return { ...camera, x: between(camera.x, box.left, box.right), y: between(camera.y, box.top, box.bottom) };
}

/** A part of the way from one camera to another, even in scale for the eye. */
export function between(from, to, part) {
  const eased = 1 - (1 - part) ** 3;
  const mix = (a, b) => a + (b - a) * eased;
  return { x: mix(from.x, to.x), y: mix(from.y, to.y), scale: from.scale * (to.scale / from.scale) ** eased };
}

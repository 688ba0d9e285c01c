// The seat map on a canvas: moved by drag, wheel, pinch and keys. It is for the eye and the finger; who reads by
// ear or uses the keyboard has the rows (`rows.js`), which show what has the focus here.

import { h } from "../dom.js";
import { t } from "../i18n.js";
import { between, kept, moved, whole, zoomed } from "./camera.js";
import { finder, layout } from "./layout.js";
import { painter, palette } from "./paint.js";

const STEP = 1.6;
const GLIDE_MS = 260;
const A_TAP = 8;

/**
 * @param {import("./hall.js").Hall} hall
 * @param {{chosen: Set<number>, mine: Set<number>}} marks
 * @param {(number: number) => void} onPick
 * @param {AbortSignal} signal
 */
export function seatMap(hall, marks, onPick, signal) {
  const canvas = h("canvas", { class: "hall", "aria-hidden": "true" });
  const places = layout(hall.numbers, hall.perRow);
  const [paint, find] = [painter(canvas), finder(places)];
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  let colours = null;
  let camera = { x: 0, y: 0, scale: 1 };
  let [size, ratio, focus, asked, glide, untouched] = [{ width: 0, height: 0 }, 1, null, 0, 0, true];

  const fit = () => whole(places.box, size.width, size.height);
  const redraw = () => {
    asked ||= requestAnimationFrame(() => {
      asked = 0;
      if (!size.width) return;
      colours ??= palette(canvas);
      paint({ hall, places, camera, ...marks, focus, colours, ratio, stageName: t("stage") });
    });
  };
  const set = (next) => {
    camera = kept(next, places.box);
    redraw();
  };
  /** Goes there softly, unless the fan wants no motion. */
  const glideTo = (to) => {
    cancelAnimationFrame(glide);
    if (still.matches) return set(to);
    const [from, began] = [camera, performance.now()];
    const go = (now) => {
      const part = Math.min(1, (now - began) / GLIDE_MS);
      set(between(from, to, part));
      if (part < 1) glide = requestAnimationFrame(go);
    };
    glide = requestAnimationFrame(go);
  };
  const zoom = (factor, px = 0, py = 0, softly = true) => {
    untouched = false;
    (softly ? glideTo : set)(kept(zoomed(camera, factor, px, py, fit().scale * 0.9), places.box));
  };

  const resized = new ResizeObserver(() => {
    const box = canvas.getBoundingClientRect();
    ratio = Math.min(2, devicePixelRatio || 1);
    size = { width: box.width, height: box.height };
    [canvas.width, canvas.height] = [Math.round(box.width * ratio), Math.round(box.height * ratio)];
    if (untouched) camera = fit();
    set(camera);
  });
  resized.observe(canvas);
  signal.addEventListener("abort", () => resized.disconnect());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => ((colours = null), redraw()), { signal });

  const fromMiddle = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left - box.width / 2, event.clientY - box.top - box.height / 2];
  };
  gestures(canvas, signal, {
    drag: (dx, dy) => ((untouched = false), set(moved(camera, dx, dy))),
    zoom: (factor, event, softly) => zoom(factor, ...fromMiddle(event), softly),
    tap(event) {
      const [px, py] = fromMiddle(event);
      const finger = event.pointerType === "touch" ? 20 : 12;
      const at = find(camera.x + px / camera.scale, camera.y + py / camera.scale, Math.min(8, Math.max(0.6, finger / camera.scale)));
      if (at < 0) return;
      // A finger on a far hall means a place, not a seat: come nearer first.
      if (camera.scale < 9) return glideTo({ x: places.x[at], y: places.y[at], scale: 22 });
      onPick(hall.numbers[at]);
    },
  });

  return {
    node: canvas,
    redraw,
    closer: () => zoom(STEP),
    farther: () => zoom(1 / STEP),
    all: () => ((untouched = true), glideTo(fit())),
    /** Shows which seat has the focus of the rows, and brings it into sight; `null` when none has. */
    show(number) {
      focus = number;
      const at = hall.at.get(number);
      if (at === undefined) return redraw();
      const [dx, dy] = [places.x[at] - camera.x, places.y[at] - camera.y].map((d) => Math.abs(d) * camera.scale);
      const isSeen = camera.scale >= 9 && dx < size.width / 2 - 30 && dy < size.height / 2 - 30;
      if (isSeen) return redraw();
      untouched = false;
      glideTo({ x: places.x[at], y: places.y[at], scale: Math.max(camera.scale, 14) });
    },
    /** Where a seat is seen, in pixels of the window. */
    whereIs(number) {
      const at = hall.at.get(number);
      const box = canvas.getBoundingClientRect();
      return { x: box.left + box.width / 2 + (places.x[at] - camera.x) * camera.scale, y: box.top + box.height / 2 + (places.y[at] - camera.y) * camera.scale };
    },
  };
}

/** Turns what pointers do into drags, zooms and taps. */
function gestures(canvas, signal, { drag, zoom, tap }) {
  const down = new Map();
  let far = 0;
  const spread = () => {
    const [a, b] = [...down.values()];
    return Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
  };
  const middle = () => {
    const [a, b] = [...down.values()];
    return { clientX: (a.clientX + b.clientX) / 2, clientY: (a.clientY + b.clientY) / 2 };
  };
  const on = (name, listener) => canvas.addEventListener(name, listener, { signal, passive: false });
  on("pointerdown", (event) => {
    if (down.size === 0) far = 0;
    down.set(event.pointerId, event);
    canvas.setPointerCapture(event.pointerId);
  });
  on("pointermove", (event) => {
    const before = down.get(event.pointerId);
    if (!before) return;
    if (down.size === 2) {
      const [was, from] = [spread(), middle()];
      down.set(event.pointerId, event);
      const to = middle();
      drag(to.clientX - from.clientX, to.clientY - from.clientY);
      zoom(spread() / Math.max(1, was), to, false);
      far = A_TAP;
      return;
    }
    const [dx, dy] = [event.clientX - before.clientX, event.clientY - before.clientY];
    far += Math.hypot(dx, dy);
    down.set(event.pointerId, event);
    if (far >= A_TAP) drag(dx, dy);
  });
  const up = (event) => {
    const was = down.delete(event.pointerId);
    if (was && event.type === "pointerup" && far < A_TAP && down.size === 0) tap(event);
  };
  on("pointerup", up);
  on("pointercancel", up);
  on("wheel", (event) => {
    event.preventDefault();
    zoom(Math.exp(-Math.max(-80, Math.min(80, event.deltaY)) * 0.0045), event, false);
  });
}

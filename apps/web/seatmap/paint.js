// Draws the hall. Far away a seat is a few pixels of its grade's colour; nearer it is a small picture of its
// shape, made once a size and copied 20,000 times; near enough it has its number.

import { AVAILABLE, HELD } from "./hall.js";
import { trace } from "./shapes.js";

const FONT = "\"Segoe UI\", Roboto, \"Noto Sans\", \"Liberation Sans\", system-ui, sans-serif";
const PICTURE_FROM = 4.5;
/** Smaller digits cannot be read. */
const SMALLEST_DIGITS = 7;

/** The colours of the page's style, read anew when it changes between light and dark. */
export function palette(node) {
  const style = getComputedStyle(node);
  const value = (name) => style.getPropertyValue(name).trim();
  return {
    grades: [0, 1, 2, 3, 4, 5].map((n) => value(`--grade-${n}`)),
    ground: value("--raised"),
    gone: value("--gone"),
    quiet: value("--quiet"),
    // A page may tell held seats by a colour of their own.
    held: value("--held") || value("--quiet"),
    heldFar: value("--held") || value("--gone"),
    ink: value("--ink"),
    accent: value("--accent"),
    on: value("--on-accent"),
    soft: value("--line"),
  };
}

/** What a seat looks like, as one number: its grade, and how it stands. */
const CHOSEN = 3;
const MINE = 4;
const look = (grade, how) => grade * 8 + how;

/** @param {HTMLCanvasElement} canvas */
export function painter(canvas) {
  const pen = canvas.getContext("2d", { alpha: false });
  let pictures = new Map();
  let [size, of] = [0, null];

  /** The picture of a look, so many pixels wide. */
  function picture(key, pixels, colours) {
    if (pixels !== size || of !== colours) [pictures, size, of] = [new Map(), pixels, colours];
    let made = pictures.get(key);
    if (made) return made;
    made = document.createElement("canvas");
    made.width = made.height = Math.ceil(pixels) + 2;
    drawSeat(made.getContext("2d"), key, made.width / 2, pixels / 2, colours);
    pictures.set(key, made);
    return made;
  }

  return function paint({ hall, places, camera, chosen, mine, focus, colours, stageName, ratio }) {
    const { width, height } = canvas;
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.fillStyle = colours.ground;
    pen.fillRect(0, 0, width, height);
    const scale = camera.scale * ratio;
    const [ox, oy] = [width / 2 - camera.x * scale, height / 2 - camera.y * scale];
    stage(pen, places.stage, stageName, scale, ox, oy, colours);
    const pixels = Math.round(scale * 0.82 * 2) / 2;
    const near = camera.scale >= PICTURE_FROM;
    const special = [];
    for (let at = 0; at < hall.numbers.length; at++) {
      const [x, y] = [ox + places.x[at] * scale, oy + places.y[at] * scale];
      if (x < -scale || y < -scale || x > width + scale || y > height + scale) continue;
      const number = hall.numbers[at];
      const how = chosen.has(number) ? CHOSEN : mine.has(number) ? MINE : hall.status[at];
      if (how >= CHOSEN) special.push([at, how, x, y]);
      else if (near) {
        const drawn = picture(look(hall.grade[at], how), pixels, colours);
        pen.drawImage(drawn, Math.round(x - drawn.width / 2), Math.round(y - drawn.height / 2));
      } else {
        pen.fillStyle = [colours.grades[hall.grade[at] % 6], colours.heldFar, colours.gone][how];
        pen.fillRect(x - scale * 0.38, y - scale * 0.38, scale * 0.76, scale * 0.76);
      }
      if (near && how < CHOSEN) label(pen, number, x, y, scale, ratio, how === AVAILABLE ? colours.ground : colours.quiet);
    }
    // On top, and never too small to be found again.
    for (const [at, how, x, y] of special) {
      const drawn = picture(look(hall.grade[at], how), Math.max(pixels, 9 * ratio), colours);
      pen.drawImage(drawn, x - drawn.width / 2, y - drawn.height / 2);
      if (near) label(pen, hall.numbers[at], x, y, scale, ratio, colours.on);
    }
    if (focus !== null && hall.at.has(focus)) ring(pen, places, hall.at.get(focus), scale, ox, oy, colours, ratio);
  };
}

function drawSeat(pen, key, middle, radius, colours) {
  const [grade, how] = [Math.floor(key / 8), key % 8];
  const colour = colours.grades[grade % 6];
  if (how === CHOSEN || how === MINE) {
    trace(pen, grade, middle, middle, radius);
    pen.fillStyle = colours.accent;
    pen.fill();
    if (how === MINE && radius > 4) inner(pen, grade, middle, radius, colours.ground);
    return;
  }
  if (how === AVAILABLE) {
    trace(pen, grade, middle, middle, radius);
    pen.fillStyle = colour;
    pen.fill();
    return;
  }
  // One who is buying may give it back: an outline. What is sold is a faint mark.
  trace(pen, grade, middle, middle, radius * (how === HELD ? 0.82 : 0.62));
  if (how === HELD) {
    pen.strokeStyle = colours.held;
    pen.lineWidth = Math.max(1, radius * 0.16);
    pen.stroke();
  } else {
    pen.fillStyle = colours.gone;
    pen.fill();
  }
}

function inner(pen, grade, middle, radius, colour) {
  trace(pen, grade, middle, middle, radius * 0.72);
  pen.strokeStyle = colour;
  pen.lineWidth = Math.max(1, radius * 0.12);
  pen.stroke();
}

function label(pen, number, x, y, scale, ratio, colour) {
  const digits = String(number).length;
  const height = Math.min(scale * 0.32, (scale * 0.66) / (digits * 0.58));
  if (height < SMALLEST_DIGITS * ratio) return;
  pen.font = `600 ${height.toFixed(1)}px ${FONT}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillStyle = colour;
  pen.fillText(String(number), x, y + scale * 0.02);
}

function stage(pen, { x, y, width }, name, scale, ox, oy, colours) {
  const [px, py, w, h] = [ox + (x - width / 2) * scale, oy + y * scale, width * scale, width * 0.14 * scale];
  pen.fillStyle = colours.soft;
  pen.beginPath();
  pen.roundRect(px, py - h / 2, w, h, [h * 0.2, h * 0.2, h * 0.7, h * 0.7]);
  pen.fill();
  pen.fillStyle = colours.ink;
  pen.font = `600 ${Math.max(8, Math.min(h * 0.5, 26))}px ${FONT}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(name, px + w / 2, py);
}

function ring(pen, places, at, scale, ox, oy, colours, ratio) {
  pen.strokeStyle = colours.ink;
  pen.lineWidth = 2 * ratio;
  pen.beginPath();
  pen.arc(ox + places.x[at] * scale, oy + places.y[at] * scale, Math.max(scale * 0.62, 8 * ratio), 0, 2 * Math.PI);
  pen.stroke();
}

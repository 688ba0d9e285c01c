// Where seats stand. The API knows rows and the order in them; the hall around that is drawn here: a small one as
// bent rows before the stage, a large one as blocks of rows in rings around it. Pure. One unit is one seat.

/** So many rows make a hall of blocks, so many rows each. */
const SMALL = 60;
const BLOCK_ROWS = 20;
const ROW = 1.5;
const BLOCK_ROW = 1.8;

/**
 * @typedef {{x: Float32Array, y: Float32Array, box: {left: number, top: number, right: number, bottom: number},
 *   stage: {x: number, y: number, width: number}}} Layout
 */

/** @param {number[]} numbers @param {number} perRow @returns {Layout} */
export function layout(numbers, perRow) {
  const rows = Math.ceil((numbers[numbers.length - 1] ?? 0) / perRow);
  const place = rows > SMALL ? blocks(rows, perRow) : bent(perRow);
  const [x, y] = [new Float32Array(numbers.length), new Float32Array(numbers.length)];
  const box = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
  numbers.forEach((number, at) => {
    const [px, py] = place(Math.floor((number - 1) / perRow), (number - 1) % perRow);
    [x[at], y[at]] = [px, py];
    box.left = Math.min(box.left, px);
    box.right = Math.max(box.right, px);
    box.top = Math.min(box.top, py);
    box.bottom = Math.max(box.bottom, py);
  });
  const width = rows > SMALL ? perRow * 1.1 : Math.min(perRow * 0.7, 16);
  const stage = { x: 0, y: box.top - width * 0.16 - 1, width };
  return { x, y, stage, box: { left: box.left - 1.5, right: box.right + 1.5, top: stage.y - width * 0.14 - 1, bottom: box.bottom + 1.5 } };
}

/** Rows bent around a point far behind the stage. */
function bent(perRow) {
  const near = perRow * 1.9;
  return (row, column) => {
    const radius = near + row * ROW;
    const angle = (column - (perRow - 1) / 2) / radius;
    return [radius * Math.sin(angle), radius * Math.cos(angle) - near];
  };
}

/** Rings of blocks: two in the first, two more in each that follows. */
function blocks(rows, perRow) {
  const step = Math.max(perRow * 0.82, BLOCK_ROWS * BLOCK_ROW + 4);
  const count = Math.ceil(rows / BLOCK_ROWS);
  const placed = [];
  for (let ring = 1; placed.length < count; ring++) {
    const here = Math.min(2 * ring, count - placed.length);
    const radius = ring * step;
    const width = 2 * Math.atan((perRow / 2 + 1.5) / radius);
    for (let at = 0; at < here; at++) placed.push({ radius, angle: (at - (here - 1) / 2) * width });
  }
  return (row, column) => {
    const { radius, angle } = placed[Math.floor(row / BLOCK_ROWS)];
    const depth = radius + (row % BLOCK_ROWS) * BLOCK_ROW;
    const aside = column - (perRow - 1) / 2;
    return [depth * Math.sin(angle) + aside * Math.cos(angle), depth * Math.cos(angle) - aside * Math.sin(angle)];
  };
}

/** Finds the seat nearest to a point, by a grid of cells. */
export function finder({ x, y }) {
  const cells = new Map();
  const key = (cx, cy) => cx * 100_003 + cy;
  for (let at = 0; at < x.length; at++) {
    const cell = key(Math.floor(x[at] / 2), Math.floor(y[at] / 2));
    if (!cells.has(cell)) cells.set(cell, []);
    cells.get(cell).push(at);
  }
  return (px, py, within) => {
    let [best, distance] = [-1, within * within];
    const [cx, cy, reach] = [Math.floor(px / 2), Math.floor(py / 2), Math.ceil(within / 2)];
    for (let dx = -reach; dx <= reach; dx++)
      for (let dy = -reach; dy <= reach; dy++)
        for (const at of cells.get(key(cx + dx, cy + dy)) ?? []) {
          const d = (x[at] - px) ** 2 + (y[at] - py) ** 2;
          if (d < distance) [best, distance] = [at, d];
        }
    return best;
  };
}

// A grade has a colour and a shape, so that it can be told without colours.

const SHAPES = ["diamond", "circle", "square", "triangle", "hexagon", "drop"];

/** How the grade at this place of the list looks. */
export const shapeOf = (grade) => SHAPES[grade % SHAPES.length];

const CORNERS = {
  diamond: [[0, -1], [1, 0], [0, 1], [-1, 0]],
  square: [[-0.8, -0.8], [0.8, -0.8], [0.8, 0.8], [-0.8, 0.8]],
  triangle: [[0, -0.95], [1, 0.8], [-1, 0.8]],
  hexagon: [[-0.5, -0.87], [0.5, -0.87], [1, 0], [0.5, 0.87], [-0.5, 0.87], [-1, 0]],
  drop: [[0, -1], [0.8, 0.1], [0.45, 0.85], [-0.45, 0.85], [-0.8, 0.1]],
};

/** Draws a grade's shape around a point. @param {CanvasRenderingContext2D} pen */
export function trace(pen, grade, x, y, radius) {
  pen.beginPath();
  const corners = CORNERS[shapeOf(grade)];
  if (!corners) pen.arc(x, y, radius * 0.9, 0, 2 * Math.PI);
  else {
    corners.forEach(([cx, cy], at) => pen[at ? "lineTo" : "moveTo"](x + cx * radius, y + cy * radius));
    pen.closePath();
  }
}

/** The same as points of an SVG polygon of 20 by 20; none for a circle. */
export const points = (grade) => CORNERS[shapeOf(grade)]?.map(([x, y]) => `${10 + x * 8},${10 + y * 8}`).join(" ");

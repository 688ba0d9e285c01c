// Makes elements. Texts become text nodes and nothing is ever parsed as HTML, so nothing that the
// server or a person says can become markup.

const SVG = "http://www.w3.org/2000/svg";
const DRAWN = new Set(["svg", "path", "circle", "rect", "line", "g", "polygon"]);

/**
 * An element with properties and children. `onclick` and the like are listeners, `false` and `null` leave an
 * attribute or a child out, `true` is an attribute without a value.
 * @param {string} tag
 * @param {Record<string, unknown>} [props]
 * @param {...unknown} children
 * @returns {any}
 */
export function h(tag, props = {}, ...children) {
  const node = DRAWN.has(tag) ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), /** @type {any} */ (value));
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...kept(children));
  return node;
}

/** Puts `children` in place of what is in `node`. */
export function fill(node, ...children) {
  node.replaceChildren(...kept(children));
  return node;
}

const kept = (children) =>
  children.flat(3).filter((child) => child !== null && child !== undefined && child !== false);

/** Sets a text, if it differs: screen readers say what is set again. */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Calls `work` every so many milliseconds until `signal` says that the view is gone. */
export function every(ms, signal, work) {
  const timer = setInterval(work, ms);
  signal.addEventListener("abort", () => clearInterval(timer));
}

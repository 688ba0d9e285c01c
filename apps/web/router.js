// Which view is shown: the part of the address after `#`. So the server has one page, and reloading or going
// back shows the same view again.

import { fill } from "./dom.js";

/** @type {[RegExp, (params: string[], signal: AbortSignal) => {title: string, node: Node}][]} */
let table = [];
let main;
let open = new AbortController();
let title = "";
let called = "";

/** Shows the views of `routes` in `place`. */
export function start(place, routes) {
  [main, table] = [place, routes];
  addEventListener("hashchange", () => show(true));
  show(false);
}

/** Goes to a view; to the one that is shown, it shows that anew. */
export function go(hash) {
  if (location.hash === hash) show(false);
  else location.hash = hash;
}

/** Shows the same view anew, for example in another language. */
export const refresh = () => show(false);

/** Puts something before the title of the tab, or nothing. */
export function call(text) {
  called = text;
  tell();
}

function tell() {
  document.title = called || `${title} · Boxoffice`;
}

function show(moved) {
  open.abort(new DOMException("another view is shown", "AbortError"));
  open = new AbortController();
  const path = location.hash.replace(/^#/, "") || "/";
  for (const [pattern, view] of table) {
    const match = pattern.exec(path);
    if (!match) continue;
    const shown = view(match.slice(1), open.signal);
    title = shown.title;
    tell();
    fill(main, shown.node);
    if (moved) arrive();
    return;
  }
  location.replace("#/");
}

/** Who reads by ear or keyboard goes on at the new view's heading, which may be there only when there is an answer. */
function arrive() {
  scrollTo(0, 0);
  const found = () => {
    const heading = main.querySelector("h1");
    if (!heading) return false;
    heading.setAttribute("tabindex", "-1");
    heading.focus({ preventScroll: true });
    return true;
  };
  if (found()) return;
  const watch = new MutationObserver(() => found() && watch.disconnect());
  watch.observe(main, { childList: true, subtree: true });
  open.signal.addEventListener("abort", () => watch.disconnect());
}


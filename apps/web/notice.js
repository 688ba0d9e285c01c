// What has to be said beside the view: problems with what to do, and small news. It is read out by screen
// readers, and goes away by itself unless it is a problem.

import { h } from "./dom.js";
import { advice, moment, t } from "./i18n.js";

const shelf = h("div", { class: "notices", role: "region", "aria-live": "polite", "aria-label": "Notices" });

/** Where notices are shown. */
export const notices = () => shelf;

/** Says news. */
export function tell(text, ms = 6000) {
  const note = put("news", h("p", {}, text));
  setTimeout(() => note.remove(), ms);
}

/** Says what went wrong, in the words of the server, and what to do. */
export function complain(problem) {
  if (problem?.name === "AbortError") return;
  shelf.querySelectorAll(".problem").forEach((old) => old.remove());
  put("problem", explained(problem));
}

/** A problem as a paragraph or two. */
export function explained(problem) {
  const code = problem.code ?? "internal_error";
  const opens = problem.members?.opens_at ? moment(problem.members.opens_at) : "";
  const what = problem.code ? problem.message : t("offline");
  const reason = problem.members?.reason;
  return [
    h("p", { class: "strong", "data-code": code }, reason ? `${what}: ${reason}` : what),
    h("p", {}, advice(code).replace("{opens}", opens)),
  ];
}

function put(kind, ...content) {
  const note = h(
    "div",
    { class: `notice ${kind}`, role: kind === "problem" && "alert" },
    h("div", {}, ...content),
    h("button", { class: "quiet", type: "button", "aria-label": t("close"), onclick: () => note.remove() }, "×"),
  );
  shelf.append(note);
  return note;
}

/** Asks before something that cannot be undone. @returns {Promise<boolean>} */
export function sure(question, yes) {
  return new Promise((done) => {
    const dialog = h(
      "dialog",
      { class: "sure", "aria-label": question, onclose: () => (dialog.remove(), done(dialog.returnValue === "yes")) },
      h("p", {}, question),
      h(
        "div",
        { class: "actions" },
        h("button", { class: "primary", type: "button", onclick: () => dialog.close("yes") }, yes),
        h("button", { type: "button", autofocus: true, onclick: () => dialog.close("no") }, t("no")),
      ),
    );
    document.body.append(dialog);
    dialog.showModal();
  });
}

/**
 * Does the work of a button: while it goes on the button is busy, and what goes wrong is said.
 * @returns what the work returned, or nothing
 */
export async function busy(button, text, work) {
  if (button.getAttribute("aria-busy") === "true") return undefined;
  const before = button.textContent;
  button.setAttribute("aria-busy", "true");
  button.textContent = text;
  try {
    return await work();
  } catch (problem) {
    complain(problem);
    return undefined;
  } finally {
    button.removeAttribute("aria-busy");
    if (button.textContent === text) button.textContent = before;
  }
}

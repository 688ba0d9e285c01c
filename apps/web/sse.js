// Reads server-sent events off a stream of text. EventSource cannot send `Authorization`, so the stream is read by
// hand. Pure.

/**
 * Takes in a piece of the stream: the events that are whole now, and what is left over.
 * @param {string} rest what was left over before
 * @param {string} piece
 * @returns {{events: {event: string, id: string, data: string}[], rest: string}}
 */
export function take(rest, piece) {
  const parts = (rest + piece).replaceAll("\r\n", "\n").split("\n\n");
  const left = parts.pop() ?? "";
  const events = parts.map(parse).filter((event) => event.data !== "");
  return { events, rest: left };
}

function parse(block) {
  const event = { event: "message", id: "", data: "" };
  for (const line of block.split("\n")) {
    const at = line.indexOf(":");
    const [name, value] = at < 0 ? [line, ""] : [line.slice(0, at), line.slice(at + 1).replace(/^ /, "")];
    if (name === "data") event.data += (event.data && "\n") + value;
    else if (name in event && at > 0) event[name] = value;
  }
  return event;
}

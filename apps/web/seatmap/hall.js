// What is known of the seats of a date: the whole map once, then what has changed. Pure.

export const AVAILABLE = 0;
export const HELD = 1;
export const SOLD = 2;
const STATUS = { available: AVAILABLE, held: HELD, sold: SOLD };
export const NAMES = ["available", "held", "sold"];

/**
 * @typedef {object} Hall
 * @property {number[]} numbers seat numbers, ascending
 * @property {Map<number, number>} at where in the lists a number is
 * @property {Uint8Array} status of each seat
 * @property {Uint8Array} grade of each seat, as a place in `grades`
 * @property {{name: string, price: number}[]} grades the dearest first
 * @property {number} perRow seats in a row
 * @property {string} version to ask for what has changed since
 * @property {number} remaining
 */

/** The hall that a whole map shows. @returns {Hall} */
export function whole(map) {
  const prices = new Map(map.seats.map((seat) => [seat.grade, seat.price]));
  const grades = [...prices].map(([name, price]) => ({ name, price })).sort((a, b) => b.price - a.price);
  const place = new Map(grades.map(({ name }, at) => [name, at]));
  const seats = [...map.seats].sort((a, b) => a.number - b.number);
  return {
    numbers: seats.map((seat) => seat.number),
    at: new Map(seats.map((seat, at) => [seat.number, at])),
    status: Uint8Array.from(seats, (seat) => STATUS[seat.status]),
    grade: Uint8Array.from(seats, (seat) => place.get(seat.grade) ?? 0),
    grades,
    perRow: map.seats_per_row,
    version: map.version,
    remaining: map.remaining_seats,
  };
}

/**
 * Takes in an answer to `since`. The same change twice changes nothing.
 * @param {Hall} hall
 * @returns {number[]} the numbers of the seats that look different now
 */
export function change(hall, delta) {
  hall.version = delta.version;
  hall.remaining = delta.remaining_seats;
  return delta.seats.map((seat) => mark(hall, seat.number, STATUS[seat.status]) && seat.number).filter(Boolean);
}

/** Sets what is known of one seat; whether that is new. */
export function mark(hall, number, status) {
  const at = hall.at.get(number);
  if (at === undefined || hall.status[at] === status) return false;
  hall.status[at] = status;
  return true;
}

/** The status of a seat by its number. */
export const statusOf = (hall, number) => hall.status[hall.at.get(number) ?? -1];

/** The grade of a seat by its number. */
export const gradeOf = (hall, number) => hall.grades[hall.grade[hall.at.get(number) ?? 0]];

/** How many seats of each grade are free. */
export function free(hall) {
  const counts = hall.grades.map(() => 0);
  hall.status.forEach((status, at) => status === AVAILABLE && counts[hall.grade[at]]++);
  return counts;
}

/** How many rows there are; rows go by the numbers. */
export const rows = (hall) => Math.ceil((hall.numbers[hall.numbers.length - 1] ?? 0) / hall.perRow);

/** The row of a seat, from 0. */
export const rowOf = (hall, number) => Math.floor((number - 1) / hall.perRow);

/** The numbers of a row's seats. */
export function inRow(hall, row) {
  const first = row * hall.perRow + 1;
  const all = Array.from({ length: hall.perRow }, (_, at) => first + at);
  return all.filter((number) => hall.at.has(number));
}

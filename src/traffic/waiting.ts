/**
 * Who waits for what: connections for an answer that is under way, for their turn to send data, and for their end.
 *
 * Times are kept in arrays: a variable would make a new object of every number that is not small and whole.
 */

import { Conn } from './connection.ts';
import type { Dice } from './dice.ts';

/** All wait equally long, so that who came first is first. */
export interface Queue {
  add(who: number): void;
  /** Whether the first has waited long enough. */
  isDue(): boolean;
  take(): number;
}

const powerOfTwo = (least: number): number => 2 ** Math.ceil(Math.log2(Math.max(least, 2)));

/**
 * Shapes: clock: Float64Array(1), the time. Units: ns
 * Errors: none; that more than `capacity` wait is a caller's bug
 */
export function createQueue(capacity: number, clock: Float64Array, delayNs: number): Queue {
  const size = powerOfTwo(capacity + 1);
  const mask = size - 1;
  const whos = new Int32Array(size);
  const dues = new Float64Array(size);
  let head = 0;
  let tail = 0;
  return {
    add(who) {
      whos[tail] = who;
      dues[tail] = clock[0] + delayNs;
      tail = (tail + 1) & mask;
    },
    isDue: () => head !== tail && dues[head] <= clock[0],
    take() {
      const who = whos[head];
      head = (head + 1) & mask;
      return who;
    },
  };
}

/** Those that may send data, in no order: a new one takes any place, whose holder goes to the end. */
export interface Ready {
  count(): number;
  at(place: number): number;
  add(slot: number): void;
  remove(slot: number): void;
}

export function createReady(places: number, words: Int32Array, dice: Dice): Ready {
  const slots = new Int32Array(places);
  let count = 0;

  function put(slot: number, place: number): void {
    slots[place] = slot;
    words[slot * Conn.WORDS + Conn.PLACE] = place;
  }

  return {
    count: () => count,
    at: (place) => slots[place],
    add(slot) {
      const place = dice.below(count + 1);
      if (place < count) put(slots[place], count);
      put(slot, place);
      count++;
    },
    remove(slot) {
      const c = slot * Conn.WORDS;
      const place = words[c + Conn.PLACE];
      words[c + Conn.PLACE] = -1;
      count--;
      if (place < count) put(slots[count], place);
    },
  };
}

/** Lists of a turn of the wheel. One of them is a millisecond. */
const WHEEL_LISTS = 1 << 16;

/** The ends of connections, to the millisecond. */
export interface Ends {
  /** Files a connection under its DEADLINE. */
  add(slot: number): void;
  /** Time goes on. Units: ms since the start */
  advance(nowMs: number): void;
  /** One whose time is up; -1 for none. */
  take(): number;
}

/** Cost: one list per millisecond; a connection is looked at once per turn, and at its end. */
export function createEnds(words: Int32Array): Ends {
  /** Slot + 1 of the first of a list; 0 for an empty one. */
  const lists = new Int32Array(WHEEL_LISTS);
  let due = 0;
  let lastMs = 0;

  function file(slot: number, deadlineMs: number): void {
    const list = Math.max(deadlineMs, lastMs + 1) & (WHEEL_LISTS - 1);
    words[slot * Conn.WORDS + Conn.NEXT] = lists[list];
    lists[list] = slot + 1;
  }

  function turn(nowMs: number): void {
    const list = nowMs & (WHEEL_LISTS - 1);
    let next = lists[list];
    lists[list] = 0;
    while (next !== 0) {
      const slot = next - 1;
      const c = slot * Conn.WORDS;
      next = words[c + Conn.NEXT];
      if (words[c + Conn.DEADLINE] <= nowMs) {
        words[c + Conn.NEXT] = due;
        due = slot + 1;
      } else file(slot, words[c + Conn.DEADLINE]);
    }
  }

  return {
    add: (slot) => file(slot, words[slot * Conn.WORDS + Conn.DEADLINE]),
    advance(nowMs) {
      while (lastMs < nowMs) turn(++lastMs);
    },
    take() {
      if (due === 0) return -1;
      const slot = due - 1;
      due = words[slot * Conn.WORDS + Conn.NEXT];
      return slot;
    },
  };
}

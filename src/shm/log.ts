/**
 * A log that forgets: one thread writes records and never waits; whoever reads keeps a position of its own
 * and is told exactly which records it came too late for. Its memory is that of a ring, its writer looks like a
 * ring's writer, so that the same reporter serves both.
 *
 * Every record has a number, from 0, exact up to 2^53. The writer says beforehand up to which number it may be
 * writing (WRITING) and afterwards how many are whole (HEAD). A reader copies a record and then looks at
 * WRITING: if the writer may have come round to that slot meanwhile, the copy counts as missed.
 */
import { assert } from '../common/assert.ts';
import type { RingWriter } from './ring.ts';
import type { RingMemory } from './segment.ts';

/** Words of the cursor block. The halves of a number: low 32 bits, and how often these went round. */
enum Cursor {
  HEAD = 0,
  HEAD_ROUNDS = 1,
  WRITING = 16,
  WRITING_ROUNDS = 17,
  /** Readers touch it only to keep their loads in order. */
  FENCE = 48,
}

/** Records that are announced at once. */
const AHEAD = 64;
const ROUND = 2 ** 32;

export interface LogWriter extends RingWriter {
  /** Counts so many records that are forgotten before they were written. */
  leap(count: number): void;
}

/** The low half first: between the two stores of a new round the number looks smaller than it was, never larger. */
function storeNumber(cursors: Int32Array, low: Cursor, value: number): void {
  Atomics.store(cursors, low, value | 0);
  Atomics.store(cursors, low + 1, Math.floor(value / ROUND));
}

/** A number that another thread moves on. One that is less than before is half of a new round: ask again. */
function loadNumber(cursors: Int32Array, low: Cursor, atLeast: number): number {
  for (;;) {
    const rounds = Atomics.load(cursors, low + 1);
    const value = rounds * ROUND + (Atomics.load(cursors, low) >>> 0);
    if (value >= atLeast && Atomics.load(cursors, low + 1) === rounds) return value;
  }
}

/** Shapes: as a ring's memory; slots at least 4 * AHEAD. Thread: one writer. */
export function createLogWriter(memory: RingMemory, words: number): LogWriter {
  const { cursors, slots } = memory;
  const size = slots.length / words;
  assert((size & (size - 1)) === 0 && size >= 4 * AHEAD, 'log: slots must be a power of two, and not few');
  let head = loadNumber(cursors, Cursor.HEAD, 0);
  let announced = head;

  function announce(upTo: number): void {
    announced = upTo;
    storeNumber(cursors, Cursor.WRITING, announced);
  }

  return {
    slots,
    mask: size - 1,
    /** There is always room; asking for it announces that it will be written. */
    free(wanted) {
      if (head + wanted > announced) announce(head + wanted + AHEAD);
      return size;
    },
    head: () => head | 0,
    publish(count) {
      head += count;
      storeNumber(cursors, Cursor.HEAD, head);
    },
    leap(count) {
      if (head + count > announced) announce(head + count + AHEAD);
      head += count;
      storeNumber(cursors, Cursor.HEAD, head);
    },
    wake() {},
    waitForRoom: () => false,
    selfCheck() {
      assert(loadNumber(cursors, Cursor.HEAD, 0) === head, 'log: a second writer moved the head');
      assert(announced >= head, 'log: written beyond what was announced');
    },
  };
}

export interface LogReader {
  /** Number of the next record that will be read. */
  position(): number;
  /** Number of the next record that will be written. */
  head(): number;
  /**
   * Copies up to `max` records to the start of `out`. Returns how many there are; `missed` says how many before the
   * first of them were lost. Records that cannot be vouched for count as missed, and are asked for no more.
   *
   * Shapes: out holds max * words
   */
  read(out: Int32Array, max: number): number;
  /** Of the last `read`. */
  missed(): number;
}

/** Thread: any, any number of readers. `from`: number of the first record wanted; what is beyond the head counts as the head. */
export function createLogReader(memory: RingMemory, words: number, from?: number): LogReader {
  const { cursors, slots } = memory;
  const size = slots.length / words;
  let seen = loadNumber(cursors, Cursor.HEAD, 0);
  let next = Math.min(from ?? seen, seen);
  let missed = 0;

  function head(): number {
    seen = loadNumber(cursors, Cursor.HEAD, seen);
    return seen;
  }

  let announced = 0;

  /** Numbers below this may be overwritten by now. */
  function lost(): number {
    // Nothing that was read before may be read after this: a load alone does not promise that.
    Atomics.add(cursors, Cursor.FENCE, 0);
    announced = loadNumber(cursors, Cursor.WRITING, announced);
    return announced - size;
  }

  return {
    position: () => next,
    head,
    missed: () => missed,
    read(out, max) {
      const end = head();
      const from = next;
      const first = Math.max(from, lost());
      const count = Math.max(0, Math.min(end - first, max));
      for (let i = 0; i < count; i++) {
        const s = ((first + i) % size) * words;
        const o = i * words;
        for (let w = 0; w < words; w++) out[o + w] = slots[s + w];
      }
      next = first + count;
      // What was copied while the writer may have been there is lost, too.
      const torn = Math.min(count, Math.max(0, lost() - first));
      if (torn > 0) out.copyWithin(0, torn * words, count * words);
      missed = first + torn - from;
      return count - torn;
    },
  };
}

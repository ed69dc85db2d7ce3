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

/** Words of the cursor block: where the numbers of this log start, see Part, and words that only keep an order. */
enum Cursor {
  HEAD = 0,
  WRITING = 16,
  WRITER_FENCE = 20,
  FENCE = 48,
}

/** Words of a number: its low 32 bits, and how often these went round, written before and after them. */
enum Part {
  LOW = 0,
  ROUNDS_BEFORE = 1,
  ROUNDS_AFTER = 2,
}

/** Records that are announced at once. */
const AHEAD = 64;
const ROUND = 2 ** 32;

export interface LogWriter extends RingWriter {
  /** Counts so many records that are forgotten before they were written, and with them all that were before. */
  leap(count: number): void;
}

/** Moves a number on, for others to see. Thread: the one writer. Cost: one atomic store. */
function createNumber(cursors: Int32Array, at: Cursor): (value: number) => void {
  let rounds = Atomics.load(cursors, at + Part.ROUNDS_AFTER);
  return (value) => {
    const now = Math.floor(value / ROUND);
    if (now === rounds) {
      Atomics.store(cursors, at + Part.LOW, value | 0);
      return;
    }
    rounds = now;
    Atomics.store(cursors, at + Part.ROUNDS_BEFORE, rounds);
    Atomics.store(cursors, at + Part.LOW, value | 0);
    Atomics.store(cursors, at + Part.ROUNDS_AFTER, rounds);
  };
}

/**
 * A number that another thread moves on: as it is, or was during this call. Read against the order in which it is written:
 * when both rounds are the same, LOW is of that round; else a new one begins, and its first number is reached.
 */
function loadNumber(cursors: Int32Array, at: Cursor): number {
  const rounds = Atomics.load(cursors, at + Part.ROUNDS_AFTER);
  const low = Atomics.load(cursors, at + Part.LOW) >>> 0;
  const reached = Atomics.load(cursors, at + Part.ROUNDS_BEFORE);
  return reached === rounds ? rounds * ROUND + low : reached * ROUND;
}

/** Starts an empty log at this number, so that tests can reach 2^32. */
export function setLogNumber({ cursors }: RingMemory, value: number): void {
  for (const at of [Cursor.HEAD, Cursor.WRITING]) createNumber(cursors, at)(value);
}

/** Shapes: as a ring's memory; slots at least 4 * AHEAD. Thread: one writer. */
export function createLogWriter(memory: RingMemory, words: number): LogWriter {
  const { cursors, slots } = memory;
  const size = slots.length / words;
  assert((size & (size - 1)) === 0 && size >= 4 * AHEAD, 'log: slots must be a power of two, and not few');
  let head = loadNumber(cursors, Cursor.HEAD);
  let announced = head;
  const storeHead = createNumber(cursors, Cursor.HEAD);
  const storeWriting = createNumber(cursors, Cursor.WRITING);

  function announce(upTo: number): void {
    announced = upTo;
    storeWriting(announced);
    // No record may be seen before it was announced: a store alone does not promise that on every machine.
    Atomics.add(cursors, Cursor.WRITER_FENCE, 0);
  }

  function moveHead(count: number): void {
    head += count;
    storeHead(head);
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
    publish: moveHead,
    leap(count) {
      if (count === 0) return;
      // The slots of what is leapt over still hold older records: none of them may be read any more.
      announce(head + count + size);
      moveHead(count);
    },
    wake() {},
    waitForRoom: () => false,
    selfCheck() {
      assert(loadNumber(cursors, Cursor.HEAD) === head, 'log: a second writer moved the head');
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
  const mask = size - 1;
  const head = (): number => loadNumber(cursors, Cursor.HEAD);
  let next = Math.min(from ?? Number.POSITIVE_INFINITY, head());
  let missed = 0;

  /** Numbers below this may be overwritten by now. */
  function lost(): number {
    // Nothing that was read before may be read after this: a load alone does not promise that.
    Atomics.add(cursors, Cursor.FENCE, 0);
    return loadNumber(cursors, Cursor.WRITING) - size;
  }

  return {
    position: () => next,
    head,
    missed: () => missed,
    read(out, max) {
      const end = head();
      const wanted = next;
      const first = Math.max(wanted, lost());
      const count = Math.max(0, Math.min(end - first, max));
      for (let i = 0; i < count; i++) {
        const s = ((first + i) & mask) * words;
        const o = i * words;
        for (let w = 0; w < words; w++) out[o + w] = slots[s + w];
      }
      next = first + count;
      // What was copied while the writer may have been there is lost, too.
      const torn = Math.min(count, Math.max(0, lost() - first));
      if (torn > 0) out.copyWithin(0, torn * words, count * words);
      missed = first + torn - wanted;
      return count - torn;
    },
  };
}

/**
 * A ring between exactly two threads: one writes, one reads. Slots are fixed and a power of two in
 * number. Cursors count slots and wrap at 2^32; each is published with one atomic store per burst.
 *
 * The writer fills slots from `head()` on and then publishes; the reader works on slots from
 * `tail()` on and then releases. Both keep their own cursor privately, so that a packet costs no
 * atomic operation at all.
 */
import { assert } from '../common/assert.ts';
import { ringBell, sleepAtBell } from './bell.ts';
import type { RingMemory } from './segment.ts';

/** Words of the cursor block: 64 bytes apart, so that the two threads do not fight for a cache line. */
enum Cursor {
  HEAD = 0,
  TAIL = 16,
  WRITER_SLEEPS = 48,
}

/** Looks before the writer sleeps. */
const SPINS = 2000;
/**
 * Who sleeps is woken only when there is work for a while: a writer when half of the ring is free, a
 * reader when an eighth is filled. Otherwise both would sleep and wake for every burst.
 */
const WAKE_WRITER_SHIFT = 1;
const WAKE_READER_SHIFT = 3;

export interface RingWriter {
  readonly slots: Int32Array;
  readonly mask: number;
  /** Free slots; looks at the reader's cursor only when the known ones do not suffice. */
  free(wanted: number): number;
  /** Number of the next slot to fill; use `& mask`. */
  head(): number;
  /** Hands over `count` filled slots. A reader that sleeps may sleep on until there are more, or `wake`. */
  publish(count: number): void;
  /** Wakes the reader for what there is: after this burst nothing may follow for a while. */
  wake(): void;
  /** Sleeps until there is room for `wanted` (one), or about `ms` have passed. Returns whether it had to sleep. */
  waitForRoom(ms: number, wanted?: number): boolean;
  selfCheck(): void;
}

export interface RingReader {
  readonly slots: Int32Array;
  readonly mask: number;
  /** Filled slots that wait. */
  available(): number;
  /** Number of the oldest slot; use `& mask`. */
  tail(): number;
  /** Gives back `count` slots. */
  release(count: number): void;
  /** Sleeps until something is there, or about `ms` have passed. */
  waitForSlots(ms: number): void;
  selfCheck(): void;
}

function slotCount(memory: RingMemory, words: number): number {
  const count = memory.slots.length / words;
  const isPowerOfTwo = Number.isInteger(count) && count > 0 && (count & (count - 1)) === 0;
  assert(isPowerOfTwo, 'ring: slots must be a power of two');
  return count;
}

/** Errors: `publish` of more than is free is a caller's bug, caught by `selfCheck`. */
export function createRingWriter(memory: RingMemory, words: number): RingWriter {
  const { cursors, slots, bell } = memory;
  const size = slotCount(memory, words);
  let head = Atomics.load(cursors, Cursor.HEAD);
  let tailSeen = Atomics.load(cursors, Cursor.TAIL);

  function free(wanted: number): number {
    let room = size - ((head - tailSeen) | 0);
    if (room < wanted) {
      tailSeen = Atomics.load(cursors, Cursor.TAIL);
      room = size - ((head - tailSeen) | 0);
    }
    return room;
  }

  function publish(count: number): void {
    head = (head + count) | 0;
    Atomics.store(cursors, Cursor.HEAD, head);
    if (Atomics.load(bell, 0) !== 0) {
      const filled = (head - Atomics.load(cursors, Cursor.TAIL)) | 0;
      if (filled >= size >> WAKE_READER_SHIFT) ringBell(bell);
    }
  }

  function waitForRoom(ms: number, wanted = 1): boolean {
    for (let i = 0; i < SPINS; i++) if (free(wanted) >= wanted) return false;
    Atomics.store(cursors, Cursor.WRITER_SLEEPS, 1);
    if (free(wanted) < wanted) Atomics.wait(cursors, Cursor.WRITER_SLEEPS, 1, ms);
    Atomics.store(cursors, Cursor.WRITER_SLEEPS, 0);
    return true;
  }

  function selfCheck(): void {
    const used = (head - Atomics.load(cursors, Cursor.TAIL)) | 0;
    assert(used >= 0 && used <= size, `ring: ${used} of ${size} slots in use`);
    assert(Atomics.load(cursors, Cursor.HEAD) === head, 'ring: a second writer moved the head');
  }

  return {
    slots,
    mask: size - 1,
    free,
    head: () => head,
    publish,
    wake: () => ringBell(bell),
    waitForRoom,
    selfCheck,
  };
}

/** Errors: `release` of more than is available is a caller's bug, caught by `selfCheck`. */
export function createRingReader(memory: RingMemory, words: number): RingReader {
  const { cursors, slots, bell } = memory;
  const size = slotCount(memory, words);
  let tail = Atomics.load(cursors, Cursor.TAIL);

  function available(): number {
    return (Atomics.load(cursors, Cursor.HEAD) - tail) | 0;
  }

  function release(count: number): void {
    tail = (tail + count) | 0;
    Atomics.store(cursors, Cursor.TAIL, tail);
    if (Atomics.load(cursors, Cursor.WRITER_SLEEPS) !== 0 && available() <= size >> WAKE_WRITER_SHIFT) {
      Atomics.store(cursors, Cursor.WRITER_SLEEPS, 0);
      Atomics.notify(cursors, Cursor.WRITER_SLEEPS, 1);
    }
  }

  const hasSlots = (): boolean => available() > 0;

  function selfCheck(): void {
    const used = (Atomics.load(cursors, Cursor.HEAD) - tail) | 0;
    assert(used >= 0 && used <= size, `ring: ${used} of ${size} slots in use`);
    assert(Atomics.load(cursors, Cursor.TAIL) === tail, 'ring: a second reader moved the tail');
  }

  return {
    slots,
    mask: size - 1,
    available,
    tail: () => tail,
    release,
    waitForSlots: (ms) => sleepAtBell(bell, ms, hasSlots),
    selfCheck,
  };
}

/** Moves both cursors of an empty ring, so that tests can reach their wrap-around. */
export function setRingCursors(memory: RingMemory, value: number): void {
  assert(
    Atomics.load(memory.cursors, Cursor.HEAD) === Atomics.load(memory.cursors, Cursor.TAIL),
    'ring: not empty',
  );
  Atomics.store(memory.cursors, Cursor.HEAD, value);
  Atomics.store(memory.cursors, Cursor.TAIL, value);
}

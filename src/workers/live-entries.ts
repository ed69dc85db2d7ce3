/** What is alive when all threads have stopped, read where it lies: the connections of all segments by their age. */
import { tickMsOf } from '../common/tick.ts';
import type { Connection } from '../export/connection.ts';
import { connectionOf, withExpected } from '../export/entry-view.ts';
import { Status } from '../shm/bits.ts';
import { Counter } from '../shm/counters.ts';
import { Cold, Hot } from '../shm/offsets.generated.ts';
import type { Segment } from '../shm/segment.ts';

type EntrySegment = Pick<Segment, 'index' | 'hot' | 'cold' | 'counters'>;

export interface LiveEntries {
  readonly count: number;
  /**
   * Copies an entry to the start of `words`: Hot, then Cold. Entry 0 is the oldest. Returns its owner's clock, in
   * ticks.
   */
  copy(i: number, words: Int32Array): number;
  /** How many of them each master foretold, by id. */
  expectedCounts(): ReadonlyMap<number, number>;
}

/** The clock of an owner, in ticks. */
export function tickOf({ counters }: Pick<Segment, 'counters'>): number {
  return tickMsOf(counters[Counter.NOW_SEC], counters[Counter.NOW_NSEC]);
}

/** Thread: any, when the owners have stopped. Cost: 16 bytes an entry, and a sort. */
export function liveEntries(segments: readonly EntrySegment[]): LiveEntries {
  const clocks = segments.map(tickOf);
  let count = 0;
  for (const { index } of segments) count += filled(index);
  /** By place in the segments: segment, entry, packet that created it. */
  const segmentOf = new Uint8Array(count);
  const entryOf = new Uint32Array(count);
  const created = new Uint32Array(count);
  let place = 0;
  for (const [s, { index, hot }] of segments.entries()) {
    for (let slot = 1; slot < index.length; slot += 2) {
      if (index[slot] === 0) continue;
      segmentOf[place] = s;
      entryOf[place] = index[slot];
      created[place++] = hot[index[slot] * Hot.WORDS + Hot.CREATED];
    }
  }
  const order = sortedBy(created);

  return {
    count,
    copy(i, words) {
      const segment = segmentOf[order[i]];
      const { hot, cold } = segments[segment];
      const h = entryOf[order[i]] * Hot.WORDS;
      const c = entryOf[order[i]] * Cold.WORDS;
      for (let k = 0; k < Hot.WORDS; k++) words[k] = hot[h + k];
      for (let k = 0; k < Cold.WORDS; k++) words[Hot.WORDS + k] = cold[c + k];
      return clocks[segment];
    },
    expectedCounts() {
      const counts = new Map<number, number>();
      for (let i = 0; i < count; i++) {
        const { hot, cold } = segments[segmentOf[i]];
        if ((hot[entryOf[i] * Hot.WORDS + Hot.STATUS] & Status.EXPECTED) === 0) continue;
        const master = cold[entryOf[i] * Cold.WORDS + Cold.MASTER] >>> 0;
        counts.set(master, (counts.get(master) ?? 0) + 1);
      }
      return counts;
    },
  };
}

/** The same as data. */
export function connectionsOf(segments: readonly EntrySegment[]): Connection[] {
  const entries = liveEntries(segments);
  return withExpected(
    Array.from({ length: entries.count }, (_, i) => {
      const words = new Int32Array(Hot.WORDS + Cold.WORDS);
      const tickMs = entries.copy(i, words);
      return connectionOf({ hot: words, h: 0, cold: words, c: Hot.WORDS }, tickMs, null);
    }),
  );
}

/** Slots of an index that hold an entry. */
function filled(index: Int32Array): number {
  let count = 0;
  for (let slot = 1; slot < index.length; slot += 2) if (index[slot] !== 0) count++;
  return count;
}

const DIGIT_BITS = 11;
const DIGITS = 1 << DIGIT_BITS;

/** Positions of the keys, smallest key first; equal keys stay in order. Radix sort, three passes. */
function sortedBy(keys: Uint32Array): Uint32Array {
  let order = Uint32Array.from(keys.keys());
  let next = new Uint32Array(keys.length);
  const starts = new Uint32Array(DIGITS);
  for (let shift = 0; shift < 32; shift += DIGIT_BITS) {
    starts.fill(0);
    for (const key of keys) starts[(key >>> shift) & (DIGITS - 1)]++;
    let start = 0;
    for (let digit = 0; digit < DIGITS; digit++) {
      const size = starts[digit];
      starts[digit] = start;
      start += size;
    }
    for (const i of order) next[starts[(keys[i] >>> shift) & (DIGITS - 1)]++] = i;
    [order, next] = [next, order];
  }
  return order;
}

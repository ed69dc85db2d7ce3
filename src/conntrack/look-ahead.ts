/**
 * Looks ahead over a burst: where the memory of a large table is slow, the misses of 64 packets are waited for
 * together instead of one after the other. First all index slots, then, as these name them, all entries.
 *
 * JavaScript has no prefetch, so the words are loaded, and their XOR is kept so that no compiler drops the loads. The
 * loops load four words at a time: the processor overlaps as many misses as fit into its window of instructions.
 */
import { Cold, Desc, Hot } from '../shm/offsets.generated.ts';
import type { Table } from '../shm/table.ts';
import { APPROACH_EVERY } from '../shm/wheel.ts';
import { BUCKET_SLOTS } from './eviction.ts';
import { Now } from './now.ts';

/** Descriptors handled at once: enough to hide the memory's latency, few enough to stay in the cache. */
export const BURST = 64;

/** Words of the index in a cache line: eight slots. */
const LINE = 16;
/** From this load of the index on, up to the 0.55 that is the most, a walk is likely to go on in the cache line behind. */
const LOAD_NEXT = 0.3;

/**
 * Makes a function that loads, for `count` (a multiple of 4) words of the index, the cache lines where walks from there lead:
 * one, or two when the index is fuller. Both of a walk at once, since they are in one page. Returns a XOR.
 */
function createIndexTouch(index: Int32Array, table: Table): (words: Int32Array, count: number) => number {
  function touchOne(words: Int32Array, count: number): number {
    let sum = 0;
    for (let k = 0; k < count; k += 4)
      sum ^= index[words[k]] ^ index[words[k + 1]] ^ index[words[k + 2]] ^ index[words[k + 3]];
    return sum;
  }

  function touchTwo(words: Int32Array, count: number, last: number): number {
    let sum = 0;
    for (let k = 0; k < count; k += 2) {
      const a = words[k];
      const b = words[k + 1];
      sum ^= index[a] ^ index[(a + LINE) & last] ^ index[b] ^ index[(b + LINE) & last];
    }
    return sum;
  }

  return (words, count) => {
    const slots = table.mask() + 1;
    return table.count() < slots * LOAD_NEXT ? touchOne(words, count) : touchTwo(words, count, slots * 2 - 1);
  };
}

export interface LookAhead {
  /** Looks at `count` (at most BURST) descriptors from slot number `tail` on. */
  over(tail: number, count: number): void;
  /**
   * Shapes: BURST entry numbers: those that `over` found by hash alone, or less than 0: see Table.candidate. The tuple is yet
   * to be compared, and an entry may have ended since.
   */
  readonly candidates: Int32Array;
}

/** Thread: owner of the shard only. Cost: no allocation. */
export function createLookAhead(
  { index, hot, cold, desc, now }: Record<'index' | 'hot' | 'cold' | 'desc' | 'now', Int32Array>,
  table: Table,
  maxEntries: number,
): LookAhead {
  const { candidate } = table;
  const slotMask = desc.length / Desc.WORDS - 1;
  const touchIndex = createIndexTouch(index, table);
  const hashes = new Int32Array(BURST);
  /** Where walks start, in the index. */
  const homes = new Int32Array(BURST);
  const candidates = new Int32Array(BURST);
  /** Where they are in memory; there is nothing at 0. */
  const places = new Int32Array(BURST);

  /** An entry has two cache lines: that of its tuple, and that of its sequence numbers. */
  function touchEntries(n: number): void {
    let sum = 0;
    for (let k = 0; k < n; k += 4) {
      const a = places[k];
      const b = places[k + 1];
      const c = places[k + 2];
      const d = places[k + 3];
      sum ^= hot[a + Hot.LO0] ^ hot[b + Hot.LO0] ^ hot[c + Hot.LO0] ^ hot[d + Hot.LO0];
      sum ^= hot[a + Hot.SIDES] ^ hot[b + Hot.SIDES] ^ hot[c + Hot.SIDES] ^ hot[d + Hot.SIDES];
    }
    now[Now.TOUCHED] ^= sum;
  }

  /**
   * Where the table is full, a new connection takes the place of one near where it is to be filed (eviction.ts): the four
   * that are looked at first, and their places in the wheel. In a SYN flood 50 of 530 ns per SYN.
   */
  function touchVictims(n: number): void {
    const mask = table.mask();
    let sum = 0;
    for (let k = 0; k < n; k++) {
      if (candidates[k] > 0) continue;
      const slot = (hashes[k] & mask & -BUCKET_SLOTS) << 1;
      const a = index[slot + 1];
      const b = index[slot + 3];
      const c = index[slot + 5];
      const d = index[slot + 7];
      sum ^= hot[a * Hot.WORDS + Hot.STATUS] ^ hot[b * Hot.WORDS + Hot.STATUS];
      sum ^= hot[c * Hot.WORDS + Hot.STATUS] ^ hot[d * Hot.WORDS + Hot.STATUS];
      sum ^= cold[a * Cold.WORDS + Cold.NEXT] ^ cold[b * Cold.WORDS + Cold.NEXT];
      sum ^= cold[c * Cold.WORDS + Cold.NEXT] ^ cold[d * Cold.WORDS + Cold.NEXT];
    }
    now[Now.TOUCHED] ^= sum;
  }

  return {
    over(tail, count) {
      const mask = table.mask();
      for (let k = 0; k < count; k++) {
        const hash = desc[((tail + k) & slotMask) * Desc.WORDS + Desc.HASH];
        hashes[k] = hash;
        homes[k] = (hash & mask) << 1;
      }
      now[Now.TOUCHED] ^= touchIndex(homes, (count + 3) & -4);
      table.startWalks();
      for (let k = 0; k < count; k++) {
        const entry = candidate(hashes[k]);
        candidates[k] = entry;
        places[k] = entry > 0 ? entry * Hot.WORDS : 0;
      }
      touchEntries(count);
      if (table.count() + BURST > maxEntries) touchVictims(count);
    },
    candidates,
  };
}

export interface Approach {
  /** Looks at `entry`, the first of a list of the wheel, and those behind it: they are about to expire. */
  readonly approach: (entry: number) => void;
  /** The hash of an entry; of one that was approached it is known. */
  readonly hashOf: (entry: number) => number;
}

/**
 * The same for entries that are about to expire: their cache lines, and their slots in the index. Without it each of them
 * would wait for the memory by itself, which is most of what an end costs in a large table.
 *
 * Thread: owner of the shard only. Cost: no allocation.
 */
export function createApproach(
  { index, hot, cold }: Record<'index' | 'hot' | 'cold', Int32Array>,
  now: Int32Array,
  table: Table,
  computeHash: (entry: number) => number,
): Approach {
  const touchIndex = createIndexTouch(index, table);
  const homes = new Int32Array(APPROACH_EVERY);
  const lines = new Int32Array(APPROACH_EVERY);
  /** By the low bits of the entry's number: entries that were made one after the other have places of their own. */
  const entries = new Int32Array(APPROACH_EVERY);
  const hashes = new Int32Array(APPROACH_EVERY);
  /** CREATED of the entry, since the next life of an entry has another hash. */
  const lives = new Int32Array(APPROACH_EVERY);

  function approach(first: number): void {
    const mask = table.mask();
    let entry = first;
    for (let k = 0; k < APPROACH_EVERY; k++) {
      // Behind the last one: entry 0, which is never used.
      const hash = computeHash(entry);
      entries[entry & (APPROACH_EVERY - 1)] = entry;
      hashes[entry & (APPROACH_EVERY - 1)] = hash;
      lives[entry & (APPROACH_EVERY - 1)] = hot[entry * Hot.WORDS + Hot.CREATED];
      lines[k] = entry * Hot.WORDS + Hot.SIDES;
      homes[k] = (hash & mask) << 1;
      entry = cold[entry * Cold.WORDS + Cold.NEXT];
    }
    let sum = touchIndex(homes, APPROACH_EVERY);
    for (let k = 0; k < APPROACH_EVERY; k += 4) {
      sum ^= hot[lines[k]] ^ hot[lines[k + 1]] ^ hot[lines[k + 2]] ^ hot[lines[k + 3]];
    }
    now[Now.TOUCHED] ^= sum;
  }

  return {
    approach,
    hashOf(entry) {
      const place = entry & (APPROACH_EVERY - 1);
      const isKnown = entries[place] === entry && lives[place] === hot[entry * Hot.WORDS + Hot.CREATED];
      return isKnown ? hashes[place] : computeHash(entry);
    },
  };
}

/**
 * The connections of a shard: an open-addressed index over a slab of entries.
 *
 * The index starts small and doubles as it fills: as long as the connections are few, its slots lie
 * in few pages, and looking them up costs few misses.
 *
 * Index: slots of two words (hash, entry number), linear probing, deletion by shifting back, so that
 * there are no tombstones and a probe ends at the first empty slot, whose words are 0, as no hash is.
 * The stored hash is compared before the entry is touched. Entries stay where they are for their whole life.
 *
 * Source: Knuth, The Art of Computer Programming 3, 6.4, algorithm R
 */
import { assert } from '../common/assert.ts';
import { Kind } from './bits.ts';
import { Cold, Hot } from './offsets.generated.ts';

/** A probe that would pass this many occupied slots refuses the connection, as a too long chain does in the kernel. Chance alone makes none so long. */
export const PROBE_LIMIT = 1024;

export interface TableMemory {
  readonly index: Int32Array;
  readonly hot: Int32Array;
  readonly cold: Int32Array;
  readonly maxEntries: number;
}

export interface Table {
  /** Index slots in use less one; `hash & mask()` is where a probe starts. Changes when the index grows. */
  mask(): number;
  /** Entries in use. */
  count(): number;
  /** Longest probe that an insertion needed so far. */
  probeMax(): number;
  /** What `candidate` returns from here on says where to go on, until a slot is moved. */
  startWalks(): void;
  /**
   * Finds an entry by hash alone: a first pass over a burst, which brings the entry into the cache. The tuple is yet to be
   * compared. When there is none, a negative number, which `find` takes, so that nothing is walked twice.
   */
  candidate(hash: number): number;
  /** Whether an entry holds the tuple that starts at word `d` of `words` (a descriptor). */
  matches(entry: number, words: Int32Array, d: number): boolean;
  /** Finds the entry of the tuple at word `d` of `words`; 0 when there is none. `walked`: what `candidate` returned. */
  find(hash: number, words: Int32Array, d: number, walked?: number): number;
  /**
   * Takes an entry from the slab, copies the tuple into it and files it in the index, where `find` has just seen that it is
   * not there, or from the start. Returns its number, 0 when the slab is empty, -1 when the probe would pass PROBE_LIMIT.
   */
  insert(hash: number, words: Int32Array, d: number): number;
  /** Removes an entry whose hash is known. */
  remove(entry: number, hash: number): void;
  /** Entries from this number on were never used, or not since `clear`: what they hold means nothing. */
  limit(): number;
  /** Forgets all entries at once. Cost: the index. */
  clear(): void;
  /** The entry in a slot of the index, 0 when it is empty. */
  entryAt(slot: number): number;
  /** Walks index and slab. Errors: an InvariantError that says what is wrong. Cost: all slots. */
  selfCheck(hashOf: (entry: number) => number): void;
}

/** Slots that a new index uses; the rest of its memory is not touched before it is needed. */
const SLOTS_MIN = 4096;
/** The index doubles when more than this share of its slots is filled, up to its full size: soon enough for `grow` to have room. */
const GROW_LOAD = 0.45;

/** Words of a descriptor where the tuple's parts are; the same in the hot entry. */
enum TupleWord {
  LO0 = 0,
  HI0 = 1,
  L4 = 2,
  KIND = 3,
  /** IPv6: three words of the lower, three of the higher endpoint. */
  REST = 14,
}

/** What changes as the table is used. */
enum State {
  /** Index slots in use, less one. */
  MASK = 0,
  /** The index doubles at so many entries. */
  GROW_AT = 1,
  USED = 2,
  /** Longest probe that an insertion needed so far. */
  LONGEST = 3,
  /** Entries never used start here ... */
  FRESH = 4,
  /**
   * ... and used ones that were freed are in a list, from the one that was freed first to the last: so connections that are
   * made one after the other, and will end so, stay neighbours in memory, however long it runs.
   */
  FREED = 5,
  FREED_LAST = 6,
  /** 1 once a slot has moved since `startWalks`: earlier walks may have missed what is there now. */
  MOVED = 7,
  /** The empty slot at which `find` gave up, -1 when a slot has moved since, and the hash that it looked for. */
  GAP = 8,
  GAP_HASH = 9,
  WORDS = 10,
}

/**
 * Shapes:  index is Int32Array(2 * slots), slots a power of two; a tuple is four words at `d`, for
 *          IPv6 six more at `d + 14` (the layout of Desc)
 * Thread:  owner only
 * Cost:    find and insert at most PROBE_LIMIT probes, no allocation
 * Errors:  none; a tuple that is not canonical, or one inserted twice, is a caller's bug
 */
export function createTable(memory: TableMemory): Table {
  const { index, hot, cold, maxEntries } = memory;
  const maskMax = index.length / 2 - 1;
  assert((maskMax & (maskMax + 1)) === 0, 'table: index slots must be a power of two');
  /** Words, since numbers that closures share would be boxed. */
  const state = new Int32Array(State.WORDS);
  state[State.MASK] = Math.min(SLOTS_MIN - 1, maskMax);
  state[State.GROW_AT] = state[State.MASK] * GROW_LOAD;
  state[State.FRESH] = 1;
  moved();

  /** Insertions only fill gaps; all else ends what walks have found out. */
  function moved(): void {
    state[State.MOVED] = 1;
    state[State.GAP] = -1;
  }

  function candidate(hash: number): number {
    const mask = state[State.MASK];
    let slot = hash & mask;
    for (;;) {
      const filed = index[slot << 1];
      if (filed === hash) return index[(slot << 1) + 1];
      if (filed === 0) return ~slot;
      slot = (slot + 1) & mask;
    }
  }

  function matches(entry: number, words: Int32Array, d: number): boolean {
    const h = entry * Hot.WORDS;
    const kind = hot[h + Hot.KIND];
    const differs =
      (hot[h + Hot.LO0] ^ words[d + TupleWord.LO0]) |
      (hot[h + Hot.HI0] ^ words[d + TupleWord.HI0]) |
      (hot[h + Hot.L4] ^ words[d + TupleWord.L4]) |
      (kind ^ words[d + TupleWord.KIND]);
    if (differs !== 0) return false;
    return (kind & Kind.IPV6) === 0 || matchesRest(entry, words, d);
  }

  function matchesRest(entry: number, words: Int32Array, d: number): boolean {
    const c = entry * Cold.WORDS;
    for (let i = 0; i < 6; i++) {
      if (cold[c + Cold.LO1 + i] !== words[d + TupleWord.REST + i]) return false;
    }
    return true;
  }

  function find(hash: number, words: Int32Array, d: number, walked = 0): number {
    const mask = state[State.MASK];
    let slot = walked < 0 && state[State.MOVED] === 0 ? ~walked : hash & mask;
    for (;;) {
      const filed = index[slot << 1];
      if (filed === 0) break;
      if (filed === hash) {
        const entry = index[(slot << 1) + 1];
        if (matches(entry, words, d)) return entry;
      }
      slot = (slot + 1) & mask;
    }
    state[State.GAP] = slot;
    state[State.GAP_HASH] = hash;
    return 0;
  }

  function take(): number {
    if (state[State.FREED] !== 0) {
      const entry = state[State.FREED];
      state[State.FREED] = cold[entry * Cold.WORDS + Cold.NEXT];
      if (entry === state[State.FREED_LAST]) state[State.FREED_LAST] = 0;
      return entry;
    }
    return state[State.FRESH] <= maxEntries ? state[State.FRESH]++ : 0;
  }

  /**
   * Doubles the index. Cost: all of its slots. Allocates nothing: the old slots go where entries will be that were never used,
   * of which there are enough: a sixth at least of all entries, each of 128 bytes.
   */
  function grow(): void {
    const words = (state[State.MASK] + 1) * 2;
    const from = state[State.FRESH] * Hot.WORDS;
    assert(from + words <= hot.length, 'table: no room to double the index in');
    hot.set(index.subarray(0, words), from);
    index.fill(0, 0, words);
    const mask = state[State.MASK] * 2 + 1;
    state[State.MASK] = mask;
    state[State.GROW_AT] = mask * GROW_LOAD;
    for (let i = from; i < from + words; i += 2) {
      const hash = hot[i];
      const entry = hot[i + 1];
      if (entry === 0) continue;
      let slot = hash & mask;
      while (index[(slot << 1) + 1] !== 0) slot = (slot + 1) & mask;
      index[slot << 1] = hash;
      index[(slot << 1) + 1] = entry;
    }
    hot.fill(0, from, from + words);
    moved();
  }

  function insert(hash: number, words: Int32Array, d: number): number {
    if (state[State.USED] >= state[State.GROW_AT] && state[State.MASK] < maskMax) grow();
    const mask = state[State.MASK];
    const isWalked = state[State.GAP] >= 0 && state[State.GAP_HASH] === hash;
    let slot = isWalked ? state[State.GAP] : hash & mask;
    let probes = (slot - hash) & mask;
    while (index[(slot << 1) + 1] !== 0 && probes < PROBE_LIMIT) {
      probes++;
      slot = (slot + 1) & mask;
    }
    if (probes >= PROBE_LIMIT) return -1;
    const entry = take();
    if (entry === 0) return 0;
    if (probes > state[State.LONGEST]) state[State.LONGEST] = probes;
    index[slot << 1] = hash;
    index[(slot << 1) + 1] = entry;
    const h = entry * Hot.WORDS;
    hot[h + Hot.LO0] = words[d + TupleWord.LO0];
    hot[h + Hot.HI0] = words[d + TupleWord.HI0];
    hot[h + Hot.L4] = words[d + TupleWord.L4];
    const kind = words[d + TupleWord.KIND];
    hot[h + Hot.KIND] = kind;
    if ((kind & Kind.IPV6) !== 0) {
      const c = entry * Cold.WORDS;
      for (let i = 0; i < 6; i++) cold[c + Cold.LO1 + i] = words[d + TupleWord.REST + i];
    }
    state[State.USED]++;
    return entry;
  }

  function slotOfEntry(entry: number, hash: number): number {
    const mask = state[State.MASK];
    let slot = hash & mask;
    for (;;) {
      const filed = index[(slot << 1) + 1];
      if (filed === entry) return slot;
      if (filed === 0) break;
      slot = (slot + 1) & mask;
    }
    assert(false, 'table: an entry is not in the index');
    return slot;
  }

  /**
   * Closes the gap: every later slot of the chain that may start at or before the gap moves into it. Which ones may is not
   * predictable, so there is no branch on it: each is copied into the gap, and moves only the gap if it may stay there.
   */
  function shiftBack(from: number): void {
    const mask = state[State.MASK];
    let gap = from;
    let slot = from;
    for (;;) {
      slot = (slot + 1) & mask;
      const filed = index[slot << 1];
      if (filed === 0) break;
      index[gap << 1] = filed;
      index[(gap << 1) + 1] = index[(slot << 1) + 1];
      // All ones if it may stay.
      const moves = ~((((slot - filed) & mask) - ((slot - gap) & mask)) >> 31);
      gap ^= (gap ^ slot) & moves;
    }
    index[gap << 1] = 0;
    index[(gap << 1) + 1] = 0;
    moved();
  }

  function remove(entry: number, hash: number): void {
    shiftBack(slotOfEntry(entry, hash));
    // A free entry matches no tuple, so that a candidate found before it was freed is seen to be stale.
    hot[entry * Hot.WORDS + Hot.KIND] = 0;
    cold[entry * Cold.WORDS + Cold.NEXT] = 0;
    if (state[State.FREED_LAST] === 0) state[State.FREED] = entry;
    else cold[state[State.FREED_LAST] * Cold.WORDS + Cold.NEXT] = entry;
    state[State.FREED_LAST] = entry;
    state[State.USED]--;
  }

  function selfCheck(hashOf: (entry: number) => number): void {
    const mask = state[State.MASK];
    const seen = new Uint8Array(maxEntries + 1);
    let filed = 0;
    for (let slot = 0; slot <= mask; slot++) {
      const entry = index[(slot << 1) + 1];
      if (entry === 0) continue;
      filed++;
      assert(
        entry > 0 && entry < state[State.FRESH],
        `table: slot ${slot} names entry ${entry}, beyond the slab`,
      );
      assert(seen[entry] === 0, `table: entry ${entry} is in the index twice`);
      seen[entry] = 1;
      assert(hot[entry * Hot.WORDS + Hot.KIND] !== 0, `table: slot ${slot} names the free entry ${entry}`);
      const hash = index[slot << 1];
      assert(hashOf(entry) === hash, `table: slot ${slot} holds a hash that is not its entry's`);
      for (let probe = hash & mask; probe !== slot; probe = (probe + 1) & mask) {
        assert(index[(probe << 1) + 1] !== 0, `table: a gap before slot ${slot} hides entry ${entry}`);
      }
    }
    let free = 0;
    for (let entry = state[State.FREED]; entry !== 0; entry = cold[entry * Cold.WORDS + Cold.NEXT]) {
      assert(seen[entry] === 0, `table: free entry ${entry} is in the index or twice in the free list`);
      assert(hot[entry * Hot.WORDS + Hot.KIND] === 0, `table: free entry ${entry} looks used`);
      seen[entry] = 2;
      free++;
    }
    assert(filed === state[State.USED], `table: ${filed} entries in the index, counted ${state[State.USED]}`);
    assert(
      filed + free === state[State.FRESH] - 1,
      `table: ${filed} entries used and ${free} free of ${state[State.FRESH] - 1}`,
    );
  }

  return {
    mask: () => state[State.MASK],
    count: () => state[State.USED],
    probeMax: () => state[State.LONGEST],
    startWalks() {
      state[State.MOVED] = 0;
    },
    candidate,
    matches,
    find,
    insert,
    remove,
    limit: () => state[State.FRESH],
    clear() {
      index.fill(0, 0, (state[State.MASK] + 1) * 2);
      state[State.USED] = 0;
      state[State.FRESH] = 1;
      state[State.FREED] = 0;
      state[State.FREED_LAST] = 0;
      moved();
    },
    entryAt: (slot) => index[(slot << 1) + 1],
    selfCheck,
  };
}

/**
 * The timers of a shard: a hierarchical wheel of lists that run through the entries themselves.
 *
 * Time is a count of milliseconds that wraps at 2^32; comparisons are by signed difference, so a
 * deadline lies less than 2^31 ms (24.8 days) ahead of the clock. A wheel tick is 32 ms; three levels
 * of 512 slots cover all 2^27 ticks. Seen from the wheel, which may lag behind the clock, a quarter
 * of them (12.4 days) is past and the rest is ahead.
 *
 * A packet only writes DEADLINE. The wheel holds the entry under FILED, which is never later: when
 * that place comes up, the entry has expired or is filed anew. Only a deadline that becomes earlier
 * than FILED is filed at once (`hasten`). The wheel is coarse, expiry is not: whoever finds an
 * entry compares its DEADLINE with the clock.
 *
 * Source: Varghese and Lauck, Hashed and Hierarchical Timing Wheels, scheme 7
 */
import { assert } from '../common/assert.ts';
import { Cold, Hot } from './offsets.generated.ts';

/** Log2 of the milliseconds in a wheel tick. */
export const WHEEL_TICK_SHIFT = 5;
export const WHEEL_TICK_MS = 1 << WHEEL_TICK_SHIFT;
const LEVEL_BITS = 9;
const LEVEL_SLOTS = 1 << LEVEL_BITS;
const LEVEL_MASK = LEVEL_SLOTS - 1;
const LEVEL2_SHIFT = 2 * LEVEL_BITS;
/** Low bits of FILED that name the level. */
const FILED_LEVEL_MASK = 3;
const TICK_MASK = (1 << (32 - WHEEL_TICK_SHIFT)) - 1;
const LEVEL1_SPAN = 1 << LEVEL_BITS;
const LEVEL2_SPAN = 1 << LEVEL2_SHIFT;
/** How far ahead a new entry is filed: the shortest timeout that is usual. */
const NEW_AHEAD_MAX_MS = 30_000;
/** More ticks ahead of the running one than this are ticks before it. */
const AHEAD_MAX = TICK_MASK - (1 << (30 - WHEEL_TICK_SHIFT));
export const WHEEL_SLOTS = 3 * LEVEL_SLOTS;
/** Entries that are approached together. */
export const APPROACH_EVERY = 16;

export interface WheelMemory {
  readonly wheel: Int32Array;
  readonly hot: Int32Array;
  readonly cold: Int32Array;
}

export interface Wheel {
  /** Sets the clock of an empty wheel, in ms. */
  start(nowMs: number): void;
  /** Files an entry that is in no list under its DEADLINE. */
  file(entry: number): void;
  /**
   * Files a new entry under its DEADLINE, but no more than half a minute ahead: most connections
   * pass through ever shorter timeouts, and one look at an entry is cheaper than moving it each time.
   */
  fileNew(entry: number): void;
  /** Files anew an entry whose DEADLINE is now before FILED. */
  hasten(entry: number): void;
  /** Takes an entry out. */
  remove(entry: number): void;
  /**
   * Moves the clock on to `nowMs` and gives every entry that is due to `expire`, at most `budget` of
   * them moved or expired per call. Returns whether all was done; if not, call again.
   * An entry is due when its wheel tick is over, so up to 31 ms after its deadline.
   */
  advance(nowMs: number, budget: number): boolean;
  /** Expires whatever is due at exactly `nowMs`, the tick that still runs included. Not bounded. */
  expireDue(nowMs: number): void;
  /** Forgets all entries at once. */
  clear(): void;
  /** Entries that are filed at places that the clock has passed: what `advance` did not come to yet. Cost: their number, `max` at most. */
  backlog(nowMs: number, max: number): number;
  /** Start of the tick that still runs: all deadlines before it have been dealt with. */
  sweptMs(): number;
  /** Walks every list. Errors: an InvariantError that says what is wrong. Cost: all entries. */
  selfCheck(): void;
}

/** What changes as the wheel turns: words, since numbers that closures share would be boxed. */
enum State {
  /** The wheel tick that still runs; everything before it has been dealt with. */
  CURRENT = 0,
  /** Entries in the lists of each level. */
  COUNT = 1,
  WORDS = 4,
}

/**
 * Shapes:  wheel is Int32Array(WHEEL_SLOTS); hot and cold are the entries
 *          expire: what ends an entry, which is in no list any more; approach: told of the first of a list every
 *          APPROACH_EVERY entries, so that it may bring those behind it into the cache
 * Thread:  owner only
 * Cost:    file, hasten, remove: constant; a tick with nothing in it: a few loads; an empty level is leapt over
 */
export function createWheel(
  memory: WheelMemory,
  expire: (entry: number) => void,
  approach: (entry: number) => void = () => {},
): Wheel {
  const { wheel, hot, cold } = memory;
  const state = new Int32Array(State.WORDS);

  function link(entry: number, slot: number): void {
    const first = wheel[slot];
    const c = entry * Cold.WORDS;
    cold[c + Cold.NEXT] = first;
    cold[c + Cold.PREV] = -1 - slot;
    if (first !== 0) cold[first * Cold.WORDS + Cold.PREV] = entry;
    wheel[slot] = entry;
  }

  /** Ticks until a deadline. One that lies before the running tick is dealt with at its end. */
  function ticksAhead(deadline: number): number {
    const ahead = ((deadline >>> WHEEL_TICK_SHIFT) - state[State.CURRENT]) & TICK_MASK;
    return ahead > AHEAD_MAX ? 0 : ahead;
  }

  function slotOf(level: number, ahead: number): number {
    return level * LEVEL_SLOTS + (((state[State.CURRENT] + ahead) >>> (level * LEVEL_BITS)) & LEVEL_MASK);
  }

  function file(entry: number): void {
    fileUnder(entry, hot[entry * Hot.WORDS + Hot.DEADLINE]);
  }

  function fileNew(entry: number): void {
    const deadline = hot[entry * Hot.WORDS + Hot.DEADLINE];
    const soon = ((state[State.CURRENT] << WHEEL_TICK_SHIFT) + NEW_AHEAD_MAX_MS) | 0;
    fileUnder(entry, ((deadline - soon) | 0) > 0 ? soon : deadline);
  }

  function fileUnder(entry: number, filed: number): void {
    const ahead = ticksAhead(filed);
    let level = 0;
    if (ahead >= LEVEL1_SPAN) level = ahead < LEVEL2_SPAN ? 1 : 2;
    state[State.COUNT + level]++;
    link(entry, slotOf(level, ahead));
    // The low bits hold the level, for `remove`: FILED is up to 3 ms off, a tick is 32.
    hot[entry * Hot.WORDS + Hot.FILED] = (filed & ~FILED_LEVEL_MASK) | level;
  }

  function remove(entry: number): void {
    const c = entry * Cold.WORDS;
    const next = cold[c + Cold.NEXT];
    const prev = cold[c + Cold.PREV];
    if (next !== 0) cold[next * Cold.WORDS + Cold.PREV] = prev;
    if (prev < 0) wheel[-1 - prev] = next;
    else cold[prev * Cold.WORDS + Cold.NEXT] = next;
    state[State.COUNT + (hot[entry * Hot.WORDS + Hot.FILED] & FILED_LEVEL_MASK)]--;
  }

  function hasten(entry: number): void {
    remove(entry);
    file(entry);
  }

  function isDue(entry: number, nowMs: number): boolean {
    return ((hot[entry * Hot.WORDS + Hot.DEADLINE] - nowMs) | 0) <= 0;
  }

  /** Takes the first entry of a slot and expires it or files it anew. */
  function dealWithFirst(slot: number, nowMs: number): void {
    const entry = wheel[slot];
    remove(entry);
    if (isDue(entry, nowMs)) expire(entry);
    else file(entry);
  }

  /** The slot whose entries are to be dealt with before the clock may move on; -1 when there is none. */
  function slotAtHand(target: number): number {
    const current = state[State.CURRENT];
    // At the start of a level's round its entries come down, the highest level first.
    const slot2 = 2 * LEVEL_SLOTS + ((current >>> LEVEL2_SHIFT) & LEVEL_MASK);
    if ((current & (LEVEL2_SPAN - 1)) === 0 && wheel[slot2] !== 0) return slot2;
    const slot1 = LEVEL_SLOTS + ((current >>> LEVEL_BITS) & LEVEL_MASK);
    if ((current & LEVEL_MASK) === 0 && wheel[slot1] !== 0) return slot1;
    const slot0 = current & LEVEL_MASK;
    return current !== target && wheel[slot0] !== 0 ? slot0 : -1;
  }

  function advance(nowMs: number, budget: number): boolean {
    const target = nowMs >>> WHEEL_TICK_SHIFT;
    for (let left = budget; left > 0; ) {
      const slot = slotAtHand(target);
      if (slot < 0) {
        if (state[State.CURRENT] === target) return true;
        step(target);
        continue;
      }
      // Where the packets are ahead of the wheel, entries are due before they have come down.
      if (left % APPROACH_EVERY === 0 && isDue(wheel[slot], nowMs)) approach(wheel[slot]);
      dealWithFirst(slot, nowMs);
      left--;
    }
    return false;
  }

  /** Goes to the next tick where something may be, over levels that hold nothing. */
  function step(target: number): void {
    const left = (target - state[State.CURRENT]) & TICK_MASK;
    let leap = 1;
    if (state[State.COUNT] === 0) {
      leap = LEVEL1_SPAN - (state[State.CURRENT] & LEVEL_MASK);
      if (state[State.COUNT + 1] === 0) {
        leap = LEVEL2_SPAN - (state[State.CURRENT] & (LEVEL2_SPAN - 1));
        if (state[State.COUNT + 2] === 0) leap = left;
      }
    }
    state[State.CURRENT] = (state[State.CURRENT] + Math.min(leap, left)) & TICK_MASK;
  }

  function expireDue(nowMs: number): void {
    while (!advance(nowMs, 1 << 20)) {
      // Everything before the running tick first.
    }
    let entry = wheel[state[State.CURRENT] & LEVEL_MASK];
    while (entry !== 0) {
      const next = cold[entry * Cold.WORDS + Cold.NEXT];
      if (isDue(entry, nowMs)) {
        remove(entry);
        expire(entry);
      }
      entry = next;
    }
  }

  function checkList(slot: number): number {
    let before = -1 - slot;
    let length = 0;
    for (let entry = wheel[slot]; entry !== 0; entry = cold[entry * Cold.WORDS + Cold.NEXT]) {
      assert(
        cold[entry * Cold.WORDS + Cold.PREV] === before,
        `wheel: entry ${entry} in slot ${slot} points back wrongly`,
      );
      const filed = hot[entry * Hot.WORDS + Hot.FILED];
      const level = filed & FILED_LEVEL_MASK;
      assert(level === Math.floor(slot / LEVEL_SLOTS), `wheel: entry ${entry} is in the wrong level`);
      assert(
        slot === slotOf(level, ticksAhead(filed)),
        `wheel: entry ${entry} is in slot ${slot}, the wrong slot for what it is filed under`,
      );
      const late = (hot[entry * Hot.WORDS + Hot.DEADLINE] - (filed & ~FILED_LEVEL_MASK)) | 0;
      assert(late >= 0, `wheel: entry ${entry} is filed ${-late} ms after its deadline`);
      before = entry;
      length++;
      assert(length <= hot.length / Hot.WORDS, `wheel: slot ${slot} runs in a circle`);
    }
    return length;
  }

  function selfCheck(): void {
    const lengths = [0, 0, 0];
    for (let slot = 0; slot < WHEEL_SLOTS; slot++) lengths[Math.floor(slot / LEVEL_SLOTS)] += checkList(slot);
    assert(
      lengths[0] === state[State.COUNT] &&
        lengths[1] === state[State.COUNT + 1] &&
        lengths[2] === state[State.COUNT + 2],
      `wheel: lists of ${lengths} entries, counted ${[state[State.COUNT], state[State.COUNT + 1], state[State.COUNT + 2]]}`,
    );
  }

  return {
    start(nowMs) {
      assert(
        state[State.COUNT] + state[State.COUNT + 1] + state[State.COUNT + 2] === 0,
        'wheel: started while it holds entries',
      );
      state[State.CURRENT] = nowMs >>> WHEEL_TICK_SHIFT;
    },
    file,
    fileNew,
    hasten,
    remove,
    advance,
    expireDue,
    clear() {
      wheel.fill(0);
      state[State.COUNT] = 0;
      state[State.COUNT + 1] = 0;
      state[State.COUNT + 2] = 0;
    },
    backlog(nowMs, max) {
      const target = nowMs >>> WHEEL_TICK_SHIFT;
      let due = 0;
      for (
        let tick = state[State.CURRENT];
        tick !== target && ((target - tick) & TICK_MASK) <= LEVEL_MASK;
      ) {
        for (
          let entry = wheel[tick & LEVEL_MASK];
          entry !== 0 && due < max;
          entry = cold[entry * Cold.WORDS + Cold.NEXT]
        )
          due++;
        tick = (tick + 1) & TICK_MASK;
      }
      return due;
    },
    sweptMs: () => state[State.CURRENT] << WHEEL_TICK_SHIFT,
    selfCheck,
  };
}

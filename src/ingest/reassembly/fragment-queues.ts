/**
 * Datagrams of one IP version that are being put together: their queues, fragments and bytes, found by
 * key and given up in the order of their deadlines. Memory is bounded by a limit that counts as the
 * kernel's does, and is allocated once.
 */
import { assert } from '../../common/assert.ts';
import type { Hash4 } from '../../common/hash.ts';
import { Reason } from '../../common/reasons.ts';
import { Counter } from '../../shm/counters.ts';
import { BLOCK_BYTES, createByteArena } from './byte-arena.ts';
import { FRAGMENT_CHARGE_MIN } from './charge.ts';
import { Fragment, Queue, QueueFlag } from './records.ts';
import { Fit, fitOf, insertRun } from './runs.ts';

/** Queue.CUT of a datagram of which nothing was cut off. */
export const CUT_NOWHERE = 0x7fffffff;
/** An IP packet of at most 65,575 bytes goes beyond the limit at most once. */
const BEYOND_LIMIT_BYTES = 1 << 17;

export interface FragmentQueuesOptions {
  /** Bytes (as charged) beyond which nothing is taken in; 0 takes in nothing. */
  readonly bytesMax: number;
  readonly keyWords: number;
  /** What a queue itself counts towards the limit. */
  readonly queueCharge: number;
  readonly hash4: Hash4;
  /** For the order of trees, so that nobody can foresee it. */
  readonly seed: number;
  readonly counters: Float64Array;
  /** Told of a queue that ends. */
  readonly onEnd: (queue: number) => void;
}

/** The piece of a packet that is held. */
export interface Piece {
  view: DataView;
  /** Where the bytes to keep begin: headers (of the fragment at offset 0) and, right behind, data. */
  at: number;
  headerBytes: number;
  /** Captured bytes of data; fewer than `end - start` when the capture cut them off. */
  dataBytes: number;
  start: number;
  end: number;
  charge: number;
}

export interface FragmentQueues {
  /** Words of queues (Queue, then the key) and of fragments (Fragment). */
  readonly queues: Int32Array;
  readonly fragments: Int32Array;
  /** The key to find, written by the caller before `find`. */
  readonly key: Int32Array;
  isFull(): boolean;
  /** The queue of the key, made when there is none: then its LENGTH is 0 and it has no fragments. */
  find(hash: number, deadlineMs: number): number;
  /** Gives a queue another deadline, later than all others. */
  rearm(queue: number, deadlineMs: number): void;
  /** Holds a piece, unless it is a duplicate or an overlap. */
  insert(queue: number, piece: Piece): Fit;
  /** Throws the fragments away, which from now on count for `why`; the queue stays. */
  empty(queue: number, why: Reason): void;
  /** The same, and the queue goes too. With FRAGMENT the fragments have become a datagram. */
  end(queue: number, why: Reason): void;
  /** Ends the queues whose deadline has come. Cost: of all that is thrown away, once per fragment. */
  expire(nowMs: number): void;
  endAll(why: Reason): void;
  /** Copies bytes of a fragment, its headers first. */
  load(fragment: number, from: number, length: number, view: DataView, at: number): void;
  /** Bytes as charged, and queues. */
  bytes(): number;
  count(): number;
  selfCheck(): void;
}

/** Thread: the ingest thread's. Cost: no allocation after this call; pages that were never used cost nothing. */
export function createFragmentQueues(options: FragmentQueuesOptions): FragmentQueues {
  const { bytesMax, keyWords, queueCharge, counters } = options;
  const queueWords = Queue.KEY + keyWords;
  const queuesMax = Math.ceil(bytesMax / queueCharge) + 2;
  const fragmentsMax = Math.ceil(bytesMax / FRAGMENT_CHARGE_MIN) + 2;
  const queues = new Int32Array((queuesMax + 1) * queueWords);
  const fragments = new Int32Array((fragmentsMax + 1) * Fragment.WORDS);
  const arena = createByteArena(bytesMax + BEYOND_LIMIT_BYTES + BLOCK_BYTES);
  const places = 1 << (32 - Math.clz32(queuesMax));
  const heads = new Int32Array(places);
  const key = new Int32Array(keyWords);
  let freedQueue = 0;
  let freshQueue = queueWords;
  let freedFragment = 0;
  let freshFragment: number = Fragment.WORDS;
  let oldest = 0;
  let newest = 0;
  let bytes = 0;
  let count = 0;
  let random = options.seed | 1;

  // ---- Queues ----

  function isKey(queue: number): boolean {
    for (let i = 0; i < keyWords; i++) if (queues[queue + Queue.KEY + i] !== key[i]) return false;
    return true;
  }

  function find(hash: number, deadlineMs: number): number {
    const place = hash & (places - 1);
    for (let queue = heads[place]; queue !== 0; queue = queues[queue + Queue.CHAIN])
      if (queues[queue + Queue.HASH] === hash && isKey(queue)) return queue;
    const queue = takeQueue();
    queues.fill(0, queue, queue + Queue.KEY);
    queues.set(key, queue + Queue.KEY);
    queues[queue + Queue.HASH] = hash;
    queues[queue + Queue.CHAIN] = heads[place];
    heads[place] = queue;
    queues[queue + Queue.CUT] = CUT_NOWHERE;
    link(queue, deadlineMs);
    bytes += queueCharge;
    count++;
    return queue;
  }

  function takeQueue(): number {
    if (freedQueue !== 0) {
      const queue = freedQueue;
      freedQueue = queues[queue + Queue.CHAIN];
      return queue;
    }
    assert(freshQueue < queues.length, 'no room for the queue of a datagram');
    const queue = freshQueue;
    freshQueue += queueWords;
    return queue;
  }

  function unchain(queue: number): void {
    const place = queues[queue + Queue.HASH] & (places - 1);
    if (heads[place] === queue) {
      heads[place] = queues[queue + Queue.CHAIN];
      return;
    }
    let before = heads[place];
    while (queues[before + Queue.CHAIN] !== queue) before = queues[before + Queue.CHAIN];
    queues[before + Queue.CHAIN] = queues[queue + Queue.CHAIN];
  }

  // ---- Deadlines: all timeouts are equal, so the order of arrival is their order ----

  function link(queue: number, deadlineMs: number): void {
    queues[queue + Queue.DEADLINE] = deadlineMs;
    queues[queue + Queue.OLDER] = newest;
    queues[queue + Queue.NEWER] = 0;
    if (newest === 0) oldest = queue;
    else queues[newest + Queue.NEWER] = queue;
    newest = queue;
  }

  function unlink(queue: number): void {
    const older = queues[queue + Queue.OLDER];
    const newer = queues[queue + Queue.NEWER];
    if (older === 0) oldest = newer;
    else queues[older + Queue.NEWER] = newer;
    if (newer === 0) newest = older;
    else queues[newer + Queue.OLDER] = older;
  }

  function rearm(queue: number, deadlineMs: number): void {
    unlink(queue);
    link(queue, deadlineMs);
  }

  function expire(nowMs: number): void {
    while (oldest !== 0 && ((queues[oldest + Queue.DEADLINE] - nowMs) | 0) <= 0)
      end(oldest, Reason.FRAGMENT_TIMEOUT);
  }

  // ---- Fragments ----

  function takeFragment(): number {
    if (freedFragment !== 0) {
      const fragment = freedFragment;
      freedFragment = fragments[fragment + Fragment.NEXT];
      return fragment;
    }
    assert(freshFragment < fragments.length, 'no room for a fragment');
    const fragment = freshFragment;
    freshFragment += Fragment.WORDS;
    return fragment;
  }

  /** Marsaglia's xorshift. */
  function nextRandom(): number {
    random ^= random << 13;
    random ^= random >>> 17;
    random ^= random << 5;
    return random;
  }

  function insert(queue: number, piece: Piece): Fit {
    const { start, end } = piece;
    const root = queues[queue + Queue.RUNS];
    const lastRun = queues[queue + Queue.LAST_RUN];
    const fit = fitOf(fragments, root, lastRun, start, end);
    if (fit === Fit.DUPLICATE || fit === Fit.OVERLAP) return fit;
    const fragment = hold(queue, piece);
    if (fit === Fit.APPEND) {
      fragments[lastRun + Fragment.RUN_END] = end;
      return fit;
    }
    fragments[fragment + Fragment.RUN_END] = end;
    fragments[fragment + Fragment.PRIORITY] = nextRandom();
    queues[queue + Queue.RUNS] = insertRun(fragments, root, fragment);
    if (fit === Fit.BEHIND) queues[queue + Queue.LAST_RUN] = fragment;
    return fit;
  }

  function hold(queue: number, piece: Piece): number {
    const { start, end, headerBytes, dataBytes, charge } = piece;
    const fragment = takeFragment();
    fragments[fragment + Fragment.NEXT] = queues[queue + Queue.FRAGMENTS];
    fragments[fragment + Fragment.START] = start;
    fragments[fragment + Fragment.END] = end;
    fragments[fragment + Fragment.BLOCK] = arena.store(piece.view, piece.at, headerBytes + dataBytes);
    fragments[fragment + Fragment.HEADER_BYTES] = headerBytes;
    fragments[fragment + Fragment.DATA_BYTES] = dataBytes;
    fragments[fragment + Fragment.CHARGE] = charge;
    queues[queue + Queue.FRAGMENTS] = fragment;
    queues[queue + Queue.HELD]++;
    queues[queue + Queue.HELD_BYTES] += end - start;
    if (start + dataBytes < end && start + dataBytes < queues[queue + Queue.CUT])
      queues[queue + Queue.CUT] = start + dataBytes;
    if (start === 0) {
      queues[queue + Queue.FIRST] = fragment;
      queues[queue + Queue.FLAGS] |= QueueFlag.FIRST_IN;
    }
    bytes += charge;
    return fragment;
  }

  function freeFragments(queue: number): void {
    for (let fragment = queues[queue + Queue.FRAGMENTS]; fragment !== 0; ) {
      const following = fragments[fragment + Fragment.NEXT];
      arena.free(fragments[fragment + Fragment.BLOCK]);
      bytes -= fragments[fragment + Fragment.CHARGE];
      fragments[fragment + Fragment.NEXT] = freedFragment;
      freedFragment = fragment;
      fragment = following;
    }
  }

  function empty(queue: number, why: Reason): void {
    freeFragments(queue);
    const held = queues[queue + Queue.HELD];
    counters[Counter.REASON + Reason.FRAGMENT] -= held;
    counters[Counter.REASON + why] += held;
    for (let word = Queue.FLAGS; word <= Queue.FIRST; word++) queues[queue + word] = 0;
    queues[queue + Queue.CUT] = CUT_NOWHERE;
  }

  function end(queue: number, why: Reason): void {
    options.onEnd(queue);
    empty(queue, why);
    unlink(queue);
    unchain(queue);
    queues[queue + Queue.CHAIN] = freedQueue;
    freedQueue = queue;
    bytes -= queueCharge;
    count--;
  }

  // ---- Checks ----

  function checkQueue(queue: number): number {
    let [held, heldBytes, charges] = [0, 0, queueCharge];
    for (let f = queues[queue + Queue.FRAGMENTS]; f !== 0; f = fragments[f + Fragment.NEXT]) {
      held++;
      heldBytes += fragments[f + Fragment.END] - fragments[f + Fragment.START];
      charges += fragments[f + Fragment.CHARGE];
    }
    assert(held === queues[queue + Queue.HELD], 'a queue holds another number of fragments than it says');
    assert(heldBytes === queues[queue + Queue.HELD_BYTES], 'a queue holds more or less than it says');
    assert(
      heldBytes === checkRuns(queues[queue + Queue.RUNS], -1, Number.POSITIVE_INFINITY),
      'runs have gaps',
    );
    return charges;
  }

  /** Sum of the runs below `run`, which must lie between two bytes. */
  function checkRuns(run: number, from: number, to: number): number {
    if (run === 0) return 0;
    const start = fragments[run + Fragment.START];
    const runEnd = fragments[run + Fragment.RUN_END];
    assert(start >= from && runEnd <= to && start < runEnd, 'runs are not in order');
    const left = fragments[run + Fragment.LEFT];
    const right = fragments[run + Fragment.RIGHT];
    for (const child of [left, right]) {
      if (child === 0) continue;
      const isHeap = fragments[child + Fragment.PRIORITY] <= fragments[run + Fragment.PRIORITY];
      assert(isHeap, 'a tree of runs is no heap');
    }
    return runEnd - start + checkRuns(left, from, start) + checkRuns(right, runEnd, to);
  }

  function selfCheck(): void {
    let charges = 0;
    let seen = 0;
    for (let queue = oldest; queue !== 0; queue = queues[queue + Queue.NEWER]) {
      charges += checkQueue(queue);
      seen++;
    }
    assert(charges === bytes, 'memory is not what the queues hold');
    assert(seen === count, 'queues are lost');
    arena.selfCheck();
    assert(count > 0 || arena.used() === 0, 'bytes are lost');
  }

  return {
    queues,
    fragments,
    key,
    isFull: () => bytesMax === 0 || bytes > bytesMax,
    find,
    rearm,
    insert,
    empty,
    end,
    expire,
    endAll(why) {
      while (oldest !== 0) end(oldest, why);
    },
    load(fragment, from, length, view, at) {
      arena.load(fragments[fragment + Fragment.BLOCK], from, length, view, at);
    },
    bytes: () => bytes,
    count: () => count,
    selfCheck,
  };
}

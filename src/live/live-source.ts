/**
 * The packets of one or several interfaces as one stream in the order of time, for the one thread that reads them.
 *
 * A ring that is empty may still get packets that are older than those of another ring: its block is handed over only
 * when it is full or its time is up. So with several rings a packet is held until each of the others has one as
 * well, or until it is so old that none can be older. With one ring nothing is held.
 */
import { wallMs } from '../common/clock.ts';
import { Rec } from '../ingest/reader.ts';
import { Counter } from '../shm/counters.ts';
import { InterfaceState, type InterfaceWatch, watchInterface } from './interface-watch.ts';
import type { Libc } from './libc.ts';
import { mapPacketRing, type PacketRing } from './packet-ring.ts';
import type { PacketSocket } from './packet-socket.ts';
import { createWaiter } from './waiter.ts';

/** What a block's timer may be late by, and the machine. */
const SLACK_MS = 40;
/** From a packet's stamp until it is counted. */
const STAMP_MS = 10;
/** The same until it is read, where packets wait in a block that was not handed over yet. */
const WAITING_MS = 500;
/** Between two looks at an interface that is away, and two readings of the kernel's counters. */
const LOOK_EVERY_MS = 200;
/** The last blocks are handed over when their time is up; then whatever does not come will not. */
const DRAIN_MS = 1000;

export type InterfaceChange = (name: string, state: InterfaceState) => void;

export interface LiveSource {
  /** The ring whose `record` is the next packet; null when there is none that is due. */
  next(): PacketRing | null;
  /** Sleeps until packets come, the waker is written to, or a time is up. Errors: LiveError, see InterfaceWatch.look */
  wait(timeoutMs: number): void;
  /**
   * ms since 1970: no packet that comes from now on is older, but for one that takes very long from its stamp until it is
   * read. Cost: a system call for each ring.
   */
  quietSinceMs(): number;
  /** Lets nothing more in; `next` gives what there is, in order, until it says null for good after some waiting. */
  shut(): void;
  /** After `shut`: nothing more will come. */
  isDrained(): boolean;
  /** Half of a ring waits to be read: whoever makes us wait makes the kernel drop. */
  isBehind(): boolean;
  readStatistics(): void;
  close(): void;
}

export interface LiveSourceOptions {
  readonly sockets: readonly PacketSocket[];
  /** Whoever writes to it ends the waiting. */
  readonly waker: number;
  readonly counters: Float64Array;
  /** Told when an interface goes down or away, and when packets go on. */
  readonly onChange: InterfaceChange;
  /** ms since 1970; tests may have their own. */
  readonly nowMs?: () => number;
}

/** Thread: the one that reads. Errors: LiveError */
export function openLiveSource(libc: Libc, options: LiveSourceOptions): LiveSource {
  const { sockets, counters, onChange, nowMs = wallMs } = options;
  const rings = sockets.map((socket) => mapPacketRing(libc, socket, counters));
  const watches = sockets.map((socket) => watchInterface(libc, socket));
  const waiter = createWaiter(
    libc,
    options.waker,
    sockets.map(({ fd }) => fd),
  );
  const lateMs = Math.max(...sockets.map(({ blockTimeoutMs }) => blockTimeoutMs)) * 2 + SLACK_MS;
  const states = sockets.map(() => InterfaceState.UP);
  const merged = rings.length === 1 ? null : mergeRings(rings);
  let [only] = rings;
  let lookedAtMs = nowMs();
  let drainedAtMs = Number.POSITIVE_INFINITY;

  /** Sees to interfaces that have an error or are away. */
  function lookAfter(index: number, watch: InterfaceWatch, isDue: boolean): void {
    // Also where it does not matter: an error that stays would end every waiting at once.
    const hasError = waiter.errorOf(index) !== 0;
    if (states[index] === InterfaceState.UP ? !hasError : !isDue) return;
    // What came in before it went is read first: its ring may be replaced.
    rings[index].readStatistics();
    const isRead = rings[index].waiting() === 0 && merged?.isHolding() !== true;
    const before = states[index] === InterfaceState.UP ? InterfaceState.DOWN : states[index];
    const state = isRead ? watch.look() : before;
    if (watch.socket().fd !== rings[index].socket.fd) replaceRing(index, watch.socket());
    if (hasError && states[index] === InterfaceState.UP) {
      counters[Counter.INTERFACE_LOST]++;
      // It may be back already: both are said.
      if (state === InterfaceState.UP) onChange(sockets[index].interfaceName, InterfaceState.DOWN);
    } else if (state === states[index]) return;
    states[index] = state;
    onChange(sockets[index].interfaceName, state);
  }

  function replaceRing(index: number, socket: PacketSocket): void {
    rings[index].readStatistics();
    rings[index].close();
    rings[index] = mapPacketRing(libc, socket, counters);
    waiter.replace(index, socket.fd);
    [only] = rings;
  }

  function readStatistics(): void {
    for (const ring of rings) ring.readStatistics();
  }

  return {
    next: () => (merged === null ? (only.next() ? only : null) : merged.next()),
    wait(timeoutMs) {
      // What is held becomes due without anything happening at a socket.
      const isHolding = merged?.isHolding() ?? false;
      waiter.wait(isHolding ? Math.min(timeoutMs, lateMs / 4) : timeoutMs);
      const ms = nowMs();
      merged?.release(ms - lateMs);
      const isDue = Math.abs(ms - lookedAtMs) >= LOOK_EVERY_MS;
      for (const [index, watch] of watches.entries()) lookAfter(index, watch, isDue);
      if (!isDue) return;
      lookedAtMs = ms;
      readStatistics();
    },
    quietSinceMs() {
      const ms = nowMs();
      readStatistics();
      const isQuiet = rings.every((ring) => ring.waiting() === 0) && merged?.isHolding() !== true;
      return ms - (isQuiet ? STAMP_MS : WAITING_MS);
    },
    shut() {
      for (const ring of rings) ring.shut();
      readStatistics();
      drainedAtMs = nowMs() + DRAIN_MS;
    },
    isDrained() {
      if (drainedAtMs === Number.POSITIVE_INFINITY) return false;
      // What was on its way when the door was shut.
      readStatistics();
      const isEmpty = rings.every((ring) => ring.waiting() === 0);
      if (!isEmpty && nowMs() < drainedAtMs) return false;
      // Nothing that is older can come any more.
      merged?.release(Number.MAX_SAFE_INTEGER);
      return !(merged?.isHolding() ?? false);
    },
    isBehind: () => rings.some((ring) => ring.isHalfFull()),
    readStatistics,
    close() {
      for (const ring of rings) ring.close();
    },
  };
}

interface Merge {
  next(): PacketRing | null;
  /** Packets up to this time may be given, whatever the other rings get. */
  release(untilMs: number): void;
  /** A packet is there that is not due yet. */
  isHolding(): boolean;
}

/** For a handful of rings, so that each is looked at for every packet. */
export function mergeRings(rings: readonly PacketRing[]): Merge {
  /** Whether a ring's `record` is a packet that was not given. */
  const has = new Uint8Array(rings.length);
  let given = -1;
  let untilSec = 0;
  let untilNsec = 0;
  return {
    next() {
      if (given >= 0) has[given] = 0;
      given = -1;
      let first = -1;
      let isComplete = true;
      for (let i = 0; i < rings.length; i++) {
        if (has[i] === 0 && rings[i].next()) has[i] = 1;
        if (has[i] === 0) isComplete = false;
        else if (first < 0 || isEarlier(rings[i].record, rings[first].record)) first = i;
      }
      if (first < 0) return null;
      if (!isComplete) {
        const { record } = rings[first];
        const sec = record[Rec.SEC] >>> 0;
        if (sec > untilSec || (sec === untilSec && record[Rec.NSEC] > untilNsec)) return null;
      }
      given = first;
      return rings[first];
    },
    release(untilMs) {
      untilSec = Math.floor(untilMs / 1000);
      untilNsec = Math.floor((untilMs - untilSec * 1000) * 1e6);
    },
    isHolding: () => has.includes(1),
  };
}

function isEarlier(a: Int32Array, b: Int32Array): boolean {
  const seconds = (a[Rec.SEC] >>> 0) - (b[Rec.SEC] >>> 0);
  return seconds < 0 || (seconds === 0 && a[Rec.NSEC] < b[Rec.NSEC]);
}

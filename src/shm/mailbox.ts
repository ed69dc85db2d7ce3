/**
 * How the main thread asks the owner of connections: a few lanes of shared memory, each with one request and
 * its answer. The owner looks at them between bursts and works on them in bounded slices (src/conntrack/service.ts),
 * so that a question never stops the packets. While a lane is ASKED it belongs to the owner, else to the main thread,
 * until the owner ends.
 */

import { Ask, Cold, Hot } from './offsets.generated.ts';
import { createSharedI32 } from './segment.ts';

/** Two, so that one answer can be read while the other one is made. */
export const LANES = 2;
/** Words of a program (src/query/program.ts) that a request has room for. */
export const ASK_PROGRAM_WORDS = 448;
/** Entries of an answer: Hot and Cold words of each. */
export const PAGE_ENTRIES = 2048;
export const PAGE_ENTRY_WORDS = Hot.WORDS + Cold.WORDS;
/** Expectations of an answer: the words of each, then those of its master. */
export const PAGE_EXPECTATIONS = 512;

export enum LaneState {
  /** Free, or answered and not taken yet. */
  IDLE = 0,
  ASKED = 1,
  /** The owner has ended: nothing will be answered any more. */
  CLOSED = 2,
}

/** What is asked (Ask.OPERATION). */
export enum Operation {
  /** Copies of the entries that match. */
  SCAN = 1,
  /** The same, and each ends. */
  REMOVE = 2,
  /** The same, after each was changed. */
  UPDATE = 3,
  /** The entry of one tuple. */
  FIND = 4,
  CREATE = 5,
  /** Ends all. */
  FLUSH = 6,
  /** Expectations, from a slot on. */
  EXPECTATIONS = 7,
  /** Ends the expectations whose slot and order are in the program's words. */
  REMOVE_EXPECTATIONS = 8,
  CREATE_EXPECTATION = 9,
}

/** Ask.CHANGES: which of the values are meant. */
export enum ChangeBit {
  MARK = 1,
  TIMEOUT = 2,
  STATUS = 4,
}

/** How it went (Ask.RESULT). */
export enum Result {
  OK = 0,
  EXISTS = 1,
  FULL = 2,
  NO_MASTER = 3,
  NOT_ALLOWED = 4,
}

export interface Lane {
  /** Shapes: Ask.WORDS, see layouts.ts */
  readonly ask: Int32Array;
  /** Shapes: PAGE_ENTRIES * PAGE_ENTRY_WORDS */
  readonly page: Int32Array;
}

export interface MailboxMemory {
  readonly lanes: readonly Lane[];
  /** Of the owner. */
  readonly bell: Int32Array;
}

export function createMailboxMemory(bell: Int32Array): MailboxMemory {
  const lanes = Array.from({ length: LANES }, () => ({
    ask: createSharedI32(Ask.WORDS),
    page: createSharedI32(PAGE_ENTRIES * PAGE_ENTRY_WORDS),
  }));
  return { lanes, bell };
}

/** Thread: owner. Cost: one atomic load. */
export const isAsked = (lane: Lane): boolean => Atomics.load(lane.ask, Ask.STATE) === LaneState.ASKED;

/** Gives the answer. Thread: owner. */
export function answer(lane: Lane): void {
  lane.ask[Ask.ANSWERED] = 1;
  Atomics.store(lane.ask, Ask.STATE, LaneState.IDLE);
  Atomics.notify(lane.ask, Ask.STATE);
}

/** Ends a lane that waits for nothing; false when something is asked. Thread: owner. */
export const closeLane = ({ ask }: Lane): boolean =>
  Atomics.compareExchange(ask, Ask.STATE, LaneState.IDLE, LaneState.CLOSED) !== LaneState.ASKED;

/** Ends all lanes, whoever waits. Thread: owner, when it fails. */
export function abandonMailbox({ lanes }: MailboxMemory): void {
  for (const { ask } of lanes) {
    Atomics.store(ask, Ask.STATE, LaneState.CLOSED);
    Atomics.notify(ask, Ask.STATE);
  }
}

/** Hands a request over, unless the owner has ended. Thread: main. */
export const handOver = ({ ask }: Lane): boolean =>
  Atomics.compareExchange(ask, Ask.STATE, LaneState.IDLE, LaneState.ASKED) === LaneState.IDLE;

/**
 * A filter as numbers, so that it can be handed to the thread that owns the connections and be run there over
 * the words of entries.
 *
 *   the prefilter: masks and values of Hot.KIND, Hot.STATUS and an address; what the cheapest tests come to
 *   number of tests
 *   each test: operation | NEGATED | alternatives << COUNT_SHIFT; words of the test; its alternatives
 */

import { ASK_PROGRAM_WORDS } from '../shm/mailbox.ts';

/** Most words of a program: what a mailbox has room for. */
export const PROGRAM_WORDS_MAX = ASK_PROGRAM_WORDS;

declare const programBrand: unique symbol;

/** Shapes: at most PROGRAM_WORDS_MAX words. */
export type Program = Int32Array & { readonly [programBrand]: true };

/** Words before the tests. */
export enum ProgramWord {
  KIND_MASK = 0,
  KIND_VALUE = 1,
  STATUS_MASK = 2,
  STATUS_VALUE = 3,
  /** First word of an address that either endpoint must have, where MASK has bits. */
  ADDRESS_MASK = 4,
  ADDRESS_VALUE = 5,
  TESTS = 6,
  FIRST_TEST = 7,
}

/** Words at the begin of each test. */
export enum TestWord {
  HEAD = 0,
  /** Words to the next test, these two included. */
  LENGTH = 1,
  ALTERNATIVES = 2,
}

/** Word HEAD of a test. */
export enum TestHead {
  OP_MASK = 0xff,
  NEGATED = 0x100,
  COUNT_SHIFT = 16,
}

/**
 * What a test looks at, cheapest first: tests run in the order of these numbers. In the comments, what an alternative is:
 *
 *   range    two unsigned words: least and greatest
 *   wide     the same as two f64, four words
 *   masked   value and mask
 *   network  before the first one a word that tells how many are of IPv4: value and mask; the others are of IPv6: four words of value, four of mask
 */
export enum Op {
  /** masked: Hot.KIND */
  KIND = 1,
  /** range */
  PROTOCOL = 2,
  ZONE = 3,
  /** masked */
  STATUS = 4,
  /** range: protocol * 16 + state */
  STATE = 5,
  /** range */
  HELPER = 6,
  /** range: of the original direction */
  SPORT = 7,
  DPORT = 8,
  /** range: either */
  PORT = 9,
  /** range: of the original direction */
  ICMP_TYPE = 10,
  ICMP_CODE = 11,
  ICMP_ID = 12,
  SRC_KEY = 13,
  DST_KEY = 14,
  /** network: of the original direction */
  SRC = 15,
  DST = 16,
  /** network: either */
  HOST = 17,
  /** range, s */
  TIMEOUT = 18,
  IDLE = 19,
  /** wide */
  BYTES_ORIG = 20,
  PACKETS_ORIG = 21,
  BYTES_REPLY = 22,
  PACKETS_REPLY = 23,
  BYTES = 24,
  PACKETS = 25,
  /** masked */
  MARK = 26,
  /** range, s */
  AGE = 27,
  /** wide: the sort key of the same name */
  OLDNESS = 28,
  /** wide: -1 for none */
  MASTER = 29,
  /** range */
  ID = 30,
}

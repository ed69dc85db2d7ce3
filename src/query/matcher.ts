/**
 * Runs a program over the words of entries: in the thread that owns them, over its memory, and in others over
 * copies and reports.
 */
import { Kind, Status } from '../shm/bits.ts';
import { connectionId } from '../shm/identity.ts';
import { Cold, Hot } from '../shm/offsets.generated.ts';
import {
  ABSENT,
  bytesOf,
  counterOf,
  greKeyOf,
  icmpTypeOf,
  isIcmp,
  oldnessOf,
  packetsOf,
  portOf,
  secondsSince,
  timeoutOf,
} from './entry-fields.ts';
import { Op, PROGRAM_WORDS_MAX, type Program, ProgramWord, TestHead, TestWord } from './program.ts';

export interface Matcher {
  /** The program that counts from now on; null matches every entry that is in use. Its words are copied. */
  load(program: Program | null): void;
  /**
   * Whether an entry matches. That it is past its deadline is not looked at: whoever asks knows what that means to him.
   *
   * Shapes:  words of an entry from hot[h] and cold[c] on; `hotF64` is the same memory as `hot` where `h` is even and the
   *          memory is aligned, as in a segment, else null
   * Units:   `nowMs` is a tick as Hot.DEADLINE has it, `nowSec` seconds since 1970, both of the owner's clock
   * Cost:    no allocation; proportional to the tests up to the first that fails
   */
  matches(
    hot: Int32Array,
    hotF64: Float64Array | null,
    h: number,
    cold: Int32Array,
    c: number,
    nowMs: number,
    nowSec: number,
  ): boolean;
}

/** Thread: any, one per thread. */
export function createMatcher(): Matcher {
  const code = new Int32Array(PROGRAM_WORDS_MAX);
  /** The same memory: what is f64 lies at odd words too and is put into `wide` when a program is loaded. */
  const wide = new Float64Array(PROGRAM_WORDS_MAX);
  const scratchWords = new Int32Array(2);
  const scratchF64 = new Float64Array(scratchWords.buffer);
  let kindMask: number = Kind.USED;
  let kindValue: number = Kind.USED;
  let statusMask = 0;
  let statusValue = 0;
  let addressMask = 0;
  let addressValue = 0;
  let tests = 0;

  function load(program: Program | null): void {
    kindMask = program === null ? Kind.USED : program[ProgramWord.KIND_MASK];
    kindValue = program === null ? Kind.USED : program[ProgramWord.KIND_VALUE];
    statusMask = program === null ? 0 : program[ProgramWord.STATUS_MASK];
    statusValue = program === null ? 0 : program[ProgramWord.STATUS_VALUE];
    addressMask = program === null ? 0 : program[ProgramWord.ADDRESS_MASK];
    addressValue = program === null ? 0 : program[ProgramWord.ADDRESS_VALUE];
    tests = program === null ? 0 : program[ProgramWord.TESTS];
    if (program === null) return;
    for (let i = 0; i < program.length && i < PROGRAM_WORDS_MAX; i++) code[i] = program[i];
    for (let i = 0; i + 1 < program.length && i + 1 < PROGRAM_WORDS_MAX; i++) {
      scratchWords[0] = code[i];
      scratchWords[1] = code[i + 1];
      wide[i] = scratchF64[0];
    }
  }

  function inRanges(value: number, at: number, count: number): boolean {
    for (let i = at; i < at + 2 * count; i += 2) {
      if (value >= code[i] >>> 0 && value <= code[i + 1] >>> 0) return true;
    }
    return false;
  }

  function inWide(value: number, at: number, count: number): boolean {
    for (let i = at; i < at + 4 * count; i += 4) {
      if (value >= wide[i] && value <= wide[i + 2]) return true;
    }
    return false;
  }

  function hasBits(word: number, at: number, count: number): boolean {
    for (let i = at; i < at + 2 * count; i += 2) {
      if ((word & code[i + 1]) === code[i]) return true;
    }
    return false;
  }

  function inNetworks4(word: number, at: number): boolean {
    return hasBits(word, at + 1, code[at]);
  }

  function inNetworks6(first: number, cold: Int32Array, rest: number, at: number, count: number): boolean {
    const of4 = code[at];
    for (let i = at + 1 + 2 * of4, n = of4; n < count; n++, i += 8) {
      if (
        (first & code[i + 4]) === code[i] &&
        (cold[rest] & code[i + 5]) === code[i + 1] &&
        (cold[rest + 1] & code[i + 6]) === code[i + 2] &&
        (cold[rest + 2] & code[i + 7]) === code[i + 3]
      )
        return true;
    }
    return false;
  }

  function endMatches(
    hot: Int32Array,
    h: number,
    cold: Int32Array,
    c: number,
    high: boolean,
    at: number,
    count: number,
  ): boolean {
    const first = hot[h + (high ? Hot.HI0 : Hot.LO0)];
    if ((hot[h + Hot.KIND] & Kind.IPV6) === 0) return inNetworks4(first, at);
    return inNetworks6(first, cold, c + (high ? Cold.HI1 : Cold.LO1), at, count);
  }

  function matches(
    hot: Int32Array,
    hotF64: Float64Array | null,
    h: number,
    cold: Int32Array,
    c: number,
    nowMs: number,
    nowSec: number,
  ): boolean {
    if ((hot[h + Hot.KIND] & kindMask) !== kindValue) return false;
    if ((hot[h + Hot.STATUS] & statusMask) !== statusValue) return false;
    if (
      (hot[h + Hot.LO0] & addressMask) !== addressValue &&
      (hot[h + Hot.HI0] & addressMask) !== addressValue
    )
      return false;
    for (let i = 0, at: number = ProgramWord.FIRST_TEST; i < tests; i++) {
      const isNegated = (code[at] & TestHead.NEGATED) !== 0;
      if (holds(hot, hotF64, h, cold, c, nowMs, nowSec, at) === isNegated) return false;
      at += code[at + TestWord.LENGTH];
    }
    return true;
  }

  /** The test at word `test`, not negated. */
  function holds(
    hot: Int32Array,
    hotF64: Float64Array | null,
    h: number,
    cold: Int32Array,
    c: number,
    nowMs: number,
    nowSec: number,
    test: number,
  ): boolean {
    const op: Op = code[test] & TestHead.OP_MASK;
    const n = code[test] >>> TestHead.COUNT_SHIFT;
    const at = test + TestWord.ALTERNATIVES;
    const kind = hot[h + Hot.KIND];
    const status = hot[h + Hot.STATUS];
    const fromHi = (status & Status.FROM_HI) !== 0;
    const l4 = hot[h + Hot.L4];
    switch (op) {
      case Op.KIND:
        return hasBits(kind, at, n);
      case Op.PROTOCOL:
        return inRanges(kind & Kind.PROTOCOL_MASK, at, n);
      case Op.ZONE:
        return inRanges(kind >>> Kind.ZONE_SHIFT, at, n);
      case Op.STATUS:
        return hasBits(status, at, n);
      case Op.STATE:
        return inRanges(
          ((kind & Kind.PROTOCOL_MASK) << 4) | ((status & Status.STATE_MASK) >>> Status.STATE_SHIFT),
          at,
          n,
        );
      case Op.HELPER:
        return inRanges((status & Status.HELPER_MASK) >>> Status.HELPER_SHIFT, at, n);
      case Op.SPORT:
        return inRanges(portOf(l4, kind, status, true), at, n);
      case Op.DPORT:
        return inRanges(portOf(l4, kind, status, false), at, n);
      case Op.PORT:
        return (
          inRanges(portOf(l4, kind, status, true), at, n) || inRanges(portOf(l4, kind, status, false), at, n)
        );
      case Op.ICMP_TYPE:
        return inRanges(icmpTypeOf(l4, kind, status), at, n);
      case Op.ICMP_CODE:
        return inRanges(isIcmp(kind) ? l4 & 0xff : ABSENT, at, n);
      case Op.ICMP_ID:
        return inRanges(isIcmp(kind) ? l4 >>> 16 : ABSENT, at, n);
      case Op.SRC_KEY:
        return inRanges(greKeyOf(l4, kind, status, true), at, n);
      case Op.DST_KEY:
        return inRanges(greKeyOf(l4, kind, status, false), at, n);
      case Op.SRC:
        return endMatches(hot, h, cold, c, fromHi, at, n);
      case Op.DST:
        return endMatches(hot, h, cold, c, !fromHi, at, n);
      case Op.HOST:
        return endMatches(hot, h, cold, c, false, at, n) || endMatches(hot, h, cold, c, true, at, n);
      case Op.TIMEOUT:
        return inRanges(timeoutOf(hot, h, nowMs), at, n);
      case Op.IDLE:
        return inRanges(secondsSince(hot[h + Hot.LAST_SEC], hot[h + Hot.LAST_NSEC], nowMs, nowSec), at, n);
      case Op.BYTES_ORIG:
        return inWide(counterOf(hot, hotF64, h, Hot.BYTES_ORIG), at, n);
      case Op.PACKETS_ORIG:
        return inWide(counterOf(hot, hotF64, h, Hot.PACKETS_ORIG), at, n);
      case Op.BYTES_REPLY:
        return inWide(counterOf(hot, hotF64, h, Hot.BYTES_REPLY), at, n);
      case Op.PACKETS_REPLY:
        return inWide(counterOf(hot, hotF64, h, Hot.PACKETS_REPLY), at, n);
      case Op.BYTES:
        return inWide(bytesOf(hot, hotF64, h), at, n);
      case Op.PACKETS:
        return inWide(packetsOf(hot, hotF64, h), at, n);
      case Op.MARK:
        return hasBits(hot[h + Hot.MARK], at, n);
      case Op.AGE:
        return inRanges(
          secondsSince(cold[c + Cold.START_SEC], cold[c + Cold.START_NSEC], nowMs, nowSec),
          at,
          n,
        );
      case Op.OLDNESS:
        return inWide(oldnessOf(cold, c), at, n);
      case Op.MASTER:
        return inWide((status & Status.EXPECTED) === 0 ? ABSENT : cold[c + Cold.MASTER] >>> 0, at, n);
      case Op.ID:
        return inRanges(connectionId(hot, h, cold, c), at, n);
    }
  }

  return { load, matches };
}

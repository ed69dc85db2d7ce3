/** From a filter to the program that the owners of connections run. */
import { OptionError } from '../common/errors.ts';
import { Kind, Status } from '../shm/bits.ts';
import type { Filter, FilterTest } from './filter.ts';
import type { FilterKey } from './keys.ts';
import { Op, PROGRAM_WORDS_MAX, type Program, ProgramWord, TestHead, TestWord } from './program.ts';
import type { SortKind } from './sort-key.ts';
import type { Alternative, MaskedAlternative, NetworkAlternative, RangeAlternative } from './values.ts';
import { NO_LIMIT } from './values.ts';

const OPS: Readonly<Record<FilterKey, Op>> = {
  family: Op.KIND,
  protocol: Op.PROTOCOL,
  src: Op.SRC,
  dst: Op.DST,
  host: Op.HOST,
  // Without address translation the reply is the original direction turned round.
  'reply-src': Op.DST,
  'reply-dst': Op.SRC,
  sport: Op.SPORT,
  dport: Op.DPORT,
  port: Op.PORT,
  'reply-sport': Op.DPORT,
  'reply-dport': Op.SPORT,
  'icmp-type': Op.ICMP_TYPE,
  'icmp-code': Op.ICMP_CODE,
  'icmp-id': Op.ICMP_ID,
  'src-key': Op.SRC_KEY,
  'dst-key': Op.DST_KEY,
  state: Op.STATE,
  status: Op.STATUS,
  zone: Op.ZONE,
  mark: Op.MARK,
  helper: Op.HELPER,
  master: Op.MASTER,
  age: Op.AGE,
  idle: Op.IDLE,
  timeout: Op.TIMEOUT,
  bytes: Op.BYTES,
  packets: Op.PACKETS,
  'orig-bytes': Op.BYTES_ORIG,
  'orig-packets': Op.PACKETS_ORIG,
  'reply-bytes': Op.BYTES_REPLY,
  'reply-packets': Op.PACKETS_REPLY,
  id: Op.ID,
};

const SORT_OPS: Readonly<Record<SortKind, Op>> = {
  bytes: Op.BYTES,
  packets: Op.PACKETS,
  age: Op.OLDNESS,
};

const WIDE: ReadonlySet<Op> = new Set([
  Op.BYTES_ORIG,
  Op.PACKETS_ORIG,
  Op.BYTES_REPLY,
  Op.PACKETS_REPLY,
  Op.BYTES,
  Op.PACKETS,
  Op.OLDNESS,
  Op.MASTER,
]);

const IPV6_FAMILY = 6;

const isRange = (a: Alternative): a is RangeAlternative => a.kind === 'range';
const isMasked = (a: Alternative): a is MaskedAlternative => a.kind === 'masked';
const isNetwork = (a: Alternative): a is NetworkAlternative => a.kind === 'network';

/** Bits of a word that must have values; what the prefilter is made of. */
interface Bits {
  mask: number;
  value: number;
}

/** Adds a demand; false when it contradicts what is demanded already, and then nothing is added. */
function demand(bits: Bits, mask: number, value: number): boolean {
  if (((bits.value ^ value) & bits.mask & mask) !== 0) return false;
  bits.value |= value & mask;
  bits.mask |= mask;
  return true;
}

/**
 * Makes a program of a filter. Entries that are free match no program.
 *
 * Errors:  OptionError when the filter has more alternatives than a program has room for
 */
export function programOf(filter: Filter): Program {
  const kind: Bits = { mask: Kind.USED, value: Kind.USED };
  const status: Bits = { mask: 0, value: 0 };
  const address = addressDemand(filter);
  const tests = filter.tests
    .filter((test) => !isFolded(test, kind, status))
    .map((test) => ({ op: OPS[test.key], words: testWords(test) }))
    .sort((a, b) => a.op - b.op);
  const prefilter = [kind, status, address].flatMap(({ mask, value }) => [mask, value]);
  const head = [...prefilter, tests.length];
  return checked([...head, ...tests.flatMap(({ words }) => words)]);
}

/**
 * The program with one more test: that the sort key is at least this. With null as program: of all entries.
 *
 * Units:   as `sortKey` returns it
 * Errors:  OptionError when there is no room for it
 */
export function thresholdProgram(program: Program | null, kind: SortKind, atLeast: number): Program {
  const before = program ?? programOf({ tests: [] });
  const op = SORT_OPS[kind];
  const test = encoded(op, false, 1, [...wideWords(atLeast), ...wideWords(NO_LIMIT)]);
  const words = [...before];
  // Tests before it are cheaper, or as cheap.
  let at: number = ProgramWord.FIRST_TEST;
  while (at < words.length && (words[at + TestWord.HEAD] & TestHead.OP_MASK) <= op)
    at += words[at + TestWord.LENGTH];
  words.splice(at, 0, ...test);
  words[ProgramWord.TESTS]++;
  return checked(words);
}

function checked(words: readonly number[]): Program {
  if (words.length > PROGRAM_WORDS_MAX) {
    throw new OptionError(
      'filter',
      `${words.length} words`,
      `a filter of at most ${PROGRAM_WORDS_MAX} words (a range or an IPv4 network takes 2, an IPv6 network 8)`,
      'Ask in several parts, or name networks and ranges instead of each address and number',
    );
  }
  return Int32Array.from(words) as Program;
}

/** What the first word of one of the endpoints must be: of the test that says most about it. */
function addressDemand(filter: Filter): Bits {
  let address: Bits = { mask: 0, value: 0 };
  for (const { negated, alternatives } of filter.tests) {
    const [only] = alternatives;
    if (negated || alternatives.length !== 1 || !isNetwork(only)) continue;
    // Masks of prefixes, as unsigned numbers, grow with the prefix.
    if (only.mask[0] >>> 0 > address.mask >>> 0) address = { mask: only.mask[0], value: only.words[0] };
  }
  return address;
}

/** Whether the test went into the prefilter as a whole. Part of it may have, and then it remains a test too. */
function isFolded({ key, negated, alternatives }: FilterTest, kind: Bits, status: Bits): boolean {
  const op = OPS[key];
  if (alternatives.every(isNetwork)) {
    const family = alternatives[0]?.family;
    // An address of a family is a demand for the family.
    if (!negated && family !== undefined && alternatives.every((a) => a.family === family))
      demand(kind, Kind.IPV6, family === 'ipv6' ? Kind.IPV6 : 0);
    return false;
  }
  const [only] = alternatives;
  if (alternatives.length !== 1) return false;
  if (isMasked(only)) {
    if (op !== Op.STATUS) return false;
    if (!negated) return demand(status, only.mask, only.value);
    return isOneBit(only.mask) && demand(status, only.mask, only.value ^ only.mask);
  }
  if (!isRange(only) || only.min !== only.max) return false;
  const value = only.min;
  if (op === Op.KIND) return demand(kind, Kind.IPV6, (value === IPV6_FAMILY) !== negated ? Kind.IPV6 : 0);
  if (negated) return false;
  switch (op) {
    case Op.PROTOCOL:
      return demand(kind, Kind.PROTOCOL_MASK, value);
    case Op.ZONE:
      return demand(kind, -1 << Kind.ZONE_SHIFT, value << Kind.ZONE_SHIFT);
    case Op.HELPER:
      return demand(status, Status.HELPER_MASK, value << Status.HELPER_SHIFT);
    case Op.STATE:
      return (
        demand(kind, Kind.PROTOCOL_MASK, value >>> 4) &&
        demand(status, Status.STATE_MASK, (value & 0xf) << Status.STATE_SHIFT)
      );
    default:
      return false;
  }
}

const isOneBit = (mask: number): boolean => mask !== 0 && (mask & (mask - 1)) === 0;

function testWords({ key, negated, alternatives }: FilterTest): number[] {
  const op = OPS[key];
  if (op === Op.KIND) {
    const words = alternatives
      .filter(isRange)
      .flatMap(({ min }) => [min === IPV6_FAMILY ? Kind.IPV6 : 0, Kind.IPV6]);
    return encoded(op, negated, alternatives.length, words);
  }
  if (alternatives.some(isNetwork)) {
    const of4 = alternatives.filter(isNetwork).filter(({ family }) => family === 'ipv4');
    const of6 = alternatives.filter(isNetwork).filter(({ family }) => family === 'ipv6');
    const words = [...of4, ...of6].flatMap((network) => [...network.words, ...network.mask]);
    return encoded(op, negated, alternatives.length, [of4.length, ...words]);
  }
  const masked = alternatives.filter(isMasked).flatMap(({ value, mask }) => [value, mask]);
  // "Less than 0" and "more than the greatest" are ranges that nothing lies in.
  const ranges = alternatives.filter(isRange).filter(({ min, max }) => min <= max);
  const words = ranges.flatMap(({ min, max }) =>
    WIDE.has(op) ? [...wideWords(min), ...wideWords(max)] : [min | 0, max | 0],
  );
  return encoded(op, negated, masked.length / 2 + ranges.length, [...masked, ...words]);
}

function encoded(op: Op, negated: boolean, count: number, alternatives: readonly number[]): number[] {
  const head = op | (negated ? TestHead.NEGATED : 0) | (count << TestHead.COUNT_SHIFT);
  return [head, TestWord.ALTERNATIVES + alternatives.length, ...alternatives];
}

const wideWords = (value: number): readonly number[] => [...new Int32Array(Float64Array.of(value).buffer)];

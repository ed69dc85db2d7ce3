/** Reads one alternative of a filter value: "10.0.0.0/8", ">1M", "ESTABLISHED". */
import { addressWords } from '../common/address-words.ts';
import { HELPER_NAMES, HelperNumber } from '../common/helpers.ts';
import { SCTP_STATE_NAMES, TCP_STATE_NAMES } from '../export/names.ts';
import { Status } from '../shm/bits.ts';
import type { FilterKeyInfo } from './keys.ts';

/** A whole number between two, both included. What the number is of depends on the key. */
export interface RangeAlternative {
  readonly kind: 'range';
  readonly text: string;
  readonly min: number;
  readonly max: number;
}

export interface NetworkAlternative {
  readonly kind: 'network';
  readonly text: string;
  readonly family: 'ipv4' | 'ipv6';
  /** One word or four, first on the wire first; signed. Bits outside of the prefix are 0. */
  readonly words: readonly number[];
  /** As many words; signed. */
  readonly mask: readonly number[];
  readonly prefix: number;
}

/** (x & mask) == value; signed words. */
export interface MaskedAlternative {
  readonly kind: 'masked';
  readonly text: string;
  readonly value: number;
  readonly mask: number;
}

export type Alternative = RangeAlternative | NetworkAlternative | MaskedAlternative;

/** Stands for "no limit", as a whole number. */
export const NO_LIMIT = Number.MAX_SAFE_INTEGER;
/** What `master` is compared with when there is none. */
export const NO_MASTER = -1;
const WORD_MAX = 0xffffffff;
const PROTOCOL_MAX = 0xff;
const HELPER_MAX = 31;
const TCP = 6;
const SCTP = 132;
/** What the kernel calls SYN_SENT2 was LISTEN once, and conntrack takes both. */
const TCP_LISTEN = 9;

export const PROTOCOL_NUMBERS: ReadonlyMap<string, number> = new Map([
  ['icmp', 1],
  ['igmp', 2],
  ['tcp', TCP],
  ['udp', 17],
  ['dccp', 33],
  ['gre', 47],
  ['esp', 50],
  ['ah', 51],
  ['icmpv6', 58],
  ['icmp6', 58],
  ['ipv6-icmp', 58],
  ['ospf', 89],
  ['sctp', SCTP],
  ['udplite', 136],
]);

const FAMILIES: ReadonlyMap<string, number> = new Map([
  ['ipv4', 4],
  ['ipv6', 6],
]);

/** Number of a state of a protocol, in one: what state ranges are of. */
export const stateNumber = (protocol: number, state: number): number => protocol * 16 + state;

const STATES: ReadonlyMap<string, readonly number[]> = (() => {
  const states = new Map<string, readonly number[]>();
  const add = (name: string, number: number): void => {
    states.set(name, [...(states.get(name) ?? []), number]);
  };
  TCP_STATE_NAMES.forEach((name, i) => {
    add(name, stateNumber(TCP, i));
  });
  SCTP_STATE_NAMES.forEach((name, i) => {
    add(name, stateNumber(SCTP, i));
  });
  add('LISTEN', stateNumber(TCP, TCP_LISTEN));
  return states;
})();

/** Names of status bits, with that of their absence. */
const STATUS_NAMES: readonly (readonly [bit: number, set: string, clear?: string])[] = [
  [Status.SEEN_REPLY, 'SEEN_REPLY', 'UNREPLIED'],
  [Status.ASSURED, 'ASSURED', 'UNASSURED'],
  [Status.EXPECTED, 'EXPECTED', 'UNEXPECTED'],
  [Status.CONFIRMED, 'CONFIRMED', 'UNCONFIRMED'],
  [Status.FIXED_TIMEOUT, 'FIXED_TIMEOUT'],
  [Status.DYING, 'DYING'],
];

const STATUSES: ReadonlyMap<string, { readonly value: number; readonly mask: number }> = (() => {
  const statuses = new Map<string, { value: number; mask: number }>();
  for (const [bit, set, clear] of STATUS_NAMES) {
    statuses.set(set, { value: bit, mask: bit });
    if (clear !== undefined) statuses.set(clear, { value: 0, mask: bit });
  }
  return statuses;
})();

const HELPERS: ReadonlyMap<string, number> = new Map(
  Object.entries(HELPER_NAMES)
    .filter(([, name]) => name !== '')
    .map(([number, name]) => [name, Number(number)]),
);

/** Names that a value of this kind may have; empty where there are only numbers and addresses. */
export function valueNames(kind: FilterKeyInfo['kind']): readonly string[] {
  switch (kind) {
    case 'family':
      return [...FAMILIES.keys()];
    case 'protocol':
      return [...PROTOCOL_NUMBERS.keys()];
    case 'state':
      return [...STATES.keys()];
    case 'status':
      return [...STATUSES.keys()];
    case 'helper':
      return [...HELPERS.keys(), 'none', 'any'];
    case 'master':
      return ['none', 'any'];
    default:
      return [];
  }
}

/**
 * Reads one alternative; several where a name means several things, as ESTABLISHED of TCP and of SCTP.
 *
 * Errors:  null for what the key does not take
 */
export function parseAlternative(key: FilterKeyInfo, text: string): readonly Alternative[] | null {
  switch (key.kind) {
    case 'family':
      return exact(text, FAMILIES.get(text) ?? null);
    case 'protocol':
      return exact(text, PROTOCOL_NUMBERS.get(text.toLowerCase()) ?? decimal(text, PROTOCOL_MAX));
    case 'network':
      return parseNetwork(text);
    case 'number':
      return parseRange(text, (part) => wholeNumber(part, key.max ?? WORD_MAX), key.max ?? WORD_MAX);
    case 'count':
      return parseRange(text, amount, NO_LIMIT);
    case 'duration':
      return parseRange(text, seconds, WORD_MAX);
    case 'state':
      return STATES.get(text)?.map((number) => range(text, number, number)) ?? null;
    case 'status':
      return parseStatus(text);
    case 'mark':
      return parseMark(text);
    case 'helper':
      return parseHelper(text);
    case 'master':
      return parseMaster(text);
  }
}

const range = (text: string, min: number, max: number): RangeAlternative => ({
  kind: 'range',
  text,
  min,
  max,
});

const exact = (text: string, number: number | null): readonly Alternative[] | null =>
  number === null ? null : [range(text, number, number)];

function decimal(text: string, max: number): number | null {
  return /^\d{1,16}$/.test(text) && Number(text) <= max ? Number(text) : null;
}

/** Decimal or, as marks and ids are often written, hexadecimal. */
function wholeNumber(text: string, max: number): number | null {
  if (/^0x[\da-f]{1,8}$/i.test(text) && Number(text) <= max) return Number(text);
  return decimal(text, max);
}

const THOUSANDS: Readonly<Record<string, number>> = { '': 1, k: 1e3, K: 1e3, M: 1e6, G: 1e9 };

function amount(text: string): number | null {
  const [, digits, unit] = /^(\d{1,16})([kKMG]?)$/.exec(text) ?? [];
  if (digits === undefined || unit === undefined) return null;
  const value = Number(digits) * THOUSANDS[unit];
  return value <= NO_LIMIT ? value : null;
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86400 };

function seconds(text: string): number | null {
  if (!/^(?:\d{1,10}|(?:\d{1,10}[smhd])+)$/.test(text)) return null;
  let value = 0;
  for (const [, digits, unit] of text.matchAll(/(\d+)([smhd]?)/g))
    value += Number(digits) * (SECONDS[unit] ?? 1);
  return value <= WORD_MAX ? value : null;
}

/** A number, "a-b", "a-", "-b", or one after >, >=, <, <=. */
function parseRange(
  text: string,
  parse: (part: string) => number | null,
  limit: number,
): readonly Alternative[] | null {
  const [, comparison, rest] = /^(>=|<=|>|<)?(.*)$/s.exec(text) ?? [];
  if (comparison !== undefined) {
    const value = parse(rest);
    if (value === null) return null;
    const [min, max] = limitsOf(comparison, value, limit);
    return [range(text, min, max)];
  }
  const [, low, high] = /^([^-]*)-([^-]*)$/.exec(text) ?? [null, text, text];
  if (low === '' && high === '') return null;
  const min = low === '' ? 0 : parse(low);
  const max = high === '' ? limit : parse(high);
  return min === null || max === null || min > max ? null : [range(text, min, max)];
}

/** `>` of the greatest and `<` of 0 are ranges that nothing lies in. */
function limitsOf(comparison: string, value: number, limit: number): readonly [number, number] {
  switch (comparison) {
    case '>':
      return [value + 1, limit];
    case '>=':
      return [value, limit];
    case '<':
      return [0, value - 1];
    default:
      return [0, value];
  }
}

function parseNetwork(text: string): readonly Alternative[] | null {
  const [, address, length] = /^([^/%]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const words = address === undefined ? null : addressWords(address);
  if (words === null) return null;
  const bits = words.length * 32;
  const prefix = length === undefined ? bits : Number(length);
  if (prefix > bits) return null;
  const mask = words.map((_, i) => prefixMask(prefix - i * 32));
  return [
    {
      kind: 'network',
      text,
      family: words.length === 1 ? 'ipv4' : 'ipv6',
      words: words.map((word, i) => word & mask[i]),
      mask,
      prefix,
    },
  ];
}

/** The mask of a word of which the first `bits` count; a shift by 32 would be one by 0. */
function prefixMask(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? -1 : -1 << (32 - bits);
}

function parseStatus(text: string): readonly Alternative[] | null {
  const bits = STATUSES.get(text.toUpperCase());
  return bits === undefined ? null : [{ kind: 'masked', text, ...bits }];
}

/** As conntrack: bits of the value that lie outside of the mask can never be there. */
function parseMark(text: string): readonly Alternative[] | null {
  const [, valueText, maskText = '0xffffffff'] = /^([^/]+)(?:\/([^/]+))?$/.exec(text) ?? [];
  const value = valueText === undefined ? null : wholeNumber(valueText, WORD_MAX);
  const mask = wholeNumber(maskText, WORD_MAX);
  if (value === null || mask === null) return null;
  return [{ kind: 'masked', text, value: value | 0, mask: mask | 0 }];
}

function parseHelper(text: string): readonly Alternative[] | null {
  if (text === 'none') return [range(text, HelperNumber.NONE, HelperNumber.NONE)];
  if (text === 'any') return [range(text, HelperNumber.NONE + 1, HELPER_MAX)];
  return exact(text, HELPERS.get(text) ?? null);
}

function parseMaster(text: string): readonly Alternative[] | null {
  if (text === 'none') return [range(text, NO_MASTER, NO_MASTER)];
  if (text === 'any') return [range(text, 0, WORD_MAX)];
  return exact(text, wholeNumber(text, WORD_MAX));
}

/**
 * What a person writes to name a connection. Forgiving: the forms of conntrack, ss, tcpdump and
 * Wireshark are understood, parts may be missing, and the order of the endpoints does not matter.
 */
import { isIPv6 } from 'node:net';
import { addressWords } from '../common/address-words.ts';
import { OptionError } from '../common/errors.ts';
import { Kind } from '../shm/bits.ts';
import { Desc } from '../shm/offsets.generated.ts';

/** One side, with null for whatever was not said. */
export interface EndPattern {
  /** One word or four, first on the wire first. */
  readonly address: readonly number[] | null;
  /** Port; for ICMP the id. */
  readonly port: number | null;
}

export interface TuplePattern {
  readonly text: string;
  /** IP protocol number. */
  readonly protocol: number | null;
  readonly zone: number | null;
  readonly ends: readonly [EndPattern, EndPattern];
}

const ANY: EndPattern = { address: null, port: null };
const PORT_MAX = 0xffff;
const PROTOCOL_MAX = 0xff;
const ICMP = 1;
const ICMPV6 = 58;

const PROTOCOLS: ReadonlyMap<string, number> = new Map([
  ['icmp', ICMP],
  ['igmp', 2],
  ['tcp', 6],
  ['udp', 17],
  ['dccp', 33],
  ['gre', 47],
  ['esp', 50],
  ['ah', 51],
  ['icmp6', ICMPV6],
  ['icmpv6', ICMPV6],
  ['ospf', 89],
  ['sctp', 132],
  ['udplite', 136],
]);

export const TUPLE_FORMS =
  'for example 10.0.0.1:1234-10.0.0.2:80, "tcp 10.0.0.1:1234 10.0.0.2:80", "[2001:db8::1]:53", 10.0.0.1, :443, or a line of conntrack';

/** Words without a meaning here, and what may stand between endpoints. */
const FILLERS: ReadonlySet<string> = new Set(['ip', 'ip6', 'host', 'and', 'to', 'proto', 'protocol']);
const SEPARATORS = /<?[-=]+>|<-+|[→←↔⇄<>,;|]|\s-+\s|(?<=[\d\]*])-(?=[\d[*:])/gu;

function fail(text: string, hint: string): never {
  throw new OptionError('TUPLE', text, TUPLE_FORMS, hint);
}

/**
 * Reads the words of a TUPLE.
 *
 * Errors: OptionError that names the forms and the word that was not understood
 */
export function parseTuple(words: readonly string[]): TuplePattern {
  const text = words.join(' ').trim();
  if (text === '') return fail(text, 'It names no connection');
  return /\b(?:src|dst|sport|dport)=/.test(text) ? parseConntrackLine(text) : parseWords(text);
}

/** `tcp 6 431999 ESTABLISHED src=... dst=... sport=... dport=... [...]`: the first tuple counts. */
function parseConntrackLine(text: string): TuplePattern {
  const field = (name: string): string | null => new RegExp(`\\b${name}=([^\\s,]+)`).exec(text)?.[1] ?? null;
  const number = (name: string, max: number): number | null => {
    const value = field(name);
    return value === null ? null : wholeNumber(text, value, max);
  };
  const address = (name: string): readonly number[] | null => {
    const value = field(name);
    return value === null ? null : (addressWords(value) ?? fail(text, `${name}=${value} is no address`));
  };
  const name = text.toLowerCase().match(/\b(?:tcp|udp|udplite|icmp|icmpv6|sctp|gre|dccp)\b/)?.[0];
  const unknown = /\bunknown\s+(\d+)/.exec(text)?.[1];
  const protocol =
    unknown !== undefined ? wholeNumber(text, unknown, PROTOCOL_MAX) : (PROTOCOLS.get(name ?? '') ?? null);
  // conntrack -o id ends its lines in an id too, which is not that of a tuple.
  const isIcmp = protocol === ICMP || protocol === ICMPV6;
  const [first, second] = isIcmp ? ['id', 'id'] : ['sport', 'dport'];
  return checked({
    text,
    protocol,
    zone: number('zone', PORT_MAX),
    ends: [
      { address: address('src'), port: number(first, PORT_MAX) },
      { address: address('dst'), port: number(second, PORT_MAX) },
    ],
  });
}

function parseWords(text: string): TuplePattern {
  const words = text
    .toLowerCase()
    .replace(/udp-lite/g, 'udplite')
    .replace(/ipv6-icmp/g, 'icmpv6')
    .replace(SEPARATORS, ' ')
    .replace(/:(?=\s|$)/g, ' ')
    .split(/\s+/)
    .filter((word) => word !== '' && !FILLERS.has(word));
  const ends: EndPattern[] = [];
  let protocol: number | null = null;
  let zone: number | null = null;

  /** A port said apart from its address. */
  function addPort(port: number): void {
    const last = ends.at(-1);
    if (last === undefined || last.port !== null) ends.push({ address: null, port });
    else ends[ends.length - 1] = { ...last, port };
  }

  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    const next = words[i + 1] ?? '';
    const assigned = /^zone=(.*)$/.exec(word)?.[1];
    const named = PROTOCOLS.get(word);
    if (named !== undefined) protocol = named;
    else if (assigned !== undefined) zone = wholeNumber(text, assigned, PORT_MAX);
    else if (word === 'zone') zone = wholeNumber(text, words[++i] ?? '', PORT_MAX);
    else if (word === 'port' || word === 'id') addPort(wholeNumber(text, words[++i] ?? '', PORT_MAX));
    else if (/^\d+$/.test(word)) {
      // Before any endpoint it is a protocol (`50 10.0.0.1`), after one its port.
      if (ends.length > 0) addPort(wholeNumber(text, word, PORT_MAX));
      else if (protocol === null && next !== '') protocol = wholeNumber(text, word, PROTOCOL_MAX);
      else if (protocol !== null && next !== '') continue;
      else fail(text, `A port alone is written :${word}`);
    } else ends.push(endOf(text, word));
  }
  if (ends.length > 2)
    return fail(text, `There are ${ends.length} endpoints in it, and a connection has two`);
  return checked({ text, protocol, zone, ends: [ends[0] ?? ANY, ends[1] ?? ANY] });
}

/** One endpoint: address, address and port, or port. */
function endOf(text: string, word: string): EndPattern {
  const bracketed = /^\[([^\]]+)\](?:[:.](\d+|\*))?$/.exec(word);
  const dotted = /^(\d+\.\d+\.\d+\.\d+)(?:[:.](\d+|\*))?$/.exec(word);
  const wildcard = /^(?:\*|any)?(?::(\d+|\*))?$/.exec(word);
  const [, address, port] = bracketed ?? dotted ?? [];
  if (address !== undefined) {
    const words = addressWords(address);
    if (words === null) return fail(text, `${address} is no address`);
    return { address: words, port: portOf(text, port) };
  }
  if (wildcard !== null) return { address: null, port: portOf(text, wildcard[1]) };
  if (isIPv6(word)) return { address: addressWords(word), port: null };
  // As tcpdump writes it: the port behind a dot.
  const tail = /^(.*)[.#](\d+)$/.exec(word);
  if (tail !== null && isIPv6(tail[1]))
    return { address: addressWords(tail[1]), port: portOf(text, tail[2]) };
  return fail(text, `"${word}" is neither an address, with or without a port, nor a protocol`);
}

const portOf = (text: string, port: string | undefined): number | null =>
  port === undefined || port === '*' ? null : wholeNumber(text, port, PORT_MAX);

function wholeNumber(text: string, word: string, max: number): number {
  if (!/^\d{1,9}$/.test(word) || Number(word) > max)
    return fail(text, `"${word}" is no whole number from 0 to ${max}`);
  return Number(word);
}

function checked(pattern: TuplePattern): TuplePattern {
  const { text, protocol, zone, ends } = pattern;
  const [a, b] = ends;
  if (a.address !== null && b.address !== null && a.address.length !== b.address.length)
    return fail(text, 'One address is IPv4 and the other IPv6');
  const isEmpty = (end: EndPattern): boolean => end.address === null && end.port === null;
  if (protocol === null && zone === null && isEmpty(a) && isEmpty(b))
    return fail(text, 'It names no connection');
  return pattern;
}

function endMatches(end: EndPattern, desc: Int32Array, high: boolean, port: number): boolean {
  if (end.port !== null && end.port !== port) return false;
  const { address } = end;
  if (address === null) return true;
  const isIpv6 = (desc[Desc.KIND] & Kind.IPV6) !== 0;
  if (isIpv6 !== (address.length === 4)) return false;
  if (address[0] !== desc[high ? Desc.HI0 : Desc.LO0]) return false;
  const rest = high ? Desc.HI1 : Desc.LO1;
  return address.slice(1).every((word, i) => word === desc[rest + i]);
}

/** Whether a descriptor's tuple is one that the pattern means, in whichever direction. */
export function matchesTuple(pattern: TuplePattern, desc: Int32Array): boolean {
  const kind = desc[Desc.KIND];
  const protocol = kind & Kind.PROTOCOL_MASK;
  if (pattern.protocol !== null && pattern.protocol !== protocol) return false;
  if (pattern.zone !== null && pattern.zone !== kind >>> Kind.ZONE_SHIFT) return false;
  const l4 = desc[Desc.L4];
  const low = l4 >>> 16;
  const high = protocol === ICMP || protocol === ICMPV6 ? low : l4 & 0xffff;
  const [a, b] = pattern.ends;
  return (
    (endMatches(a, desc, false, low) && endMatches(b, desc, true, high)) ||
    (endMatches(b, desc, false, low) && endMatches(a, desc, true, high))
  );
}

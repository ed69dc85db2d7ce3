/** What all forms read of an entry in the same way: its directions, and numbers by which pieces are chosen. */
import { GRE_STREAM_TIMEOUT, GRE_TIMEOUT } from '../../conntrack/protocols/others.ts';
import { Kind, Status } from '../../shm/bits.ts';
import { connectionId } from '../../shm/identity.ts';
import { Cold, Hot } from '../../shm/offsets.generated.ts';
import { invertL4, remainingS, transport } from '../entry-view.ts';
import { putIpv4, putIpv6, putIpv6Full } from './addresses.ts';
import { putCounter, putHex16, putPort, putWord } from './numbers.ts';
import { type Piece, put, putCopy } from './pieces.ts';

/** Words of an entry as it is copied: Hot, then Cold. */
export const ENTRY_WORDS: number = Hot.WORDS + Cold.WORDS;

const TCP = 6;
const GRE = 47;
const SCTP = 132;

/** The original direction, or the reply. */
export enum Dir {
  ORIGINAL = 0,
  REPLY = 1,
}

/** What stands in front of, and behind, the fields of the transport part. */
export interface TransportPieces {
  /** Ports: before the first, before the second, at the end. */
  readonly ports: readonly [Piece, Piece, Piece];
  /** ICMP: before type, code and id, at the end; null where they are left out. */
  readonly icmp: readonly [Piece, Piece, Piece, Piece] | null;
  /** GRE keys. */
  readonly keys: readonly [Piece, Piece, Piece];
  readonly keysInHex: boolean;
  /** Instead of all that where there is no transport part. */
  readonly none: Piece;
}

enum TransportKind {
  NONE = 0,
  PORTS = 1,
  ICMP = 2,
  KEYS = 3,
}

/** By protocol. */
const TRANSPORT = new Uint8Array(256);
for (let protocol = 0; protocol < TRANSPORT.length; protocol++) TRANSPORT[protocol] = transportKind(protocol);

function transportKind(protocol: number): TransportKind {
  const fields = transport(protocol, 0);
  if (fields.sport !== undefined) return TransportKind.PORTS;
  if (fields.type !== undefined) return TransportKind.ICMP;
  return fields.srckey !== undefined ? TransportKind.KEYS : TransportKind.NONE;
}

/** IPv4, with ports. */
export const isUsual = (kind: number): boolean =>
  (kind & Kind.IPV6) === 0 && TRANSPORT[kind & Kind.PROTOCOL_MASK] === TransportKind.PORTS;

/** Numbers of protocol and family together: the low bits of Hot.KIND. */
export const KINDS = 0x200;
export const kindNumber = (kind: number): number => kind & (KINDS - 1);
export const familyOf = (kind: number): 'ipv4' | 'ipv6' => ((kind & Kind.IPV6) !== 0 ? 'ipv6' : 'ipv4');

/** States of TCP, of SCTP, and none. */
export const STATES = 33;
const SCTP_STATES = 16;
const NO_STATE = 32;

/** The number of a state among those of all protocols. */
export function stateNumber(kind: number, status: number): number {
  const protocol = kind & Kind.PROTOCOL_MASK;
  const state = (status & Status.STATE_MASK) >>> Status.STATE_SHIFT;
  return protocol === TCP ? state : protocol === SCTP ? SCTP_STATES + state : NO_STATE;
}

/** Calls with the protocol and the state of a number; null for none. */
export function ofState<T>(n: number, make: (protocol: number, state: number) => T): T | null {
  if (n === NO_STATE) return null;
  return n < SCTP_STATES ? make(TCP, n) : make(SCTP, n - SCTP_STATES);
}

export const idOf = (words: Int32Array, at: number): number =>
  connectionId(words, at, words, at + Hot.WORDS) | 0;

export const timeoutOf = (words: Int32Array, at: number, tickMs: number): number =>
  remainingS(words[at + Hot.DEADLINE], tickMs);

export const isGre = (kind: number): boolean => (kind & Kind.PROTOCOL_MASK) === GRE;
/** Whole seconds, of a GRE connection. */
export const greTimeoutS = (words: Int32Array, at: number): number => wholeS(words[at + GRE_TIMEOUT]);
export const greStreamTimeoutS = (words: Int32Array, at: number): number =>
  wholeS(words[at + GRE_STREAM_TIMEOUT]);
const wholeS = (ms: number): number => (ms / 1000) | 0;

/** Whether the source of a direction is the higher endpoint. */
function startsHigh(words: Int32Array, at: number, dir: Dir): boolean {
  return ((words[at + Hot.STATUS] >>> Status.FROM_HI_SHIFT) & 1) !== dir;
}

/**
 * Source, a piece, destination; the original direction first, the reply into the same line. `full`: IPv6
 * addresses with all zeros.
 */
export function putAddresses(
  view: DataView,
  p: number,
  words: Int32Array,
  at: number,
  dir: Dir,
  between: Piece,
  full: boolean,
): number {
  const high = startsHigh(words, at, dir);
  if ((words[at + Hot.KIND] & Kind.IPV6) === 0) {
    const src = put(view, putIpv4(view, p, words[at + (high ? Hot.HI0 : Hot.LO0)]), between);
    return putIpv4(view, src, words[at + (high ? Hot.LO0 : Hot.HI0)]);
  }
  if (dir === Dir.REPLY) return putLongBack(view, p, between);
  longSrc = p;
  longSrcEnd = putLong(view, p, words, at, high, full);
  longDst = put(view, longSrcEnd, between);
  longDstEnd = putLong(view, longDst, words, at, !high, full);
  return longDstEnd;
}

/** Where the IPv6 addresses of the original direction lie that were written last: the reply has the same. */
let longSrc = 0;
let longSrcEnd = 0;
let longDst = 0;
let longDstEnd = 0;

function putLongBack(view: DataView, p: number, between: Piece): number {
  const src = put(view, putCopy(view, p, longDst, longDstEnd - longDst), between);
  return putCopy(view, src, longSrc, longSrcEnd - longSrc);
}

function putLong(
  view: DataView,
  p: number,
  words: Int32Array,
  at: number,
  high: boolean,
  full: boolean,
): number {
  const w0 = words[at + (high ? Hot.HI0 : Hot.LO0)];
  const rest = at + Hot.WORDS + (high ? Cold.HI1 : Cold.LO1);
  return full
    ? putIpv6Full(view, p, w0, words[rest], words[rest + 1], words[rest + 2])
    : putIpv6(view, p, w0, words[rest], words[rest + 1], words[rest + 2]);
}

/** L4 as the source of a direction sees it. */
function l4Of(words: Int32Array, at: number, dir: Dir, protocol: number): number {
  const low = words[at + Hot.L4];
  const fromHi = (words[at + Hot.STATUS] & Status.FROM_HI) !== 0;
  const original = fromHi ? invertL4(protocol, low) : low;
  return dir === Dir.ORIGINAL ? original : invertL4(protocol, original);
}

export function putTransport(
  view: DataView,
  p: number,
  words: Int32Array,
  at: number,
  dir: Dir,
  form: TransportPieces,
): number {
  const protocol = words[at + Hot.KIND] & Kind.PROTOCOL_MASK;
  const kind = TRANSPORT[protocol];
  if (kind === TransportKind.PORTS) {
    const l4 = words[at + Hot.L4];
    const shift = startsHigh(words, at, dir) ? 16 : 0;
    const src = putPort(view, put(view, p, form.ports[0]), (l4 >>> (16 - shift)) & 0xffff);
    return put(view, putPort(view, put(view, src, form.ports[1]), (l4 >>> shift) & 0xffff), form.ports[2]);
  }
  if (kind === TransportKind.NONE) return put(view, p, form.none);
  const l4 = l4Of(words, at, dir, protocol);
  if (kind === TransportKind.KEYS) return putKeys(view, p, l4, form);
  const { icmp } = form;
  if (icmp === null) return put(view, p, form.none);
  const type = putWord(view, put(view, p, icmp[0]), (l4 >>> 8) & 0xff);
  const code = putWord(view, put(view, type, icmp[1]), l4 & 0xff);
  return put(view, putWord(view, put(view, code, icmp[2]), l4 >>> 16), icmp[3]);
}

function putKeys(view: DataView, p: number, l4: number, { keys, keysInHex }: TransportPieces): number {
  const putKey = keysInHex ? putHex16 : putWord;
  const src = putKey(view, put(view, p, keys[0]), l4 >>> 16);
  return put(view, putKey(view, put(view, src, keys[1]), l4 & 0xffff), keys[2]);
}

/** Whether the entry has counters at all. */
export const isCounted = (status: number): boolean => (status & Status.COUNTED) !== 0;

/** Packets and bytes of a direction, each behind its piece. */
export function putCounters(
  view: DataView,
  p: number,
  words: Int32Array,
  at: number,
  dir: Dir,
  packets: Piece,
  bytes: Piece,
): number {
  const counters = at + (dir === Dir.ORIGINAL ? Hot.PACKETS_ORIG : Hot.PACKETS_REPLY);
  const q = putCounter(view, put(view, p, packets), words, counters);
  return putCounter(view, put(view, q, bytes), words, counters + 2);
}

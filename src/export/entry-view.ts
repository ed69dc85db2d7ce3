/** Decodes the words of an entry into a Connection. */
import { HELPER_NAMES, HelperNumber } from '../common/helpers.ts';
import { GRE_STREAM_TIMEOUT, GRE_TIMEOUT } from '../conntrack/protocols/others.ts';
import { ICMP_INVERSE, ICMPV6_INVERSE } from '../packet/icmp-types.ts';
import { EndCode, Kind, Status } from '../shm/bits.ts';
import { connectionId } from '../shm/identity.ts';
import { Cold, Hot } from '../shm/offsets.generated.ts';
import { ipv4Text, ipv6Text } from './addresses.ts';
import type { Connection, Direction, EndReason, GreTimeouts, Halves, Tuple } from './connection.ts';
import { protocolName, SCTP_STATE_NAMES, TCP_STATE_NAMES } from './names.ts';

const NS_PER_SEC = 1_000_000_000n;

/** Nanoseconds since 1970 from an unsigned second and a nanosecond. */
export const timeNs = (sec: number, nsec: number): bigint => BigInt(sec >>> 0) * NS_PER_SEC + BigInt(nsec);

export const END_REASONS: Readonly<Record<EndCode, EndReason>> = {
  [EndCode.TIMEOUT]: 'timeout',
  [EndCode.RESET]: 'reset',
  [EndCode.REOPENED]: 'reopened',
  [EndCode.EVICTED]: 'evicted',
  [EndCode.END_OF_CAPTURE]: 'end of capture',
  [EndCode.KILLED]: 'helper',
  [EndCode.DELETED]: 'deleted',
};

const IP_PROTOCOL_ICMP = 1;
const IP_PROTOCOL_TCP = 6;
const IP_PROTOCOL_GRE = 47;
const IP_PROTOCOL_ICMPV6 = 58;
const IP_PROTOCOL_SCTP = 132;
const PORT_PROTOCOLS: ReadonlySet<number> = new Set([6, 17, 132, 136]);

/** Where an entry lies: in a shard's slabs, or in a report. */
export interface EntryWords {
  readonly hot: Int32Array;
  readonly h: number;
  readonly cold: Int32Array;
  readonly c: number;
}

function addressText(words: EntryWords, isIpv6: boolean, high: boolean): string {
  const { hot, h, cold, c } = words;
  const first = hot[h + (high ? Hot.HI0 : Hot.LO0)];
  if (!isIpv6) return ipv4Text(first);
  const rest = c + (high ? Cold.HI1 : Cold.LO1);
  return ipv6Text(first, cold[rest], cold[rest + 1], cold[rest + 2]);
}

/** The transport part of a tuple from L4 as its source sees it. */
export function transport(protocol: number, l4: number): Omit<Tuple, 'src' | 'dst'> {
  if (PORT_PROTOCOLS.has(protocol)) return { sport: l4 >>> 16, dport: l4 & 0xffff };
  if (protocol === IP_PROTOCOL_ICMP || protocol === IP_PROTOCOL_ICMPV6) {
    return { type: (l4 >>> 8) & 0xff, code: l4 & 0xff, id: l4 >>> 16 };
  }
  if (protocol === IP_PROTOCOL_GRE) return { srckey: l4 >>> 16, dstkey: l4 & 0xffff };
  return {};
}

/** L4 as the other endpoint sees it. */
export function invertL4(protocol: number, l4: number): number {
  if (protocol === IP_PROTOCOL_ICMP) return (l4 & ~0xff00) | (ICMP_INVERSE[(l4 >>> 8) & 0xff] << 8);
  if (protocol === IP_PROTOCOL_ICMPV6) return (l4 & ~0xff00) | (ICMPV6_INVERSE[(l4 >>> 8) & 0xff] << 8);
  return (l4 << 16) | (l4 >>> 16);
}

/** Name of the state number of a protocol; null for a protocol without states. */
export function stateName(protocol: number, state: number): string | null {
  if (protocol === IP_PROTOCOL_TCP) return TCP_STATE_NAMES[state];
  return protocol === IP_PROTOCOL_SCTP ? SCTP_STATE_NAMES[state] : null;
}

function greTimeouts({ hot, h }: EntryWords): GreTimeouts {
  const timeoutS = Math.floor(hot[h + GRE_TIMEOUT] / 1000);
  return { timeoutS, streamTimeoutS: Math.floor(hot[h + GRE_STREAM_TIMEOUT] / 1000) };
}

/** Counters are f64 in the same memory; a report may start at an odd multiple of 4 bytes, so bytes are copied. */
const scratchWords = new Int32Array(2);
const scratchF64 = new Float64Array(scratchWords.buffer);
function readF64(hot: Int32Array, at: number): number {
  scratchWords[0] = hot[at];
  scratchWords[1] = hot[at + 1];
  return scratchF64[0];
}

function direction(words: EntryWords, tuple: Tuple, firstCounter: number): Direction {
  if ((words.hot[words.h + Hot.STATUS] & Status.COUNTED) === 0) return tuple;
  const at = words.h + firstCounter;
  return { ...tuple, packets: readF64(words.hot, at), bytes: readF64(words.hot, at + 2) };
}

/** Which directions were seen, by Hot.STATUS. */
export function halvesOf(status: number): Halves {
  if ((status & (Status.SEEN_REPLY | Status.REFUSED)) === 0) return 'original';
  return (status & Status.ORIGINAL_UNSEEN) !== 0 ? 'reply' : 'both';
}

/** Whole seconds until a deadline, 0 when it is past. Units: ticks */
export function remainingS(deadlineMs: number, tickMs: number): number {
  const remainingMs = (deadlineMs - tickMs) | 0;
  return remainingMs > 0 ? (remainingMs / 1000) | 0 : 0;
}

/**
 * Shapes:  words as in Hot and Cold
 * Units:   `tickMs` is the shard's clock at the moment for which the remaining timeout is wanted
 */
export function connectionOf(words: EntryWords, tickMs: number, end: Connection['end']): Connection {
  const { hot, h, cold, c } = words;
  const kind = hot[h + Hot.KIND];
  const status = hot[h + Hot.STATUS];
  const protocol = kind & Kind.PROTOCOL_MASK;
  const isIpv6 = (kind & Kind.IPV6) !== 0;
  const fromHi = (status & Status.FROM_HI) !== 0;
  const src = addressText(words, isIpv6, fromHi);
  const dst = addressText(words, isIpv6, !fromHi);
  const lowL4 = hot[h + Hot.L4];
  const originalL4 = fromHi ? invertL4(protocol, lowL4) : lowL4;
  const original: Tuple = { src, dst, ...transport(protocol, originalL4) };
  const reply: Tuple = { src: dst, dst: src, ...transport(protocol, invertL4(protocol, originalL4)) };
  const state = (status & Status.STATE_MASK) >>> Status.STATE_SHIFT;
  const helper: HelperNumber = (status & Status.HELPER_MASK) >>> Status.HELPER_SHIFT;
  return {
    id: connectionId(hot, h, cold, c),
    family: isIpv6 ? 'ipv6' : 'ipv4',
    protocol,
    protocolName: protocolName(protocol),
    original: direction(words, original, Hot.PACKETS_ORIG),
    reply: direction(words, reply, Hot.PACKETS_REPLY),
    state: stateName(protocol, state),
    ...(protocol === IP_PROTOCOL_GRE ? { greTimeouts: greTimeouts(words) } : {}),
    status: status & Status.KERNEL_MASK,
    helper: helper === HelperNumber.NONE ? null : HELPER_NAMES[helper],
    master: (status & Status.EXPECTED) === 0 ? null : cold[c + Cold.MASTER] >>> 0,
    expected: 0,
    halves: halvesOf(status),
    zone: kind >>> Kind.ZONE_SHIFT,
    mark: hot[h + Hot.MARK] >>> 0,
    timeoutS: remainingS(hot[h + Hot.DEADLINE], tickMs),
    startNs: timeNs(cold[c + Cold.START_SEC], cold[c + Cold.START_NSEC]),
    lastNs: timeNs(hot[h + Hot.LAST_SEC], hot[h + Hot.LAST_NSEC]),
    end,
  };
}

/** Tells each master how many of the connections it foretold. */
export function withExpected(connections: readonly Connection[]): Connection[] {
  const counts = new Map<number, number>();
  for (const { master } of connections)
    if (master !== null) counts.set(master, (counts.get(master) ?? 0) + 1);
  if (counts.size === 0) return [...connections];
  return connections.map((c) => ({ ...c, expected: counts.get(c.id) ?? 0 }));
}

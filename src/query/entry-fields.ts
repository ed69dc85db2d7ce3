/** Numbers in an entry that tests and sort keys look at, read from its words. */
import { ICMP_INVERSE, ICMPV6_INVERSE } from '../packet/icmp-types.ts';
import { Kind, Status } from '../shm/bits.ts';
import { Cold, Hot } from '../shm/offsets.generated.ts';

/** What a field is where an entry has none: in no range of unsigned numbers. */
export const ABSENT = -1;

const ICMP = 1;
const TCP = 6;
const UDP = 17;
const GRE = 47;
const ICMPV6 = 58;
const SCTP = 132;
const UDPLITE = 136;
const NS_PER_MS = 1_000_000;

/** A report may start at an odd multiple of 4 bytes, and so do copies: an f64 is put together from its words. */
const scratchWords = new Int32Array(2);
const scratchF64 = new Float64Array(scratchWords.buffer);

/**
 * A counter, or the sum of the counters of both directions; ABSENT without accounting.
 *
 * Shapes:  `hotF64` is the memory of `hot` where `h` is even and it is aligned, as in a segment; else null
 * Cost:    no allocation
 */
export function counterOf(hot: Int32Array, hotF64: Float64Array | null, h: number, field: number): number {
  if ((hot[h + Hot.STATUS] & Status.COUNTED) === 0) return ABSENT;
  if (hotF64 !== null) return hotF64[(h + field) >>> 1];
  scratchWords[0] = hot[h + field];
  scratchWords[1] = hot[h + field + 1];
  return scratchF64[0];
}

/** Of both directions; ABSENT without accounting. */
export function bytesOf(hot: Int32Array, hotF64: Float64Array | null, h: number): number {
  if ((hot[h + Hot.STATUS] & Status.COUNTED) === 0) return ABSENT;
  return counterOf(hot, hotF64, h, Hot.BYTES_ORIG) + counterOf(hot, hotF64, h, Hot.BYTES_REPLY);
}

/** Of both directions; ABSENT without accounting. */
export function packetsOf(hot: Int32Array, hotF64: Float64Array | null, h: number): number {
  if ((hot[h + Hot.STATUS] & Status.COUNTED) === 0) return ABSENT;
  return counterOf(hot, hotF64, h, Hot.PACKETS_ORIG) + counterOf(hot, hotF64, h, Hot.PACKETS_REPLY);
}

/** Greater for older connections, and the same at any time: minus the time of the first packet, ms since 1970. */
export function oldnessOf(cold: Int32Array, c: number): number {
  const ms = Math.floor((cold[c + Cold.START_NSEC] >>> 0) / NS_PER_MS);
  return -((cold[c + Cold.START_SEC] >>> 0) * 1000 + ms);
}

/**
 * Whole seconds from a time to now; 0 for a time that lies ahead.
 *
 * Units:   `nowMs` is a tick: ms since 1970, modulo 2^32; `nowSec` the second that it lies in
 */
export function secondsSince(sec: number, nsec: number, nowMs: number, nowSec: number): number {
  const seconds = (nowSec >>> 0) - (sec >>> 0);
  const msOfSecond = (nowMs - Math.imul(nowSec, 1000)) | 0;
  const whole = msOfSecond * NS_PER_MS < nsec ? seconds - 1 : seconds;
  return Math.max(whole, 0);
}

/** Whole seconds until the deadline; 0 when it is past. */
export function timeoutOf(hot: Int32Array, h: number, nowMs: number): number {
  const ms = (hot[h + Hot.DEADLINE] - nowMs) | 0;
  return ms > 0 ? Math.floor(ms / 1000) : 0;
}

const hasPorts = (protocol: number): boolean =>
  protocol === TCP || protocol === UDP || protocol === SCTP || protocol === UDPLITE;

/** The half of L4 that belongs to the source (or the destination) of the original direction. */
function halfOf(l4: number, status: number, ofSource: boolean): number {
  return ((status & Status.FROM_HI) === 0) === ofSource ? l4 >>> 16 : l4 & 0xffff;
}

/** A port of the original direction; ABSENT for protocols without. */
export function portOf(l4: number, kind: number, status: number, ofSource: boolean): number {
  return hasPorts(kind & Kind.PROTOCOL_MASK) ? halfOf(l4, status, ofSource) : ABSENT;
}

/** A GRE key of the original direction; ABSENT for other protocols. */
export function greKeyOf(l4: number, kind: number, status: number, ofSource: boolean): number {
  return (kind & Kind.PROTOCOL_MASK) === GRE ? halfOf(l4, status, ofSource) : ABSENT;
}

export const isIcmp = (kind: number): boolean => {
  const protocol = kind & Kind.PROTOCOL_MASK;
  return protocol === ICMP || protocol === ICMPV6;
};

/** ICMP type of the original direction; ABSENT for other protocols. */
export function icmpTypeOf(l4: number, kind: number, status: number): number {
  if (!isIcmp(kind)) return ABSENT;
  const type = (l4 >>> 8) & 0xff;
  if ((status & Status.FROM_HI) === 0) return type;
  return (kind & Kind.PROTOCOL_MASK) === ICMP ? ICMP_INVERSE[type] : ICMPV6_INVERSE[type];
}

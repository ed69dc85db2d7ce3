/**
 * One direction of the usual connection in a line of text: IPv4, with ports. It does what ./entry.ts does for all
 * connections, without asking what kind of connection it is; most lines of a dump come through here.
 */
import { Status } from '../../shm/bits.ts';
import { Hot } from '../../shm/offsets.generated.ts';
import { putIpv4 } from './addresses.ts';
import type { Dir } from './entry.ts';
import { putCounter, putPort } from './numbers.ts';
import { piece } from './pieces.ts';

/** Each of at most eight characters: stored as a number, and `p` moved on by its length. */
const DST = piece(' dst=').first;
const SPORT = piece(' sport=').first;
const DPORT = piece(' dport=').first;
const PACKETS = piece(' packets').first;
const EQUALS = '='.charCodeAt(0);
const BYTES = piece(' bytes=').first;

/** From the source address to the ports, or to the counters. */
export function putUsualDirection(
  view: DataView,
  p: number,
  words: Int32Array,
  at: number,
  dir: Dir,
  withCounters: boolean,
): number {
  const fromHi = (words[at + Hot.STATUS] >>> Status.FROM_HI_SHIFT) & 1;
  const isHigh = (fromHi ^ dir) !== 0;
  const lo = words[at + Hot.LO0];
  const hi = words[at + Hot.HI0];
  const l4 = words[at + Hot.L4];
  let q = putIpv4(view, p, isHigh ? hi : lo);
  view.setFloat64(q, DST, true);
  q = putIpv4(view, q + 5, isHigh ? lo : hi);
  view.setFloat64(q, SPORT, true);
  q = putPort(view, q + 7, isHigh ? l4 & 0xffff : l4 >>> 16);
  view.setFloat64(q, DPORT, true);
  q = putPort(view, q + 7, isHigh ? l4 >>> 16 : l4 & 0xffff);
  if (!withCounters) return q;
  const counters = at + (dir === 0 ? Hot.PACKETS_ORIG : Hot.PACKETS_REPLY);
  view.setFloat64(q, PACKETS, true);
  view.setUint8(q + 8, EQUALS);
  q = putCounter(view, q + 9, words, counters);
  view.setFloat64(q, BYTES, true);
  return putCounter(view, q + 7, words, counters + 2);
}

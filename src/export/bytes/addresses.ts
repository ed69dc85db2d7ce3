/**
 * Addresses as bytes, in the forms of ../addresses.ts. All functions write at `p` and return where the address ends;
 * they need OVERSHOOT bytes of room behind.
 */
import { charsOf, putHex16, putHex16Padded } from './numbers.ts';

const COLON = 0x3a;
const LENGTH_SHIFT = 3;

/** By octet: its digits and a point, the first in the lowest byte. */
const OCTET = new Uint32Array(256);
/** By octet: how many characters that are. */
const OCTET_LENGTH = new Uint8Array(256);
for (let n = 0; n < OCTET.length; n++) {
  const text = `${n}.`;
  OCTET[n] = charsOf(text);
  OCTET_LENGTH[n] = text.length;
}

/** By bits, bit i for a zero group i: the run that is left out as start << 3 | length - 1, or NO_RUN. */
const NO_RUN = 0xff;
const ZERO_RUN = new Uint8Array(256);
for (let bits = 0; bits < ZERO_RUN.length; bits++) ZERO_RUN[bits] = longestRun(bits);

/** The first of the longest runs; one zero group alone is none (RFC 5952 4.2.2). */
function longestRun(bits: number): number {
  let best = NO_RUN;
  let bestLength = 1;
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && (bits & (1 << (start + length))) !== 0) length++;
    if (length > bestLength) {
      bestLength = length;
      best = (start << LENGTH_SHIFT) | (length - 1);
    }
  }
  return best;
}

/** As ipv4Text. */
export function putIpv4(view: DataView, p: number, word: number): number {
  const first = word >>> 24;
  view.setUint32(p, OCTET[first], true);
  const second = (word >>> 16) & 0xff;
  const p1 = p + OCTET_LENGTH[first];
  view.setUint32(p1, OCTET[second], true);
  const third = (word >>> 8) & 0xff;
  const p2 = p1 + OCTET_LENGTH[second];
  view.setUint32(p2, OCTET[third], true);
  const fourth = word & 0xff;
  const p3 = p2 + OCTET_LENGTH[third];
  view.setUint32(p3, OCTET[fourth], true);
  // The point behind the last one is written over.
  return p3 + OCTET_LENGTH[fourth] - 1;
}

const groups = new Uint16Array(8);

/** As ipv6Text. */
export function putIpv6(view: DataView, p: number, w0: number, w1: number, w2: number, w3: number): number {
  if (w0 === 0 && w1 === 0 && (w2 === 0xffff || (w2 === 0 && w3 >>> 16 !== 0)))
    return putDotted(view, p, w2, w3);
  const zeros = split(0, w0) | split(2, w1) | split(4, w2) | split(6, w3);
  const run = ZERO_RUN[zeros];
  if (run === NO_RUN) return putGroups(view, p, 0, 8) - 1;
  const start = run >>> LENGTH_SHIFT;
  const end = start + (run & 7) + 1;
  // Each group but the last is followed by a colon; in front of the run that is one of its two.
  let q = putGroups(view, p, 0, start);
  if (start === 0) q = putColon(view, q);
  if (end === 8) return putColon(view, q);
  return putGroups(view, putColon(view, q), end, 8) - 1;
}

/** As ipv6FullText. */
export function putIpv6Full(
  view: DataView,
  p: number,
  w0: number,
  w1: number,
  w2: number,
  w3: number,
): number {
  const p1 = putColon(view, putFullWord(view, p, w0));
  const p2 = putColon(view, putFullWord(view, p1, w1));
  return putFullWord(view, putColon(view, putFullWord(view, p2, w2)), w3);
}

function putFullWord(view: DataView, p: number, word: number): number {
  return putHex16Padded(view, putColon(view, putHex16Padded(view, p, word >>> 16)), word & 0xffff);
}

/** An IPv6 address that ends in an IPv4 address. */
function putDotted(view: DataView, p: number, w2: number, w3: number): number {
  const colons = putColon(view, putColon(view, p));
  return putIpv4(view, w2 === 0 ? colons : putColon(view, putHex16(view, colons, w2)), w3);
}

/** Keeps two groups; returns the bits of those that are zero. */
function split(first: number, word: number): number {
  const high = word >>> 16;
  const low = word & 0xffff;
  groups[first] = high;
  groups[first + 1] = low;
  return ((high === 0 ? 1 : 0) | (low === 0 ? 2 : 0)) << first;
}

/** Groups, each with a colon behind it. */
function putGroups(view: DataView, p: number, from: number, to: number): number {
  let q = p;
  for (let i = from; i < to; i++) q = putColon(view, putHex16(view, q, groups[i]));
  return q;
}

function putColon(view: DataView, p: number): number {
  view.setUint8(p, COLON);
  return p + 1;
}

/**
 * Addresses as SIP and SDP write them, of the family that the connection has; a name or an address of
 * the other family is none.
 *
 * Source: RFC 3261 25.1 (IPv4address, IPv6reference), RFC 4291 2.2
 */
import { hexValue } from '../addresses.ts';
import { isDigit } from '../text.ts';

const DOT = 46;
const COLON = 58;
const OPEN = 91;
const CLOSE = 93;

/**
 * Four numbers up to 255, leading zeroes allowed. A letter from a to f behind them spoils the address,
 * any other byte ends it.
 *
 * Shapes:  writes out[0], and zeroes behind it
 * Units:   returns where the address ends, -1 for none
 */
function parseDotted(bytes: Uint8Array, at: number, end: number, out: Int32Array): number {
  let address = 0;
  let i = at;
  for (let part = 0; part < 4; part++) {
    const first = i;
    let value = 0;
    for (; i < end && isDigit(bytes[i]); i++) {
      value = value * 10 + bytes[i] - 48;
      if (value > 255) return -1;
    }
    if (i === first) return -1;
    address = (address << 8) | value;
    if (part < 3 && (i >= end || bytes[i++] !== DOT)) return -1;
  }
  if (i < end && (bytes[i] === DOT || hexValue(bytes[i]) >= 0)) return -1;
  out.fill(0);
  out[0] = address;
  return i;
}

const GROUPS = 8;
const groups = new Uint16Array(GROUPS);
const tail = new Int32Array(1);

const isColon = (bytes: Uint8Array, at: number, end: number): boolean => at < end && bytes[at] === COLON;

/** As parseDotted. Groups may have any number of leading zeroes. */
function parseGroups(bytes: Uint8Array, at: number, end: number, out: Int32Array): number {
  let count = 0;
  let gap = -1;
  let i = at;
  if (isColon(bytes, i, end)) {
    if (!isColon(bytes, i + 1, end)) return -1;
    gap = 0;
    i += 2;
  }
  while (i < end && hexValue(bytes[i]) >= 0) {
    if (count === GROUPS) return -1;
    const first = i;
    let value = 0;
    for (; i < end && hexValue(bytes[i]) >= 0; i++) {
      if (value > 0xfff) return -1;
      value = (value << 4) | hexValue(bytes[i]);
    }
    if (i < end && bytes[i] === DOT) {
      if (count > GROUPS - 2) return -1;
      i = parseDotted(bytes, first, end, tail);
      if (i < 0) return -1;
      groups[count++] = tail[0] >>> 16;
      groups[count++] = tail[0] & 0xffff;
      return expand(count, gap, out) ? i : -1;
    }
    groups[count++] = value;
    if (!isColon(bytes, i, end)) break;
    i++;
    if (isColon(bytes, i, end)) {
      if (gap >= 0) return -1;
      gap = count;
      i++;
    } else if (i >= end || hexValue(bytes[i]) < 0) {
      return -1;
    }
  }
  if (i < end && (bytes[i] === COLON || bytes[i] === DOT)) return -1;
  return expand(count, gap, out) ? i : -1;
}

/** Writes the groups with zeroes in their gap (-1: none). */
function expand(count: number, gap: number, out: Int32Array): boolean {
  if (gap < 0 ? count !== GROUPS : count >= GROUPS) return false;
  const missing = GROUPS - count;
  for (let word = 0; word < 4; word++) {
    out[word] = 0;
    for (let g = word * 2; g < word * 2 + 2; g++) {
      const from = gap < 0 || g < gap ? g : g - missing;
      const value = gap >= 0 && g >= gap && g < gap + missing ? 0 : groups[from];
      out[word] = (out[word] << 16) | value;
    }
  }
  return true;
}

/** The address of an SDP line. Shapes: writes out[0] to out[3], IPv4 in the first. Units: where it ends, -1 for none. */
export function parseAddress(
  bytes: Uint8Array,
  at: number,
  end: number,
  isIpv6: boolean,
  out: Int32Array,
): number {
  return isIpv6 ? parseGroups(bytes, at, end, out) : parseDotted(bytes, at, end, out);
}

/** The address of a URI: IPv6 in brackets. As parseAddress. */
export function parseHost(
  bytes: Uint8Array,
  at: number,
  end: number,
  isIpv6: boolean,
  out: Int32Array,
): number {
  if (!isIpv6) return parseDotted(bytes, at, end, out);
  if (at >= end || bytes[at] !== OPEN) return -1;
  const after = parseGroups(bytes, at + 1, end, out);
  return after >= 0 && after < end && bytes[after] === CLOSE ? after + 1 : -1;
}

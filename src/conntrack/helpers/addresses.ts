/** Addresses as text in a payload. Both parsers return the length of the text, 0 when it is no address. */

const ZERO = 48;
const DOT = 46;
const COLON = 58;

const isDigit = (byte: number): boolean => byte >= ZERO && byte <= 57;

/** Value of a hexadecimal digit, -1 for any other byte. */
export function hexValue(byte: number): number {
  if (isDigit(byte)) return byte - ZERO;
  const lower = byte | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

/**
 * `a.b.c.d` up to a terminator. As in the kernel no number has a limit: what is too big spills over
 * into its neighbour, and an empty one counts as 0.
 *
 * Shapes:  writes out[0]
 */
export function parseIpv4(
  bytes: Uint8Array,
  start: number,
  end: number,
  terminator: number,
  out: Int32Array,
): number {
  let address = 0;
  let value = 0;
  let index = 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i];
    if (isDigit(byte)) {
      value = (Math.imul(value, 10) + byte - ZERO) | 0;
    } else if (byte === DOT) {
      if (index === 3) return 0;
      address |= value << (24 - index * 8);
      index++;
      value = 0;
    } else {
      if (index !== 3 || byte !== terminator) return 0;
      out[0] = address | value;
      return i - start;
    }
  }
  return 0;
}

const IPV6_GROUPS = 8;
const groups = new Uint16Array(IPV6_GROUPS);

/**
 * An IPv6 address, up to the first byte that cannot belong to one; an IPv4 tail is allowed.
 *
 * Shapes:  writes out[0] to out[3]
 * Source:  RFC 4291 2.2
 */
export function parseIpv6(
  bytes: Uint8Array,
  start: number,
  end: number,
  terminator: number,
  out: Int32Array,
): number {
  let count = 0;
  let gap = -1;
  let at = start;
  if (at + 1 < end && bytes[at] === COLON && bytes[at + 1] === COLON) {
    gap = 0;
    at += 2;
  }
  while (at < end && bytes[at] !== terminator) {
    if (count === IPV6_GROUPS) return 0;
    let value = 0;
    let digits = 0;
    const groupStart = at;
    while (at < end && digits < 5 && hexValue(bytes[at]) >= 0) {
      value = (value << 4) | hexValue(bytes[at]);
      digits++;
      at++;
    }
    if (digits === 0 || digits > 4) return 0;
    if (at < end && bytes[at] === DOT) {
      const tail = ipv4Tail(bytes, groupStart, end);
      if (tail < 0 || count > IPV6_GROUPS - 2) return 0;
      groups[count++] = tailAddress >>> 16;
      groups[count++] = tailAddress & 0xffff;
      at = tail;
      break;
    }
    groups[count++] = value;
    if (at >= end || bytes[at] !== COLON) break;
    if (at + 1 < end && bytes[at + 1] === COLON) {
      if (gap >= 0) return 0;
      gap = count;
      at += 2;
    } else {
      at++;
      // A single colon needs a group behind it.
      if (at >= end || hexValue(bytes[at]) < 0) return 0;
    }
  }
  if (gap < 0 ? count !== IPV6_GROUPS : count >= IPV6_GROUPS) return 0;
  const missing = IPV6_GROUPS - count;
  const group = (i: number): number => {
    if (gap < 0 || i < gap) return groups[i];
    return i < gap + missing ? 0 : groups[i - missing];
  };
  for (let word = 0; word < 4; word++) out[word] = (group(word * 2) << 16) | group(word * 2 + 1);
  return at - start;
}

let tailAddress = 0;

/** Dotted IPv4 with numbers of 0 to 255; returns where it ends, -1 when it is none. */
function ipv4Tail(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  tailAddress = 0;
  for (let i = 0; i < 4; i++) {
    let value = 0;
    let digits = 0;
    while (at < end && digits < 4 && isDigit(bytes[at])) {
      value = value * 10 + bytes[at] - ZERO;
      digits++;
      at++;
    }
    if (digits === 0 || value > 255) return -1;
    tailAddress = (tailAddress << 8) | value;
    if (i < 3) {
      if (at >= end || bytes[at] !== DOT) return -1;
      at++;
    }
  }
  return at;
}

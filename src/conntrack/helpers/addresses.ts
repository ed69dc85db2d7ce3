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
 * An IPv6 address up to a terminator; an IPv4 tail is allowed. As in the kernel numbers may begin with
 * any zeroes, and a colon, too, ends an IPv4 tail.
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
  // A delimiter ends the address even where it could be part of one.
  const colon = terminator === COLON ? -1 : COLON;
  if (at + 1 < end && bytes[at] === colon && bytes[at + 1] === colon) {
    gap = 0;
    at += 2;
  }
  while (at < end && bytes[at] !== terminator) {
    if (count === IPV6_GROUPS) return 0;
    let value = 0;
    let digits = 0;
    const groupStart = at;
    while (at < end && bytes[at] !== terminator && hexValue(bytes[at]) >= 0) {
      value = (value << 4) | hexValue(bytes[at]);
      if (value > 0xffff) return 0;
      digits++;
      at++;
    }
    if (digits === 0) return 0;
    if (at < end && bytes[at] === DOT && terminator !== DOT) {
      const tail = ipv4Tail(bytes, groupStart, end);
      if (tail < 0 || count > IPV6_GROUPS - 2) return 0;
      groups[count++] = tailAddress >>> 16;
      groups[count++] = tailAddress & 0xffff;
      at = tail;
      if (at < end && bytes[at] === colon) return finish(count, gap, out) ? at - start : 0;
      break;
    }
    groups[count++] = value;
    if (at >= end || bytes[at] !== colon) break;
    if (at + 1 < end && bytes[at + 1] === colon) {
      if (gap >= 0) return 0;
      gap = count;
      at += 2;
    } else {
      at++;
      // A single colon needs a group behind it.
      if (at >= end || hexValue(bytes[at]) < 0) return 0;
    }
  }
  if (at >= end || bytes[at] !== terminator) return 0;
  return finish(count, gap, out) ? at - start : 0;
}

/** Writes the groups with the zeroes of the gap; false when there are too many or too few. */
function finish(count: number, gap: number, out: Int32Array): boolean {
  if (gap < 0 ? count !== IPV6_GROUPS : count >= IPV6_GROUPS) return false;
  const missing = IPV6_GROUPS - count;
  const group = (i: number): number => {
    if (gap < 0 || i < gap) return groups[i];
    return i < gap + missing ? 0 : groups[i - missing];
  };
  for (let word = 0; word < 4; word++) out[word] = (group(word * 2) << 16) | group(word * 2 + 1);
  return true;
}

let tailAddress = 0;

/** Dotted IPv4 with numbers of 0 to 255; returns where it ends, -1 when it is none. */
function ipv4Tail(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  tailAddress = 0;
  for (let i = 0; i < 4; i++) {
    let value = 0;
    let digits = 0;
    while (at < end && isDigit(bytes[at])) {
      value = value * 10 + bytes[at] - ZERO;
      if (value > 255) return -1;
      digits++;
      at++;
    }
    if (digits === 0) return -1;
    tailAddress = (tailAddress << 8) | value;
    if (i < 3) {
      if (at >= end || bytes[at] !== DOT) return -1;
      at++;
    }
  }
  return at;
}

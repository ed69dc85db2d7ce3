/**
 * Packets for the generator, byte by byte: IP headers with right lengths and checksums, whatever is in them.
 * Written apart from src/packet, which is under test with them.
 */

export enum Proto {
  HOP_BY_HOP = 0,
  ICMP = 1,
  TCP = 6,
  UDP = 17,
  ROUTING = 43,
  FRAGMENT = 44,
  GRE = 47,
  AUTHENTICATION = 51,
  ICMPV6 = 58,
  NO_NEXT = 59,
  DESTINATION = 60,
  SCTP = 132,
  UDPLITE = 136,
}

/** Two hosts of one family: 4 or 16 bytes each. */
export interface Ends {
  readonly src: Uint8Array;
  readonly dst: Uint8Array;
}

export const isV6 = ({ src }: Ends): boolean => src.length === 16;
export const back = ({ src, dst }: Ends): Ends => ({ src: dst, dst: src });

export const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

/** One's complement sum of 16-bit words, not folded; an odd last byte counts as the high one. */
export function sumOf(bytes: Uint8Array, from = 0, to = bytes.length): number {
  let sum = 0;
  let at = from;
  for (; at + 1 < to; at += 2) sum += (bytes[at] << 8) | bytes[at + 1];
  return at < to ? sum + (bytes[at] << 8) : sum;
}

export function folded(sum: number): number {
  let value = sum;
  while (value > 0xffff) value = (value & 0xffff) + (value >>> 16);
  return ~value & 0xffff;
}

/** The checksum over pseudo header and transport bytes. */
export function transportChecksum(
  ends: Ends,
  protocol: number,
  bytes: Uint8Array,
  covered = bytes.length,
  length = bytes.length,
): number {
  return folded(sumOf(ends.src) + sumOf(ends.dst) + protocol + length + sumOf(bytes, 0, covered));
}

export interface Ip4Fields {
  readonly id?: number;
  /** Flags and fragment offset, as in the header. */
  readonly fragment?: number;
  readonly ttl?: number;
  readonly tos?: number;
  /** Multiple of 4 bytes. */
  readonly options?: Uint8Array;
}

const NOTHING = new Uint8Array(0);

export function ip4(ends: Ends, protocol: number, body: Uint8Array, fields: Ip4Fields = {}): Uint8Array {
  const options = fields.options ?? NOTHING;
  const header = 20 + options.length;
  const bytes = new Uint8Array(header + body.length);
  const view = viewOf(bytes);
  bytes[0] = 0x40 | (header >>> 2);
  bytes[1] = fields.tos ?? 0;
  view.setUint16(2, bytes.length);
  view.setUint16(4, fields.id ?? 0);
  view.setUint16(6, fields.fragment ?? 0);
  bytes[8] = fields.ttl ?? 64;
  bytes[9] = protocol;
  bytes.set(ends.src, 12);
  bytes.set(ends.dst, 16);
  bytes.set(options, 20);
  view.setUint16(10, folded(sumOf(bytes, 0, header)));
  bytes.set(body, header);
  return bytes;
}

/** `first` is the number of the first header in `body`. */
export function ip6(ends: Ends, first: number, body: Uint8Array, hopLimit = 64): Uint8Array {
  const bytes = new Uint8Array(40 + body.length);
  bytes[0] = 0x60;
  viewOf(bytes).setUint16(4, body.length);
  bytes[6] = first;
  bytes[7] = hopLimit;
  bytes.set(ends.src, 8);
  bytes.set(ends.dst, 24);
  bytes.set(body, 40);
  return bytes;
}

export function ip(ends: Ends, protocol: number, body: Uint8Array): Uint8Array {
  return isV6(ends) ? ip6(ends, protocol, body) : ip4(ends, protocol, body);
}

/** Puts the IPv4 header checksum right again, where there is a whole header. */
export function mendHeader(packet: Uint8Array): void {
  const header = (packet[0] & 15) * 4;
  if (packet[0] >>> 4 !== 4 || header < 20 || header > packet.length) return;
  packet[10] = 0;
  packet[11] = 0;
  viewOf(packet).setUint16(10, folded(sumOf(packet, 0, header)));
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** The protocol of an unfragmented packet without extension headers, and where its transport header begins. */
export function transportOf(packet: Uint8Array): { readonly protocol: number; readonly at: number } {
  return packet[0] >>> 4 === 6
    ? { protocol: packet[6], at: 40 }
    : { protocol: packet[9], at: (packet[0] & 15) * 4 };
}

const CRC32C = new Uint32Array(256).map((_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) !== 0 ? (crc >>> 1) ^ 0x82f6_3b78 : crc >>> 1;
  return crc;
});

/** Source: RFC 9260 appendix A */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) crc = CRC32C[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  return ~crc >>> 0;
}

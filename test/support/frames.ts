/**
 * Packets byte by byte, with valid lengths and checksums unless a test asks for wrong ones. Written
 * without the code under test: the checksum here is the plain one of RFC 1071.
 */

export const LINK_RAW = 101;
export const LINK_ETHERNET = 1;

const PROTOCOL_ICMP = 1;
const PROTOCOL_TCP = 6;
const PROTOCOL_UDP = 17;
const PROTOCOL_ICMPV6 = 58;
const PROTOCOL_UDPLITE = 136;

/** FIN, SYN, RST, PSH, ACK, URG, ECE and CWR by the letters that tcpdump and SEMANTICS use. */
export const TCP_FLAGS: Readonly<Record<string, number>> = {
  F: 0x01,
  S: 0x02,
  R: 0x04,
  P: 0x08,
  '.': 0x10,
  U: 0x20,
  E: 0x40,
  W: 0x80,
};

export interface Addresses {
  readonly src: string;
  readonly dst: string;
}

export interface IpOptions {
  /** Hop limit or TTL. */
  readonly ttl?: number;
  /** Extension headers of IPv6 in order: protocol number and bytes after the first two. */
  readonly extensions?: readonly (readonly [protocol: number, body: readonly number[]])[];
}

export interface TcpFields {
  readonly sport: number;
  readonly dport: number;
  readonly seq: number;
  readonly ack?: number;
  /** The flags byte. */
  readonly flags: number;
  readonly window?: number;
  /** Raw bytes, filled up with zeroes (end of options) to a multiple of 4. */
  readonly options?: readonly number[];
  /** Its bytes, or how many of no meaning. */
  readonly payload?: number | Uint8Array;
  readonly badChecksum?: boolean;
  /** Data offset in words instead of the right one. */
  readonly dataOffset?: number;
}

export interface UdpFields {
  readonly sport: number;
  readonly dport: number;
  /** Its bytes, or how many of no meaning. */
  readonly payload?: number | Uint8Array;
  /** The length field (UDP) or the coverage (UDP-Lite) instead of the right one. */
  readonly length?: number;
  readonly checksum?: 'right' | 'wrong' | 'zero';
}

export interface IcmpFields {
  readonly type: number;
  readonly code: number;
  /** Bytes 4 to 7: for a query id << 16 | sequence number. */
  readonly rest?: number;
  readonly body?: Uint8Array;
  readonly badChecksum?: boolean;
}

const u16 = (value: number): number[] => [(value >>> 8) & 0xff, value & 0xff];
const u32 = (value: number): number[] => [...u16(value >>> 16), ...u16(value)];

export const isIpv6 = (address: string): boolean => address.includes(':');

/** Network order bytes of a dotted IPv4 address or an IPv6 address (without an IPv4 part). */
export function addressBytes(text: string): number[] {
  if (!isIpv6(text)) return text.split('.').map(Number);
  const [left, right] = text.split('::');
  const groups = (part: string | undefined): number[] =>
    part === undefined || part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  const head = groups(left);
  const tail = groups(right);
  const zeroes = right === undefined ? 0 : 8 - head.length - tail.length;
  return [...head, ...new Array<number>(zeroes).fill(0), ...tail].flatMap(u16);
}

/** The Internet checksum of all bytes given. */
export function checksum(bytes: readonly number[]): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += (bytes[at] << 8) | (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function pseudoHeader(ip: Addresses, protocol: number, length: number): number[] {
  return [...addressBytes(ip.src), ...addressBytes(ip.dst), ...u32(length), 0, 0, ...u16(protocol)];
}

function putChecksum(bytes: number[], at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value & 0xff;
}

/** An IPv4 or IPv6 packet, by the form of the source address. */
export function ipPacket(
  ip: Addresses,
  protocol: number,
  payload: readonly number[],
  options: IpOptions = {},
): Uint8Array {
  const ttl = options.ttl ?? 64;
  const addresses = [...addressBytes(ip.src), ...addressBytes(ip.dst)];
  if (!isIpv6(ip.src)) {
    const header = [0x45, 0, ...u16(20 + payload.length), 0, 0, 0, 0, ttl, protocol, 0, 0, ...addresses];
    putChecksum(header, 10, checksum(header));
    return Uint8Array.from([...header, ...payload]);
  }
  const extensions = options.extensions ?? [];
  const numbers = [...extensions.map(([number]) => number), protocol];
  const chain = extensions.flatMap(([, body], i) => {
    const units = Math.ceil((body.length + 2) / 8);
    const padded = [...body, ...new Array<number>(units * 8 - 2 - body.length).fill(0)];
    return [numbers[i + 1], units - 1, ...padded];
  });
  const length = u16(chain.length + payload.length);
  return Uint8Array.from([0x60, 0, 0, 0, ...length, numbers[0], ttl, ...addresses, ...chain, ...payload]);
}

const payloadBytes = (payload: number | Uint8Array | undefined, filler: number): readonly number[] =>
  typeof payload === 'object' ? [...payload] : new Array<number>(payload ?? 0).fill(filler);

export function tcpSegment(ip: Addresses, fields: TcpFields): number[] {
  const options = [...(fields.options ?? [])];
  while (options.length % 4 !== 0) options.push(0);
  const words = fields.dataOffset ?? 5 + options.length / 4;
  const segment = [
    ...u16(fields.sport),
    ...u16(fields.dport),
    ...u32(fields.seq),
    ...u32(fields.ack ?? 0),
    words << 4,
    fields.flags,
    ...u16(fields.window ?? 65535),
    0,
    0,
    0,
    0,
    ...options,
    ...payloadBytes(fields.payload, 0x78),
  ];
  const sum = checksum([...pseudoHeader(ip, PROTOCOL_TCP, segment.length), ...segment]);
  putChecksum(segment, 16, fields.badChecksum === true ? sum ^ 0x5555 : sum);
  return segment;
}

export function tcpPacket(ip: Addresses, fields: TcpFields, options: IpOptions = {}): Uint8Array {
  return ipPacket(ip, PROTOCOL_TCP, tcpSegment(ip, fields), options);
}

/** A datagram whose sum is made with the protocol number `protocol` in the pseudo header. */
function datagram(ip: Addresses, fields: UdpFields, length: number, covered: number): number[] {
  const bytes = [
    ...u16(fields.sport),
    ...u16(fields.dport),
    ...u16(length),
    0,
    0,
    ...payloadBytes(fields.payload, 0x79),
  ];
  // UDP-Lite too: the kernel verifies it with the number of UDP.
  const sum = checksum([
    ...pseudoHeader(ip, PROTOCOL_UDP, bytes.length),
    ...bytes.slice(0, covered === 0 ? bytes.length : covered),
  ]);
  if (fields.checksum !== 'zero')
    putChecksum(bytes, 6, fields.checksum === 'wrong' ? sum ^ 0x5555 : sum || 0xffff);
  return bytes;
}

export function udpPacket(ip: Addresses, fields: UdpFields, options: IpOptions = {}): Uint8Array {
  const payload = typeof fields.payload === 'object' ? fields.payload.length : (fields.payload ?? 0);
  const length = fields.length ?? 8 + payload;
  return ipPacket(ip, PROTOCOL_UDP, datagram(ip, fields, length, 0), options);
}

export function udpLitePacket(ip: Addresses, fields: UdpFields, options: IpOptions = {}): Uint8Array {
  const coverage = fields.length ?? 0;
  return ipPacket(ip, PROTOCOL_UDPLITE, datagram(ip, fields, coverage, coverage), options);
}

/** ICMP, or ICMPv6 for IPv6 addresses. */
export function icmpPacket(ip: Addresses, fields: IcmpFields, options: IpOptions = {}): Uint8Array {
  const message = [fields.type, fields.code, 0, 0, ...u32(fields.rest ?? 0), ...(fields.body ?? [])];
  const protocol = isIpv6(ip.src) ? PROTOCOL_ICMPV6 : PROTOCOL_ICMP;
  const pseudo = isIpv6(ip.src) ? pseudoHeader(ip, protocol, message.length) : [];
  const sum = checksum([...pseudo, ...message]);
  putChecksum(message, 2, fields.badChecksum === true ? sum ^ 0x5555 : sum);
  return ipPacket(ip, protocol, message, options);
}

/** An Ethernet frame around an IP packet, behind a VLAN tag if one is given. */
export function ethernet(packet: Uint8Array, vlan: number | null = null): Uint8Array {
  const tag = vlan === null ? [] : [0x81, 0x00, ...u16(vlan)];
  const type = packet[0] >>> 4 === 4 ? [0x08, 0x00] : [0x86, 0xdd];
  return Uint8Array.from([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, ...tag, ...type, ...packet]);
}

/** TCP options. */
export const option = {
  nop: [1],
  windowScale: (shift: number): number[] => [3, 3, shift],
  sackPermitted: [4, 2],
  sack: (...edges: readonly (readonly [number, number])[]): number[] => [
    5,
    2 + 8 * edges.length,
    ...edges.flatMap(([left, right]) => [...u32(left), ...u32(right)]),
  ],
  mss: (bytes: number): number[] => [2, 4, ...u16(bytes)],
  /** As nearly every stack writes it: two NOPs, then ten bytes. */
  alignedTimestamp: [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2],
} as const;

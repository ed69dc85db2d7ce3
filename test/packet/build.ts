/** Builds packets byte by byte, with correct lengths and checksums unless something else is asked for. */

export type Bytes = readonly number[];

export const u16 = (value: number): number[] => [(value >>> 8) & 0xff, value & 0xff];
export const u32 = (value: number): number[] => [...u16(value >>> 16), ...u16(value)];

/** RFC 1071 as it stands there: 16-bit words in network order, an odd byte padded with zero. */
export function naiveSum(bytes: Bytes): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += bytes[at] * 256 + (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum % 0x10000) + Math.floor(sum / 0x10000);
  return sum;
}

export const naiveChecksum = (bytes: Bytes): number => ~naiveSum(bytes) & 0xffff;

/** What IP carries: where its checksum stands, and what that covers. */
export interface Segment {
  readonly protocol: number;
  readonly bytes: Bytes;
  /** Offset of the checksum; absent when there is none to fill in. */
  readonly sumAt?: number;
  /** Protocol number in the pseudo header; 0 when the sum has no pseudo header. */
  readonly pseudo?: number;
  /** Bytes covered; all when absent. */
  readonly covered?: number;
}

function sealed(segment: Segment, addresses: Bytes): Bytes {
  const { bytes, sumAt, pseudo = segment.protocol, covered = bytes.length } = segment;
  if (sumAt === undefined) return bytes;
  const header = pseudo === 0 ? [] : [...addresses, ...u32(bytes.length), ...u32(pseudo)];
  const sum = naiveChecksum([...header, ...bytes.slice(0, covered)]);
  const isUdp = sumAt === 6;
  return [...bytes.slice(0, sumAt), ...u16(sum === 0 && isUdp ? 0xffff : sum), ...bytes.slice(sumAt + 2)];
}

export interface Ipv4Fields {
  readonly source?: number;
  readonly destination?: number;
  readonly options?: Bytes;
  readonly version?: number;
  readonly headerWords?: number;
  readonly totalBytes?: number;
  /** Flags and offset. */
  readonly fragment?: number;
  readonly checksum?: number;
  /** Protocol in the header, where it shall differ from what is carried. */
  readonly protocol?: number;
}

export const A4 = 0x0a000001;
export const B4 = 0x0a000002;

export function ipv4(segment: Segment, fields: Ipv4Fields = {}): Bytes {
  const { source = A4, destination = B4, options = [], version = 4 } = fields;
  const headerWords = fields.headerWords ?? 5 + options.length / 4;
  const addresses = [...u32(source), ...u32(destination)];
  const payload = sealed(segment, addresses);
  const start = [
    ...[(version << 4) | headerWords, 0],
    ...u16(fields.totalBytes ?? 20 + options.length + payload.length),
    ...[0x12, 0x34],
    ...u16(fields.fragment ?? 0x4000),
    ...[64, fields.protocol ?? segment.protocol],
  ];
  const checksum = fields.checksum ?? naiveChecksum([...start, ...addresses, ...options]);
  return [...start, ...u16(checksum), ...addresses, ...options, ...payload];
}

export type Address6 = readonly [number, number, number, number];
export const A6: Address6 = [0x20010db8, 0, 0, 1];
export const B6: Address6 = [0x20010db8, 0, 0, 2];
export const LINK_LOCAL: Address6 = [-0x01800000, 0, 0, 9];

/** An extension header: its protocol number, and its bytes without the first one. */
export interface Extension {
  readonly protocol: number;
  readonly rest: Bytes;
}

export interface Ipv6Fields {
  readonly source?: Address6;
  readonly destination?: Address6;
  readonly extensions?: readonly Extension[];
  readonly payloadBytes?: number;
  readonly hopLimit?: number;
  /** Protocol that the last header names, where it shall differ from what is carried. */
  readonly protocol?: number;
}

export function ipv6(segment: Segment, fields: Ipv6Fields = {}): Bytes {
  const { source = A6, destination = B6, extensions = [], hopLimit = 64 } = fields;
  const addresses = [...source, ...destination].flatMap(u32);
  const payload = sealed(segment, addresses);
  const protocols = [...extensions.map((e) => e.protocol), fields.protocol ?? segment.protocol];
  const chain = extensions.flatMap((e, i) => [protocols[i + 1], ...e.rest]);
  const length = fields.payloadBytes ?? chain.length + payload.length;
  return [0x60, 0, 0, 0, ...u16(length), protocols[0], hopLimit, ...addresses, ...chain, ...payload];
}

export const hopByHop = (words8 = 0): Extension => ({
  protocol: 0,
  rest: [words8, 1, 4 + words8 * 8, ...zeros(4 + words8 * 8)],
});
export const routing: Extension = { protocol: 43, rest: [0, 4, 0, ...zeros(4)] };
export const destinationOptions: Extension = { protocol: 60, rest: [0, 1, 4, ...zeros(4)] };
export const authentication: Extension = { protocol: 51, rest: [4, 0, 0, ...zeros(20)] };
export const fragmentHeader = (offsetAndMore: number): Extension => ({
  protocol: 44,
  rest: [0, ...u16(offsetAndMore), ...u32(77)],
});

export function zeros(count: number): number[] {
  return new Array<number>(count).fill(0);
}

export const text = (words: string): Bytes => [...Buffer.from(words)];

export interface TcpFields {
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  readonly seq?: number;
  readonly ack?: number;
  readonly flags?: number;
  readonly window?: number;
  readonly options?: Bytes;
  readonly payload?: Bytes;
  readonly headerWords?: number;
}

export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const PSH = 0x08;
export const ACK = 0x10;
export const URG = 0x20;

export function tcp(fields: TcpFields = {}): Segment {
  const { sourcePort = 40_000, destinationPort = 443, options = [], payload = [] } = fields;
  const headerWords = fields.headerWords ?? 5 + options.length / 4;
  const bytes = [
    ...u16(sourcePort),
    ...u16(destinationPort),
    ...u32(fields.seq ?? 0x01020304),
    ...u32(fields.ack ?? 0xf1f2f3f4),
    ...[headerWords << 4, fields.flags ?? ACK],
    ...u16(fields.window ?? 0xabcd),
    ...zeros(4),
    ...options,
    ...payload,
  ];
  return { protocol: 6, bytes, sumAt: 16 };
}

export interface UdpFields {
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  readonly payload?: Bytes;
  /** Length, or coverage of UDP-Lite. */
  readonly length?: number;
}

const ports = (fields: UdpFields): Bytes => [
  ...u16(fields.sourcePort ?? 5353),
  ...u16(fields.destinationPort ?? 53),
];

export function udp(fields: UdpFields = {}): Segment {
  const payload = fields.payload ?? text('hello');
  const bytes = [...ports(fields), ...u16(fields.length ?? 8 + payload.length), 0, 0, ...payload];
  return { protocol: 17, bytes, sumAt: 6 };
}

/** Summed with the number of UDP in the pseudo header, as the kernel verifies it. */
export function udpLite(fields: UdpFields = {}): Segment {
  const payload = fields.payload ?? text('hello');
  const length = fields.length ?? 8;
  const bytes = [...ports(fields), ...u16(length), 0, 0, ...payload];
  return { protocol: 136, bytes, sumAt: 6, pseudo: 17, covered: length === 0 ? bytes.length : length };
}

export function icmp(
  type: number,
  code = 0,
  rest: Bytes = u32(0x11220001),
  payload: Bytes = text('ping'),
): Segment {
  return { protocol: 1, bytes: [type, code, 0, 0, ...rest, ...payload], sumAt: 2, pseudo: 0 };
}

export function icmpv6(
  type: number,
  code = 0,
  rest: Bytes = u32(0x11220001),
  payload: Bytes = text('ping'),
): Segment {
  return { protocol: 58, bytes: [type, code, 0, 0, ...rest, ...payload], sumAt: 2 };
}

/** A redirect with its target, destination and one option. */
export function redirect(quoted: Bytes, option = 4, optionLength = 1): Segment {
  const addresses = [...A6, ...B6].flatMap(u32);
  return icmpv6(137, 0, zeros(4), [...addresses, option, optionLength, ...zeros(6), ...quoted]);
}

/** The same segment with the bytes at `at` replaced after its checksum was to be filled in. */
export function patched(bytes: Bytes, at: number, ...values: number[]): Bytes {
  return [...bytes.slice(0, at), ...values, ...bytes.slice(at + values.length)];
}

const MACS: Bytes = [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1];

export const ethernet = (type: number, payload: Bytes): Bytes => [...MACS, ...u16(type), ...payload];
/** A tag and what it announces. */
export const tag = (vlan: number, type: number, payload: Bytes): Bytes => [
  ...u16(vlan),
  ...u16(type),
  ...payload,
];
export const label = (value: number, bottom: boolean): Bytes =>
  u32((value << 12) | (bottom ? 0x100 : 0) | 64);
export const pppoe = (protocol: Bytes, payload: Bytes): Bytes => [
  ...[0x11, 0, 0, 7],
  ...u16(protocol.length + payload.length),
  ...protocol,
  ...payload,
];

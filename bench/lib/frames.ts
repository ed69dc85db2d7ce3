/** IPv4 frames written in place, every checksum right, without a look at the bytes that were there before: zeroes. */

export const ETHERNET_BYTES = 14;
const IPV4_BYTES = 20;
const TCP_BYTES = 20;
const UDP_BYTES = 8;
const PROTOCOL_TCP = 6;
const PROTOCOL_UDP = 17;
const TTL = 64;

export const tcpFrameBytes = (payloadBytes: number): number =>
  ETHERNET_BYTES + IPV4_BYTES + TCP_BYTES + payloadBytes;
export const udpFrameBytes = (payloadBytes: number): number =>
  ETHERNET_BYTES + IPV4_BYTES + UDP_BYTES + payloadBytes;

export enum TcpFlag {
  SYN = 0x02,
  PSH = 0x08,
  ACK = 0x10,
}

const WINDOW = 64240;

/** Both halves of a word, for a sum in 16-bit units. */
const halves = (word: number): number => (word >>> 16) + (word & 0xffff);

function folded(sum: number): number {
  const once = (sum & 0xffff) + (sum >>> 16);
  return ~((once & 0xffff) + (once >>> 16)) & 0xffff;
}

/** Writes the Ethernet and the IPv4 header; returns where the transport header goes. */
function writeIp(
  view: DataView,
  at: number,
  protocol: number,
  totalBytes: number,
  source: number,
  destination: number,
): number {
  view.setUint16(at + 12, 0x0800);
  const ip = at + ETHERNET_BYTES;
  view.setUint32(ip, 0x45000000 | totalBytes);
  view.setUint16(ip + 8, (TTL << 8) | protocol);
  view.setUint16(
    ip + 10,
    folded(0x4500 + totalBytes + ((TTL << 8) | protocol) + halves(source) + halves(destination)),
  );
  view.setInt32(ip + 12, source);
  view.setInt32(ip + 16, destination);
  return ip + IPV4_BYTES;
}

/** Writes a TCP frame whose payload, if any, is zeroes. `ports`: source << 16 | destination. */
export function writeTcpFrame(
  view: DataView,
  at: number,
  source: number,
  destination: number,
  ports: number,
  seq: number,
  ack: number,
  flags: number,
  payloadBytes: number,
): void {
  const bytes = TCP_BYTES + payloadBytes;
  const tcp = writeIp(view, at, PROTOCOL_TCP, IPV4_BYTES + bytes, source, destination);
  const offsetAndFlags = (5 << 12) | flags;
  view.setInt32(tcp, ports);
  view.setInt32(tcp + 4, seq);
  view.setInt32(tcp + 8, ack);
  view.setUint16(tcp + 12, offsetAndFlags);
  view.setUint16(tcp + 14, WINDOW);
  const pseudo = halves(source) + halves(destination) + PROTOCOL_TCP + bytes;
  view.setUint16(
    tcp + 16,
    folded(pseudo + halves(ports) + halves(seq) + halves(ack) + offsetAndFlags + WINDOW),
  );
}

/** Writes a UDP frame whose payload, if any, is zeroes. `ports`: source << 16 | destination. */
export function writeUdpFrame(
  view: DataView,
  at: number,
  source: number,
  destination: number,
  ports: number,
  payloadBytes: number,
): void {
  const bytes = UDP_BYTES + payloadBytes;
  const udp = writeIp(view, at, PROTOCOL_UDP, IPV4_BYTES + bytes, source, destination);
  view.setInt32(udp, ports);
  view.setUint16(udp + 4, bytes);
  const sum = folded(halves(source) + halves(destination) + PROTOCOL_UDP + bytes + halves(ports) + bytes);
  // 0 would mean that there is none.
  view.setUint16(udp + 6, sum === 0 ? 0xffff : sum);
}

/** A connection of the benchmarks by its number (up to 2^24): who talks to whom. */
export const clientOf = (c: number): number => 0x0a000000 | c;
export const serverOf = (c: number): number => 0xcb007100 | (c & 0xff);
const SERVER_PORT = 443;
const clientPortOf = (c: number): number => 20_000 + ((Math.imul(c, 7) >>> 0) % 40_000);
/** The ports of its packets in direction 0 (from the client) or 1. */
export const portsOf = (c: number, dir: number): number =>
  dir === 0 ? (clientPortOf(c) << 16) | SERVER_PORT : (SERVER_PORT << 16) | clientPortOf(c);

/**
 * Frames, written field by field into memory that is used again and again. Data is zeroes, so that a checksum is that
 * of the headers.
 *
 * Shapes:  words: connections, one at word `c`; `dir` is 0 for a packet of the client, 1 for one of the server
 * Units:   each writer gives the bytes of its frame
 * Cost:    some twenty stores and the clearing of the data; no allocation
 * Source:  RFC 791, 8200, 9293, 768, 792, 4443, 9260, 2784
 */
import { updateCrc32c } from '../packet/crc32c.ts';
import { Protocol } from '../packet/protocol.ts';
import { Conn, ConnFlag } from './connection.ts';

/** Where the next frame is written. */
export interface FrameTarget {
  view: DataView;
  /** The same memory. */
  bytes: Uint8Array;
  at: number;
}

export enum TcpFlag {
  FIN = 0x01,
  SYN = 0x02,
  RST = 0x04,
  PSH = 0x08,
  ACK = 0x10,
}

const ETHERNET_BYTES = 14;
const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
/** Locally administered addresses: ...:01 is the client's side, ...:02 the server's. */
const MAC_START = 0x02000000;
const MAC_TO_SERVER = 0x00020200;
const MAC_TO_CLIENT = 0x00010200;

/** First 96 bits of the IPv6 addresses: 2001:db8:0:1:: for clients, 2001:db8:0:2:: for servers. RFC 3849 */
const PREFIX6 = 0x20010db8;
const PREFIX6_SUM = 2 * (0x2001 + 0x0db8) + 1 + 2;
const CLIENT_SUBNET = 1;
const SERVER_SUBNET = 2;

const TTL_CLIENT = 64;
const TTL_SERVER = 57;
const DO_NOT_FRAGMENT = 0x4000;

/** A SYN says: 1460 bytes at most, SACK, windows times 2^7. */
const SYN_OPTIONS = [0x020405b4, 0x01010402, 0x01030307] as const;
const SYN_OPTION_BYTES = 12;
const TCP_HEADER_BYTES = 20;
/** Large enough for a run of data in one direction; changes a little, as a receiver's does. */
const WINDOW = 16_384;
const WINDOW_SYN = 64_240;

/** For experiments. RFC 9542 B */
const GRE_PROTOCOL = 0x88b5;

const halves = (word: number): number => (word & 0xffff) + (word >>> 16);

function folded(sum: number): number {
  const once = (sum & 0xffff) + (sum >>> 16);
  return (once & 0xffff) + (once >>> 16);
}

/** The checksum that makes a message right whose other words add up to `sum`. */
const checksumOf = (sum: number): number => ~folded(sum) & 0xffff;

const SYN_OPTIONS_SUM = SYN_OPTIONS.reduce((sum, word) => sum + halves(word), 0);

/** What Conn.SUM holds. */
export function addressSum(isIpv6: boolean, client: number, server: number): number {
  return folded(halves(client) + halves(server) + (isIpv6 ? PREFIX6_SUM : 0));
}

const swapped = (ports: number): number => (ports << 16) | (ports >>> 16);

/** Ethernet and IP; gives the place of what follows. */
function writeIp(
  view: DataView,
  at: number,
  words: Int32Array,
  c: number,
  dir: number,
  protocol: number,
  bytes: number,
): number {
  view.setInt32(at, MAC_START);
  view.setInt32(at + 4, dir === 0 ? MAC_TO_SERVER : MAC_TO_CLIENT);
  view.setInt32(at + 8, dir === 0 ? 1 : 2);
  const ip = at + ETHERNET_BYTES;
  const ttl = dir === 0 ? TTL_CLIENT : TTL_SERVER;
  if ((words[c + Conn.FLAGS] & ConnFlag.IPV6) !== 0) {
    writeIpv6(view, ip, words, c, dir, (bytes << 16) | (protocol << 8) | ttl);
    return ip + 40;
  }
  view.setInt16(at + 12, ETHERTYPE_IPV4);
  const ids = words[c + Conn.IDS];
  const id = dir === 0 ? ids & 0xffff : ids >>> 16;
  words[c + Conn.IDS] = dir === 0 ? (ids & ~0xffff) | ((id + 1) & 0xffff) : (ids + 0x10000) | 0;
  const total = bytes + 20;
  const life = (ttl << 8) | protocol;
  view.setInt32(ip, 0x45000000 | total);
  view.setInt32(ip + 4, (id << 16) | DO_NOT_FRAGMENT);
  const sum = 0x4500 + total + id + DO_NOT_FRAGMENT + life + words[c + Conn.SUM];
  view.setInt32(ip + 8, (life << 16) | checksumOf(sum));
  view.setInt32(ip + 12, words[c + Conn.CLIENT + dir]);
  view.setInt32(ip + 16, words[c + Conn.SERVER - dir]);
  return ip + 20;
}

function writeIpv6(
  view: DataView,
  ip: number,
  words: Int32Array,
  c: number,
  dir: number,
  third: number,
): void {
  view.setInt16(ip - 2, ETHERTYPE_IPV6);
  view.setInt32(ip, 0x60000000);
  view.setInt32(ip + 4, third);
  const client = ip + 8 + dir * 16;
  const server = ip + 24 - dir * 16;
  view.setInt32(client, PREFIX6);
  view.setInt32(client + 4, CLIENT_SUBNET);
  view.setInt32(client + 8, 0);
  view.setInt32(client + 12, words[c + Conn.CLIENT]);
  view.setInt32(server, PREFIX6);
  view.setInt32(server + 4, SERVER_SUBNET);
  view.setInt32(server + 8, 0);
  view.setInt32(server + 12, words[c + Conn.SERVER]);
}

/** Bytes of Ethernet and IP of a connection. */
export function ipBytes(words: Int32Array, c: number): number {
  return (words[c + Conn.FLAGS] & ConnFlag.IPV6) !== 0 ? 40 : 20;
}

/** Data of no meaning. Returns the frame's length. */
function finish(to: FrameTarget, from: number, data: number): number {
  const end = from + data;
  if (data > 0) to.bytes.fill(0, from, end);
  return end - to.at;
}

/** A segment; one with SYN says what its sender can do. */
export function writeTcp(
  to: FrameTarget,
  words: Int32Array,
  c: number,
  dir: number,
  flags: number,
  seq: number,
  ack: number,
  data: number,
): number {
  const { view, at } = to;
  const isSyn = (flags & TcpFlag.SYN) !== 0;
  const headerBytes = isSyn ? TCP_HEADER_BYTES + SYN_OPTION_BYTES : TCP_HEADER_BYTES;
  const bytes = headerBytes + data;
  const l4 = writeIp(view, at, words, c, dir, Protocol.TCP, bytes);
  const ports = words[c + Conn.PORTS];
  const offsetAndFlags = (headerBytes << 10) | flags;
  const window = isSyn ? WINDOW_SYN : WINDOW - ((seq + ack) & 0xff);
  view.setInt32(l4, dir === 0 ? ports : swapped(ports));
  view.setInt32(l4 + 4, seq);
  view.setInt32(l4 + 8, ack);
  view.setInt32(l4 + 12, (offsetAndFlags << 16) | window);
  let sum = words[c + Conn.SUM] + Protocol.TCP + bytes + halves(ports) + halves(seq) + halves(ack);
  sum += offsetAndFlags + window;
  if (isSyn) {
    sum += SYN_OPTIONS_SUM;
    view.setInt32(l4 + 20, SYN_OPTIONS[0]);
    view.setInt32(l4 + 24, SYN_OPTIONS[1]);
    view.setInt32(l4 + 28, SYN_OPTIONS[2]);
  }
  view.setInt32(l4 + 16, checksumOf(sum) << 16);
  return finish(to, l4 + headerBytes, data);
}

export function writeUdp(to: FrameTarget, words: Int32Array, c: number, dir: number, data: number): number {
  const { view, at } = to;
  const bytes = 8 + data;
  const l4 = writeIp(view, at, words, c, dir, Protocol.UDP, bytes);
  const ports = words[c + Conn.PORTS];
  const sum = words[c + Conn.SUM] + Protocol.UDP + 2 * bytes + halves(ports);
  view.setInt32(l4, dir === 0 ? ports : swapped(ports));
  // 0 would say that there is none.
  view.setInt32(l4 + 4, (bytes << 16) | (checksumOf(sum) || 0xffff));
  return finish(to, l4 + 8, data);
}

const ECHO = 8;
const ECHO_REPLY = 0;
const ECHO_V6 = 128;
const ECHO_REPLY_V6 = 129;

export function writeEcho(
  to: FrameTarget,
  words: Int32Array,
  c: number,
  dir: number,
  sequence: number,
  data: number,
): number {
  const { view, at } = to;
  const isIpv6 = (words[c + Conn.FLAGS] & ConnFlag.IPV6) !== 0;
  const bytes = 8 + data;
  const l4 = writeIp(view, at, words, c, dir, isIpv6 ? Protocol.ICMPV6 : Protocol.ICMP, bytes);
  const request = isIpv6 ? ECHO_V6 : ECHO;
  const type = (dir === 0 ? request : isIpv6 ? ECHO_REPLY_V6 : ECHO_REPLY) << 8;
  const rest = (words[c + Conn.PORTS] & ~0xffff) | (sequence & 0xffff);
  const pseudo = isIpv6 ? words[c + Conn.SUM] + Protocol.ICMPV6 + bytes : 0;
  view.setInt32(l4, (type << 16) | checksumOf(pseudo + type + halves(rest)));
  view.setInt32(l4 + 4, rest);
  return finish(to, l4 + 8, data);
}

/** Version 0, without options. */
export function writeGre(to: FrameTarget, words: Int32Array, c: number, dir: number, data: number): number {
  const l4 = writeIp(to.view, to.at, words, c, dir, Protocol.GRE, 4 + data);
  to.view.setInt32(l4, GRE_PROTOCOL);
  return finish(to, l4 + 4, data);
}

/** Ports, verification tag, checksum. */
const SCTP_HEADER_BYTES = 12;

/** Begins an SCTP packet whose chunks have so many bytes; gives the place of the first one. */
export function beginSctp(
  to: FrameTarget,
  words: Int32Array,
  c: number,
  dir: number,
  tag: number,
  chunks: number,
): number {
  const { view, at } = to;
  const l4 = writeIp(view, at, words, c, dir, Protocol.SCTP, SCTP_HEADER_BYTES + chunks);
  const ports = words[c + Conn.PORTS];
  view.setInt32(l4, dir === 0 ? ports : swapped(ports));
  view.setInt32(l4 + 4, tag);
  view.setInt32(l4 + 8, 0);
  return l4 + SCTP_HEADER_BYTES;
}

/** Ends it: `first` is where its first chunk is. */
export function endSctp(to: FrameTarget, first: number, chunks: number): number {
  const l4 = first - SCTP_HEADER_BYTES;
  const crc = updateCrc32c(-1, to.view, l4, SCTP_HEADER_BYTES + chunks);
  to.view.setInt32(l4 + 8, ~crc, true);
  return first + chunks - to.at;
}

const MORE_FRAGMENTS = 0x2000;

/** A fragment of a UDP datagram of the client that is never complete: IPv4, `offset` and `data` multiples of 8 bytes. */
export function writeFragment(
  to: FrameTarget,
  words: Int32Array,
  c: number,
  id: number,
  offset: number,
  data: number,
): number {
  const { view, at } = to;
  words[c + Conn.IDS] = id;
  const ip = writeIp(view, at, words, c, 0, Protocol.UDP, data) - 20;
  const third = MORE_FRAGMENTS | (offset >>> 3);
  const life = (TTL_CLIENT << 8) | Protocol.UDP;
  view.setInt32(ip + 4, (id << 16) | third);
  view.setInt32(
    ip + 8,
    (life << 16) | checksumOf(0x4500 + data + 20 + id + third + life + words[c + Conn.SUM]),
  );
  const length = finish(to, ip + 20, data);
  if (offset === 0) {
    // Of a datagram of 64 KB; without a checksum.
    view.setInt32(ip + 20, words[c + Conn.PORTS]);
    view.setInt32(ip + 24, 0xfff0 << 16);
  }
  return length;
}

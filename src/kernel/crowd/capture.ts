/**
 * The population as packets: SYN, SYN/ACK and ACK of each connection, as a capture to be piped into
 * `flowshard track`. After them the connection is established and assured.
 */
import type { TcpConnection } from '../linux/conntrack-request.ts';

const LINKTYPE_RAW = 101;
const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
const IP_BYTES = 20;
const TCP_BYTES = 20;
/** Each of these packets is an IP and a TCP header, and nothing behind them. */
export const PACKET_BYTES = IP_BYTES + TCP_BYTES;
const RECORD_BYTES = RECORD_HEADER_BYTES + PACKET_BYTES;
const HANDSHAKE_BYTES = 3 * RECORD_BYTES;
/** Connections in one piece. */
const PIECE = 4096;

const SYN = 0x02;
const ACK = 0x10;
const FIRST_SEQUENCE = { original: 1000, reply: 5000 } as const;
const PER_SECOND = 1e6;

/** What begins a capture of microseconds. */
export function captureHeader(): Uint8Array {
  const view = new DataView(new ArrayBuffer(FILE_HEADER_BYTES));
  view.setUint32(0, 0xa1b2_c3d4, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, 4, true);
  view.setUint32(16, 65_535, true);
  view.setUint32(20, LINKTYPE_RAW, true);
  return new Uint8Array(view.buffer);
}

function sumOf(view: DataView, from: number, to: number): number {
  let sum = 0;
  for (let at = from; at < to; at += 2) sum += view.getUint16(at);
  return sum;
}

function folded(sum: number): number {
  let value = sum;
  while (value > 0xffff) value = (value & 0xffff) + (value >>> 16);
  return ~value & 0xffff;
}

export interface Step {
  readonly isReply: boolean;
  readonly flags: number;
  readonly sequence: number;
  readonly acknowledges: number;
}

const { original, reply } = FIRST_SEQUENCE;
/** How a connection begins. */
export const HANDSHAKE: readonly Step[] = [
  { isReply: false, flags: SYN, sequence: original, acknowledges: 0 },
  { isReply: true, flags: SYN | ACK, sequence: reply, acknowledges: original + 1 },
  { isReply: false, flags: ACK, sequence: original + 1, acknowledges: reply + 1 },
];

/** What both ends say once it has begun: nothing new, in either direction. */
export const ESTABLISHED: readonly [original: Step, reply: Step] = [
  { isReply: false, flags: ACK, sequence: original + 1, acknowledges: reply + 1 },
  { isReply: true, flags: ACK, sequence: reply + 1, acknowledges: original + 1 },
];

/** Writes a packet, checksums included. */
export function putPacket(view: DataView, at: number, step: Step, c: TcpConnection): void {
  const tcp = at + IP_BYTES;
  view.setUint16(at, 0x4500);
  view.setUint16(at + 2, PACKET_BYTES);
  view.setUint32(at + 4, 0x4000);
  view.setUint16(at + 8, 0x4006);
  view.setUint16(at + 10, 0);
  view.setInt32(at + 12, step.isReply ? c.dst : c.src);
  view.setInt32(at + 16, step.isReply ? c.src : c.dst);
  view.setUint16(tcp, step.isReply ? c.dport : c.sport);
  view.setUint16(tcp + 2, step.isReply ? c.sport : c.dport);
  view.setUint32(tcp + 4, step.sequence);
  view.setUint32(tcp + 8, step.acknowledges);
  view.setUint16(tcp + 12, 0x5000 | step.flags);
  view.setUint16(tcp + 14, 0xffff);
  view.setUint32(tcp + 16, 0);
  view.setUint16(at + 10, folded(sumOf(view, at, tcp)));
  const pseudo = sumOf(view, at + 12, tcp) + 6 + TCP_BYTES;
  view.setUint16(tcp + 16, folded(pseudo + sumOf(view, tcp, tcp + TCP_BYTES)));
}

/**
 * The packets of `count` connections, in pieces; a million connections take a second of the capture's time.
 *
 * Units:   `startSec` seconds since 1970, of the first packet
 */
export function* handshakes(
  count: number,
  at: (i: number, c: TcpConnection) => void,
  startSec: number,
): Generator<Uint8Array> {
  const c: TcpConnection = { src: 0, dst: 0, sport: 0, dport: 0 };
  for (let from = 0; from < count; from += PIECE) {
    const size = Math.min(PIECE, count - from);
    const bytes = new Uint8Array(size * HANDSHAKE_BYTES);
    const view = new DataView(bytes.buffer);
    for (let i = 0; i < size; i++) {
      at(from + i, c);
      for (let s = 0; s < HANDSHAKE.length; s++) {
        const record = i * HANDSHAKE_BYTES + s * RECORD_BYTES;
        view.setUint32(record, startSec + Math.floor((from + i) / PER_SECOND), true);
        view.setUint32(record + 4, (from + i) % PER_SECOND, true);
        view.setUint32(record + 8, PACKET_BYTES, true);
        view.setUint32(record + 12, PACKET_BYTES, true);
        putPacket(view, record + RECORD_HEADER_BYTES, HANDSHAKE[s], c);
      }
    }
    yield bytes;
  }
}

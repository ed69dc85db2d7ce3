/**
 * The frame that nearly all frames are: Ethernet without tags, IPv4 without options and whole, TCP with an ACK and no
 * options but time stamps, captured to its end, checksums right. What decode.ts, transport.ts, tcp-header.ts and
 * tuple.ts would make of it, layer by layer, is made here at one go, with each word of the headers read once; less than
 * half the time.
 *
 * Everything else is left to them: nothing that was written is valid then. That both ways come to the same is a test
 * (test/packet/express.test.ts).
 */
import type { Hash4 } from '../common/hash.ts';
import { Kind, Meta, Task, TcpClass } from '../shm/bits.ts';
import { Desc } from '../shm/offsets.generated.ts';
import { onesSum, swap16 } from './checksum.ts';
import { Last } from './last.ts';
import { Protocol, TCP_HEADER_BYTES } from './protocol.ts';
import { ALIGNED_TIMESTAMP } from './tcp-header.ts';
import { type OpenChecksums, SUM_CORRECT } from './transport.ts';

const ETHERNET_BYTES = 14;
const IPV4_BYTES = 20;
const TIMESTAMP_BYTES = 12;
const HEADERS_BYTES = ETHERNET_BYTES + IPV4_BYTES + TCP_HEADER_BYTES;

/** The last two bytes of the Ethernet header and the first of the IPv4 header. */
const IPV4_20_BYTES = 0x080045;
/** Words below are read as little-endian numbers: bytes that come first are low. Flag "more fragments", and the offset. */
const FRAGMENT = 0xff3f0000 | 0;
const TTL_AND_PROTOCOL_TCP = Protocol.TCP << 8;
const PROTOCOL = 0xff << 8;
/** FIN, SYN, RST, ACK and URG, in the second byte. */
const FLAGS = 0x37 << 8;
const ACK = 0x10 << 8;
const SUM_OF_TCP = swap16(Protocol.TCP);

/** Writes the descriptor of a frame; false when this is no frame for the express lane. SEC, NSEC and NUMBER are the caller's. */
export type ExpressDecode = (
  view: DataView,
  offset: number,
  length: number,
  out: Int32Array,
  o: number,
) => boolean;

/** Thread: any, one per thread. Cost: no allocation; with checksums one load per 4 bytes of payload. */
export function createExpressDecode(
  hash4: Hash4,
  verifyChecksums: boolean,
  checksums: OpenChecksums,
  last: Int32Array,
): ExpressDecode {
  return (view, offset, length, out, o) => {
    if (length < HEADERS_BYTES || checksums.isOpen) return false;
    if (view.getInt32(offset + 12) >>> 8 !== IPV4_20_BYTES) return false;
    const ip = offset + ETHERNET_BYTES;
    const tcp = ip + IPV4_BYTES;
    const ip0 = view.getInt32(ip, true);
    const ip1 = view.getInt32(ip + 4, true);
    const ip2 = view.getInt32(ip + 8, true);
    const tcp3 = view.getInt32(tcp + 12, true);
    if (((ip1 & FRAGMENT) | ((ip2 & PROTOCOL) ^ TTL_AND_PROTOCOL_TCP) | ((tcp3 & FLAGS) ^ ACK)) !== 0)
      return false;
    const totalBytes = ((ip0 >>> 8) & 0xff00) | (ip0 >>> 24);
    const segmentBytes = totalBytes - IPV4_BYTES;
    const headerBytes = (tcp3 & 0xf0) >>> 2;
    if (totalBytes > length - ETHERNET_BYTES || headerBytes > segmentBytes) return false;
    let options = 0;
    if (headerBytes !== TCP_HEADER_BYTES) {
      if (headerBytes !== TCP_HEADER_BYTES + TIMESTAMP_BYTES) return false;
      if (view.getInt32(tcp + TCP_HEADER_BYTES) !== ALIGNED_TIMESTAMP) return false;
      options = Meta.OPTIONS;
    }
    if (verifyChecksums) {
      // Sums of halves, as in checksum.ts, written out: the compiler inlines only so much.
      const from = view.getInt32(ip + 12, true);
      const to = view.getInt32(ip + 16, true);
      const addresses = (from & 0xffff) + (from >>> 16) + (to & 0xffff) + (to >>> 16);
      let sum =
        (ip0 & 0xffff) +
        (ip0 >>> 16) +
        (ip1 & 0xffff) +
        (ip1 >>> 16) +
        (ip2 & 0xffff) +
        (ip2 >>> 16) +
        addresses;
      sum = (sum & 0xffff) + (sum >>> 16);
      if (sum !== SUM_CORRECT && (sum & 0xffff) + (sum >>> 16) !== SUM_CORRECT) return false;
      const tcp0 = view.getInt32(tcp, true);
      const tcp1 = view.getInt32(tcp + 4, true);
      const tcp2 = view.getInt32(tcp + 8, true);
      const tcp4 = view.getInt32(tcp + 16, true);
      sum =
        (tcp0 & 0xffff) +
        (tcp0 >>> 16) +
        (tcp1 & 0xffff) +
        (tcp1 >>> 16) +
        (tcp2 & 0xffff) +
        (tcp2 >>> 16) +
        (tcp3 & 0xffff) +
        (tcp3 >>> 16) +
        (tcp4 & 0xffff) +
        (tcp4 >>> 16) +
        addresses +
        SUM_OF_TCP +
        (((segmentBytes & 0xff) << 8) | (segmentBytes >>> 8));
      if (segmentBytes !== TCP_HEADER_BYTES)
        sum = onesSum(view, tcp + TCP_HEADER_BYTES, segmentBytes - TCP_HEADER_BYTES, sum);
      sum = (sum & 0xffff) + (sum >>> 16);
      if (sum !== SUM_CORRECT && (sum & 0xffff) + (sum >>> 16) !== SUM_CORRECT) return false;
    }
    const source = view.getInt32(ip + 12);
    const destination = view.getInt32(ip + 16);
    if (source === destination) return false;
    const ports = view.getInt32(tcp);
    const ack = view.getInt32(tcp + 8);
    const isFromHi = source > destination;
    const lo = isFromHi ? destination : source;
    const hi = isFromHi ? source : destination;
    const l4 = isFromHi ? (ports << 16) | (ports >>> 16) : ports;
    const kind = Kind.USED | Protocol.TCP;
    out[o + Desc.LO0] = lo;
    out[o + Desc.HI0] = hi;
    out[o + Desc.L4] = l4;
    out[o + Desc.KIND] = kind;
    out[o + Desc.HASH] = hash4(lo, hi, l4, kind);
    out[o + Desc.META] =
      Task.TCP | (TcpClass.ACK << Meta.CLASS_SHIFT) | Meta.ACK | options | (isFromHi ? Meta.FROM_HI : 0);
    out[o + Desc.BYTES] = totalBytes;
    out[o + Desc.SEQ] = view.getInt32(tcp + 4);
    out[o + Desc.ACK] = ack;
    out[o + Desc.SACK] = ack;
    last[Last.TRANSPORT] = tcp;
    last[Last.END] = ip + totalBytes;
    out[o + Desc.WINDOW] = (view.getUint16(tcp + 14) << 16) | (segmentBytes - headerBytes);
    return true;
  };
}

/** TCP headers: flags and options as the tracker needs them. */
import { Reason } from '../common/reasons.ts';
import { Meta, TcpClass } from '../shm/bits.ts';
import { Desc } from '../shm/offsets.generated.ts';

const FIN = 0x01;
const SYN = 0x02;
const RST = 0x04;
const ACK = 0x10;
const URG = 0x20;
const HEADER_BYTES = 20;
const SCALE_MAX = 14;

enum Option {
  END = 0,
  NOP = 1,
  WINDOW_SCALE = 3,
  SACK_PERMITTED = 4,
  SACK = 5,
}
/** NOP, NOP, timestamp of 10 bytes: the usual options of a segment, without interest here. */
export const ALIGNED_TIMESTAMP = 0x0101080a;

/** The combinations of FIN, SYN, RST, ACK, URG that mean something. */
const VALID_FLAGS: ReadonlySet<number> = new Set([
  SYN,
  SYN | URG,
  SYN | ACK,
  RST,
  RST | ACK,
  FIN | ACK,
  FIN | ACK | URG,
  ACK,
  ACK | URG,
]);

function classOf(flags: number): TcpClass {
  if ((flags & RST) !== 0) return TcpClass.RST;
  if ((flags & SYN) !== 0) return (flags & ACK) !== 0 ? TcpClass.SYNACK : TcpClass.SYN;
  if ((flags & FIN) !== 0) return TcpClass.FIN;
  return (flags & ACK) !== 0 ? TcpClass.ACK : TcpClass.NONE;
}

/** Bits of Desc.META for each value of the flags byte, with the reason in place where it is not valid. */
function flagBits(): Int32Array {
  const table = new Int32Array(256);
  for (let flags = 0; flags < table.length; flags++) {
    const judged = flags & (FIN | SYN | RST | ACK | URG);
    let bits = classOf(flags) << Meta.CLASS_SHIFT;
    if ((flags & FIN) !== 0) bits |= Meta.FIN;
    if ((flags & SYN) !== 0) bits |= Meta.SYN;
    if ((flags & RST) !== 0) bits |= Meta.RST;
    if ((flags & ACK) !== 0) bits |= Meta.ACK;
    if (!VALID_FLAGS.has(judged)) bits |= Reason.TCP_FLAGS << Meta.REASON_SHIFT;
    table[flags] = bits;
  }
  return table;
}
export const TCP_FLAG_BITS: Int32Array = flagBits();

/**
 * Writes sequence numbers, window and options of a segment into a descriptor.
 *
 * Shapes:  the 20 bytes of the header are in memory; `optionsEnd` is the end of those options that
 *          are (a capture may have cut them); `segmentBytes` counts header and payload
 * Returns: bits for Desc.META
 */
export function readTcp(
  view: DataView,
  at: number,
  optionsEnd: number,
  segmentBytes: number,
  out: Int32Array,
  o: number,
): number {
  const ack = view.getInt32(at + 8);
  const headerBytes = (view.getUint8(at + 12) >>> 4) << 2;
  out[o + Desc.SEQ] = view.getInt32(at + 4);
  out[o + Desc.ACK] = ack;
  out[o + Desc.WINDOW] = (view.getUint16(at + 14) << 16) | (segmentBytes - headerBytes);
  out[o + Desc.SACK] = ack;
  const bits = TCP_FLAG_BITS[view.getUint8(at + 13)];
  if (headerBytes === HEADER_BYTES) return bits;
  if (
    headerBytes === HEADER_BYTES + 12 &&
    optionsEnd - at >= 24 &&
    view.getInt32(at + HEADER_BYTES) === ALIGNED_TIMESTAMP
  ) {
    return bits | Meta.OPTIONS;
  }
  return bits | readOptions(view, at + HEADER_BYTES, optionsEnd, ack, out, o);
}

/** Walks the options; damaged ones end the walk and are no reason to refuse the packet. */
function readOptions(
  view: DataView,
  from: number,
  end: number,
  ack: number,
  out: Int32Array,
  o: number,
): number {
  let bits = Meta.OPTIONS;
  let sackSeen = false;
  let at = from;
  while (at < end) {
    const kind = view.getUint8(at);
    if (kind === Option.END) break;
    if (kind === Option.NOP) {
      at++;
      continue;
    }
    if (end - at < 2) break;
    const length = view.getUint8(at + 1);
    if (length < 2 || length > end - at) break;
    if (kind === Option.SACK_PERMITTED && length === 2) {
      bits |= Meta.SACK_PERM;
    } else if (kind === Option.WINDOW_SCALE && length === 3) {
      const scale = view.getUint8(at + 2);
      bits =
        (bits & ~(0xf << Meta.SCALE_SHIFT)) |
        Meta.WINDOW_SCALE |
        (Math.min(scale, SCALE_MAX) << Meta.SCALE_SHIFT);
    } else if (kind === Option.SACK && !sackSeen && length >= 10 && (length - 2) % 8 === 0) {
      sackSeen = true;
      out[o + Desc.SACK] = highestEdge(view, at + 2, at + length, ack);
    }
    at += length;
  }
  return bits;
}

/** Highest right edge of the SACK blocks, if one lies after the acknowledgement. */
function highestEdge(view: DataView, from: number, end: number, ack: number): number {
  let highest = ack;
  for (let at = from; at < end; at += 8) {
    const edge = view.getInt32(at + 4);
    // Two that are 2^31 apart are each after the other: the edge counts.
    if (((highest - edge) | 0) < 0) highest = edge;
  }
  return highest;
}

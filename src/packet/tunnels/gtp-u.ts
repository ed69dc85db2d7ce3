/** User data of GTP, version 1. 3GPP TS 29.281 5.1 and 5.2 */
import { Reason } from '../../common/reasons.ts';
import { EtherType } from '../link.ts';
import { AS_OUTER, found, IdKind, readable, TunnelKind } from './tunnel.ts';

const HEADER_BYTES = 8;
/** Sequence number, N-PDU number and type of the next extension header: all there when any of them is. */
const OPTIONAL_BYTES = 4;

enum Flag {
  /** Version 1, and GTP rather than GTP'. */
  VERSION_MASK = 0xf0,
  VERSION_1 = 0x30,
  EXTENSION = 0x04,
  /** Extension, sequence number or N-PDU number. */
  ANY_OPTIONAL = 0x07,
}

/** The message that carries a user's packet; all others are control messages. */
const G_PDU = 255;

/** The user's packet says itself whether it is IPv4 or IPv6; Ethernet and unstructured data cannot be told apart. */
export function readGtpU(view: DataView, at: number, end: number, wireEnd: number, out: Int32Array): number {
  const reason = readable(at, HEADER_BYTES, end, wireEnd);
  if (reason !== Reason.NONE) return reason;
  const flags = view.getUint8(at);
  if ((flags & Flag.VERSION_MASK) !== Flag.VERSION_1) return Reason.TUNNEL_VERSION;
  if (view.getUint8(at + 1) !== G_PDU) return AS_OUTER;
  const messageEnd = at + HEADER_BYTES + view.getUint16(at + 2);
  if (messageEnd > wireEnd) return Reason.TUNNEL_SHORT;
  let next = at + HEADER_BYTES;
  if ((flags & Flag.ANY_OPTIONAL) !== 0) {
    const short = readable(next, OPTIONAL_BYTES, end, messageEnd);
    if (short !== Reason.NONE) return short;
    next += OPTIONAL_BYTES;
    if ((flags & Flag.EXTENSION) !== 0) next = afterExtensions(view, next, end, messageEnd);
    if (next < 0) return -next;
  }
  const empty = readable(next, 1, end, messageEnd);
  if (empty !== Reason.NONE) return empty;
  const version = view.getUint8(next) >>> 4;
  if (version !== 4 && version !== 6) return Reason.TUNNEL_PAYLOAD;
  const type = version === 4 ? EtherType.IPV4 : EtherType.IPV6;
  return found(out, TunnelKind.GTP_U, next, messageEnd, type, IdKind.TEID, view.getInt32(at + 4));
}

/** Passes over extension headers; the byte before `from` is the type of the first. Negative: a Reason. */
function afterExtensions(view: DataView, from: number, end: number, messageEnd: number): number {
  let at = from;
  while (view.getUint8(at - 1) !== 0) {
    const short = readable(at, 1, end, messageEnd);
    if (short !== Reason.NONE) return -short;
    // The first byte is the length in units of four bytes, the last one the type of what follows.
    const bytes = view.getUint8(at) << 2;
    if (bytes === 0) return -Reason.TUNNEL_SHORT;
    const cut = readable(at, bytes, end, messageEnd);
    if (cut !== Reason.NONE) return -cut;
    at += bytes;
  }
  return at;
}

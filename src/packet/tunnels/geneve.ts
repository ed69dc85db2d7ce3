/** Geneve. RFC 8926 */
import { Reason } from '../../common/reasons.ts';
import { isPacketType } from './payload.ts';
import { AS_OUTER, found, IdKind, readable, TunnelKind } from './tunnel.ts';

const HEADER_BYTES = 8;
const VERSION_SHIFT = 6;
/** In units of four bytes. */
const OPTIONS_MASK = 0x3f;
const CONTROL = 0x80;

/** Options are passed over, the critical ones too: whoever only listens need not act upon them. */
export function readGeneve(
  view: DataView,
  at: number,
  end: number,
  wireEnd: number,
  out: Int32Array,
): number {
  const reason = readable(at, HEADER_BYTES, end, wireEnd);
  if (reason !== Reason.NONE) return reason;
  const first = view.getUint8(at);
  if (first >>> VERSION_SHIFT !== 0) return Reason.TUNNEL_VERSION;
  const bytes = HEADER_BYTES + ((first & OPTIONS_MASK) << 2);
  const short = readable(at, bytes, end, wireEnd);
  if (short !== Reason.NONE) return short;
  if ((view.getUint8(at + 1) & CONTROL) !== 0) return AS_OUTER;
  const type = view.getUint16(at + 2);
  if (!isPacketType(type)) return Reason.TUNNEL_PAYLOAD;
  const vni = view.getUint32(at + 4) >>> 8;
  return found(out, TunnelKind.GENEVE, at + bytes, wireEnd, type, IdKind.VNI, vni);
}

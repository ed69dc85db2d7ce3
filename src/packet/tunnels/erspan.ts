/**
 * ERSPAN: frames of a mirrored port, behind a GRE header. draft-foschiano-erspan-03
 *
 * Type I has no header of its own and no sequence number in GRE; type II has both; type III has a
 * number of its own among the EtherTypes.
 */
import { Reason } from '../../common/reasons.ts';
import { EtherType } from '../link.ts';
import { found, IdKind, readable, TRANSPARENT_ETHERNET, TunnelKind } from './tunnel.ts';

/** EtherType of types I and II, and of type III. */
export const ERSPAN_I_II = 0x88be;
export const ERSPAN_III = 0x22eb;

const TYPE_II_BYTES = 8;
const TYPE_II_VERSION = 1;
const TYPE_III_BYTES = 12;
const TYPE_III_VERSION = 2;
/** A platform's own header follows that of type III. */
const TYPE_III_SUBHEADER = 0x0001;
const TYPE_III_SUBHEADER_BYTES = 8;
const SESSION_MASK = 0x3ff;

/** Frame types of type III. */
const FRAME_TYPE_SHIFT = 10;
const FRAME_TYPE_MASK = 0x1f;
const FRAME_ETHERNET = 0;
const FRAME_IP = 2;

/** `at` is behind the GRE header, which said `type`. */
export function readErspan(
  view: DataView,
  at: number,
  end: number,
  wireEnd: number,
  type: number,
  hasSequence: boolean,
  out: Int32Array,
): Reason {
  if (type === ERSPAN_III) return typeThree(view, at, end, wireEnd, out);
  if (!hasSequence) return found(out, TunnelKind.ERSPAN, at, wireEnd, TRANSPARENT_ETHERNET, IdKind.NONE, 0);
  const reason = readable(at, TYPE_II_BYTES, end, wireEnd);
  if (reason !== Reason.NONE) return reason;
  if (view.getUint8(at) >>> 4 !== TYPE_II_VERSION) return Reason.TUNNEL_VERSION;
  return frame(view, at, at + TYPE_II_BYTES, wireEnd, TRANSPARENT_ETHERNET, out);
}

function typeThree(view: DataView, at: number, end: number, wireEnd: number, out: Int32Array): Reason {
  const reason = readable(at, TYPE_III_BYTES, end, wireEnd);
  if (reason !== Reason.NONE) return reason;
  if (view.getUint8(at) >>> 4 !== TYPE_III_VERSION) return Reason.TUNNEL_VERSION;
  const flags = view.getUint16(at + 10);
  const subheader = (flags & TYPE_III_SUBHEADER) !== 0 ? TYPE_III_SUBHEADER_BYTES : 0;
  const inner = at + TYPE_III_BYTES + subheader;
  const frameType = (flags >>> FRAME_TYPE_SHIFT) & FRAME_TYPE_MASK;
  if (frameType === FRAME_ETHERNET) {
    const short = readable(inner, 0, end, wireEnd);
    return short !== Reason.NONE ? short : frame(view, at, inner, wireEnd, TRANSPARENT_ETHERNET, out);
  }
  if (frameType !== FRAME_IP) return Reason.TUNNEL_PAYLOAD;
  const short = readable(inner, 1, end, wireEnd);
  if (short !== Reason.NONE) return short;
  const type = view.getUint8(inner) >>> 4 === 6 ? EtherType.IPV6 : EtherType.IPV4;
  return frame(view, at, inner, wireEnd, type, out);
}

function frame(
  view: DataView,
  at: number,
  inner: number,
  wireEnd: number,
  type: number,
  out: Int32Array,
): Reason {
  const session = view.getUint16(at + 2) & SESSION_MASK;
  return found(out, TunnelKind.ERSPAN, inner, wireEnd, type, IdKind.SESSION, session);
}

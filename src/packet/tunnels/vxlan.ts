/** VXLAN, and its variant that says what it carries. RFC 7348; draft-ietf-nvo3-vxlan-gpe */
import { Reason } from '../../common/reasons.ts';
import { EtherType } from '../link.ts';
import { AS_OUTER, found, IdKind, readable, TRANSPARENT_ETHERNET, TunnelKind } from './tunnel.ts';

const HEADER_BYTES = 8;

enum Flag {
  /** Generic protocol extension only: operations and maintenance. */
  OAM = 0x01,
  /** Generic protocol extension only: the fourth byte names the payload. */
  NEXT_PROTOCOL = 0x04,
  VNI_VALID = 0x08,
  /** Generic protocol extension only. */
  VERSION = 0x30,
}

/** Payloads by the number in the header. */
const NEXT_TYPES: readonly number[] = [0, EtherType.IPV4, EtherType.IPV6, TRANSPARENT_ETHERNET];

/** Reserved bits are whatever they are, as the RFC asks of receivers; so group policies pass too. */
export function readVxlan(view: DataView, at: number, end: number, wireEnd: number, out: Int32Array): number {
  const reason = readable(at, HEADER_BYTES, end, wireEnd);
  if (reason !== Reason.NONE) return reason;
  if ((view.getUint8(at) & Flag.VNI_VALID) === 0) return Reason.TUNNEL_VERSION;
  return vxlanFound(view, at, wireEnd, TRANSPARENT_ETHERNET, out);
}

export function readVxlanGpe(
  view: DataView,
  at: number,
  end: number,
  wireEnd: number,
  out: Int32Array,
): number {
  const reason = readable(at, HEADER_BYTES, end, wireEnd);
  if (reason !== Reason.NONE) return reason;
  const flags = view.getUint8(at);
  if ((flags & (Flag.VNI_VALID | Flag.VERSION)) !== Flag.VNI_VALID) return Reason.TUNNEL_VERSION;
  if ((flags & Flag.OAM) !== 0) return AS_OUTER;
  if ((flags & Flag.NEXT_PROTOCOL) === 0) return vxlanFound(view, at, wireEnd, TRANSPARENT_ETHERNET, out);
  const next = view.getUint8(at + 3);
  const type = next < NEXT_TYPES.length ? NEXT_TYPES[next] : 0;
  return type === 0 ? Reason.TUNNEL_PAYLOAD : vxlanFound(view, at, wireEnd, type, out);
}

function vxlanFound(view: DataView, at: number, wireEnd: number, type: number, out: Int32Array): Reason {
  const vni = view.getUint32(at + 4) >>> 8;
  return found(out, TunnelKind.VXLAN, at + HEADER_BYTES, wireEnd, type, IdKind.VNI, vni);
}

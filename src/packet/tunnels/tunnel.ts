/**
 * What all tunnels have in common: their kinds, and the form of the answer of whoever reads a tunnel
 * header. One module per encapsulation reads its header and nothing else; `peel.ts` walks the layers.
 */
import { Reason } from '../../common/reasons.ts';

/** Numbers of bits and of counters; the order is that of output. */
export enum TunnelKind {
  VXLAN = 0,
  GENEVE = 1,
  GRE = 2,
  ERSPAN = 3,
  IPIP = 4,
  GTP_U = 5,
  COUNT = 6,
}

/** Words that say where the inner packet is. */
export enum Inner {
  OFFSET = 0,
  /** Where it ends on the wire; what lies behind it is none of its. */
  WIRE_END = 1,
  /** What it starts with: an EtherType, TRANSPARENT_ETHERNET or PPP. */
  TYPE = 2,
  KIND = 3,
  /** VNI, session, key or TEID, an unsigned number of up to 32 bits kept as int32; 0 without one. */
  ID = 4,
  /** What that is: an IdKind. */
  ID_KIND = 5,
  WORDS = 6,
}

/** What the number in a tunnel header is called; the number 0 is for tunnels without one. */
export enum IdKind {
  NONE = 0,
  VNI = 1,
  SESSION = 2,
  KEY = 3,
  TEID = 4,
}

/** EtherType of a whole Ethernet frame inside of a tunnel. RFC 1701, RFC 8926 */
export const TRANSPARENT_ETHERNET = 0x6558;
/** EtherType of PPP without framing. RFC 2784 names the registry. */
export const PPP = 0x880b;

/** The packet is to be tracked as it is: a control message, or a tunnel that was not named. */
export const AS_OUTER = -1;

/**
 * Reads a tunnel header.
 *
 * Shapes:  `out` is Int32Array(Inner.WORDS)
 * Units:   the header starts at `at`; what was captured ends at `end`, the tunnel packet at `wireEnd`
 * Returns: Reason.NONE with `out` written; AS_OUTER; or the Reason why the inner packet cannot be reached
 * Cost:    no allocation, no exception
 */
export type ReadTunnel = (
  view: DataView,
  at: number,
  end: number,
  wireEnd: number,
  out: Int32Array,
) => number;

/** Whether `bytes` of header can be read at `at`: NONE, or which end is in the way. */
export function readable(at: number, bytes: number, end: number, wireEnd: number): Reason {
  if (wireEnd - at < bytes) return Reason.TUNNEL_SHORT;
  return end - at < bytes ? Reason.SNAP_LENGTH : Reason.NONE;
}

export function found(
  out: Int32Array,
  kind: TunnelKind,
  at: number,
  wireEnd: number,
  type: number,
  idKind: IdKind,
  id: number,
): Reason {
  out[Inner.OFFSET] = at;
  out[Inner.WIRE_END] = wireEnd;
  out[Inner.TYPE] = type;
  out[Inner.KIND] = kind;
  out[Inner.ID] = id;
  out[Inner.ID_KIND] = idKind;
  return Reason.NONE;
}

/**
 * GRE: the keys of a tuple. Version 0 has none, so that all of it between two hosts is one connection.
 * Version 1 is PPTP (RFC 2637): a packet bears the call id of its receiver only, and which call of the
 * sender that belongs to is known from the control connection alone.
 */
import { Reason } from '../common/reasons.ts';
import { Desc } from '../shm/offsets.generated.ts';

const GRE_HEADER_BYTES = 4;
const PPTP_HEADER_BYTES = 8;
const VERSION_MASK = 7;
const VERSION_PPTP = 1;
const PROTOCOL_PPP = 0x880b;

/** What the PPTP control connections have said of their calls. */
export interface SourceKeys {
  /** Source key of an IPv4 packet with this destination key, 0 when the call is not known. */
  sourceKey4(source: number, destination: number, destinationKey: number): number;
}

/** Knows no call. */
export const NO_SOURCE_KEYS: SourceKeys = { sourceKey4: () => 0 };

/**
 * Writes L4 of the descriptor at word `o`: source key << 16 | destination key.
 *
 * Units:   as ReadTransport
 * Returns: NONE, or the reason why there is no tuple
 */
export function readGre(
  keys: SourceKeys,
  view: DataView,
  isIpv6: boolean,
  ip: number,
  l4: number,
  packetEnd: number,
  end: number,
  out: Int32Array,
  o: number,
): Reason {
  const bytes = packetEnd - l4;
  const captured = end - l4;
  out[o + Desc.L4] = 0;
  if (bytes < GRE_HEADER_BYTES) return Reason.NONE;
  if (captured < GRE_HEADER_BYTES) return Reason.SNAP_LENGTH;
  if ((view.getUint16(l4) & VERSION_MASK) !== VERSION_PPTP || bytes < PPTP_HEADER_BYTES) return Reason.NONE;
  if (view.getUint16(l4 + 2) !== PROTOCOL_PPP) return Reason.GRE_PROTOCOL;
  if (captured < PPTP_HEADER_BYTES) return Reason.SNAP_LENGTH;
  const callId = view.getUint16(l4 + 6);
  // The kernel's PPTP helper, which knows the calls, reads IPv4 only.
  const sourceKey = isIpv6 ? 0 : keys.sourceKey4(view.getInt32(ip + 12), view.getInt32(ip + 16), callId);
  out[o + Desc.L4] = (sourceKey << 16) | callId;
  return Reason.NONE;
}

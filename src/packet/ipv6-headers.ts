/** IPv6 extension headers: from the fixed header to the transport. Stateless. */
import { Reason } from '../common/reasons.ts';
import { Protocol } from './protocol.ts';

/** Words of the answer. */
export enum Upper {
  PROTOCOL = 0,
  /** Where its header starts. */
  OFFSET = 1,
  WORDS = 2,
}

/**
 * Walks the headers up to the transport.
 *
 * Shapes:  `upper` is Int32Array(Upper.WORDS)
 * Returns: NONE with `upper` set, or why the transport cannot be reached
 */
export function walkHeaders(
  view: DataView,
  from: number,
  first: number,
  packetEnd: number,
  end: number,
  upper: Int32Array,
): Reason {
  let next = first;
  let at = from;
  for (;;) {
    switch (next) {
      case Protocol.HOP_BY_HOP:
      case Protocol.ROUTING:
      case Protocol.DESTINATION:
      case Protocol.AUTHENTICATION:
        if (packetEnd - at < 2) return Reason.IPV6_HEADERS;
        if (end - at < 2) return Reason.SNAP_LENGTH;
        {
          const length = view.getUint8(at + 1);
          const isAuthentication = next === Protocol.AUTHENTICATION;
          next = view.getUint8(at);
          at += isAuthentication ? (length + 2) << 2 : (length + 1) << 3;
        }
        break;
      case Protocol.FRAGMENT:
        return packetEnd - at < 8 ? Reason.IPV6_HEADERS : Reason.FRAGMENT;
      case Protocol.NO_NEXT_HEADER:
        return Reason.IPV6_NO_NEXT_HEADER;
      default:
        upper[Upper.PROTOCOL] = next;
        upper[Upper.OFFSET] = at;
        return Reason.NONE;
    }
  }
}

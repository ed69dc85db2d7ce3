/** IPv6 extension headers: from the fixed header to the transport. Stateless. */
import { Reason } from '../common/reasons.ts';
import { FRAGMENT_HEADER_BYTES, Protocol } from './protocol.ts';

/** Words of the answer. */
export enum Upper {
  PROTOCOL = 0,
  /** Where its header starts. */
  OFFSET = 1,
  WORDS = 2,
}

/** Bytes of a fragment header that are needed to pass it: up to its offset. */
const FRAGMENT_OFFSET_END = 4;
const FRAGMENT_OFFSET_MASK = 0xfff8;

/** What to do at a fragment header. */
export enum Fragments {
  /** Stop: the packet has to be reassembled first. */
  STOP = 0,
  /** Pass it when the headers that follow are there, in the first fragment: reassembly has had its turn. */
  PASS = 1,
}

/**
 * Walks the headers up to the transport.
 *
 * Shapes:  `upper` is Int32Array(Upper.WORDS)
 * Returns: NONE with `upper` set; FRAGMENT with OFFSET of the fragment header; or why the transport cannot
 *          be reached
 */
export function walkHeaders(
  view: DataView,
  from: number,
  first: number,
  packetEnd: number,
  end: number,
  fragments: Fragments,
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
        upper[Upper.OFFSET] = at;
        if (fragments === Fragments.STOP) return Reason.FRAGMENT;
        if (packetEnd - at < FRAGMENT_OFFSET_END) return Reason.IPV6_HEADERS;
        if (end - at < FRAGMENT_OFFSET_END) return Reason.SNAP_LENGTH;
        if ((view.getUint16(at + 2) & FRAGMENT_OFFSET_MASK) !== 0) return Reason.IPV6_HEADERS;
        next = view.getUint8(at);
        at += FRAGMENT_HEADER_BYTES;
        break;
      case Protocol.NO_NEXT_HEADER:
        return Reason.IPV6_NO_NEXT_HEADER;
      default:
        upper[Upper.PROTOCOL] = next;
        upper[Upper.OFFSET] = at;
        return Reason.NONE;
    }
  }
}

/** The chain of IPv6 headers around a fragment header. */
import { Protocol } from '../../packet/protocol.ts';

const FRAGMENT_OFFSET_MASK = 0xfff8;
/** Where the fixed header names what follows, and where the chain begins. */
const FIRST_PROTOCOL = 6;
const CHAIN = 40;

/** What a first fragment must have of the upper header. Source: observed */
function neededBytes(protocol: number): number {
  switch (protocol) {
    case Protocol.TCP:
      return 20;
    case Protocol.UDP:
    case Protocol.ICMPV6:
      return 8;
    default:
      return 1;
  }
}

function isExtension(protocol: number): boolean {
  switch (protocol) {
    case Protocol.HOP_BY_HOP:
    case Protocol.ROUTING:
    case Protocol.FRAGMENT:
    case Protocol.AUTHENTICATION:
    case Protocol.DESTINATION:
      return true;
    default:
      return false;
  }
}

function headerBytes(view: DataView, at: number, protocol: number): number {
  if (protocol === Protocol.FRAGMENT) return 8;
  const length = view.getUint8(at + 1);
  return protocol === Protocol.AUTHENTICATION ? (length + 2) << 2 : (length + 1) << 3;
}

/**
 * Whether a first fragment ends before the upper header does: such a one is not gathered. RFC 8200 4.5. Where
 * a header itself cannot be read, or was not captured, the answer is no.
 */
export function isChainCut(view: DataView, fragmentAt: number, packetEnd: number, end: number): boolean {
  const readable = Math.min(packetEnd, end);
  let next: number = Protocol.FRAGMENT;
  let at = fragmentAt;
  while (isExtension(next)) {
    if (readable - at < (next === Protocol.FRAGMENT ? 4 : 2)) return false;
    if (next === Protocol.FRAGMENT && (view.getUint16(at + 2) & FRAGMENT_OFFSET_MASK) !== 0) return false;
    const bytes = headerBytes(view, at, next);
    next = view.getUint8(at);
    at += bytes;
  }
  return next !== Protocol.NO_NEXT_HEADER && at + neededBytes(next) > packetEnd;
}

/** Where the protocol behind the fragment header is to be written when that header is taken out. */
export function protocolFieldAt(view: DataView, at: number, fragmentAt: number): number {
  let field = at + FIRST_PROTOCOL;
  let next = view.getUint8(field);
  for (let header = at + CHAIN; header < fragmentAt; ) {
    const bytes = headerBytes(view, header, next);
    field = header;
    next = view.getUint8(header);
    header += bytes;
  }
  return field;
}

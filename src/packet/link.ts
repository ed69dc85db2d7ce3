/**
 * Link layers: from the first byte of a frame to its IP header. Stateless; the answer is written
 * into a small array, so that nothing is allocated.
 */
import { Reason } from '../common/reasons.ts';

/** LINKTYPE_ numbers that are read. Source: tcpdump.org/linktypes.html */
export enum LinkType {
  NULL = 0,
  ETHERNET = 1,
  PPP = 9,
  RAW_BSD = 12,
  RAW_OPENBSD = 14,
  PPP_HDLC = 50,
  PPP_ETHER = 51,
  RAW = 101,
  C_HDLC = 104,
  LOOP = 108,
  LINUX_SLL = 113,
  IPV4 = 228,
  IPV6 = 229,
  LINUX_SLL2 = 276,
}

/** Words of the answer. */
export enum Link {
  /** Where the IP header starts. */
  OFFSET = 0,
  /** 4 or 6 as the link layer says, 0 when only the packet itself can tell. */
  VERSION = 1,
  /** VLAN id of the outermost tag that names one (an id of 0 is only a priority), 0 without one. */
  VLAN = 2,
  WORDS = 3,
}

export enum EtherType {
  IPV4 = 0x0800,
  IPV6 = 0x86dd,
  VLAN = 0x8100,
  QINQ = 0x88a8,
  QINQ_OLD = 0x9100,
  MPLS = 0x8847,
  MPLS_MULTICAST = 0x8848,
  PPPOE_SESSION = 0x8864,
}

enum PppProtocol {
  IPV4 = 0x0021,
  IPV6 = 0x0057,
  MPLS = 0x0281,
}

/** Address families in NULL and LOOP headers: 2 is IPv4 everywhere, IPv6 differs from system to system. */
const AF_INET = 2;
const AF_INET6: ReadonlySet<number> = new Set([10, 24, 28, 30]);

/** More nested tags than this are damage. */
const TAGS_MAX = 16;

const PPP_ADDRESS_CONTROL = 0xff03;
const MPLS_BOTTOM = 0x100;

/**
 * Finds the IP header of a frame.
 *
 * Shapes:  `out` is Int32Array(Link.WORDS)
 * Units:   `end` is the first byte that was not captured
 * Returns: NONE, or why there is none
 */
export function locateIp(
  view: DataView,
  start: number,
  end: number,
  linkType: number,
  out: Int32Array,
): Reason {
  out[Link.VLAN] = 0;
  switch (linkType) {
    case LinkType.ETHERNET:
      if (end - start < 14) return Reason.LINK_SHORT;
      return afterEtherType(view, view.getUint16(start + 12), start + 14, end, out);
    case LinkType.RAW:
    case LinkType.RAW_BSD:
    case LinkType.RAW_OPENBSD:
      return found(out, start, 0);
    case LinkType.IPV4:
      return found(out, start, 4);
    case LinkType.IPV6:
      return found(out, start, 6);
    case LinkType.NULL:
    case LinkType.LOOP:
      return afterFamily(view, start, end, out);
    case LinkType.LINUX_SLL:
      if (end - start < 16) return Reason.LINK_SHORT;
      return afterEtherType(view, view.getUint16(start + 14), start + 16, end, out);
    case LinkType.LINUX_SLL2:
      if (end - start < 20) return Reason.LINK_SHORT;
      return afterEtherType(view, view.getUint16(start), start + 20, end, out);
    case LinkType.PPP:
    case LinkType.PPP_HDLC:
      return afterPppFraming(view, start, end, out);
    case LinkType.PPP_ETHER:
      return end - start < 6 ? Reason.LINK_SHORT : afterPpp(view, start + 6, end, out);
    case LinkType.C_HDLC:
      if (end - start < 4) return Reason.LINK_SHORT;
      return afterEtherType(view, view.getUint16(start + 2), start + 4, end, out);
    default:
      return Reason.LINK_TYPE;
  }
}

function found(out: Int32Array, at: number, version: number): Reason {
  out[Link.OFFSET] = at;
  out[Link.VERSION] = version;
  return Reason.NONE;
}

/** Walks tags and tunnels of the link layer until IP is reached; Link.VLAN stays where it is set already. */
export function afterEtherType(
  view: DataView,
  first: number,
  from: number,
  end: number,
  out: Int32Array,
): Reason {
  let type = first;
  let at = from;
  for (let tags = 0; tags < TAGS_MAX; tags++) {
    switch (type) {
      case EtherType.IPV4:
        return found(out, at, 4);
      case EtherType.IPV6:
        return found(out, at, 6);
      case EtherType.VLAN:
      case EtherType.QINQ:
      case EtherType.QINQ_OLD:
        if (end - at < 4) return Reason.LINK_SHORT;
        if (out[Link.VLAN] === 0) out[Link.VLAN] = view.getUint16(at) & 0xfff;
        type = view.getUint16(at + 2);
        at += 4;
        break;
      case EtherType.MPLS:
      case EtherType.MPLS_MULTICAST:
        return afterMpls(view, at, end, out);
      case EtherType.PPPOE_SESSION:
        return end - at < 6 ? Reason.LINK_SHORT : afterPpp(view, at + 6, end, out);
      default:
        return Reason.NOT_IP;
    }
  }
  return Reason.NOT_IP;
}

/** Labels up to the bottom of the stack; what follows names itself by its first four bits. */
function afterMpls(view: DataView, from: number, end: number, out: Int32Array): Reason {
  for (let at = from; end - at >= 4; at += 4) {
    if ((view.getInt32(at) & MPLS_BOTTOM) === 0) continue;
    if (end - at < 5) return Reason.LINK_SHORT;
    const version = view.getUint8(at + 4) >>> 4;
    return version === 4 || version === 6 ? found(out, at + 4, version) : Reason.NOT_IP;
  }
  return Reason.LINK_SHORT;
}

function afterFamily(view: DataView, start: number, end: number, out: Int32Array): Reason {
  if (end - start < 4) return Reason.LINK_SHORT;
  const little = view.getUint32(start, true);
  // The byte order is that of the machine that captured; families are small numbers.
  const family = little < 0x10000 ? little : view.getUint32(start);
  if (family === AF_INET) return found(out, start + 4, 4);
  return AF_INET6.has(family) ? found(out, start + 4, 6) : Reason.NOT_IP;
}

function afterPppFraming(view: DataView, start: number, end: number, out: Int32Array): Reason {
  if (end - start < 2) return Reason.LINK_SHORT;
  return afterPpp(view, view.getUint16(start) === PPP_ADDRESS_CONTROL ? start + 2 : start, end, out);
}

/** As `afterEtherType`, from the protocol number of PPP. */
export function afterPpp(view: DataView, at: number, end: number, out: Int32Array): Reason {
  if (end - at < 1) return Reason.LINK_SHORT;
  // A protocol number whose first byte is odd was compressed to one byte. RFC 1661 6.5
  const short = (view.getUint8(at) & 1) !== 0;
  if (!short && end - at < 2) return Reason.LINK_SHORT;
  const protocol = short ? view.getUint8(at) : view.getUint16(at);
  const next = at + (short ? 1 : 2);
  switch (protocol) {
    case PppProtocol.IPV4:
      return found(out, next, 4);
    case PppProtocol.IPV6:
      return found(out, next, 6);
    case PppProtocol.MPLS:
      return afterMpls(view, next, end, out);
    default:
      return Reason.NOT_IP;
  }
}

/**
 * From the bytes of a frame to a descriptor: link layer, IPv4 or IPv6, transport, canonical tuple,
 * hash. Keeps no state between packets, allocates nothing and never throws: what cannot be read has a
 * Reason.
 *
 * Three lengths matter. `end` is where the captured bytes end, `wireEnd` where the frame ended on the
 * wire, and the IP header says where the packet ends. Bytes that were on the wire but not captured
 * are never held against the packet.
 */
import type { Hash4 } from '../common/hash.ts';
import { Reason } from '../common/reasons.ts';
import { Kind, Meta, Task } from '../shm/bits.ts';
import { Desc } from '../shm/offsets.generated.ts';
import { foldSum, onesSum, sum8, sum20, swap16 } from './checksum.ts';
import { ICMP_INVERSE, ICMPV6_INVERSE, NOT_INVERTIBLE } from './icmp-types.ts';
import { Link, LinkType, locateIp } from './link.ts';
import { readTcp } from './tcp-header.ts';

export enum Protocol {
  HOP_BY_HOP = 0,
  ICMP = 1,
  TCP = 6,
  UDP = 17,
  ROUTING = 43,
  FRAGMENT = 44,
  GRE = 47,
  AUTHENTICATION = 51,
  ICMPV6 = 58,
  NO_NEXT_HEADER = 59,
  DESTINATION = 60,
  SCTP = 132,
  UDPLITE = 136,
}

const IPV4_HEADER_BYTES = 20;
const IPV6_HEADER_BYTES = 40;
const ICMP_HEADER_BYTES = 8;
const UDP_HEADER_BYTES = 8;
const TCP_HEADER_BYTES = 20;
const PORTS_BYTES = 4;
const IPV4_FRAGMENT_MASK = 0x3fff;
const IPV4_OFFSET_MASK = 0x1fff;
const SUM_CORRECT = 0xffff;

const ICMP_TYPE_MAX = 18;
/** ICMP types that quote the packet which they are about. */
const ICMP_ERRORS: ReadonlySet<number> = new Set([3, 4, 5, 11, 12]);
/** Multicast listener, neighbour and multicast router discovery: never tracked. */
const ICMPV6_CONTROL: ReadonlySet<number> = new Set([130, 131, 132, 133, 134, 135, 136, 143, 151, 152]);
const ICMPV6_REDIRECT = 137;
const ICMPV6_REDIRECT_BYTES = 40;
const ICMPV6_OPTION_REDIRECTED = 4;
const ICMPV6_QUERY_MIN = 128;

export interface DecoderOptions {
  readonly hash4: Hash4;
  readonly verifyChecksums: boolean;
  /** The zone is the VLAN id of the outermost tag. */
  readonly zoneFromVlan: boolean;
}

/**
 * Decodes one frame into the descriptor at word `o` of `out`; SEC, NSEC and NUMBER are the caller's.
 *
 * Returns: NONE when the descriptor is complete and belongs to the shard of its HASH (it may still
 *          bear a reason of its own); else the reason why there is none
 */
export type Decode = (
  view: DataView,
  offset: number,
  captureLength: number,
  wireLength: number,
  linkType: number,
  out: Int32Array,
  o: number,
) => Reason;

/** Thread: any, one per thread. Cost: no allocation; with checksums one load per 4 bytes of payload. */
export function createDecoder(options: DecoderOptions): Decode {
  const { hash4, verifyChecksums, zoneFromVlan } = options;
  const link = new Int32Array(Link.WORDS);
  /** Zone << 16 of the frame at hand. */
  let zone = 0;
  /** Where the extension headers of the IPv6 packet at hand lead to. */
  let upperProtocol = 0;
  let upperAt = 0;

  function decode(
    view: DataView,
    offset: number,
    captureLength: number,
    wireLength: number,
    linkType: number,
    out: Int32Array,
    o: number,
  ): Reason {
    const end = offset + captureLength;
    const wireEnd = offset + wireLength;
    // Untagged IPv4 on Ethernet, nearly all there is: no need to look further.
    if (
      linkType === LinkType.ETHERNET &&
      captureLength >= 34 &&
      view.getInt32(offset + 12) >>> 8 === 0x080045
    ) {
      zone = 0;
      return ipv4(view, offset + 14, end, wireEnd, out, o);
    }
    const reason = locateIp(view, offset, end, linkType, link);
    if (reason === Reason.LINK_SHORT && captureLength < wireLength) return Reason.SNAP_LENGTH;
    if (reason !== Reason.NONE) return reason;
    const at = link[Link.OFFSET];
    zone = zoneFromVlan ? link[Link.VLAN] << Kind.ZONE_SHIFT : 0;
    if (at >= end) return at >= wireEnd ? Reason.IP_SHORT : Reason.SNAP_LENGTH;
    const version = view.getUint8(at) >>> 4;
    if (link[Link.VERSION] !== 0 && link[Link.VERSION] !== version) return Reason.IP_VERSION;
    if (version === 4) return ipv4(view, at, end, wireEnd, out, o);
    return version === 6 ? ipv6(view, at, end, wireEnd, out, o) : Reason.IP_VERSION;
  }

  // ---- Network layer ----

  function ipv4(
    view: DataView,
    at: number,
    end: number,
    wireEnd: number,
    out: Int32Array,
    o: number,
  ): Reason {
    if (end - at < IPV4_HEADER_BYTES)
      return wireEnd - at < IPV4_HEADER_BYTES ? Reason.IP_SHORT : Reason.SNAP_LENGTH;
    const headerBytes = (view.getUint8(at) & 15) << 2;
    if (headerBytes < IPV4_HEADER_BYTES || headerBytes > wireEnd - at) return Reason.IP_HEADER_LENGTH;
    if (headerBytes > end - at) return Reason.SNAP_LENGTH;
    if (verifyChecksums && headerSum(view, at, headerBytes) !== SUM_CORRECT) return Reason.IP_CHECKSUM;
    const totalBytes = view.getUint16(at + 2);
    if (totalBytes < headerBytes || totalBytes > wireEnd - at) return Reason.IP_LENGTH;
    if ((view.getUint16(at + 6) & IPV4_FRAGMENT_MASK) !== 0) return Reason.FRAGMENT;

    out[o + Desc.BYTES] = totalBytes;
    const l4 = at + headerBytes;
    const packetEnd = at + totalBytes;
    const protocol = view.getUint8(at + 9);
    const source = view.getInt32(at + 12);
    const destination = view.getInt32(at + 16);
    const kind = zone | Kind.USED | protocol;
    const task = transport(view, protocol, false, at, l4, packetEnd, end, out, o);
    if (task < 0) return -task;
    if ((task & Meta.TASK_MASK) === Task.ICMP_ERROR)
      return quote4(view, l4 + ICMP_HEADER_BYTES, packetEnd, end, destination, out, o);
    writeTuple4(source, destination, kind, task, out, o);
    return Reason.NONE;
  }

  function headerSum(view: DataView, at: number, bytes: number): number {
    return bytes === IPV4_HEADER_BYTES ? foldSum(sum20(view, at)) : onesSum(view, at, bytes, 0);
  }

  function ipv6(
    view: DataView,
    at: number,
    end: number,
    wireEnd: number,
    out: Int32Array,
    o: number,
  ): Reason {
    if (end - at < IPV6_HEADER_BYTES)
      return wireEnd - at < IPV6_HEADER_BYTES ? Reason.IP_SHORT : Reason.SNAP_LENGTH;
    const payloadBytes = view.getUint16(at + 4);
    const first = view.getUint8(at + 6);
    // A jumbogram has a length of 0 and says the real one in an option.
    const jumbo = payloadBytes === 0 && first === Protocol.HOP_BY_HOP;
    const packetEnd = jumbo ? wireEnd : at + IPV6_HEADER_BYTES + payloadBytes;
    if (packetEnd > wireEnd) return Reason.IP_LENGTH;
    const reason = extensionHeaders(view, at + IPV6_HEADER_BYTES, first, packetEnd, end);
    if (reason !== Reason.NONE) return reason;

    out[o + Desc.BYTES] = packetEnd - at;
    const l4 = upperAt;
    const protocol = upperProtocol;
    const task = transport(view, protocol, true, at, l4, packetEnd, end, out, o);
    if (task < 0) return -task;
    if ((task & Meta.TASK_MASK) === Task.ICMP_ERROR) {
      const quoted =
        view.getUint8(l4) === ICMPV6_REDIRECT ? l4 + ICMPV6_REDIRECT_BYTES + 8 : l4 + ICMP_HEADER_BYTES;
      return quote6(view, quoted, packetEnd, end, at + 24, out, o);
    }
    writeTuple6(view, at + 8, at + 24, zone | Kind.USED | Kind.IPV6 | protocol, task, out, o);
    return Reason.NONE;
  }

  /** Walks the IPv6 headers up to the transport; sets upperProtocol and upperAt. */
  function extensionHeaders(
    view: DataView,
    from: number,
    first: number,
    packetEnd: number,
    end: number,
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
          upperProtocol = next;
          upperAt = at;
          return Reason.NONE;
      }
    }
  }

  // ---- Transport layer ----

  /** Says what the shard has to do (Task and bits of Meta), with L4 written; or, negative, why nothing. */
  function transport(
    view: DataView,
    protocol: number,
    isIpv6: boolean,
    ip: number,
    l4: number,
    packetEnd: number,
    end: number,
    out: Int32Array,
    o: number,
  ): number {
    switch (protocol) {
      case Protocol.TCP:
        return tcp(view, isIpv6, ip, l4, packetEnd, end, out, o);
      case Protocol.UDP:
        return udp(view, isIpv6, ip, l4, packetEnd, end, out, o);
      case Protocol.UDPLITE:
        return udpLite(view, isIpv6, ip, l4, packetEnd, end, out, o);
      case Protocol.ICMP:
        return isIpv6 ? -Reason.ICMP_FAMILY : icmp(view, l4, packetEnd, end, out, o);
      case Protocol.ICMPV6:
        return isIpv6 ? icmpv6(view, ip, l4, packetEnd, end, out, o) : -Reason.ICMP_FAMILY;
      case Protocol.SCTP:
        return -Reason.SCTP_LATER;
      case Protocol.GRE:
        return -Reason.GRE_LATER;
      default:
        out[o + Desc.L4] = 0;
        return Task.GENERIC;
    }
  }

  /** Whether the whole packet was captured, so that its checksum can be judged. */
  function canVerify(packetEnd: number, end: number): boolean {
    return verifyChecksums && packetEnd <= end;
  }

  /** Sum of the pseudo header, as onesSum sees it. */
  function pseudoSum(view: DataView, isIpv6: boolean, ip: number, length: number, protocol: number): number {
    const fixed =
      swap16(length & 0xffff) + (length >>> 16 === 0 ? 0 : swap16(length >>> 16)) + swap16(protocol);
    return isIpv6 ? onesSum(view, ip + 8, 32, fixed) : sum8(view, ip + 12) + fixed;
  }

  function tcpSum(view: DataView, isIpv6: boolean, ip: number, l4: number, bytes: number): number {
    const sum = pseudoSum(view, isIpv6, ip, bytes, Protocol.TCP) + sum20(view, l4);
    if (bytes === TCP_HEADER_BYTES) return foldSum(sum);
    return onesSum(view, l4 + TCP_HEADER_BYTES, bytes - TCP_HEADER_BYTES, sum);
  }

  function tcp(
    view: DataView,
    isIpv6: boolean,
    ip: number,
    l4: number,
    packetEnd: number,
    end: number,
    out: Int32Array,
    o: number,
  ): number {
    const bytes = packetEnd - l4;
    if (bytes < PORTS_BYTES) return -Reason.L4_SHORT;
    if (end - l4 < Math.min(bytes, TCP_HEADER_BYTES)) return -Reason.SNAP_LENGTH;
    out[o + Desc.L4] = view.getInt32(l4);
    if (bytes < TCP_HEADER_BYTES) return Task.TCP | (Reason.L4_SHORT << Meta.REASON_SHIFT);
    const headerBytes = (view.getUint8(l4 + 12) >>> 4) << 2;
    if (headerBytes < TCP_HEADER_BYTES || headerBytes > bytes) {
      return Task.TCP | (Reason.TCP_HEADER_LENGTH << Meta.REASON_SHIFT);
    }
    if (canVerify(packetEnd, end) && tcpSum(view, isIpv6, ip, l4, bytes) !== SUM_CORRECT) {
      return Task.TCP | (Reason.TCP_CHECKSUM << Meta.REASON_SHIFT);
    }
    const optionsEnd = l4 + headerBytes;
    return Task.TCP | readTcp(view, l4, Math.min(optionsEnd, end), bytes, out, o);
  }

  function udp(
    view: DataView,
    isIpv6: boolean,
    ip: number,
    l4: number,
    packetEnd: number,
    end: number,
    out: Int32Array,
    o: number,
  ): number {
    const bytes = packetEnd - l4;
    if (bytes < PORTS_BYTES) return -Reason.L4_SHORT;
    if (end - l4 < Math.min(bytes, UDP_HEADER_BYTES)) return -Reason.SNAP_LENGTH;
    out[o + Desc.L4] = view.getInt32(l4);
    if (bytes < UDP_HEADER_BYTES) return Task.UDP | (Reason.L4_SHORT << Meta.REASON_SHIFT);
    const length = view.getUint16(l4 + 4);
    if (length < UDP_HEADER_BYTES || length > bytes)
      return Task.UDP | (Reason.UDP_LENGTH << Meta.REASON_SHIFT);
    if (
      view.getUint16(l4 + 6) !== 0 &&
      canVerify(packetEnd, end) &&
      onesSum(view, l4, bytes, pseudoSum(view, isIpv6, ip, bytes, Protocol.UDP)) !== SUM_CORRECT
    ) {
      return Task.UDP | (Reason.UDP_CHECKSUM << Meta.REASON_SHIFT);
    }
    return Task.UDP;
  }

  function udpLite(
    view: DataView,
    isIpv6: boolean,
    ip: number,
    l4: number,
    packetEnd: number,
    end: number,
    out: Int32Array,
    o: number,
  ): number {
    const bytes = packetEnd - l4;
    if (bytes < PORTS_BYTES) return -Reason.L4_SHORT;
    if (end - l4 < Math.min(bytes, UDP_HEADER_BYTES)) return -Reason.SNAP_LENGTH;
    out[o + Desc.L4] = view.getInt32(l4);
    if (bytes < UDP_HEADER_BYTES) return Task.UDPLITE | (Reason.L4_SHORT << Meta.REASON_SHIFT);
    let coverage = view.getUint16(l4 + 4);
    if (coverage === 0) coverage = bytes;
    if (coverage < UDP_HEADER_BYTES || coverage > bytes) {
      return Task.UDPLITE | (Reason.UDPLITE_COVERAGE << Meta.REASON_SHIFT);
    }
    if (view.getUint16(l4 + 6) === 0)
      return Task.UDPLITE | (Reason.UDPLITE_CHECKSUM_ZERO << Meta.REASON_SHIFT);
    // The kernel puts the number of UDP into the pseudo header (docs/differences.md).
    const sum = pseudoSum(view, isIpv6, ip, bytes, Protocol.UDP);
    if (canVerify(l4 + coverage, end) && onesSum(view, l4, coverage, sum) !== SUM_CORRECT) {
      return Task.UDPLITE | (Reason.UDPLITE_CHECKSUM << Meta.REASON_SHIFT);
    }
    return Task.UDPLITE;
  }

  function icmp(
    view: DataView,
    l4: number,
    packetEnd: number,
    end: number,
    out: Int32Array,
    o: number,
  ): number {
    const bytes = packetEnd - l4;
    if (bytes < ICMP_HEADER_BYTES) return -Reason.L4_SHORT;
    if (end - l4 < ICMP_HEADER_BYTES) return -Reason.SNAP_LENGTH;
    if (canVerify(packetEnd, end)) {
      // All zeroes sum to the other zero of one's complement; the kernel takes it.
      const sum = onesSum(view, l4, bytes, 0);
      if (sum !== SUM_CORRECT && sum !== 0) return -Reason.ICMP_CHECKSUM;
    }
    const type = view.getUint8(l4);
    if (type > ICMP_TYPE_MAX) return -Reason.ICMP_TYPE;
    if (ICMP_ERRORS.has(type)) return Task.ICMP_ERROR;
    if (ICMP_INVERSE[type] === NOT_INVERTIBLE) return -Reason.ICMP_NOT_A_QUERY;
    out[o + Desc.L4] = icmpL4(view, l4);
    return Task.ICMP;
  }

  function icmpv6(
    view: DataView,
    ip: number,
    l4: number,
    packetEnd: number,
    end: number,
    out: Int32Array,
    o: number,
  ): number {
    const bytes = packetEnd - l4;
    if (bytes < ICMP_HEADER_BYTES) return -Reason.L4_SHORT;
    if (end - l4 < ICMP_HEADER_BYTES) return -Reason.SNAP_LENGTH;
    if (
      canVerify(packetEnd, end) &&
      onesSum(view, l4, bytes, pseudoSum(view, true, ip, bytes, Protocol.ICMPV6)) !== SUM_CORRECT
    ) {
      return -Reason.ICMP_CHECKSUM;
    }
    const type = view.getUint8(l4);
    if (ICMPV6_CONTROL.has(type)) return -Reason.ICMPV6_CONTROL;
    if (type === ICMPV6_REDIRECT) return redirect(view, ip, l4, packetEnd, end);
    if (type < ICMPV6_QUERY_MIN) return Task.ICMP_ERROR;
    if (ICMPV6_INVERSE[type] === NOT_INVERTIBLE) return -Reason.ICMP_NOT_A_QUERY;
    out[o + Desc.L4] = icmpL4(view, l4);
    return Task.ICMPV6;
  }

  /** A redirect counts only from a neighbour, and only if it quotes the packet. RFC 4861 8.1 */
  function redirect(view: DataView, ip: number, l4: number, packetEnd: number, end: number): number {
    const option = l4 + ICMPV6_REDIRECT_BYTES;
    if (view.getUint8(l4 + 1) !== 0) return -Reason.ICMP_NOT_A_QUERY;
    if (packetEnd < option) return -Reason.ICMPV6_REDIRECT;
    const fromNeighbour = view.getUint8(ip + 7) === 255 && (view.getUint16(ip + 8) & 0xffc0) === 0xfe80;
    if (!fromNeighbour || packetEnd < option + 2) return -Reason.ICMPV6_REDIRECT;
    if (end < option + 2) return -Reason.SNAP_LENGTH;
    if (view.getUint8(option + 1) === 0) return -Reason.ICMPV6_REDIRECT;
    return view.getUint8(option) === ICMPV6_OPTION_REDIRECTED ? Task.ICMP_ERROR : -Reason.ICMP_NOT_A_QUERY;
  }

  /** id << 16 | type << 8 | code */
  function icmpL4(view: DataView, l4: number): number {
    return (view.getUint16(l4 + 4) << 16) | view.getUint16(l4);
  }

  // ---- What an ICMP error quotes ----

  /**
   * Writes L4 of a quoted packet. There, nothing but the ports (or type, code and id) need be
   * readable. Returns the Task of its protocol, or, negative, a Reason.
   */
  function quotedTransport(
    view: DataView,
    protocol: number,
    l4: number,
    packetEnd: number,
    end: number,
    out: Int32Array,
    o: number,
  ): number {
    const isIcmp = protocol === Protocol.ICMP || protocol === Protocol.ICMPV6;
    const hasPorts =
      protocol === Protocol.TCP ||
      protocol === Protocol.UDP ||
      protocol === Protocol.UDPLITE ||
      protocol === Protocol.SCTP;
    const needed = isIcmp ? ICMP_HEADER_BYTES : hasPorts ? PORTS_BYTES : 0;
    if (l4 > packetEnd || packetEnd - l4 < needed) return -Reason.ICMP_QUOTE;
    if (end - l4 < needed) return -Reason.SNAP_LENGTH;
    if (isIcmp) {
      const inverse = protocol === Protocol.ICMP ? ICMP_INVERSE : ICMPV6_INVERSE;
      if (inverse[view.getUint8(l4)] === NOT_INVERTIBLE) return -Reason.ICMP_QUOTE;
      out[o + Desc.L4] = icmpL4(view, l4);
      return protocol === Protocol.ICMP ? Task.ICMP : Task.ICMPV6;
    }
    out[o + Desc.L4] = hasPorts ? view.getInt32(l4) : 0;
    return Task.GENERIC;
  }

  /** The tuple of the quoted packet's answer: its endpoints are the same, its direction the other one. */
  function asAnswer(out: Int32Array, o: number, elsewhere: boolean): void {
    const meta = (out[o + Desc.META] & (Meta.FROM_HI | Meta.SELF)) ^ Meta.FROM_HI;
    out[o + Desc.META] = Task.ICMP_ERROR | meta | (elsewhere ? Meta.QUOTE_ELSEWHERE : 0);
  }

  function quote4(
    view: DataView,
    at: number,
    packetEnd: number,
    end: number,
    outerDestination: number,
    out: Int32Array,
    o: number,
  ): Reason {
    if (packetEnd - at < IPV4_HEADER_BYTES) return Reason.ICMP_QUOTE;
    if (end - at < IPV4_HEADER_BYTES) return Reason.SNAP_LENGTH;
    if ((view.getUint16(at + 6) & IPV4_OFFSET_MASK) !== 0) return Reason.ICMP_QUOTE;
    const protocol = view.getUint8(at + 9);
    const l4 = at + ((view.getUint8(at) & 15) << 2);
    const task = quotedTransport(view, protocol, l4, packetEnd, end, out, o);
    if (task < 0) return -task;
    const source = view.getInt32(at + 12);
    writeTuple4(source, view.getInt32(at + 16), zone | Kind.USED | protocol, task, out, o);
    asAnswer(out, o, source !== outerDestination);
    return Reason.NONE;
  }

  function quote6(
    view: DataView,
    at: number,
    packetEnd: number,
    end: number,
    outerDestinationAt: number,
    out: Int32Array,
    o: number,
  ): Reason {
    if (packetEnd - at < IPV6_HEADER_BYTES) return Reason.ICMP_QUOTE;
    if (end - at < IPV6_HEADER_BYTES) return Reason.SNAP_LENGTH;
    const reason = quotedHeaders(view, at, packetEnd, end);
    if (reason !== Reason.NONE) return reason;
    const protocol = upperProtocol;
    const task = quotedTransport(view, protocol, upperAt, packetEnd, end, out, o);
    if (task < 0) return -task;
    let elsewhere = 0;
    for (let i = 0; i < 16; i += 4)
      elsewhere |= view.getInt32(at + 8 + i) ^ view.getInt32(outerDestinationAt + i);
    writeTuple6(view, at + 8, at + 24, zone | Kind.USED | Kind.IPV6 | protocol, task, out, o);
    asAnswer(out, o, elsewhere !== 0);
    return Reason.NONE;
  }

  /** Headers of a quoted IPv6 packet; here a first fragment may be read, a later one not. */
  function quotedHeaders(view: DataView, at: number, packetEnd: number, end: number): Reason {
    let next = view.getUint8(at + 6);
    let from = at + IPV6_HEADER_BYTES;
    for (;;) {
      const reason = extensionHeaders(view, from, next, packetEnd, end);
      if (reason === Reason.NONE || reason === Reason.SNAP_LENGTH) return reason;
      if (reason !== Reason.FRAGMENT) return Reason.ICMP_QUOTE;
      // Only the fragment header stops the walk: find it again and look at its offset.
      while (next !== Protocol.FRAGMENT) {
        const length = view.getUint8(from + 1);
        const bytes = next === Protocol.AUTHENTICATION ? (length + 2) << 2 : (length + 1) << 3;
        next = view.getUint8(from);
        from += bytes;
      }
      if (end - from < 8) return Reason.SNAP_LENGTH;
      if ((view.getUint16(from + 2) & 0xfff8) !== 0) return Reason.ICMP_QUOTE;
      next = view.getUint8(from);
      from += 8;
    }
  }

  // ---- Canonical tuples ----

  /** Swaps the halves of L4: the ports, or, for ICMP, the type by its inverse. */
  function invertL4(l4: number, task: number): number {
    switch (task & Meta.TASK_MASK) {
      case Task.ICMP:
        return (l4 & ~0xff00) | (ICMP_INVERSE[(l4 >>> 8) & 0xff] << 8);
      case Task.ICMPV6:
        return (l4 & ~0xff00) | (ICMPV6_INVERSE[(l4 >>> 8) & 0xff] << 8);
      default:
        return (l4 << 16) | (l4 >>> 16);
    }
  }

  /**
   * Writes endpoints in order: the lower address first, with equal addresses the lower L4. `order` is
   * the sign of source minus destination. Sets META from `task`.
   */
  function orient(order: number, task: number, out: Int32Array, o: number): boolean {
    const l4 = out[o + Desc.L4];
    if (order < 0) {
      out[o + Desc.META] = task;
      return false;
    }
    const inverse = invertL4(l4, task);
    if (order === 0 && l4 <= inverse) {
      out[o + Desc.META] = l4 === inverse ? task | Meta.SELF | Meta.FROM_HI : task;
      return false;
    }
    out[o + Desc.L4] = inverse;
    out[o + Desc.META] = task | Meta.FROM_HI;
    return true;
  }

  function writeTuple4(
    source: number,
    destination: number,
    kind: number,
    task: number,
    out: Int32Array,
    o: number,
  ): void {
    const order = source === destination ? 0 : source < destination ? -1 : 1;
    const swapped = orient(order, task, out, o);
    const lo = swapped ? destination : source;
    const hi = swapped ? source : destination;
    out[o + Desc.LO0] = lo;
    out[o + Desc.HI0] = hi;
    out[o + Desc.KIND] = kind;
    out[o + Desc.HASH] = hash4(lo, hi, out[o + Desc.L4], kind);
  }

  function writeTuple6(
    view: DataView,
    source: number,
    destination: number,
    kind: number,
    task: number,
    out: Int32Array,
    o: number,
  ): void {
    let order = 0;
    for (let i = 0; i < 16 && order === 0; i += 4) {
      const a = view.getInt32(source + i);
      const b = view.getInt32(destination + i);
      if (a !== b) order = a < b ? -1 : 1;
    }
    const swapped = orient(order, task, out, o);
    const lo = swapped ? destination : source;
    const hi = swapped ? source : destination;
    const lo0 = view.getInt32(lo);
    const hi0 = view.getInt32(hi);
    out[o + Desc.LO0] = lo0;
    out[o + Desc.HI0] = hi0;
    for (let i = 0; i < 3; i++) {
      out[o + Desc.LO1 + i] = view.getInt32(lo + 4 + i * 4);
      out[o + Desc.HI1 + i] = view.getInt32(hi + 4 + i * 4);
    }
    out[o + Desc.KIND] = kind;
    out[o + Desc.HASH] = hash4(
      hash4(lo0, out[o + Desc.LO1], out[o + Desc.LO2], out[o + Desc.LO3]),
      hash4(hi0, out[o + Desc.HI1], out[o + Desc.HI2], out[o + Desc.HI3]),
      out[o + Desc.L4],
      kind,
    );
  }

  return decode;
}

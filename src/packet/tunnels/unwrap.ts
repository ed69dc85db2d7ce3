/**
 * From a frame to the packet inside of its tunnels: walks IP headers and tunnel headers alternately
 * until there is no tunnel that was named. Keeps no state; the answer is a place in the bytes.
 *
 * An outer packet that is not right in itself (lengths, checksums), or is a fragment, is not looked
 * into: whoever decodes it next says what it is, as for any other packet.
 */
import { Reason } from '../../common/reasons.ts';
import { Kind, Task } from '../../shm/bits.ts';
import { Desc } from '../../shm/offsets.generated.ts';
import { foldSum, onesSum, sum20 } from '../checksum.ts';
import { Fragments, Upper, walkHeaders } from '../ipv6-headers.ts';
import { EtherType, Link, LinkType, locateIp } from '../link.ts';
import { IPV4_HEADER_BYTES, IPV6_HEADER_BYTES, Protocol, UDP_HEADER_BYTES } from '../protocol.ts';
import { createTransport, SUM_CORRECT } from '../transport.ts';
import { readGeneve } from './geneve.ts';
import { createGre } from './gre.ts';
import { readGtpU } from './gtp-u.ts';
import { type Decap, UdpFormat } from './options.ts';
import { locateInner } from './payload.ts';
import {
  AS_OUTER,
  found,
  IdKind,
  Inner,
  type ReadTunnel,
  TRANSPARENT_ETHERNET,
  TunnelKind,
} from './tunnel.ts';
import { readVxlan, readVxlanGpe } from './vxlan.ts';

const IPV4_FRAGMENT_MASK = 0x3fff;
/** Tunnels in each other; more than this is no traffic of anybody's. */
export const TUNNEL_DEPTH_MAX = 8;

/** Words of a place: where the packet to decode is. */
export enum Place {
  /** Its IP header. */
  OFFSET = 0,
  /** End of what was captured of it, and of what was on the wire. */
  END = 1,
  WIRE_END = 2,
  /** As the descriptor's KIND has it: shifted by Kind.ZONE_SHIFT. */
  ZONE = 3,
  /** Tunnels that were taken off so far. */
  DEPTH = 4,
  WORDS = 5,
}

/** Words of the counters, after one per TunnelKind. */
export const ZONE_CUT = TunnelKind.COUNT;
export const TUNNEL_COUNTERS = TunnelKind.COUNT + 1;

/**
 * Both return NONE with `place` written when at least one tunnel was taken off; AS_OUTER when there was
 * none; or the Reason why the inner packet cannot be reached.
 */
export interface Unwrapper {
  /** Int32Array(Place.WORDS), overwritten by the next packet. */
  readonly place: Int32Array;
  /** A frame of a capture. */
  frame(view: DataView, offset: number, end: number, wireEnd: number, linkType: number): number;
  /** A datagram that was put together from fragments of the same frame; `zone` is shifted. */
  datagram(view: DataView, at: number, end: number, wireEnd: number, zone: number): number;
}

/** For those who leave tunnels as they are. */
export const NO_UNWRAPPER: Unwrapper = {
  place: new Int32Array(Place.WORDS),
  frame: () => AS_OUTER,
  datagram: () => AS_OUTER,
};

export interface UnwrapperOptions extends Decap {
  readonly zoneFromVlan: boolean;
  readonly verifyChecksums: boolean;
  /** Float64Array(TUNNEL_COUNTERS), added to. */
  readonly counters: Float64Array;
}

/** Thread: any, one per thread. Cost: no allocation; a packet that can be no tunnel costs two tests. */
export function createUnwrapper(options: UnwrapperOptions): Unwrapper {
  const { gre, erspan, ipip, zoneId, zoneFromVlan, verifyChecksums, counters } = options;
  const readGre: ReadTunnel = createGre({ gre, erspan });
  // Checksums of UDP are passed over: cards fill them in late, and what is inside has its own.
  const transport = createTransport(false);
  /** What a destination port of UDP means. */
  const formats = new Uint8Array(0x10000);
  for (const [port, format] of options.ports) formats[port] = format;
  const protocols = new Uint8Array(256);
  if (gre || erspan) protocols[Protocol.GRE] = 1;
  if (ipip) protocols[Protocol.IPV4] = protocols[Protocol.IPV6] = 1;
  if (options.ports.length > 0) protocols[Protocol.UDP] = 1;

  const place = new Int32Array(Place.WORDS);
  const inner = new Int32Array(Inner.WORDS);
  const link = new Int32Array(Link.WORDS);
  const upper = new Int32Array(Upper.WORDS);
  /** Where the transport's reader writes what is of no use here. */
  const unused = new Int32Array(Desc.WORDS);

  function frame(view: DataView, offset: number, end: number, wireEnd: number, linkType: number): number {
    place[Place.DEPTH] = 0;
    // As in the decoder: nearly all packets are no tunnel, and most of them say so at once.
    if (
      linkType === LinkType.ETHERNET &&
      end - offset >= 38 &&
      view.getInt32(offset + 12) >>> 8 === 0x080045
    ) {
      const protocol = view.getUint8(offset + 23);
      if (protocols[protocol] === 0) return AS_OUTER;
      if (protocol === Protocol.UDP && formats[view.getUint16(offset + 36)] === UdpFormat.NONE)
        return AS_OUTER;
    }
    if (locateIp(view, offset, end, linkType, link) !== Reason.NONE) return AS_OUTER;
    if (!isVersionRight(view, end)) return AS_OUTER;
    place[Place.ZONE] = zoneFromVlan ? link[Link.VLAN] << Kind.ZONE_SHIFT : 0;
    return walk(view, link[Link.OFFSET], end, wireEnd, Fragments.STOP);
  }

  function datagram(view: DataView, at: number, end: number, wireEnd: number, zone: number): number {
    place[Place.ZONE] = zone;
    return walk(view, at, end, wireEnd, Fragments.PASS);
  }

  /** Whether the packet that `link` tells of is of the version that was announced, as far as can be seen. */
  function isVersionRight(view: DataView, end: number): boolean {
    const at = link[Link.OFFSET];
    return link[Link.VERSION] === 0 || at >= end || view.getUint8(at) >>> 4 === link[Link.VERSION];
  }

  /** Takes tunnels off until there is none. */
  function walk(
    view: DataView,
    from: number,
    outerEnd: number,
    outerWireEnd: number,
    outerFragments: Fragments,
  ): number {
    let at = from;
    let end = outerEnd;
    let wireEnd = outerWireEnd;
    let fragments = outerFragments;
    let status = AS_OUTER;
    for (;;) {
      const step = readTunnel(view, at, end, wireEnd, fragments);
      if (step === AS_OUTER) break;
      if (step !== Reason.NONE) return step;
      if (place[Place.DEPTH] === TUNNEL_DEPTH_MAX) return Reason.TUNNEL_DEPTH;
      count();
      wireEnd = inner[Inner.WIRE_END];
      if (end > wireEnd) end = wireEnd;
      const type = inner[Inner.TYPE];
      const reason = locateInner(view, type, inner[Inner.OFFSET], end, link);
      if (reason === Reason.LINK_SHORT && end < wireEnd) return Reason.SNAP_LENGTH;
      if (reason !== Reason.NONE) return reason;
      if (!isVersionRight(view, end)) return Reason.IP_VERSION;
      if (zoneFromVlan && type === TRANSPARENT_ETHERNET)
        place[Place.ZONE] = link[Link.VLAN] << Kind.ZONE_SHIFT;
      at = link[Link.OFFSET];
      fragments = Fragments.STOP;
      status = Reason.NONE;
    }
    place[Place.OFFSET] = at;
    place[Place.END] = end;
    place[Place.WIRE_END] = wireEnd;
    return status;
  }

  /** Counts the tunnel in `inner` and takes its number as the zone where it has the one that is wanted. */
  function count(): void {
    place[Place.DEPTH]++;
    counters[inner[Inner.KIND]]++;
    if (zoneId === IdKind.NONE || inner[Inner.ID_KIND] !== zoneId) return;
    const id = inner[Inner.ID];
    place[Place.ZONE] = id << Kind.ZONE_SHIFT;
    if (id >>> 16 !== 0) counters[ZONE_CUT]++;
  }

  /** Writes `inner` for the packet whose IP header is at `at`; answers as ReadTunnel does. */
  function readTunnel(
    view: DataView,
    at: number,
    end: number,
    wireEnd: number,
    fragments: Fragments,
  ): number {
    if (at >= end) return AS_OUTER;
    const version = view.getUint8(at) >>> 4;
    if (version === 4) return over4(view, at, end, wireEnd);
    return version === 6 ? over6(view, at, end, wireEnd, fragments) : AS_OUTER;
  }

  function over4(view: DataView, at: number, end: number, wireEnd: number): number {
    if (end - at < IPV4_HEADER_BYTES) return AS_OUTER;
    const protocol = view.getUint8(at + 9);
    if (protocols[protocol] === 0) return AS_OUTER;
    const headerBytes = (view.getUint8(at) & 15) << 2;
    const totalBytes = view.getUint16(at + 2);
    if (headerBytes < IPV4_HEADER_BYTES || headerBytes > end - at) return AS_OUTER;
    if (totalBytes < headerBytes || totalBytes > wireEnd - at) return AS_OUTER;
    if ((view.getUint16(at + 6) & IPV4_FRAGMENT_MASK) !== 0) return AS_OUTER;
    if (verifyChecksums && headerSum(view, at, headerBytes) !== SUM_CORRECT) return AS_OUTER;
    return afterIp(view, protocol, false, at, at + headerBytes, at + totalBytes, end);
  }

  function headerSum(view: DataView, at: number, bytes: number): number {
    return bytes === IPV4_HEADER_BYTES ? foldSum(sum20(view, at)) : onesSum(view, at, bytes, 0);
  }

  function over6(view: DataView, at: number, end: number, wireEnd: number, fragments: Fragments): number {
    if (end - at < IPV6_HEADER_BYTES) return AS_OUTER;
    const first = view.getUint8(at + 6);
    const payloadBytes = view.getUint16(at + 4);
    const packetEnd =
      payloadBytes === 0 && first === Protocol.HOP_BY_HOP ? wireEnd : at + IPV6_HEADER_BYTES + payloadBytes;
    if (packetEnd > wireEnd) return AS_OUTER;
    if (walkHeaders(view, at + IPV6_HEADER_BYTES, first, packetEnd, end, fragments, upper) !== Reason.NONE)
      return AS_OUTER;
    const protocol = upper[Upper.PROTOCOL];
    if (protocols[protocol] === 0) return AS_OUTER;
    return afterIp(view, protocol, true, at, upper[Upper.OFFSET], packetEnd, end);
  }

  function afterIp(
    view: DataView,
    protocol: number,
    isIpv6: boolean,
    ip: number,
    l4: number,
    packetEnd: number,
    end: number,
  ): number {
    switch (protocol) {
      case Protocol.UDP:
        return overUdp(view, isIpv6, ip, l4, packetEnd, end);
      case Protocol.GRE:
        return readGre(view, l4, Math.min(end, packetEnd), packetEnd, inner);
      case Protocol.IPV4:
        return found(inner, TunnelKind.IPIP, l4, packetEnd, EtherType.IPV4, IdKind.NONE, 0);
      default:
        return found(inner, TunnelKind.IPIP, l4, packetEnd, EtherType.IPV6, IdKind.NONE, 0);
    }
  }

  function overUdp(
    view: DataView,
    isIpv6: boolean,
    ip: number,
    l4: number,
    packetEnd: number,
    end: number,
  ): number {
    if (packetEnd - l4 < UDP_HEADER_BYTES || end - l4 < UDP_HEADER_BYTES) return AS_OUTER;
    const format = formats[view.getUint16(l4 + 2)];
    if (format === UdpFormat.NONE) return AS_OUTER;
    // A datagram that is INVALID as such is no tunnel: the answer is the task, with a reason or without.
    if (transport(view, Protocol.UDP, isIpv6, ip, l4, packetEnd, end, unused, 0) !== Task.UDP)
      return AS_OUTER;
    const at = l4 + UDP_HEADER_BYTES;
    const wireEnd = l4 + view.getUint16(l4 + 4);
    const captured = Math.min(end, wireEnd);
    switch (format) {
      case UdpFormat.VXLAN:
        return readVxlan(view, at, captured, wireEnd, inner);
      case UdpFormat.VXLAN_GPE:
        return readVxlanGpe(view, at, captured, wireEnd, inner);
      case UdpFormat.GENEVE:
        return readGeneve(view, at, captured, wireEnd, inner);
      default:
        return readGtpU(view, at, captured, wireEnd, inner);
    }
  }

  return { place, frame, datagram };
}

/**
 * Transport headers: what they say goes into the descriptor, and what is wrong with them becomes a
 * Reason. Checksums are judged only where the whole packet was captured.
 */
import { Reason } from '../common/reasons.ts';
import { Meta, Task } from '../shm/bits.ts';
import { Desc } from '../shm/offsets.generated.ts';
import { foldSum, onesSum, sum8, sum20, swap16 } from './checksum.ts';
import { NO_SOURCE_KEYS, readGre } from './gre.ts';
import { ICMP_INVERSE, ICMPV6_INVERSE, NOT_INVERTIBLE } from './icmp-types.ts';
import {
  ICMP_HEADER_BYTES,
  ICMPV6_REDIRECT,
  ICMPV6_REDIRECT_BYTES,
  PORTS_BYTES,
  Protocol,
  TCP_HEADER_BYTES,
  UDP_HEADER_BYTES,
} from './protocol.ts';
import { readSctp, SCTP_HEADER_BYTES, sctpChecksumIsRight } from './sctp.ts';
import { readTcp } from './tcp-header.ts';

/** What onesSum gives for a message whose checksum is right. */
export const SUM_CORRECT = 0xffff;

const ICMP_TYPE_MAX = 18;
/** ICMP types that quote the packet which they are about. */
const ICMP_ERRORS: ReadonlySet<number> = new Set([3, 4, 5, 11, 12]);
/** Multicast listener, neighbour and multicast router discovery: never tracked. */
const ICMPV6_CONTROL: ReadonlySet<number> = new Set([130, 131, 132, 133, 134, 135, 136, 143, 151, 152]);
const ICMPV6_OPTION_REDIRECTED = 4;
const ICMPV6_QUERY_MIN = 128;

/** L4 of an ICMP message: id << 16 | type << 8 | code. */
export function icmpL4(view: DataView, l4: number): number {
  return (view.getUint16(l4 + 4) << 16) | view.getUint16(l4);
}

/**
 * Reads the transport header at `l4` into the descriptor at word `o`.
 *
 * Units:   the packet starts at `ip` and ends at `packetEnd`; `end` is where the captured bytes end
 * Returns: what the shard has to do (Task and bits of Meta), with L4 written; or, negative, the Reason
 *          why there is no tuple
 */
export type ReadTransport = (
  view: DataView,
  protocol: number,
  isIpv6: boolean,
  ip: number,
  l4: number,
  packetEnd: number,
  end: number,
  out: Int32Array,
  o: number,
) => number;

/** A live source says of single packets that the card is yet to fill in their checksum, so that it cannot be judged. */
export interface OpenChecksums {
  isOpen: boolean;
}

/** Thread: any, one per thread. Cost: no allocation; with checksums one load per 4 bytes. */
export function createTransport(
  verifyChecksums: boolean,
  greKeys = NO_SOURCE_KEYS,
  checksums: OpenChecksums = { isOpen: false },
): ReadTransport {
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
        return sctp(view, l4, packetEnd, end, out, o);
      case Protocol.GRE:
        return gre(view, isIpv6, ip, l4, packetEnd, end, out, o);
      default:
        out[o + Desc.L4] = 0;
        return Task.GENERIC;
    }
  }

  /** Whether the whole packet was captured, so that its checksum can be judged. */
  function canVerify(packetEnd: number, end: number): boolean {
    return verifyChecksums && packetEnd <= end && !checksums.isOpen;
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
    // The kernel puts the number of UDP into the pseudo header, and for IPv4 the low byte of the length only
    // (docs/differences.md).
    const sum = pseudoSum(view, isIpv6, ip, isIpv6 ? bytes : bytes & 0xff, Protocol.UDP);
    if (canVerify(l4 + coverage, end) && onesSum(view, l4, coverage, sum) !== SUM_CORRECT) {
      return Task.UDPLITE | (Reason.UDPLITE_CHECKSUM << Meta.REASON_SHIFT);
    }
    return Task.UDPLITE;
  }

  function sctp(
    view: DataView,
    l4: number,
    packetEnd: number,
    end: number,
    out: Int32Array,
    o: number,
  ): number {
    const bytes = packetEnd - l4;
    if (bytes < PORTS_BYTES) return -Reason.L4_SHORT;
    if (end - l4 < Math.min(bytes, SCTP_HEADER_BYTES)) return -Reason.SNAP_LENGTH;
    out[o + Desc.L4] = view.getInt32(l4);
    if (bytes < SCTP_HEADER_BYTES) return Task.SCTP | (Reason.L4_SHORT << Meta.REASON_SHIFT);
    if (canVerify(packetEnd, end) && !sctpChecksumIsRight(view, l4, packetEnd))
      return Task.SCTP | (Reason.SCTP_CHECKSUM << Meta.REASON_SHIFT);
    return readSctp(view, l4, packetEnd, end, out, o);
  }

  function gre(
    view: DataView,
    isIpv6: boolean,
    ip: number,
    l4: number,
    packetEnd: number,
    end: number,
    out: Int32Array,
    o: number,
  ): number {
    const reason = readGre(greKeys, view, isIpv6, ip, l4, packetEnd, end, out, o);
    return reason === Reason.NONE ? Task.GRE : -reason;
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

  return transport;
}

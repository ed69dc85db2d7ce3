/**
 * The packet that an ICMP error quotes: enough of it is read to name the connection that the error
 * is about. Nothing but addresses and ports (or type, code and id) need be there.
 */
import { Reason } from '../common/reasons.ts';
import { Kind, Meta, Task } from '../shm/bits.ts';
import { Desc } from '../shm/offsets.generated.ts';
import { readGre, type SourceKeys } from './gre.ts';
import { ICMP_INVERSE, ICMPV6_INVERSE, NOT_INVERTIBLE } from './icmp-types.ts';
import { Fragments, Upper, walkHeaders } from './ipv6-headers.ts';
import {
  ICMP_HEADER_BYTES,
  IPV4_HEADER_BYTES,
  IPV6_HEADER_BYTES,
  PORTS_BYTES,
  Protocol,
} from './protocol.ts';
import { icmpL4 } from './transport.ts';
import type { TupleWriter } from './tuple.ts';

const IPV4_OFFSET_MASK = 0x1fff;

/** Both write a descriptor for Task.ICMP_ERROR; `at` is where the quoted packet starts. */
export interface QuoteReader {
  quote4(
    view: DataView,
    at: number,
    packetEnd: number,
    end: number,
    outerDestination: number,
    zone: number,
    out: Int32Array,
    o: number,
  ): Reason;
  quote6(
    view: DataView,
    at: number,
    packetEnd: number,
    end: number,
    outerDestinationAt: number,
    zone: number,
    out: Int32Array,
    o: number,
  ): Reason;
}

/** Thread: any, one per thread. Cost: no allocation. */
export function createQuoteReader(tuples: TupleWriter, greKeys: SourceKeys): QuoteReader {
  const upper = new Int32Array(Upper.WORDS);

  /**
   * Writes L4 of the quoted packet at `at`. There, nothing but the ports (or type, code and id) need be
   * readable. Returns the Task of its protocol, or, negative, a Reason.
   */
  function quotedTransport(
    view: DataView,
    protocol: number,
    isIpv6: boolean,
    at: number,
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
    // Of IPv6 the kernel does not ask whether the last header ends within the packet, if nothing behind it is needed.
    const least = isIpv6 && needed === 0 ? Number.NEGATIVE_INFINITY : needed;
    if (packetEnd - l4 < least) return -Reason.ICMP_QUOTE;
    if (end - l4 < least) return -Reason.SNAP_LENGTH;
    if (isIcmp) {
      const inverse = protocol === Protocol.ICMP ? ICMP_INVERSE : ICMPV6_INVERSE;
      if (inverse[view.getUint8(l4)] === NOT_INVERTIBLE) return -Reason.ICMP_QUOTE;
      out[o + Desc.L4] = icmpL4(view, l4);
      return protocol === Protocol.ICMP ? Task.ICMP : Task.ICMPV6;
    }
    if (protocol === Protocol.GRE) {
      const reason = readGre(greKeys, view, isIpv6, at, l4, packetEnd, end, out, o);
      if (reason === Reason.NONE) return Task.GRE;
      return reason === Reason.SNAP_LENGTH ? -reason : -Reason.ICMP_QUOTE;
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
    zone: number,
    out: Int32Array,
    o: number,
  ): Reason {
    if (packetEnd - at < IPV4_HEADER_BYTES) return Reason.ICMP_QUOTE;
    if (end - at < IPV4_HEADER_BYTES) return Reason.SNAP_LENGTH;
    if ((view.getUint16(at + 6) & IPV4_OFFSET_MASK) !== 0) return Reason.ICMP_QUOTE;
    const protocol = view.getUint8(at + 9);
    const l4 = at + ((view.getUint8(at) & 15) << 2);
    const task = quotedTransport(view, protocol, false, at, l4, packetEnd, end, out, o);
    if (task < 0) return -task;
    const source = view.getInt32(at + 12);
    tuples.write4(source, view.getInt32(at + 16), zone | Kind.USED | protocol, task, out, o);
    asAnswer(out, o, source !== outerDestination);
    return Reason.NONE;
  }

  function quote6(
    view: DataView,
    at: number,
    packetEnd: number,
    end: number,
    outerDestinationAt: number,
    zone: number,
    out: Int32Array,
    o: number,
  ): Reason {
    if (packetEnd - at < IPV6_HEADER_BYTES) return Reason.ICMP_QUOTE;
    if (end - at < IPV6_HEADER_BYTES) return Reason.SNAP_LENGTH;
    const first = view.getUint8(at + 6);
    const from = at + IPV6_HEADER_BYTES;
    // A first fragment may be quoted, a later one names nothing.
    const reason = walkHeaders(view, from, first, packetEnd, end, Fragments.PASS, upper);
    if (reason !== Reason.NONE) return reason === Reason.SNAP_LENGTH ? reason : Reason.ICMP_QUOTE;
    const protocol = upper[Upper.PROTOCOL];
    const task = quotedTransport(view, protocol, true, at, upper[Upper.OFFSET], packetEnd, end, out, o);
    if (task < 0) return -task;
    let elsewhere = 0;
    for (let i = 0; i < 16; i += 4)
      elsewhere |= view.getInt32(at + 8 + i) ^ view.getInt32(outerDestinationAt + i);
    tuples.write6(view, at + 8, at + 24, zone | Kind.USED | Kind.IPV6 | protocol, task, out, o);
    asAnswer(out, o, elsewhere !== 0);
    return Reason.NONE;
  }

  return { quote4, quote6 };
}

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
import { foldSum, onesSum, sum20 } from './checksum.ts';
import { createExpressDecode, type ExpressDecode } from './express.ts';
import { NO_SOURCE_KEYS, type SourceKeys } from './gre.ts';
import { Fragments, Upper, walkHeaders } from './ipv6-headers.ts';
import { Last } from './last.ts';
import { Link, locateIp } from './link.ts';
import {
  ICMP_HEADER_BYTES,
  ICMPV6_REDIRECT,
  ICMPV6_REDIRECT_BYTES,
  IPV4_HEADER_BYTES,
  IPV6_HEADER_BYTES,
  Protocol,
} from './protocol.ts';
import { createQuoteReader } from './quote.ts';
import { createTransport, type OpenChecksums, SUM_CORRECT } from './transport.ts';
import { createTupleWriter } from './tuple.ts';

const IPV4_FRAGMENT_MASK = 0x3fff;

export interface DecoderOptions {
  readonly hash4: Hash4;
  readonly verifyChecksums: boolean;
  /** The zone is the VLAN id of the outermost tag. */
  readonly zoneFromVlan: boolean;
  /** The calls of PPTP; none by default. */
  readonly greKeys?: SourceKeys;
  /** Set by a live source before a packet whose transport checksum is not there yet. */
  readonly checksums?: OpenChecksums;
}

/**
 * From the IP header at `at` on. `whole`: it is what reassembly made of the packet that the decoder stopped at,
 * and no fragment any more, whatever its headers say.
 */
export type DecodePacket = (
  view: DataView,
  at: number,
  end: number,
  wireEnd: number,
  zone: number,
  whole: boolean,
  out: Int32Array,
  o: number,
) => Reason;

export interface Decoder {
  /** For most frames of Ethernet, and to be tried first (express.ts). */
  readonly express: ExpressDecode;
  /** One frame of a capture. */
  readonly frame: Decode;
  /** One IP packet, as it is found inside another one. */
  readonly packet: DecodePacket;
  /** Int32Array(Last.WORDS): TRANSPORT and END valid after NONE, the others after Reason.FRAGMENT. */
  readonly last: Int32Array;
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
export function createDecoder(options: DecoderOptions): Decoder {
  const { verifyChecksums, zoneFromVlan } = options;
  const greKeys = options.greKeys ?? NO_SOURCE_KEYS;
  const checksums = options.checksums ?? { isOpen: false };
  const transport = createTransport(verifyChecksums, greKeys, checksums);
  const tuples = createTupleWriter(options.hash4);
  const { quote4, quote6 } = createQuoteReader(tuples, greKeys);
  const link = new Int32Array(Link.WORDS);
  const upper = new Int32Array(Upper.WORDS);
  const last = new Int32Array(Last.WORDS);
  const express = createExpressDecode(options.hash4, verifyChecksums, checksums, last);
  /** Zone << 16 of the frame at hand. */
  let zone = 0;

  function frame(
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
    const reason = locateIp(view, offset, end, linkType, link);
    if (reason === Reason.LINK_SHORT && captureLength < wireLength) return Reason.SNAP_LENGTH;
    if (reason !== Reason.NONE) return reason;
    const at = link[Link.OFFSET];
    zone = zoneFromVlan ? link[Link.VLAN] << Kind.ZONE_SHIFT : 0;
    if (at >= end) return at >= wireEnd ? Reason.IP_SHORT : Reason.SNAP_LENGTH;
    const version = view.getUint8(at) >>> 4;
    if (link[Link.VERSION] !== 0 && link[Link.VERSION] !== version) return Reason.IP_VERSION;
    if (version === 4) return ipv4(view, at, end, wireEnd, out, o);
    return version === 6 ? ipv6(view, at, end, wireEnd, Fragments.STOP, out, o) : Reason.IP_VERSION;
  }

  function packet(
    view: DataView,
    at: number,
    end: number,
    wireEnd: number,
    zoneBits: number,
    whole: boolean,
    out: Int32Array,
    o: number,
  ): Reason {
    if (at >= end) return at >= wireEnd ? Reason.IP_SHORT : Reason.SNAP_LENGTH;
    zone = zoneBits;
    // Like the kernel, take the version from the fragments: their headers may say anything now.
    const known = last[Last.FRAGMENT] === 0 ? 4 : 6;
    const version = whole ? known : view.getUint8(at) >>> 4;
    if (version === 4) return ipv4(view, at, end, wireEnd, out, o);
    const fragments = whole ? Fragments.PASS : Fragments.STOP;
    return version === 6 ? ipv6(view, at, end, wireEnd, fragments, out, o) : Reason.IP_VERSION;
  }

  /** Remembers where the packet lies that has to be peeled. */
  function fragment(at: number, fragmentAt: number): Reason {
    last[Last.IP] = at;
    last[Last.ZONE] = zone;
    last[Last.FRAGMENT] = fragmentAt;
    return Reason.FRAGMENT;
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
    if ((view.getUint16(at + 6) & IPV4_FRAGMENT_MASK) !== 0) return fragment(at, 0);

    out[o + Desc.BYTES] = totalBytes;
    const l4 = at + headerBytes;
    const packetEnd = at + totalBytes;
    last[Last.TRANSPORT] = l4;
    last[Last.END] = Math.min(packetEnd, end);
    const protocol = view.getUint8(at + 9);
    const source = view.getInt32(at + 12);
    const destination = view.getInt32(at + 16);
    const kind = zone | Kind.USED | protocol;
    const task = transport(view, protocol, false, at, l4, packetEnd, end, out, o);
    if (task < 0) return -task;
    if ((task & Meta.TASK_MASK) === Task.ICMP_ERROR)
      return quote4(view, l4 + ICMP_HEADER_BYTES, packetEnd, end, destination, zone, out, o);
    tuples.write4(source, destination, kind, task, out, o);
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
    fragments: Fragments,
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
    const reason = walkHeaders(view, at + IPV6_HEADER_BYTES, first, packetEnd, end, fragments, upper);
    if (reason !== Reason.NONE)
      return reason === Reason.FRAGMENT ? fragment(at, upper[Upper.OFFSET]) : reason;

    out[o + Desc.BYTES] = packetEnd - at;
    const l4 = upper[Upper.OFFSET];
    const protocol = upper[Upper.PROTOCOL];
    last[Last.TRANSPORT] = l4;
    last[Last.END] = Math.min(packetEnd, end);
    const task = transport(view, protocol, true, at, l4, packetEnd, end, out, o);
    if (task < 0) return -task;
    if ((task & Meta.TASK_MASK) === Task.ICMP_ERROR) {
      const quoted =
        view.getUint8(l4) === ICMPV6_REDIRECT ? l4 + ICMPV6_REDIRECT_BYTES + 8 : l4 + ICMP_HEADER_BYTES;
      return quote6(view, quoted, packetEnd, end, at + 24, zone, out, o);
    }
    tuples.write6(view, at + 8, at + 24, zone | Kind.USED | Kind.IPV6 | protocol, task, out, o);
    return Reason.NONE;
  }

  return { express, frame, packet, last };
}

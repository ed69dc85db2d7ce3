/**
 * What the classes of differences need to know of a packet. Written anew, apart from src/packet, so
 * that an error of the decoder cannot excuse itself; only the way to the IP header is the project's.
 */
import { Reason } from '../../common/reasons.ts';
import { Link, locateIp } from '../../packet/link.ts';
import { addressOfBytes } from './addresses.ts';
import type { CapturedPacket } from './captures.ts';
import { connectionKey, type Endpoints } from './connection-key.ts';

export interface PacketFacts {
  readonly linkType: number;
  /** The kernel's recorder could find the IP header: it reads fewer link layers than we do. */
  readonly recorderReads: boolean;
  readonly ipVersion: 4 | 6;
  readonly protocol: number;
  /** Of the packet itself. */
  readonly outer: Endpoints;
  /** Of the packet; for an ICMP error, of the packet that it quotes. */
  readonly endpoints: Endpoints;
  readonly key: string;
  /** From the IP header on. */
  readonly ip: Uint8Array;
  /** Where the transport header begins in it. */
  readonly l4: number;
  readonly isFragment: boolean;
  /** What all fragments of a datagram share; empty for others. */
  readonly datagram: string;
  /** It bears the ports: no fragment, or the first. */
  readonly hasPorts: boolean;
  readonly isIcmpError: boolean;
}

const ICMP = 1;
const ICMPV6 = 58;
const WITH_PORTS: ReadonlySet<number> = new Set([6, 17, 132, 136]);
const ICMP_ERRORS: ReadonlySet<number> = new Set([3, 4, 5, 11, 12]);
const ICMPV6_REDIRECT = 137;
const EXTENSIONS: ReadonlySet<number> = new Set([0, 43, 60]);
const AUTHENTICATION = 51;
const FRAGMENT = 44;

interface Network {
  readonly version: 4 | 6;
  readonly protocol: number;
  readonly source: string;
  readonly destination: string;
  readonly l4: number;
  readonly isFragment: boolean;
  readonly fragmentOffset: number;
  readonly datagramId: number;
}

function network4(view: DataView, ip: Uint8Array): Network | null {
  if (ip.length < 20) return null;
  const fragment = view.getUint16(6);
  return {
    version: 4,
    protocol: ip[9],
    source: addressOfBytes(ip.subarray(12, 16)),
    destination: addressOfBytes(ip.subarray(16, 20)),
    l4: (ip[0] & 15) * 4,
    isFragment: (fragment & 0x3fff) !== 0,
    fragmentOffset: fragment & 0x1fff,
    datagramId: view.getUint16(4),
  };
}

function network6(view: DataView, ip: Uint8Array): Network | null {
  if (ip.length < 40) return null;
  const addresses = {
    version: 6,
    source: addressOfBytes(ip.subarray(8, 24)),
    destination: addressOfBytes(ip.subarray(24, 40)),
  } as const;
  let protocol = ip[6];
  let l4 = 40;
  let fragment = { isFragment: false, fragmentOffset: 0, datagramId: 0 };
  while (ip.length >= l4 + 2) {
    if (protocol === FRAGMENT && ip.length >= l4 + 4) {
      const word = view.getUint16(l4 + 2);
      // The kernel takes one that is cut off after its first half.
      const datagramId = ip.length >= l4 + 8 ? view.getUint32(l4 + 4) : 0;
      fragment = { isFragment: true, fragmentOffset: word >>> 3, datagramId };
      protocol = ip[l4];
      l4 += 8;
      if (fragment.fragmentOffset !== 0) break;
    } else if (EXTENSIONS.has(protocol)) {
      protocol = ip[l4];
      l4 += (ip[l4 + 1] + 1) * 8;
    } else if (protocol === AUTHENTICATION) {
      protocol = ip[l4];
      l4 += (ip[l4 + 1] + 2) * 4;
    } else break;
  }
  return { ...addresses, protocol, l4, ...fragment };
}

function networkOf(ip: Uint8Array): Network | null {
  if (ip.length === 0) return null;
  const view = new DataView(ip.buffer, ip.byteOffset, ip.length);
  const version = ip[0] >>> 4;
  if (version === 4) return network4(view, ip);
  return version === 6 ? network6(view, ip) : null;
}

/** Where the packet that an ICMP error quotes begins, or 0. */
function quoteAt(ip: Uint8Array, n: Network): number {
  if (n.fragmentOffset !== 0 || ip.length <= n.l4) return 0;
  const type = ip[n.l4];
  if (n.protocol === ICMP) return ICMP_ERRORS.has(type) ? n.l4 + 8 : 0;
  if (n.protocol !== ICMPV6) return 0;
  if (type === ICMPV6_REDIRECT) return n.l4 + 48;
  return type < 128 ? n.l4 + 8 : 0;
}

function endpointsOf(ip: Uint8Array, n: Network): Endpoints {
  const { protocol, source, destination, l4 } = n;
  const word = (at: number): number => (at + 1 < ip.length ? (ip[at] << 8) | ip[at + 1] : 0);
  const none = { protocol, source, destination, sourcePort: 0, destinationPort: 0 };
  if (n.fragmentOffset !== 0) return none;
  if (WITH_PORTS.has(protocol)) return { ...none, sourcePort: word(l4), destinationPort: word(l4 + 2) };
  if (protocol !== ICMP && protocol !== ICMPV6) return none;
  const id = word(l4 + 4);
  return { ...none, sourcePort: id, destinationPort: id };
}

/** The same link layers as the kernel's recorder reads: no MPLS, no PPP of any kind. */
function recorderReads({ linkType, data }: CapturedPacket): boolean {
  const at = (offset: number): number =>
    data.length >= offset + 2 ? (data[offset] << 8) | data[offset + 1] : 0;
  const afterTags = (first: number, offset: number): boolean => {
    let type = first;
    let from = offset;
    while (type === 0x8100 || type === 0x88a8 || type === 0x9100) {
      type = at(from + 2);
      from += 4;
    }
    return type === 0x0800 || type === 0x86dd;
  };
  switch (linkType) {
    case 1:
      return afterTags(at(12), 14);
    case 113:
      return afterTags(at(14), 16);
    case 276:
      return afterTags(at(0), 20);
    default:
      return [0, 12, 14, 101, 108, 228, 229].includes(linkType);
  }
}

const link = new Int32Array(Link.WORDS);

/** Null when it is not IP. */
export function packetFacts(packet: CapturedPacket): PacketFacts | null {
  const { data, linkType } = packet;
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  if (locateIp(view, 0, data.length, linkType, link) !== Reason.NONE) return null;
  const ip = data.subarray(link[Link.OFFSET]);
  const n = networkOf(ip);
  if (n === null) return null;
  const quoted = quoteAt(ip, n);
  const inner = quoted === 0 ? null : networkOf(ip.subarray(quoted));
  const outer = endpointsOf(ip, n);
  const endpoints = inner === null ? outer : endpointsOf(ip.subarray(quoted), inner);
  return {
    linkType,
    recorderReads: recorderReads(packet),
    ipVersion: n.version,
    protocol: n.protocol,
    outer,
    endpoints,
    key: connectionKey(endpoints),
    ip,
    l4: n.l4,
    isFragment: n.isFragment,
    datagram: n.isFragment ? `${n.source} ${n.destination} ${n.datagramId}` : '',
    hasPorts: n.fragmentOffset === 0,
    isIcmpError: quoted !== 0,
  };
}

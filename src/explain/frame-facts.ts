/**
 * What can be said of a frame without a tracker, also of one that the decoder refused: the story of a
 * packet that belongs to no connection, and what a row shows beyond its descriptor. Reads as far as
 * the bytes go and never throws.
 */
import { ipv4Text, ipv6Text } from '../export/addresses.ts';
import { protocolName } from '../export/names.ts';
import { Link, LinkType, locateIp } from '../packet/link.ts';
import { Protocol } from '../packet/protocol.ts';
import { checksumText, ipv4Checksum } from './checksums.ts';
import type { SctpFacts } from './sctp-facts.ts';
import type { TcpFacts } from './tcp-facts.ts';
import { bytesOf, type IcmpFacts, readTransport } from './transport-facts.ts';

export interface IpFacts {
  readonly version: 4 | 6;
  /** Where the header starts. */
  readonly at: number;
  readonly src: string;
  readonly dst: string;
  /** Of what follows the headers that could be read. */
  readonly protocol: number;
  /** As the header says, its own bytes included. */
  readonly totalBytes: number;
  /** Identification, for the pieces of one datagram. */
  readonly id: number;
  /** In bytes. */
  readonly fragmentOffset: number;
  readonly isFragment: boolean;
  /** Where the transport starts. */
  readonly l4: number;
}

/** Keys and values in words. */
export type FactRow = readonly [name: string, text: string];

export interface FrameFacts {
  readonly ip: IpFacts | null;
  /** Ports where there are any that could be read. */
  readonly ports: readonly [number, number] | null;
  readonly tcp: TcpFacts | null;
  readonly icmp: IcmpFacts | null;
  readonly sctp: SctpFacts | null;
  readonly rows: readonly FactRow[];
}

export interface FramePlace {
  readonly view: DataView;
  readonly offset: number;
  readonly captureLength: number;
  readonly wireLength: number;
  readonly linkType: number;
}

const ETHERTYPES: ReadonlyMap<number, string> = new Map([
  [0x0806, 'ARP'],
  [0x8100, 'VLAN tag'],
  [0x88a8, 'VLAN tag'],
  [0x88cc, 'LLDP'],
  [0x8035, 'RARP'],
  [0x888e, '802.1X'],
  [0x8863, 'PPPoE discovery'],
  [0x86dd, 'IPv6'],
  [0x0800, 'IPv4'],
]);

const hex = (value: number, digits = 4): string => `0x${value.toString(16).padStart(digits, '0')}`;

/** The last header that follows IPv6's own, as far as it can be walked. */
function walkIpv6(view: DataView, at: number, end: number) {
  let protocol = view.getUint8(at + 6);
  let l4 = at + 40;
  let fragmentOffset = 0;
  let isFragment = false;
  let id = 0;
  const headers: string[] = [];
  for (;;) {
    const isFragmentHeader = protocol === Protocol.FRAGMENT;
    const isOther =
      protocol === Protocol.HOP_BY_HOP ||
      protocol === Protocol.ROUTING ||
      protocol === Protocol.DESTINATION ||
      protocol === Protocol.AUTHENTICATION;
    if ((!isFragmentHeader && !isOther) || end - l4 < 8) break;
    headers.push(HEADER_NAMES.get(protocol) ?? String(protocol));
    const next = view.getUint8(l4);
    if (isFragmentHeader) {
      const word = view.getUint16(l4 + 2);
      fragmentOffset = word & 0xfff8;
      isFragment = (word & 0xfff9) !== 0;
      id = view.getUint32(l4 + 4);
      l4 += 8;
    } else {
      const length = view.getUint8(l4 + 1);
      l4 += protocol === Protocol.AUTHENTICATION ? (length + 2) * 4 : (length + 1) * 8;
    }
    protocol = next;
    if (fragmentOffset !== 0) break;
  }
  return { protocol, l4, fragmentOffset, isFragment, id, headers };
}

const HEADER_NAMES: ReadonlyMap<number, string> = new Map([
  [Protocol.HOP_BY_HOP, 'hop-by-hop'],
  [Protocol.ROUTING, 'routing'],
  [Protocol.FRAGMENT, 'fragment'],
  [Protocol.DESTINATION, 'destination'],
  [Protocol.AUTHENTICATION, 'authentication'],
]);

function protocolText(protocol: number): string {
  const name = protocolName(protocol);
  return name === 'unknown' ? `protocol ${protocol}` : `${name} (${protocol})`;
}

function readIpv4(view: DataView, at: number, end: number, rows: FactRow[]): IpFacts | null {
  if (end - at < 20) return null;
  const headerBytes = (view.getUint8(at) & 15) * 4;
  const totalBytes = view.getUint16(at + 2);
  const word = view.getUint16(at + 6);
  const fragmentOffset = (word & 0x1fff) * 8;
  const isFragment = (word & 0x3fff) !== 0;
  const id = view.getUint16(at + 4);
  const src = ipv4Text(view.getInt32(at + 12));
  const dst = ipv4Text(view.getInt32(at + 16));
  const protocol = view.getUint8(at + 9);
  const details = [
    `header ${headerBytes}`,
    `total length ${totalBytes}`,
    `TTL ${view.getUint8(at + 8)}`,
    `id ${hex(id)}`,
  ];
  if ((word & 0x4000) !== 0) details.push("don't fragment");
  if (isFragment)
    details.push(
      `fragment at offset ${fragmentOffset}${(word & 0x2000) !== 0 ? ', more follow' : ', the last one'}`,
    );
  rows.push(['IPv4', `${src} → ${dst}, ${protocolText(protocol)}, ${details.join(', ')}`]);
  if (headerBytes >= 20 && end - at >= headerBytes)
    rows.push(['IPv4 checksum', checksumText(ipv4Checksum(view, at, headerBytes))]);
  return {
    version: 4,
    at,
    src,
    dst,
    protocol,
    totalBytes,
    id,
    fragmentOffset,
    isFragment,
    l4: at + headerBytes,
  };
}

function readIpv6(view: DataView, at: number, end: number, rows: FactRow[]): IpFacts | null {
  if (end - at < 40) return null;
  const address = (from: number): string =>
    ipv6Text(view.getInt32(from), view.getInt32(from + 4), view.getInt32(from + 8), view.getInt32(from + 12));
  const { protocol, l4, fragmentOffset, isFragment, id, headers } = walkIpv6(view, at, end);
  const src = address(at + 8);
  const dst = address(at + 24);
  const totalBytes = 40 + view.getUint16(at + 4);
  const details = [`payload length ${totalBytes - 40}`, `hop limit ${view.getUint8(at + 7)}`];
  if (headers.length > 0) details.push(`headers ${headers.join(', ')}`);
  if (isFragment) details.push(`fragment at offset ${fragmentOffset} of id ${hex(id, 8)}`);
  rows.push(['IPv6', `${src} → ${dst}, ${protocolText(protocol)}, ${details.join(', ')}`]);
  return { version: 6, at, src, dst, protocol, totalBytes, id, fragmentOffset, isFragment, l4 };
}

/** The tuple that an ICMP error quotes, in words; null where too little of it is there. */
function quoteText(view: DataView, at: number, end: number): string | null {
  if (end - at < 20) return null;
  const rows: FactRow[] = [];
  const ip = view.getUint8(at) >>> 4 === 4 ? readIpv4(view, at, end, rows) : readIpv6(view, at, end, rows);
  if (ip === null) return null;
  const hasPorts = [6, 17, 132, 136].includes(ip.protocol) && end - ip.l4 >= 4;
  const ports = hasPorts ? `, ports ${view.getUint16(ip.l4)} → ${view.getUint16(ip.l4 + 2)}` : '';
  return `${ip.src} → ${ip.dst}, ${protocolText(ip.protocol)}${ports}`;
}

export function readFrame(place: FramePlace): FrameFacts {
  const { view, offset, captureLength, wireLength, linkType } = place;
  const end = offset + captureLength;
  const rows: FactRow[] = [];
  const cut = captureLength < wireLength ? `, of which ${captureLength} were captured` : '';
  rows.push(['frame', `${bytesOf(wireLength)} on the wire${cut}; link type ${linkType}${linkText(place)}`]);
  const nothing: FrameFacts = { ip: null, ports: null, tcp: null, icmp: null, sctp: null, rows };

  const link = new Int32Array(Link.WORDS);
  if (locateIp(view, offset, end, linkType, link) !== 0) return nothing;
  const at = link[Link.OFFSET];
  if (link[Link.VLAN] !== 0) rows.push(['VLAN', `${link[Link.VLAN]} (the outermost tag)`]);
  rows.push([
    'IP starts',
    `at byte ${at - offset} of the frame, ${bytesOf(Math.max(0, offset + wireLength - at))} follow`,
  ]);
  if (at >= end) return nothing;
  const version = view.getUint8(at) >>> 4;
  const ip =
    version === 4 ? readIpv4(view, at, end, rows) : version === 6 ? readIpv6(view, at, end, rows) : null;
  if (ip === null) {
    if (version !== 4 && version !== 6) rows.push(['IP version', `${version}`]);
    return nothing;
  }
  if (ip.fragmentOffset !== 0) return { ...nothing, ip };
  return { ...nothing, ip, ...readTransport(view, ip, end, rows, quoteText) };
}

function linkText({ view, offset, captureLength, linkType }: FramePlace): string {
  if (linkType !== LinkType.ETHERNET || captureLength < 14) return '';
  const type = view.getUint16(offset + 12);
  if (type < 0x600) return ' (Ethernet, IEEE 802.3 length)';
  return ` (Ethernet, type ${hex(type)}${ETHERTYPES.has(type) ? ` ${ETHERTYPES.get(type)}` : ''})`;
}

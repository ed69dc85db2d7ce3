/** What stands behind the IP header, in words: ports, flags, checksums. Reads as far as the bytes go. */
import { ICMP_INVERSE, ICMPV6_INVERSE, NOT_INVERTIBLE } from '../packet/icmp-types.ts';
import { Protocol } from '../packet/protocol.ts';
import { checksumText, icmpChecksum, transportChecksum } from './checksums.ts';
import type { FactRow, IpFacts } from './frame-facts.ts';
import { icmpName, isIcmpError } from './icmp-text.ts';
import { readSctpFacts, type SctpFacts } from './sctp-facts.ts';
import { flagsText, readTcpFacts, type TcpFacts } from './tcp-facts.ts';

/** Of a message with at least 8 bytes; id and sequence mean something in queries only. */
export interface IcmpFacts {
  readonly type: number;
  readonly code: number;
  readonly id: number;
  readonly sequence: number;
}

export interface TransportFacts {
  /** Ports where there are any that could be read. */
  readonly ports: readonly [number, number] | null;
  readonly tcp: TcpFacts | null;
  readonly icmp: IcmpFacts | null;
  readonly sctp: SctpFacts | null;
}

/** The packet that an ICMP error quotes from `at` on, in words; null where too little of it is there. */
export type QuoteText = (view: DataView, at: number, end: number) => string | null;

/** Where a transport header lies. */
interface Place {
  readonly view: DataView;
  readonly ip: number;
  readonly version: 4 | 6;
  readonly protocol: number;
  readonly at: number;
  /** Header and payload by the IP header; may be less than nothing. */
  readonly bytes: number;
  /** Where the captured bytes end. */
  readonly end: number;
  readonly isWhole: boolean;
  readonly ports: readonly [number, number] | null;
}

const NOTHING: TransportFacts = { ports: null, tcp: null, icmp: null, sctp: null };
const ICMPV6_REDIRECT = 137;
/** Fixed part of a redirect, and the head of the option that quotes. */
const REDIRECT_BYTES = 48;

export const bytesOf = (n: number): string => `${n} byte${n === 1 ? '' : 's'}`;

function tcp(place: Place, rows: FactRow[]): TcpFacts {
  const { view, at, end, bytes, isWhole, ports } = place;
  const facts = readTcpFacts(view, at, end, bytes);
  const options = [...facts.options, ...facts.sack.map(([l, r]) => `SACK ${l >>> 0}..${r >>> 0}`)];
  rows.push([
    'TCP',
    `ports ${ports?.join(' → ')}, ${flagsText(facts.flags)}, seq ${facts.seq >>> 0}, ack ${facts.ack >>> 0}, window ${facts.window}, header ${facts.headerBytes}, ${bytesOf(facts.bytes)} of data`,
  ]);
  if (options.length > 0) rows.push(['TCP options', options.join(', ')]);
  if (isWhole) rows.push(['TCP checksum', checksumText(transportChecksum(view, place, 16, bytes))]);
  return facts;
}

function udp(place: Place, rows: FactRow[]): void {
  const { view, at, bytes, isWhole, ports } = place;
  const isLite = place.protocol === Protocol.UDPLITE;
  const name = isLite ? 'UDP-Lite' : 'UDP';
  const length = view.getUint16(at + 4);
  const what = isLite ? 'coverage' : 'length';
  rows.push([name, `ports ${ports?.join(' → ')}, ${what} ${length}, and ${bytesOf(bytes)} by the IP header`]);
  const covered = isLite && length !== 0 ? length : bytes;
  // The kernel sums UDP-Lite with the number of UDP (docs/differences.md).
  const summed = { ...place, protocol: Protocol.UDP };
  if (view.getUint16(at + 6) === 0) rows.push([`${name} checksum`, 'none']);
  else if (isWhole && covered <= bytes)
    rows.push([`${name} checksum`, checksumText(transportChecksum(view, summed, 6, covered))]);
}

function icmp(place: Place, rows: FactRow[], quoteText: QuoteText): IcmpFacts {
  const { view, at, end, bytes, isWhole } = place;
  const isV6 = place.protocol === Protocol.ICMPV6;
  const family = isV6 ? 6 : 4;
  const facts: IcmpFacts = {
    type: view.getUint8(at),
    code: view.getUint8(at + 1),
    id: view.getUint16(at + 4),
    sequence: view.getUint16(at + 6),
  };
  const { type, code, id, sequence } = facts;
  const isError = isIcmpError(family, type);
  const name = icmpName(family, type, code);
  const words = name === null ? '' : `: ${name}`;
  const isQuery = (isV6 ? ICMPV6_INVERSE : ICMP_INVERSE)[type] !== NOT_INVERTIBLE;
  const query = isQuery ? `, id ${id}, sequence ${sequence}` : '';
  rows.push([isV6 ? 'ICMPv6' : 'ICMP', `type ${type}, code ${code}${words}${query}`]);
  const quoteAt = at + (isV6 && type === ICMPV6_REDIRECT ? REDIRECT_BYTES : 8);
  const quote = isError ? quoteText(view, quoteAt, end) : null;
  if (quote !== null) rows.push(['it quotes', quote]);
  if (isWhole) {
    const sum = isV6 ? transportChecksum(view, place, 2, bytes) : icmpChecksum(view, at, bytes);
    rows.push(['ICMP checksum', checksumText(sum)]);
  }
  return facts;
}

function sctp(place: Place, rows: FactRow[]): SctpFacts {
  const { view, at, end, bytes, ports } = place;
  const facts = readSctpFacts(view, at, Math.min(end, at + bytes));
  const chunks = facts.chunks.length === 0 ? 'no chunks' : facts.chunks.join(', ');
  rows.push(['SCTP', `ports ${ports?.join(' → ')}, verification tag ${facts.tag}, ${chunks}`]);
  return facts;
}

/** Bytes that a protocol's own header has at least. */
const HEADER_BYTES: ReadonlyMap<number, number> = new Map([
  [Protocol.TCP, 20],
  [Protocol.UDP, 8],
  [Protocol.UDPLITE, 8],
  [Protocol.ICMP, 8],
  [Protocol.ICMPV6, 8],
  [Protocol.SCTP, 12],
]);
const PORT_PROTOCOLS: readonly number[] = [Protocol.TCP, Protocol.UDP, Protocol.UDPLITE, Protocol.SCTP];

/** Adds what it finds to `rows`. */
export function readTransport(
  view: DataView,
  ip: IpFacts,
  end: number,
  rows: FactRow[],
  quoteText: QuoteText,
): TransportFacts {
  const { l4: at, protocol, version } = ip;
  const bytes = ip.at + ip.totalBytes - at;
  const present = Math.min(bytes, end - at);
  const hasPorts = PORT_PROTOCOLS.includes(protocol) && present >= 4;
  const ports = hasPorts ? ([view.getUint16(at), view.getUint16(at + 2)] as const) : null;
  if (present < (HEADER_BYTES.get(protocol) ?? 0)) {
    if (ports !== null) rows.push(['ports', ports.join(' → ')]);
    rows.push(['transport', `${bytesOf(Math.max(0, present))} of its header are there`]);
    return { ...NOTHING, ports };
  }
  const isWhole = bytes >= 0 && at + bytes <= end;
  const place: Place = { view, ip: ip.at, version, protocol, at, bytes, end, isWhole, ports };
  switch (protocol) {
    case Protocol.TCP:
      return { ...NOTHING, ports, tcp: tcp(place, rows) };
    case Protocol.UDP:
    case Protocol.UDPLITE:
      udp(place, rows);
      return { ...NOTHING, ports };
    case Protocol.ICMP:
    case Protocol.ICMPV6:
      return { ...NOTHING, icmp: icmp(place, rows, quoteText) };
    case Protocol.SCTP:
      return { ...NOTHING, ports, sctp: sctp(place, rows) };
    default:
      if (ports !== null) rows.push(['ports', ports.join(' → ')]);
      return { ...NOTHING, ports };
  }
}

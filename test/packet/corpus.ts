/** Hand-made packets: at least one for every reason that the decoder knows, and the well-formed ones beside them. */
import { Reason } from '../../src/common/reasons.ts';
import { LinkType } from '../../src/packet/link.ts';
import { chunksOf, sctpSegment } from '../support/sctp-frames.ts';
import * as b from './build.ts';

export interface Sample {
  readonly name: string;
  readonly frame: b.Bytes;
  readonly linkType: number;
  /** What becomes of it, returned or in the descriptor. */
  readonly reason: Reason;
}

const raw = (
  name: string,
  frame: b.Bytes,
  reason = Reason.NONE,
  linkType: number = LinkType.RAW,
): Sample => ({
  name,
  frame,
  linkType,
  reason,
});

/** The end of the option list is padded with zeroes. */
const options = (...bytes: number[]): number[] => [...bytes, ...b.zeros((4 - (bytes.length % 4)) % 4)];
export const SYN_OPTIONS = options(2, 4, 5, 180, 1, 3, 3, 7, 4, 2, 8, 10, ...b.zeros(8));
export const TIMESTAMP = [1, 1, 8, 10, ...b.zeros(8)];
export const sack = (...edges: number[]): number[] =>
  options(1, 1, 5, 2 + edges.length * 4, ...edges.flatMap(b.u32));

const syn = b.tcp({ flags: b.SYN, options: SYN_OPTIONS });
const data = b.tcp({ flags: b.ACK | b.PSH, options: TIMESTAMP, payload: b.text('GET / HTTP/1.1') });
const withSack = b.tcp({ options: sack(0xf1f30000, 0xf1f40000, 0xf1f50000, 0xf1f60000) });
const quoted4 = b.ipv4(b.udp()).slice(0, 28);
const quoted6 = b.ipv6(b.tcp()).slice(0, 48);
const port = (quoted: b.Bytes): b.Segment => b.icmp(3, 3, b.zeros(4), quoted);
const tooBig = (quoted: b.Bytes): b.Segment => b.icmpv6(2, 0, b.u32(1280), quoted);
const short = (protocol: number, bytes: b.Bytes): b.Segment => ({ protocol, bytes });
const fromNeighbour: b.Ipv6Fields = { source: b.LINK_LOCAL, hopLimit: 255 };
const allExtensions: b.Ipv6Fields = {
  extensions: [b.hopByHop(2), b.destinationOptions, b.routing, b.authentication, b.destinationOptions],
};
/** IPv4 with the bytes of its payload as they are. */
const broken4 = (segment: b.Segment, at: number, ...values: number[]): b.Bytes =>
  b.patched(b.ipv4(segment), 20 + at, ...values);
const broken6 = (segment: b.Segment, at: number, ...values: number[]): b.Bytes =>
  b.patched(b.ipv6(segment), 40 + at, ...values);

const LINK: Sample[] = [
  raw('unknown link type', b.ipv4(syn), Reason.LINK_TYPE, 147),
  raw('Ethernet of 13 bytes', b.ethernet(0x0800, []).slice(0, 13), Reason.LINK_SHORT, LinkType.ETHERNET),
  raw('MPLS without a bottom', b.ethernet(0x8847, b.label(1, false)), Reason.LINK_SHORT, LinkType.ETHERNET),
  raw('ARP', b.ethernet(0x0806, b.zeros(28)), Reason.NOT_IP, LinkType.ETHERNET),
  raw('Ethernet, then nothing', b.ethernet(0x0800, []), Reason.IP_SHORT, LinkType.ETHERNET),
  raw('IPv6 announced as IPv4', b.ethernet(0x0800, b.ipv6(syn)), Reason.IP_VERSION, LinkType.ETHERNET),
  raw('IP version 5', b.ipv4(syn, { version: 5 }), Reason.IP_VERSION),
  raw(
    'Ethernet with padding',
    [...b.ethernet(0x0800, b.ipv4(b.udp())), ...b.zeros(13)],
    Reason.NONE,
    LinkType.ETHERNET,
  ),
];

const IPV4: Sample[] = [
  raw('IPv4 of 19 bytes', b.ipv4(syn).slice(0, 19), Reason.IP_SHORT),
  raw('IPv4 header of 16 bytes', b.ipv4(syn, { headerWords: 4 }), Reason.IP_HEADER_LENGTH),
  raw('IPv4 header beyond the packet', b.ipv4(b.udp(), { headerWords: 15 }), Reason.IP_HEADER_LENGTH),
  raw('IPv4 length beyond the packet', b.ipv4(syn, { totalBytes: 200 }), Reason.IP_LENGTH),
  raw('IPv4 length below its header', b.ipv4(syn, { totalBytes: 19 }), Reason.IP_LENGTH),
  raw('IPv4 checksum', b.ipv4(syn, { checksum: 0x1234 }), Reason.IP_CHECKSUM),
  raw('IPv4 first fragment', b.ipv4(syn, { fragment: 0x2000 }), Reason.FRAGMENT),
  raw('IPv4 later fragment', b.ipv4(syn, { fragment: 0x0010 }), Reason.FRAGMENT),
  raw('IPv4 with options', b.ipv4(b.udp(), { options: [7, 39, 4, ...b.zeros(37)] })),
  raw('IPv4 with reserved flag', b.ipv4(b.udp(), { fragment: 0x8000 })),
  raw('unknown protocol', b.ipv4(short(200, b.text('whatever')))),
  raw('unknown protocol without payload', b.ipv4(short(201, []))),
];

const IPV6: Sample[] = [
  raw('IPv6 of 39 bytes', b.ipv6(syn).slice(0, 39), Reason.IP_SHORT),
  raw('IPv6 length beyond the packet', b.ipv6(syn, { payloadBytes: 500 }), Reason.IP_LENGTH),
  raw('IPv6 with every extension header', b.ipv6(syn, allExtensions)),
  raw(
    'IPv6 chain beyond the packet',
    b.ipv6(short(6, []), { extensions: [{ protocol: 0, rest: [9] }, b.routing] }),
    Reason.IPV6_HEADERS,
  ),
  raw('IPv6 chain that ends at the end', b.ipv6(short(60, [])), Reason.IPV6_HEADERS),
  raw('IPv6 fragment header cut short', b.ipv6(short(44, b.zeros(7))), Reason.FRAGMENT),
  raw('IPv6 nothing follows', b.ipv6(short(59, b.text('x'))), Reason.IPV6_NO_NEXT_HEADER),
  raw('IPv6 first fragment', b.ipv6(syn, { extensions: [b.fragmentHeader(1)] }), Reason.FRAGMENT),
  raw('IPv6 later fragment', b.ipv6(syn, { extensions: [b.fragmentHeader(0x10)] }), Reason.FRAGMENT),
  raw('IPv6 jumbogram', b.ipv6(b.udp(), { extensions: [b.hopByHop()], payloadBytes: 0 })),
  raw('IPv6 unknown protocol', b.ipv6(short(200, b.text('x')))),
];

const sctp = (chunks: string, trailer: b.Bytes = [], badChecksum = false): b.Segment =>
  short(
    132,
    sctpSegment({ sport: 5000, dport: 36412, tag: 0, chunks: chunksOf(chunks), trailer, badChecksum }),
  );
const MANY_CHUNKS = Array.from(
  { length: 60 },
  (_, i) => ['heartbeat', 'abort', 'shutdown', '#77'][i % 4],
).join();

function sctpAndGre(
  name: string,
  wrap: (s: b.Segment) => b.Bytes,
  port: (quoted: b.Bytes) => b.Segment,
): Sample[] {
  const init = sctp('init:77');
  const pptp = short(47, [0x30, 1, 0x88, 0x0b, 0, 4, 0x12, 0x34, ...b.zeros(8)]);
  return [
    raw(`${name} SCTP INIT`, wrap(init)),
    ...[
      'init-ack:5',
      'data,sack',
      'cookie-echo,data',
      'heartbeat,error=8,abort/1',
      MANY_CHUNKS,
      'data=65535',
    ].map((chunks) => raw(`${name} SCTP ${chunks.slice(0, 40)}`, wrap(sctp(chunks)))),
    raw(`${name} SCTP with bytes at the end`, wrap(sctp('shutdown', [1, 2, 3]))),
    raw(`${name} SCTP of 3 bytes`, wrap(short(132, b.zeros(3))), Reason.L4_SHORT),
    raw(`${name} SCTP of 11 bytes`, wrap(short(132, b.zeros(11))), Reason.L4_SHORT),
    raw(`${name} SCTP checksum`, wrap(sctp('data', [], true)), Reason.SCTP_CHECKSUM),
    raw(`${name} SCTP without chunks`, wrap(sctp('-')), Reason.SCTP_CHUNKS),
    raw(`${name} SCTP chunk of length 0`, wrap(sctp('sack,data=0')), Reason.SCTP_CHUNKS),
    raw(`${name} SCTP two INITs`, wrap(sctp('init:1,init:1')), Reason.SCTP_CHUNKS),
    raw(`${name} SCTP INIT cut short`, wrap(sctp('init=20', b.zeros(15))), Reason.SCTP_INIT_SHORT),
    raw(`${name} error that quotes SCTP`, wrap(port(wrap(init)))),
    raw(`${name} GRE`, wrap(short(47, [0x20, 0, 8, 0, ...b.zeros(8)]))),
    raw(`${name} GRE of 3 bytes`, wrap(short(47, b.zeros(3)))),
    raw(`${name} GRE of PPTP`, wrap(pptp)),
    raw(
      `${name} GRE version 1 without PPP`,
      wrap(short(47, [0, 1, 8, 0, ...b.zeros(8)])),
      Reason.GRE_PROTOCOL,
    ),
    raw(`${name} error that quotes PPTP`, wrap(port(wrap(pptp)))),
  ];
}

function transport(name: string, wrap: (s: b.Segment) => b.Bytes, broken: typeof broken4): Sample[] {
  return [
    raw(`${name} SYN with options`, wrap(syn)),
    raw(`${name} data with timestamp`, wrap(data)),
    raw(`${name} SACK`, wrap(withSack)),
    raw(`${name} TCP of 3 bytes`, wrap(short(6, [1, 2, 3])), Reason.L4_SHORT),
    raw(`${name} TCP of 19 bytes`, wrap(short(6, syn.bytes.slice(0, 19))), Reason.L4_SHORT),
    raw(`${name} TCP offset of 4`, wrap(b.tcp({ headerWords: 4 })), Reason.TCP_HEADER_LENGTH),
    raw(`${name} TCP offset beyond the packet`, wrap(b.tcp({ headerWords: 6 })), Reason.TCP_HEADER_LENGTH),
    raw(`${name} TCP checksum`, broken(data, 30, 0x77), Reason.TCP_CHECKSUM),
    raw(`${name} TCP without flags`, wrap(b.tcp({ flags: 0 })), Reason.TCP_FLAGS),
    raw(`${name} TCP SYN FIN`, wrap(b.tcp({ flags: b.SYN | b.FIN })), Reason.TCP_FLAGS),
    raw(`${name} UDP`, wrap(b.udp())),
    raw(`${name} UDP of odd length without payload`, wrap(b.udp({ payload: [] }))),
    raw(`${name} UDP without checksum`, broken(b.udp(), 6, 0, 0)),
    raw(`${name} UDP of 3 bytes`, wrap(short(17, [1, 2, 3])), Reason.L4_SHORT),
    raw(`${name} UDP of 7 bytes`, wrap(short(17, b.zeros(7))), Reason.L4_SHORT),
    raw(`${name} UDP length of 7`, wrap(b.udp({ length: 7 })), Reason.UDP_LENGTH),
    raw(`${name} UDP length beyond the packet`, wrap(b.udp({ length: 99 })), Reason.UDP_LENGTH),
    raw(`${name} UDP length below the packet`, wrap(b.udp({ length: 9 }))),
    raw(`${name} UDP checksum`, broken(b.udp(), 9, 0x77), Reason.UDP_CHECKSUM),
    raw(`${name} UDP-Lite`, wrap(b.udpLite())),
    raw(`${name} UDP-Lite, all covered`, wrap(b.udpLite({ length: 0 }))),
    raw(`${name} UDP-Lite, not covered part changed`, broken(b.udpLite(), 9, 0x77)),
    raw(`${name} UDP-Lite of 5 bytes`, wrap(short(136, b.zeros(5))), Reason.L4_SHORT),
    raw(`${name} UDP-Lite of 2 bytes`, wrap(short(136, b.zeros(2))), Reason.L4_SHORT),
    raw(`${name} UDP-Lite coverage of 7`, wrap(b.udpLite({ length: 7 })), Reason.UDPLITE_COVERAGE),
    raw(`${name} UDP-Lite coverage beyond`, wrap(b.udpLite({ length: 14 })), Reason.UDPLITE_COVERAGE),
    raw(`${name} UDP-Lite without checksum`, broken(b.udpLite(), 6, 0, 0), Reason.UDPLITE_CHECKSUM_ZERO),
    raw(`${name} UDP-Lite checksum`, broken(b.udpLite({ length: 0 }), 9, 0x77), Reason.UDPLITE_CHECKSUM),
  ];
}

const ICMP: Sample[] = [
  ...[0, 8, 13, 14, 15, 16, 17, 18].map((type) => raw(`ICMP type ${type}`, b.ipv4(b.icmp(type)))),
  raw('ICMP of 7 bytes', b.ipv4(short(1, b.zeros(7))), Reason.L4_SHORT),
  raw('ICMP checksum', broken4(b.icmp(8), 9, 0x77), Reason.ICMP_CHECKSUM),
  raw('ICMP of zeroes alone', b.ipv4(short(1, b.zeros(8)))),
  raw('ICMP type 19', b.ipv4(b.icmp(19)), Reason.ICMP_TYPE),
  raw('ICMP type 9', b.ipv4(b.icmp(9)), Reason.ICMP_NOT_A_QUERY),
  raw('ICMP in IPv6', b.ipv6(short(1, b.icmp(8).bytes)), Reason.ICMP_FAMILY),
  ...[3, 4, 5, 11, 12].map((type) => raw(`ICMP error ${type}`, b.ipv4(b.icmp(type, 0, b.zeros(4), quoted4)))),
  raw('ICMP quote of 19 bytes', b.ipv4(port(quoted4.slice(0, 19))), Reason.ICMP_QUOTE),
  raw('ICMP quote without ports', b.ipv4(port(quoted4.slice(0, 23))), Reason.ICMP_QUOTE),
  raw('ICMP quote of a later fragment', b.ipv4(port(b.ipv4(b.udp(), { fragment: 1 }))), Reason.ICMP_QUOTE),
  raw('ICMP quote of a first fragment', b.ipv4(port(b.ipv4(b.udp(), { fragment: 0x2000 })))),
  raw(
    'ICMP quote with header beyond',
    b.ipv4(port(b.ipv4(short(99, []), { headerWords: 15 }))),
    Reason.ICMP_QUOTE,
  ),
  raw('ICMP quote of an echo', b.ipv4(port(b.ipv4(b.icmp(8))))),
  raw('ICMP quote of an error', b.ipv4(port(b.ipv4(port(quoted4)))), Reason.ICMP_QUOTE),
  raw('ICMP quote of an unknown protocol', b.ipv4(port(b.ipv4(short(99, []))))),
];

const ICMPV6: Sample[] = [
  ...[128, 129, 139, 140].map((type) => raw(`ICMPv6 type ${type}`, b.ipv6(b.icmpv6(type)))),
  ...[130, 131, 132, 133, 134, 135, 136, 143, 151, 152].map((type) =>
    raw(`ICMPv6 type ${type}`, b.ipv6(b.icmpv6(type)), Reason.ICMPV6_CONTROL),
  ),
  raw('ICMPv6 of 7 bytes', b.ipv6(short(58, b.zeros(7))), Reason.L4_SHORT),
  raw('ICMPv6 checksum', broken6(b.icmpv6(128), 9, 0x77), Reason.ICMP_CHECKSUM),
  raw('ICMPv6 type 200', b.ipv6(b.icmpv6(200)), Reason.ICMP_NOT_A_QUERY),
  raw('ICMPv6 in IPv4', b.ipv4(short(58, b.icmpv6(128).bytes)), Reason.ICMP_FAMILY),
  ...[1, 2, 3, 4, 127].map((type) =>
    raw(`ICMPv6 error ${type}`, b.ipv6(b.icmpv6(type, 0, b.zeros(4), quoted6))),
  ),
  raw('ICMPv6 quote of 39 bytes', b.ipv6(tooBig(quoted6.slice(0, 39))), Reason.ICMP_QUOTE),
  raw('ICMPv6 quote without ports', b.ipv6(tooBig(quoted6.slice(0, 43))), Reason.ICMP_QUOTE),
  raw('ICMPv6 quote with extensions', b.ipv6(tooBig(b.ipv6(b.udp(), allExtensions)))),
  raw(
    'ICMPv6 quote of a first fragment after extensions',
    b.ipv6(tooBig(b.ipv6(b.udp(), { extensions: [b.hopByHop(), b.authentication, b.fragmentHeader(1)] }))),
  ),
  raw(
    'ICMPv6 quote of a later fragment',
    b.ipv6(tooBig(b.ipv6(b.udp(), { extensions: [b.fragmentHeader(9)] }))),
    Reason.ICMP_QUOTE,
  ),
  raw('ICMPv6 quote with a broken chain', b.ipv6(tooBig(b.ipv6(short(60, [])))), Reason.ICMP_QUOTE),
  raw('ICMPv6 quote that nothing follows', b.ipv6(tooBig(b.ipv6(short(59, [])))), Reason.ICMP_QUOTE),
  raw('ICMPv6 quote of an echo', b.ipv6(tooBig(b.ipv6(b.icmpv6(128))))),
  raw('ICMPv6 redirect', b.ipv6(b.redirect(quoted6), fromNeighbour)),
  raw('ICMPv6 redirect from afar', b.ipv6(b.redirect(quoted6)), Reason.ICMPV6_REDIRECT),
  raw(
    'ICMPv6 redirect, hop limit',
    b.ipv6(b.redirect(quoted6), { ...fromNeighbour, hopLimit: 254 }),
    Reason.ICMPV6_REDIRECT,
  ),
  raw(
    'ICMPv6 redirect, empty option',
    b.ipv6(b.redirect(quoted6, 4, 0), fromNeighbour),
    Reason.ICMPV6_REDIRECT,
  ),
  raw(
    'ICMPv6 redirect without options',
    b.ipv6(b.icmpv6(137, 0, b.zeros(4), b.zeros(32)), fromNeighbour),
    Reason.ICMPV6_REDIRECT,
  ),
  raw(
    'ICMPv6 redirect of 20 bytes',
    b.ipv6(b.icmpv6(137, 0, b.zeros(4), b.zeros(12)), fromNeighbour),
    Reason.ICMPV6_REDIRECT,
  ),
  raw(
    'ICMPv6 redirect, other option',
    b.ipv6(b.redirect(quoted6, 2), fromNeighbour),
    Reason.ICMP_NOT_A_QUERY,
  ),
  raw(
    'ICMPv6 redirect, code 1',
    b.ipv6(b.icmpv6(137, 1, b.zeros(4), b.zeros(40)), fromNeighbour),
    Reason.ICMP_NOT_A_QUERY,
  ),
];

export const SAMPLES: readonly Sample[] = [
  ...LINK,
  ...IPV4,
  ...IPV6,
  ...transport('IPv4', (s) => b.ipv4(s), broken4),
  ...transport('IPv6', (s) => b.ipv6(s), broken6),
  ...sctpAndGre('IPv4', (s) => b.ipv4(s), port),
  ...sctpAndGre('IPv6', (s) => b.ipv6(s), tooBig),
  ...ICMP,
  ...ICMPV6,
];

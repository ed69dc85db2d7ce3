/** ICMPv6, and chains of IPv6 extension headers in packets and in quotes. */
import {
  type Addresses,
  icmpPacket,
  ipPacket,
  TCP_FLAGS,
  tcpPacket,
  tcpSegment,
  udpPacket,
} from '../../support/frames.ts';
import { chain6, createCaseList, type Hosts, patched, zeroes } from './cases.ts';

const list = createCaseList(0x300);
const { add } = list;
const PORTS = { sport: 5000, dport: 53 };
const BACK = { sport: 53, dport: 5000 };
const SYN = { sport: 40_000, dport: 80, seq: 1000, flags: TCP_FLAGS.S };
const id = (value: number): number => value << 16;
const HOP_BY_HOP = 0;
const TCP = 6;
const ROUTING = 43;
const FRAGMENT = 44;
const GRE = 47;
const ESP = 50;
const AUTHENTICATION = 51;
const ICMPV6 = 58;
const NO_NEXT = 59;
const DESTINATION = 60;

/** Options of 8 bytes, all padding. */
const options = (next: number): number[] => [next, 0, 1, 4, 0, 0, 0, 0];
/** A routing header that has arrived: no segments left. */
const routing = (next: number): number[] => [next, 0, 4, 0, 0, 0, 0, 0];
/** An authentication header of 24 bytes. */
const authentication = (next: number): number[] => [next, 4, ...zeroes(22)];
const fragment = (next: number, offset: number, more: number): number[] => [
  next,
  0,
  ...[offset >>> 5, (offset << 3) & 255].map((byte, i) => (i === 1 ? byte | more : byte)),
  0,
  0,
  0,
  9,
];

for (const type of [
  0,
  1,
  2,
  3,
  4,
  5,
  100,
  101,
  127,
  ...Array.from({ length: 34 }, (_, i) => 128 + i),
  200,
  255,
])
  add(`ICMPv6 type ${type} first`, (h) => [
    icmpPacket(h.v6, { type, code: 0, rest: id(7), body: Uint8Array.from(zeroes(48)) }, { ttl: 255 }),
  ]);
for (const [question, answer] of [
  [128, 129],
  [139, 140],
])
  add(`ICMPv6 question ${question} and answers`, (h) => [
    icmpPacket(h.v6, { type: question, code: 0, rest: id(7) }),
    icmpPacket(h.v6Back, { type: answer, code: 0, rest: id(8) }),
    icmpPacket(h.v6Back, { type: answer, code: 0, rest: id(7) }),
    icmpPacket(h.v6, { type: question, code: 0, rest: id(7) }),
  ]);
add('ICMPv6: checksums, cut headers', (h) => [
  icmpPacket(h.v6, { type: 128, code: 0, badChecksum: true }),
  ipPacket(h.v6, ICMPV6, zeroes(8)),
  ...[0, 4, 7].map((bytes) => ipPacket(h.v6, ICMPV6, [128, 0, 0, 0, 0, 0, 0].slice(0, bytes))),
]);
add('ICMPv6 to itself', () => {
  const self = { src: '2001:db8:fffd::9', dst: '2001:db8:fffd::9' };
  return [
    icmpPacket(self, { type: 128, code: 0, rest: id(7) }),
    icmpPacket(self, { type: 129, code: 0, rest: id(7) }),
  ];
});

const syn = (h: Hosts): number[] => tcpSegment(h.v6, SYN);
add('chains before TCP', (h) => [
  chain6(h.v6, HOP_BY_HOP, options(TCP), syn(h)),
  chain6(
    h.v6,
    HOP_BY_HOP,
    options(DESTINATION),
    options(ROUTING),
    routing(DESTINATION),
    options(TCP),
    syn(h),
  ),
  chain6(h.v6, DESTINATION, options(DESTINATION), options(TCP), syn(h)),
  chain6(h.v6, AUTHENTICATION, authentication(TCP), syn(h)),
  chain6(h.v6, DESTINATION, options(AUTHENTICATION), authentication(DESTINATION), options(TCP), syn(h)),
]);
add('hop-by-hop options that do not come first', (h) => [
  chain6(h.v6, DESTINATION, options(HOP_BY_HOP), options(TCP), syn(h)),
]);
const HOP_BY_HOP_OPTIONS: Readonly<Record<string, readonly number[]>> = {
  'router alert': [5, 2, 0, 0, 1, 0],
  'router alert of a wrong length': [5, 4, 0, 0, 0, 0],
  'unknown, to be skipped': [0x3e, 4, 0, 0, 0, 0],
  'unknown, to be dropped': [0x7e, 4, 0, 0, 0, 0],
  'unknown, to be answered': [0xbe, 4, 0, 0, 0, 0],
  'unknown, to be answered, no multicast': [0xfe, 4, 0, 0, 0, 0],
  'one byte of padding six times': [0, 0, 0, 0, 0, 0],
  'padding that is not zero': [1, 4, 0, 0, 9, 0],
  'an option that runs past the end': [1, 9, 0, 0, 0, 0],
  'much padding': zeroes(14),
  'much padding in one option': [1, 12, ...zeroes(12)],
  'a jumbo payload that is none': [0xc2, 4, 0, 0, 0, 28],
  'a home address': [0xc9, 4, 0, 0, 0, 0],
};
for (const [name, body] of Object.entries(HOP_BY_HOP_OPTIONS))
  add(`hop-by-hop options: ${name}`, (h) => [
    chain6(h.v6, HOP_BY_HOP, [TCP, (body.length - 6) / 8, ...body], syn(h)),
    chain6(h.v6, DESTINATION, [TCP, (body.length - 6) / 8, ...body], tcpSegment(h.v6, { ...SYN, sport: 1 })),
  ]);
add('a length of 0 and hop-by-hop options', (h) => [
  patched(chain6(h.v6, HOP_BY_HOP, options(TCP), syn(h)), 4, 0, 0),
  patched(chain6(h.v6, HOP_BY_HOP, [TCP, 0, 0xc2, 4, 0, 0, 0, 28], syn(h)), 4, 0, 0),
  patched(chain6(h.v6, HOP_BY_HOP, [TCP, 0, 0xc2, 4, 0, 1, 0, 0], syn(h)), 4, 0, 0),
]);
add('a routing header with segments left', (h) => [
  chain6(h.v6, ROUTING, [TCP, 0, 4, 1, 0, 0, 0, 0], syn(h)),
  chain6(h.v6, ROUTING, [TCP, 2, 0, 1, 0, 0, 0, 0, ...zeroes(16)], syn(h)),
  chain6(h.v6, ROUTING, [TCP, 2, 2, 1, 0, 0, 0, 0, ...zeroes(16)], tcpSegment(h.v6, { ...SYN, sport: 2 })),
]);
add('ESP behind options', (h) => [chain6(h.v6, DESTINATION, options(ESP), zeroes(24))]);
add('no next header', (h) => [
  chain6(h.v6, NO_NEXT),
  chain6(h.v6, NO_NEXT, zeroes(16)),
  chain6(h.v6, DESTINATION, options(NO_NEXT)),
]);
add('headers that run past the end', (h) => [
  chain6(h.v6, DESTINATION, [TCP, 5, 1, 4, 0, 0, 0, 0]),
  chain6(h.v6, DESTINATION, [TCP, 0, 1, 1]),
  chain6(h.v6, DESTINATION, [TCP]),
  chain6(h.v6, DESTINATION),
  chain6(h.v6, AUTHENTICATION, [TCP, 40, ...zeroes(22)], syn(h)),
  chain6(h.v6, ROUTING, [TCP, 0, 4, 0]),
  chain6(h.v6, DESTINATION, options(TCP)),
  chain6(h.v6, DESTINATION, [253, 5, 1, 4, 0, 0, 0, 0]),
  chain6(h.v6, DESTINATION, options(253)),
  chain6(h.v6, DESTINATION, [DESTINATION, 0, 1, 4, 0, 0, 0, 0], [253, 9]),
]);
add('a fragment header that is cut off', (h) => [chain6(h.v6, FRAGMENT, [TCP, 0, 0, 0])]);
add('a length of 0', (h) => [patched(udpPacket(h.v6, PORTS), 4, 0, 0)]);
add('bytes after the IPv6 packet', (h) => [Uint8Array.from([...udpPacket(h.v6, PORTS), 1, 2, 3])]);
add('a length beyond the packet', (h) => [patched(udpPacket(h.v6, PORTS), 4, 0, 9)]);
add('hop limits 0 and 1', (h) => [udpPacket(h.v6, PORTS, { ttl: 0 }), udpPacket(h.v6, PORTS, { ttl: 1 })]);

const question = (h: Hosts): Uint8Array => udpPacket(h.v6, { ...PORTS, payload: 20 });
const answer = (h: Hosts): Uint8Array => udpPacket(h.v6Back, { ...BACK, payload: 20 });

function error(ip: Addresses, quoted: Uint8Array, bytes = 48, type = 1): Uint8Array {
  return icmpPacket(ip, { type, code: 0, body: quoted.subarray(0, bytes) });
}

for (const type of [1, 2, 3, 4, 5, 100, 127])
  add(`ICMPv6 error ${type}: about either side, to the right and the wrong host`, (h) => [
    question(h),
    error(h.v6Back, question(h), 48, type),
    answer(h),
    error(h.v6, answer(h), 48, type),
    error({ src: h.v6.dst, dst: '2001:db8:eeee::1' }, question(h), 48, type),
    error({ src: '2001:db8:eeee::1', dst: h.v6.src }, question(h), 48, type),
  ]);
add('ICMPv6 error: short quotes', (h) => [
  question(h),
  ...[0, 8, 39, 40, 43, 44, 47].map((bytes) => error(h.v6Back, question(h), bytes)),
]);
add('ICMPv6 error: quotes with headers before TCP', (h) => {
  const plain = tcpPacket(h.v6, SYN);
  const quotes = [
    chain6(h.v6, HOP_BY_HOP, options(TCP), syn(h)),
    chain6(h.v6, DESTINATION, options(ROUTING), routing(TCP), syn(h)),
    chain6(h.v6, AUTHENTICATION, authentication(TCP), syn(h)),
    chain6(h.v6, FRAGMENT, fragment(TCP, 0, 1), syn(h)),
    chain6(h.v6, FRAGMENT, fragment(TCP, 0, 0), syn(h)),
    chain6(h.v6, FRAGMENT, fragment(TCP, 4, 1), syn(h)),
    chain6(h.v6, DESTINATION, options(FRAGMENT), fragment(TCP, 0, 1), syn(h)),
    chain6(h.v6, DESTINATION, options(FRAGMENT), fragment(DESTINATION, 0, 1), options(TCP), syn(h)),
    chain6(h.v6, NO_NEXT, syn(h)),
    chain6(h.v6, DESTINATION, [TCP, 9, 1, 4, 0, 0, 0, 0], syn(h)),
  ];
  return [
    plain,
    ...quotes.map((quoted) => error(h.v6Back, quoted, 200)),
    ...quotes.slice(0, 4).map((q) => error(h.v6Back, q, 44)),
  ];
});
add('ICMPv6 error: quotes whose headers claim to end beyond them', (h) => {
  const tooLong = (protocol: number): Uint8Array =>
    chain6(h.v6, DESTINATION, [protocol, 99, 1, 4, 0, 0, 0, 0], [0, 0, 0, 0]);
  return [GRE, ESP, 253, TCP, ICMPV6].flatMap((protocol) => [
    ipPacket(h.v6, protocol, zeroes(8)),
    error(h.v6Back, tooLong(protocol), 200),
    tooLong(protocol),
  ]);
});
add('ICMPv6 error: about an echo, an error, and types without inverse', (h) => {
  const echo = icmpPacket(h.v6, { type: 128, code: 0, rest: id(7) });
  return [
    echo,
    error(h.v6Back, echo),
    error(h.v6Back, echo, 44),
    error(h.v6Back, error(h.v6, echo), 96),
    error(h.v6Back, patched(echo, 40, 135)),
    error(h.v6Back, patched(echo, 40, 200)),
    error(h.v6Back, patched(echo, 6, 1)),
  ];
});
add('ICMPv6 error: a quoted IPv4 packet, a wrong version', (h) => [
  question(h),
  error(h.v6Back, udpPacket(h.v4, PORTS)),
  error(h.v6Back, patched(question(h), 0, 0x70)),
  error(h.v6Back, patched(question(h), 0, 0x45)),
]);
add('ICMPv6 error: wrong checksum', (h) => [
  question(h),
  icmpPacket(h.v6Back, { type: 1, code: 0, body: question(h).subarray(0, 48), badChecksum: true }),
]);

/** A redirect: target, destination, options. RFC 4861 4.5 */
function redirect(
  ip: Addresses,
  option: readonly number[],
  quoted: Uint8Array,
  { ttl = 255, code = 0 } = {},
): Uint8Array {
  const body = Uint8Array.from([...zeroes(32), ...option, ...quoted]);
  return icmpPacket(ip, { type: 137, code, body }, { ttl });
}
const REDIRECTED = [4, 8, 0, 0, 0, 0, 0, 0];
const TARGET_ADDRESS = [2, 1, 0, 0, 0, 0, 0, 0];
add('ICMPv6 redirects', (h) => {
  const q = question(h).subarray(0, 56);
  const router = { src: 'fe80::1', dst: h.v6.src };
  return [
    question(h),
    redirect(router, REDIRECTED, q),
    redirect(router, REDIRECTED, q, { ttl: 254 }),
    redirect(router, REDIRECTED, q, { code: 1 }),
    redirect({ ...router, src: h.v6.dst }, REDIRECTED, q),
    redirect({ ...router, dst: '2001:db8:eeee::2' }, REDIRECTED, q),
    redirect(router, TARGET_ADDRESS, q),
    redirect(router, [4, 0, 0, 0, 0, 0, 0, 0], q),
    redirect(router, [4, 1, 0, 0, 0, 0, 0, 0], q),
    redirect(router, [4, 100, 0, 0, 0, 0, 0, 0], q),
    redirect(router, [...TARGET_ADDRESS, ...REDIRECTED], q),
    redirect(router, REDIRECTED, q.subarray(0, 20)),
    redirect(router, [4], new Uint8Array(0)),
    redirect(router, [], new Uint8Array(0)),
    icmpPacket(router, { type: 137, code: 0, body: Uint8Array.from(zeroes(20)) }, { ttl: 255 }),
  ];
});

export const ipv6Cases = list.cases;

/** ICMP: every type, questions and answers, and errors that quote all kinds of packets. */
import {
  type Addresses,
  icmpPacket,
  ipPacket,
  TCP_FLAGS,
  tcpPacket,
  udpPacket,
} from '../../support/frames.ts';
import { createCaseList, type Hosts, patched, withOptions4, zeroes } from './cases.ts';

const list = createCaseList(0x200);
const { add } = list;
const PORTS = { sport: 5000, dport: 53 };
const BACK = { sport: 53, dport: 5000 };
const ERRORS = [3, 4, 5, 11, 12];
const id = (value: number): number => value << 16;

for (const type of [...Array.from({ length: 21 }, (_, i) => i), 37, 40, 42, 43, 255])
  add(`ICMP type ${type} first`, (h) => [
    icmpPacket(h.v4, { type, code: 0, rest: id(7), body: Uint8Array.from(zeroes(28)) }),
  ]);
for (const [question, answer] of [
  [8, 0],
  [13, 14],
  [15, 16],
  [17, 18],
])
  add(`ICMP question ${question} and answers`, (h) => [
    icmpPacket(h.v4, { type: question, code: 0, rest: id(7) }),
    icmpPacket(h.v4Back, { type: answer, code: 0, rest: id(8) }),
    icmpPacket(h.v4Back, { type: answer, code: 1, rest: id(7) }),
    icmpPacket(h.v4Back, { type: answer, code: 0, rest: id(7) }),
    icmpPacket(h.v4, { type: question, code: 0, rest: id(7) + 1 }),
    icmpPacket(h.v4Back, { type: question, code: 0, rest: id(7) }),
  ]);
add('ICMP: wrong checksum', (h) => [icmpPacket(h.v4, { type: 8, code: 0, badChecksum: true })]);
add('ICMP: all zeroes is an answer with a checksum that is right for the kernel', (h) => [
  icmpPacket(h.v4, { type: 8, code: 0, rest: 0 }),
  ipPacket(h.v4Back, 1, zeroes(8)),
  ipPacket(h.v4Back, 1, zeroes(32)),
]);
add('ICMP: checksum 0 and 0xffff', (h) => [
  ipPacket(h.v4, 1, [8, 0, 0xf7, 0xff, 0, 0, 0, 0]),
  ipPacket(h.v4, 1, [8, 0, 0, 0, 0xf7, 0xff, 0, 0]),
  ipPacket(h.v4, 1, [8, 0, 0xff, 0xff, 0xf7, 0xff, 0, 0]),
]);
add('ICMP: cut headers', (h) => [0, 1, 4, 7].map((bytes) => ipPacket(h.v4, 1, zeroes(bytes))));
add('ICMP to itself', () => {
  const self = { src: '10.255.253.9', dst: '10.255.253.9' };
  return [
    icmpPacket(self, { type: 8, code: 0, rest: id(7) }),
    icmpPacket(self, { type: 0, code: 0, rest: id(7) }),
    icmpPacket(self, { type: 8, code: 0, rest: id(7) }),
  ];
});

/** An error sent along `ip` that quotes the first `bytes` of a packet. */
function error(ip: Addresses, quoted: Uint8Array, bytes = 28, type = 3): Uint8Array {
  return icmpPacket(ip, { type, code: type === 12 ? 0 : 1, body: quoted.subarray(0, bytes) });
}

const question = (h: Hosts): Uint8Array => udpPacket(h.v4, { ...PORTS, payload: 20 });
const answer = (h: Hosts): Uint8Array => udpPacket(h.v4Back, { ...BACK, payload: 20 });

for (const type of ERRORS)
  add(`ICMP error ${type}: about either side, to the right and the wrong host`, (h) => [
    question(h),
    error(h.v4Back, question(h), 28, type),
    answer(h),
    error(h.v4, answer(h), 28, type),
    error({ src: h.v4.dst, dst: '10.200.0.1' }, question(h), 28, type),
    error({ src: '10.200.0.1', dst: h.v4.src }, question(h), 28, type),
  ]);
add('ICMP error: short quotes', (h) => [
  question(h),
  ...[0, 1, 8, 19, 20, 23, 24, 27].map((bytes) => error(h.v4Back, question(h), bytes)),
]);
add('ICMP error: a quote with options', (h) => [
  question(h),
  error(h.v4Back, withOptions4(question(h), [1, 1, 1, 0]), 40),
  error(h.v4Back, withOptions4(question(h), [1, 1, 1, 0]), 24),
  error(h.v4Back, withOptions4(question(h), [1, 1, 1, 0]), 28),
]);
add('ICMP error: a quoted fragment', (h) => [
  question(h),
  error(h.v4Back, patched(question(h), 6, 0x20, 0)),
  error(h.v4Back, patched(question(h), 6, 0x20, 1)),
  error(h.v4Back, patched(question(h), 6, 0x00, 9)),
]);
add('ICMP error: a quote with a header that is wrong', (h) => [
  question(h),
  error(h.v4Back, patched(question(h), 0, 0x44)),
  error(h.v4Back, patched(question(h), 0, 0x40)),
  error(h.v4Back, patched(question(h), 0, 0x4f)),
  error(h.v4Back, patched(question(h), 0, 0x65)),
  error(h.v4Back, patched(question(h), 2, 0, 10)),
  error(h.v4Back, patched(question(h), 9, 0)),
  error(h.v4Back, patched(question(h), 9, 99)),
]);
add('ICMP error: about nothing', (h) => [error(h.v4Back, question(h))]);
add('ICMP error: wrong checksum', (h) => [
  question(h),
  icmpPacket(h.v4Back, { type: 3, code: 1, body: question(h).subarray(0, 28), badChecksum: true }),
]);
add('ICMP error: about TCP', (h) => {
  const syn = tcpPacket(h.v4, { ...PORTS, seq: 1, flags: TCP_FLAGS.S });
  return [syn, error(h.v4Back, syn), error(h.v4Back, syn, 24), error(h.v4Back, syn, 40)];
});
add('ICMP error: about an echo, an answer, an error, and types without inverse', (h) => {
  const echo = icmpPacket(h.v4, { type: 8, code: 0, rest: id(7) });
  const reply = icmpPacket(h.v4Back, { type: 0, code: 0, rest: id(7) });
  return [
    echo,
    error(h.v4Back, echo),
    error(h.v4Back, echo, 24),
    reply,
    error(h.v4, reply),
    error(h.v4Back, error(h.v4, echo), 56),
    error(h.v4Back, patched(echo, 20, 9)),
    error(h.v4Back, patched(echo, 20, 200)),
    error(h.v4Back, patched(echo, 21, 1)),
  ];
});
add('ICMP error: about a protocol without ports', (h) => {
  const esp = ipPacket(h.v4, 50, zeroes(20));
  return [esp, error(h.v4Back, esp), error(h.v4Back, esp, 20)];
});
add('ICMP error: about UDP-Lite', (h) => {
  const first = ipPacket(h.v4, 136, [19, 136, 0, 53, 0, 0, 0, 0]);
  return [error(h.v4Back, first)];
});
add('ICMP error: to the connection with itself', () => {
  const self = { src: '10.255.252.9', dst: '10.255.252.9' };
  const one = udpPacket(self, { sport: 7, dport: 7 });
  const two = udpPacket(self, { sport: 8, dport: 9 });
  const back = udpPacket(self, { sport: 9, dport: 8 });
  return [
    one,
    error(self, one),
    two,
    error(self, two),
    error(self, back),
    back,
    error(self, two),
    error(self, back),
  ];
});

export const icmpCases = list.cases;

/** GRE: with keys and without, and of versions that nobody uses. */
import { type Addresses, icmpPacket, ipPacket } from '../../support/frames.ts';
import { createCaseList, type Hosts, zeroes } from './cases.ts';

const list = createCaseList(0x900);
const { add } = list;
const GRE = 47;
const PPP = 0x880b;
const IPV4 = 0x0800;

/** Flags and version, the protocol inside, and bytes up to `length`, among them a call id. */
function gre(ip: Addresses, word: number, protocol: number, callId = 0x1234, length = 16): Uint8Array {
  const header = [word >>> 8, word & 255, protocol >>> 8, protocol & 255, 0, 4, callId >>> 8, callId & 255];
  return ipPacket(ip, GRE, [...header, ...zeroes(Math.max(0, length - 8))].slice(0, length));
}

const families = (h: Hosts): readonly (readonly [Addresses, Addresses])[] => [
  [h.v4, h.v4Back],
  [h.v6, h.v6Back],
];

add('GRE: version 0, there and back', (h) =>
  families(h).flatMap(([there, back]) => [
    gre(there, 0, IPV4),
    gre(there, 0x2000, IPV4, 7),
    gre(back, 0x2000, IPV4, 8),
    gre(back, 0, 0x86dd),
    gre(there, 0x8000, 0x6558),
  ]),
);
add('GRE: PPTP, there and back', (h) =>
  families(h).flatMap(([there, back]) => [
    gre(there, 0x3001, PPP, 1),
    gre(there, 0x3081, PPP, 1),
    gre(back, 0x3001, PPP, 1),
    gre(back, 0x3001, PPP, 2),
    gre(there, 0x3001, PPP, 0),
    gre(back, 0x3001, PPP, 0),
    gre(there, 0, PPP, 1),
  ]),
);
for (let version = 0; version < 16; version++)
  add(`GRE: low bits ${version}`, (h) =>
    families(h).flatMap(([there, back]) => [
      gre(there, 0x2000 | version, IPV4, 5),
      gre(there, 0x3000 | version, PPP, 6),
      gre(back, 0x3000 | version, PPP, 6),
    ]),
  );
for (const protocol of [0, 0x880a, 0x880c, 0x0b88, 0xffff])
  add(`GRE: version 1 with protocol ${protocol.toString(16)}`, (h) =>
    families(h).map(([ip]) => gre(ip, 0x3001, protocol)),
  );
for (const word of [0x0000, 0x3001])
  for (const protocol of [IPV4, PPP])
    add(`GRE: cut headers, ${word.toString(16)} ${protocol.toString(16)}`, (h) =>
      families(h).flatMap(([ip]) =>
        [0, 1, 2, 3, 4, 5, 6, 7, 8].map((length) => gre(ip, word, protocol, 0x1200 + length, length)),
      ),
    );
add('GRE: to itself', () => {
  const self = { src: '10.255.251.9', dst: '10.255.251.9' };
  return [gre(self, 0, IPV4), gre(self, 0, IPV4), gre(self, 0x3001, PPP, 3), gre(self, 0x3001, PPP, 3)];
});
add('GRE: errors that quote', (h) => {
  const plain = gre(h.v4, 0, IPV4);
  const call = gre(h.v4, 0x3001, PPP, 7);
  const other = gre(h.v4, 0x3001, PPP, 8);
  const odd = gre(h.v4, 0x3001, IPV4, 7);
  return [
    plain,
    call,
    ...[plain, call, other, odd].flatMap((quoted) =>
      [20, 21, 23, 24, 27, 28, 36].map((bytes) =>
        icmpPacket(h.v4Back, { type: 3, code: 2, body: quoted.subarray(0, bytes) }),
      ),
    ),
  ];
});
add('GRE: errors that quote, IPv6', (h) => {
  const call = gre(h.v6, 0x3001, PPP, 7);
  return [
    call,
    ...[40, 43, 44, 47, 48, 56].map((bytes) =>
      icmpPacket(h.v6Back, { type: 1, code: 0, body: call.subarray(0, bytes) }),
    ),
  ];
});

export const greCases = list.cases;

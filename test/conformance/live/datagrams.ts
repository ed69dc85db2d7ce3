/** UDP, UDP-Lite and protocols without ports. */
import { type Addresses, addressBytes, checksum, ipPacket, udpPacket } from '../../support/frames.ts';
import { createCaseList, type Hosts, patched, zeroes } from './cases.ts';

const list = createCaseList(0x100);
const { add } = list;
const PORTS = { sport: 5000, dport: 53 };
const BACK = { sport: 53, dport: 5000 };
const UDP = 17;
const UDPLITE = 136;

const families = (h: Hosts): readonly (readonly [Addresses, Addresses])[] => [
  [h.v4, h.v4Back],
  [h.v6, h.v6Back],
];
const word = (value: number): number[] => [value >>> 8, value & 255];

/** A UDP-Lite (or UDP) header and body, with a sum over `covered` bytes that claims `protocol` and `length`. */
function summed(
  ip: Addresses,
  sport: number,
  third: number,
  body: number,
  protocol: number,
  covered: number,
  length: number,
): number[] {
  const bytes = [...word(sport), ...word(53), ...word(third), 0, 0, ...new Array<number>(body).fill(0x61)];
  const pseudo = [...addressBytes(ip.src), ...addressBytes(ip.dst), 0, 0, ...word(length), 0, 0, 0, protocol];
  const sum = checksum([...pseudo, ...bytes.slice(0, covered)]);
  bytes.splice(6, 2, ...word(sum === 0 ? 0xffff : sum));
  return bytes;
}

add('UDP: question and answer', (h) =>
  families(h).flatMap(([there, back]) => [
    udpPacket(there, { ...PORTS, payload: 20 }),
    udpPacket(back, { ...BACK, payload: 40 }),
    udpPacket(there, { ...PORTS, payload: 20 }),
  ]),
);
add('UDP: empty', (h) => families(h).map(([ip]) => udpPacket(ip, PORTS)));
for (const length of [0, 1, 7, 8, 12, 15, 17, 100])
  add(`UDP: length field ${length} of 16`, (h) =>
    families(h).map(([ip]) => udpPacket(ip, { ...PORTS, payload: 8, length })),
  );
add('UDP: bytes after the datagram, summed without them', (h) =>
  families(h).map(([ip]) => ipPacket(ip, UDP, [...summed(ip, 5000, 12, 4, UDP, 12, 12), 1, 2, 3, 4])),
);
add('UDP: checksums', (h) =>
  (['zero', 'wrong', 'right'] as const).flatMap((sum, i) =>
    families(h).map(([ip]) => udpPacket(ip, { sport: 100 + i, dport: 53, payload: 5, checksum: sum })),
  ),
);
add('UDP: cut headers', (h) =>
  [0, 3, 4, 7].flatMap((bytes) =>
    families(h).map(([ip]) => ipPacket(ip, UDP, [0, 1, 0, 2, 0, 8, 0].slice(0, bytes))),
  ),
);
add('UDP: port 0', (h) => families(h).map(([ip]) => udpPacket(ip, { sport: 0, dport: 0 })));
for (const ip of ['10.255.254.9', '2001:db8:fffe::9'].map((address) => ({ src: address, dst: address })))
  add(`UDP to itself, ${ip.src}`, () => [
    udpPacket(ip, { sport: 7, dport: 7 }),
    udpPacket(ip, { sport: 7, dport: 7 }),
    udpPacket(ip, { sport: 8, dport: 9 }),
    udpPacket(ip, { sport: 9, dport: 8 }),
    udpPacket(ip, { sport: 8, dport: 9 }),
  ]);

for (const claimed of [UDP, UDPLITE]) {
  for (const coverage of [0, 8, 12, 15, 16])
    add(`UDP-Lite: coverage ${coverage} of 16, checksum with protocol ${claimed}`, (h) =>
      families(h).flatMap(([there, back]) => {
        const covered = coverage === 0 ? 16 : coverage;
        return [
          ipPacket(there, UDPLITE, summed(there, 5000, coverage, 8, claimed, covered, 16)),
          ipPacket(back, UDPLITE, summed(back, 5000, coverage, 8, claimed, covered, 16)),
        ];
      }),
    );
  add(`UDP-Lite: protocol ${claimed} and the coverage as length in the sum`, (h) =>
    families(h).map(([ip]) => ipPacket(ip, UDPLITE, summed(ip, 5000, 12, 8, claimed, 12, 12))),
  );
}
add('UDP-Lite: coverages that are wrong', (h) =>
  [1, 7, 17, 65535].flatMap((coverage) =>
    families(h).map(([ip]) => ipPacket(ip, UDPLITE, summed(ip, 5000 + coverage, coverage, 8, UDP, 16, 16))),
  ),
);
add('UDP-Lite: no checksum', (h) =>
  families(h).map(([ip]) => ipPacket(ip, UDPLITE, [0, 1, 0, 2, 0, 8, 0, 0])),
);
add('UDP-Lite: cut headers', (h) =>
  [3, 4, 7].flatMap((bytes) => families(h).map(([ip]) => ipPacket(ip, UDPLITE, zeroes(bytes)))),
);

for (const protocol of [2, 4, 33, 41, 50, 51, 89, 94, 253, 255])
  add(`protocol ${protocol}, there and back`, (h) => [
    ...[h.v4, h.v4Back, h.v4].map((ip) => ipPacket(ip, protocol, zeroes(24))),
    ipPacket(h.v4, protocol, []),
  ]);
for (const protocol of [33, 50, 89, 253, 255])
  add(`protocol ${protocol} over IPv6, there and back`, (h) => [
    ...[h.v6, h.v6Back, h.v6].map((ip) => ipPacket(ip, protocol, zeroes(24))),
    ipPacket(h.v6, protocol, []),
  ]);
add('protocols that IPv4 does not know: 0, 43, 44, 58, 59, 60', (h) =>
  [0, 43, 44, 58, 59, 60].flatMap((protocol) => [
    ipPacket(h.v4, protocol, [128, 0, 0x7f, 0xff, 0, 0, 0, 0]),
    ipPacket(h.v4Back, protocol, [128, 0, 0x7f, 0xff, 0, 0, 0, 0]),
  ]),
);
add('ICMP over IPv6', (h) => [ipPacket(h.v6, 1, [8, 0, 0xf7, 0xff, 0, 0, 0, 0])]);
add('bytes after the IPv4 packet', (h) => [
  Uint8Array.from([...udpPacket(h.v4, { ...PORTS, payload: 4 }), 9, 9, 9, 9, 9]),
]);
add('IPv4 headers that are wrong', (h) => {
  const good = udpPacket(h.v4, { ...PORTS, payload: 40 });
  return [
    patched(good, 0, 0x44),
    patched(good, 0, 0x40),
    patched(good, 0, 0x55),
    patched(good, 0, 0x4f),
    patched(good, 2, 0, 19),
    patched(good, 2, 0, 20),
    patched(good, 2, 0, 23),
    patched(good, 2, 0, 69),
    Uint8Array.from(good, (byte, i) => (i === 10 ? byte ^ 1 : byte)),
    patched(good, 8, 0),
    patched(good, 8, 1),
    patched(good, 6, 0x40, 0),
    patched(good, 6, 0x80, 0),
  ];
});

export const datagramCases = list.cases;

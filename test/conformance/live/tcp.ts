/** TCP: connections that live and end in different ways, and headers that are wrong. */
import { type Addresses, ipPacket, TCP_FLAGS, tcpPacket } from '../../support/frames.ts';
import { createCaseList, type Hosts, patched } from './cases.ts';

const list = createCaseList(0);
const { add } = list;

const PORTS = { sport: 40_000, dport: 80 };
const BACK = { sport: 80, dport: 40_000 };

function flagsOf(letters: string): number {
  return [...letters].reduce((sum, letter) => sum | TCP_FLAGS[letter], 0);
}

/** Packets as words: direction, flags, seq, ack, payload. */
type Step = readonly [from: 'c' | 's', flags: string, seq: number, ack?: number, payload?: number];

function talk(there: Addresses, back: Addresses, steps: readonly Step[]): Uint8Array[] {
  return steps.map(([from, letters, seq, ack = 0, payload = 0]) => {
    const ports = from === 'c' ? PORTS : BACK;
    return tcpPacket(from === 'c' ? there : back, { ...ports, seq, ack, payload, flags: flagsOf(letters) });
  });
}

const talk4 = (h: Hosts, ...steps: readonly Step[]): Uint8Array[] => talk(h.v4, h.v4Back, steps);
const talk6 = (h: Hosts, ...steps: readonly Step[]): Uint8Array[] => talk(h.v6, h.v6Back, steps);

const HANDSHAKE: readonly Step[] = [
  ['c', 'S', 1000],
  ['s', 'S.', 5000, 1001],
  ['c', '.', 1001, 5001],
];
const CLOSE: readonly Step[] = [
  ['c', 'F.', 1001, 5001],
  ['s', 'F.', 5001, 1002],
  ['c', '.', 1002, 5002],
];

for (const [name, talks] of [
  ['TCP over IPv4', talk4],
  ['TCP over IPv6', talk6],
] as const) {
  add(`${name}: a whole life, then a new one`, (h) =>
    talks(
      h,
      ...HANDSHAKE,
      ['c', 'P.', 1001, 5001, 10],
      ['s', '.', 5001, 1011],
      ...([
        ['c', 'F.', 1011, 5001],
        ['s', 'F.', 5001, 1012],
        ['c', '.', 1012, 5002],
        ['c', 'S', 90_000],
        ['s', 'S.', 70_000, 90_001],
      ] as const),
    ),
  );
  add(`${name}: refused`, (h) => talks(h, ['c', 'S', 1000], ['s', 'R.', 0, 1001], ['c', 'S', 1000]));
  add(`${name}: reset, then opened again`, (h) =>
    talks(h, ...HANDSHAKE, ['s', 'R', 5001], ['c', 'S', 80_000], ['s', 'S.', 90_000, 80_001]),
  );
  add(`${name}: a reset that is out of the window`, (h) =>
    talks(h, ...HANDSHAKE, ['s', 'R', 0], ['s', 'R', 5010], ['c', '.', 1001, 5001], ['s', 'R', 5001]),
  );
  add(`${name}: the server opens anew after the close`, (h) =>
    talks(h, ...HANDSHAKE, ...CLOSE, ['s', 'S', 900_000], ['c', 'S.', 100, 900_001]),
  );
  add(`${name}: a new SYN on an open connection, answered by a challenge`, (h) =>
    talks(
      h,
      ...HANDSHAKE,
      ['c', 'S', 300_000],
      ['s', '.', 5001, 1001],
      ['c', 'R', 1001],
      ['c', 'S', 300_000],
    ),
  );
  add(`${name}: simultaneous open`, (h) =>
    talks(h, ['c', 'S', 1000], ['s', 'S', 5000], ['s', 'S.', 5000, 1001], ['c', 'S.', 1000, 5001]),
  );
  add(`${name}: picked up in the middle`, (h) =>
    talks(h, ['c', 'P.', 1000, 5000, 10], ['s', 'P.', 5000, 1010, 20], ['c', '.', 1010, 5020]),
  );
  add(`${name}: acknowledges what was never sent`, (h) =>
    talks(h, ...HANDSHAKE, ['s', '.', 5001, 1002], ['c', 'P.', 900_000, 5001, 5]),
  );
  add(`${name}: retransmissions`, (h) =>
    talks(h, ...HANDSHAKE, ...Array.from({ length: 6 }, (): Step => ['c', 'P.', 1001, 5001, 10])),
  );
}

const SYN = { ...PORTS, seq: 1000, flags: TCP_FLAGS.S };
const DATA_OFFSETS = [0, 4, 6, 15];
add('TCP: data offsets that are wrong', (h) =>
  DATA_OFFSETS.map((dataOffset) => tcpPacket(h.v4, { ...SYN, dataOffset })),
);
add('TCP: a data offset that takes in the payload', (h) => [
  tcpPacket(h.v4, { ...SYN, dataOffset: 6, payload: 4 }),
]);
add('TCP: the wrong checksum', (h) => [
  tcpPacket(h.v4, { ...SYN, badChecksum: true }),
  tcpPacket(h.v6, { ...SYN, badChecksum: true }),
]);
add('TCP: cut headers', (h) =>
  [0, 3, 4, 8, 12, 19].flatMap((bytes) => [
    ipPacket(h.v4, 6, [...tcpPacket(h.v4, SYN).subarray(20, 20 + bytes)]),
    ipPacket(h.v6, 6, [...tcpPacket(h.v6, SYN).subarray(40, 40 + bytes)]),
  ]),
);
add('TCP: reserved bits, ECN', (h) => [
  patched(tcpPacket(h.v4, { ...SYN, sport: 1, flags: flagsOf('SEW') }), 0),
  tcpPacket(h.v4, { ...SYN, sport: 2, flags: flagsOf('SE') }),
  tcpPacket(h.v4, { ...SYN, sport: 3, flags: flagsOf('SP') }),
]);
add('TCP: port 0', (h) => [tcpPacket(h.v4, { ...SYN, sport: 0, dport: 0 })]);
add('TCP: broken options', (h) =>
  [[2], [2, 0, 5, 180], [2, 1], [2, 40], [3, 3, 200], [5, 4, 0, 0], [8, 10], [1, 1, 1], [30, 200, 1, 1]].map(
    (options, i) => tcpPacket(h.v4, { ...SYN, sport: 100 + i, options }),
  ),
);

const SELF4 = { src: '10.255.255.9', dst: '10.255.255.9' };
const SELF6 = { src: '2001:db8:ffff::9', dst: '2001:db8:ffff::9' };
for (const self of [SELF4, SELF6]) {
  add(`TCP to itself, one port, ${self.src}`, () => [
    tcpPacket(self, { sport: 7, dport: 7, seq: 1000, flags: flagsOf('S') }),
    tcpPacket(self, { sport: 7, dport: 7, seq: 1000, ack: 1001, flags: flagsOf('S.') }),
    tcpPacket(self, { sport: 7, dport: 7, seq: 1001, ack: 1001, flags: flagsOf('.') }),
    tcpPacket(self, { sport: 7, dport: 7, seq: 1001, ack: 1001, flags: flagsOf('R') }),
  ]);
  add(`TCP to itself, two ports, ${self.src}`, () => [
    tcpPacket(self, { sport: 9, dport: 8, seq: 1000, flags: flagsOf('S') }),
    tcpPacket(self, { sport: 8, dport: 9, seq: 5000, ack: 1001, flags: flagsOf('S.') }),
    tcpPacket(self, { sport: 9, dport: 8, seq: 1001, ack: 5001, flags: flagsOf('.') }),
    tcpPacket(self, { sport: 8, dport: 9, seq: 5001, ack: 1001, flags: flagsOf('F.') }),
  ]);
}

export const tcpCases = list.cases;

const flagList = createCaseList(0x7000);
for (let flags = 0; flags < 256; flags++)
  flagList.add(`TCP: flags 0x${flags.toString(16)} first`, (h) => [
    tcpPacket(h.v4, { ...SYN, flags, ack: 9 }),
  ]);
/** Every combination of flags as the first packet of a connection. */
export const tcpFlagCases = flagList.cases;

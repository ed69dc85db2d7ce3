/** Fragments of IPv4 and IPv6: orders, duplicates, overlaps, contradictions, odd lengths, ECN, headers that are cut. */

import { type FragmentOptions, fragmentOf, pieceOf, randomPieces, splitAt } from '../../support/fragments.ts';
import { type Addresses, ipPacket, udpPacket } from '../../support/frames.ts';
import type { Random } from '../../support/random.ts';
import { chain6, createCaseList, type LiveCase, withOptions4, zeroes } from './cases.ts';

const list = createCaseList(0x500);
const { add } = list;

const PORTS = { sport: 5000, dport: 53 };
/** 48 bytes of data: header and 40. */
const datagram = (ip: Addresses): Uint8Array => udpPacket(ip, { ...PORTS, payload: 40 });

/** Fragments of one datagram of 48 bytes: from, to, and whether more follow where that is not as it should be. */
type Step = readonly [start: number, end: number, more?: boolean];

const STORIES: Readonly<Record<string, readonly Step[]>> = {
  'in order': [
    [0, 24],
    [24, 48],
  ],
  'the other way round': [
    [24, 48],
    [0, 24],
  ],
  'in the smallest pieces, from behind': [
    [40, 48],
    [32, 40],
    [24, 32],
    [16, 24],
    [8, 16],
    [0, 8],
  ],
  'whole, as a fragment': [[0, 48]],
  'the first only': [[0, 24]],
  twice: [
    [0, 24],
    [24, 48],
    [24, 48],
    [0, 24],
  ],
  'a duplicate': [
    [0, 24],
    [0, 24],
    [24, 48],
  ],
  'a duplicate of a part': [
    [0, 24],
    [8, 16],
    [24, 48],
  ],
  'a duplicate of parts of two that came in order': [
    [0, 16],
    [16, 32],
    [8, 24],
    [32, 48],
  ],
  'a duplicate of two that did not come in order': [
    [24, 32],
    [8, 24],
    [16, 32],
    [0, 8],
    [32, 48],
  ],
  'more than what is there': [
    [0, 8],
    [0, 24],
    [24, 48],
  ],
  'overlap behind': [
    [0, 24],
    [16, 48],
    [24, 48],
  ],
  'overlap in front': [
    [24, 48],
    [0, 32],
    [0, 24],
  ],
  'overlap, then all over again': [
    [0, 24],
    [16, 48],
    [24, 48],
    [0, 24],
  ],
  'a duplicate that knows the end': [
    [0, 24],
    [24, 48, true],
    [24, 48],
    [40, 48],
  ],
  'a duplicate that knows the end, then the first': [
    [24, 48, true],
    [24, 48],
    [0, 24],
  ],
  'an end before the data': [
    [0, 24],
    [24, 48, true],
    [24, 40, false],
    [24, 48],
  ],
  'two ends': [
    [24, 48],
    [24, 40, false],
    [0, 24],
  ],
  'data behind the end': [
    [24, 40, false],
    [40, 48, true],
    [0, 24],
  ],
  'nothing in the middle': [
    [0, 24],
    [24, 24],
    [24, 48],
  ],
  'nothing at the end': [
    [0, 24],
    [48, 48, false],
    [24, 48, true],
  ],
  'nothing at the end, first': [
    [48, 48, false],
    [0, 24],
    [24, 48, true],
  ],
  'an odd length in the middle': [
    [0, 20],
    [24, 48],
    [0, 24],
  ],
  'an odd length, not the first': [
    [24, 44, true],
    [0, 24],
    [24, 48],
  ],
  'less than 8 bytes and more to follow': [
    [0, 7],
    [0, 48],
  ],
  'one byte at the end': [
    [0, 40],
    [40, 41, false],
  ],
};

for (const [name, steps] of Object.entries(STORIES)) {
  for (const version of ['v4', 'v6'] as const) {
    add(`fragments over ${version}: ${name}`, (h) =>
      steps.map(([start, end, more]) =>
        fragmentOf(datagram(h[version]), start, end, more === undefined ? {} : { more }),
      ),
    );
  }
}

for (const version of ['v4', 'v6'] as const) {
  for (let first = 0; first < 4; first++) {
    for (let second = 0; second < 4; second++) {
      add(`fragments over ${version}: ECN ${first} and ${second}`, (h) => [
        fragmentOf(datagram(h[version]), 0, 24, { ecn: first }),
        fragmentOf(datagram(h[version]), 24, 48, { ecn: second }),
      ]);
    }
  }
  add(`fragments over ${version}: ECN of a duplicate does not matter`, (h) => [
    fragmentOf(datagram(h[version]), 0, 24, { ecn: 0 }),
    fragmentOf(datagram(h[version]), 0, 24, { ecn: 3 }),
    fragmentOf(datagram(h[version]), 24, 48, { ecn: 0 }),
  ]);
  add(`fragments over ${version}: another protocol in the second`, (h) => [
    fragmentOf(datagram(h[version]), 0, 24),
    fragmentOf(datagram(h[version]), 24, 48, { protocol: 6 }),
  ]);
  add(`fragments over ${version}: two datagrams, one in another`, (h) => [
    fragmentOf(datagram(h[version]), 0, 24, { id: 1 }),
    fragmentOf(datagram(h[version]), 24, 48, { id: 2 }),
    fragmentOf(datagram(h[version]), 24, 48, { id: 1 }),
    fragmentOf(datagram(h[version]), 0, 24, { id: 2 }),
  ]);
}

/** How many others may come in between. Many packets: without the table. */
const distance = createCaseList(0x800);
const OTHERS = [63, 64];
for (const others of OTHERS) {
  for (const version of ['v4', 'v6'] as const) {
    distance.add(`fragments over ${version}: ${others} of the same source in between`, (h) => [
      fragmentOf(datagram(h[version]), 0, 24, { id: 1 }),
      ...Array.from({ length: others }, (_, i) => fragmentOf(datagram(h[version]), 0, 24, { id: 100 + i })),
      fragmentOf(datagram(h[version]), 24, 48, { id: 1 }),
      fragmentOf(datagram(h[version]), 0, 24, { id: 1 }),
    ]);
  }
}

const OPTION = [1, 1, 1, 0];
for (const which of [0, 1])
  add(`fragments over v4: options in fragment ${which + 1}`, (h) =>
    splitAt(datagram(h.v4), [24]).map((piece, i) => (i === which ? withOptions4(piece, OPTION) : piece)),
  );

/** Lengths around what fits. */
const LONG4 = [65_507, 65_514, 65_515, 65_516, 65_523, 65_528, 65_536, 70_000];
const LONG6 = [65_507, 65_516, 65_527, 65_528, 65_535];
const EXPERIMENTAL = 253;
for (const bytes of LONG4)
  add(`fragments over v4: ${bytes} bytes of data`, (h) =>
    longPieces(ipPacket(h.v4, EXPERIMENTAL, []), bytes),
  );
for (const bytes of LONG6)
  add(`fragments over v6: ${bytes} bytes of data`, (h) =>
    longPieces(ipPacket(h.v6, EXPERIMENTAL, []), bytes),
  );
add('fragments over v6: beyond the longest packet', (h) => [
  fragmentOf(datagram(h.v6), 0xfff0, 0xfff0 + 48, { more: false }),
  fragmentOf(datagram(h.v6), 0xffd0, 0xffd0 + 48, { more: false }),
  fragmentOf(datagram(h.v6), 0xffc8, 0xffc8 + 48, { more: true }),
]);

function longPieces(empty: Uint8Array, bytes: number, options: FragmentOptions = {}): Uint8Array[] {
  const step = 32_768;
  const starts = Array.from({ length: Math.ceil(bytes / step) }, (_, i) => i * step);
  return starts.map((start) => {
    const end = Math.min(bytes, start + step);
    return fragmentOf(empty, start, end, { ...options, more: end < bytes });
  });
}

// ---- IPv6: headers around the fragment header ----

const TCP = 6;
const UDP = 17;
const FRAGMENT = 44;
const NO_NEXT = 59;
const DESTINATION = 60;
const fragmentHeader = (next: number, start: number, more: number, id = 1): number[] => [
  ...[next, 0, start >>> 8, (start & 0xf8) | more, 0, 0, id >>> 8, id & 255],
];
/** Destination options: 8 bytes, or more. */
const destination = (next: number, bytes = 8): number[] => {
  const fill = [next, bytes / 8 - 1];
  // An option of an unknown type that may be skipped, as long as one can be.
  for (let left = bytes - 2; left > 0; ) {
    const length = Math.min(left, 257);
    if (length === 1) fill.push(0);
    else fill.push(0x1e, length - 2, ...zeroes(length - 2));
    left -= length;
  }
  return fill;
};
const carried = (ip: Addresses): number[] => [...datagram(ip).subarray(40)];

for (const [next, start] of [
  [UDP, 0],
  [EXPERIMENTAL, 0],
  [EXPERIMENTAL, 8],
])
  for (const behind of [false, true])
    add(`a fragment header of 0 to 7 bytes, next ${next}, offset ${start}, behind options: ${behind}`, (h) =>
      Array.from({ length: 8 }, (_, bytes) => {
        const cut = fragmentHeader(next, start, 0).slice(0, bytes);
        return behind ? chain6(h.v6, DESTINATION, destination(FRAGMENT), cut) : chain6(h.v6, FRAGMENT, cut);
      }),
    );
add('a fragment header behind the end of the packet', (h) => [
  chain6(h.v6, DESTINATION, [FRAGMENT, 5, 1, 4, 0, 0, 0, 0]),
]);

for (const next of [TCP, UDP, 58, EXPERIMENTAL, NO_NEXT, 136])
  add(`first fragments of 0 to 24 bytes, next ${next}`, (h) =>
    [0, 1, 4, 7, 8, 9, 16, 19, 20, 24].map((bytes, id) =>
      chain6(h.v6, FRAGMENT, fragmentHeader(next, 0, 1, id), [0x80, 0, ...zeroes(30)].slice(0, bytes)),
    ),
  );
add('first fragments that end within options', (h) =>
  [0, 1, 2, 7, 8, 12, 15, 16, 24].map((bytes, id) =>
    chain6(
      h.v6,
      FRAGMENT,
      fragmentHeader(DESTINATION, 0, 1, id),
      [...destination(UDP), ...carried(h.v6)].slice(0, bytes),
    ),
  ),
);
for (const start of [0, 8])
  add(`a fragment in a fragment, offset ${start}`, (h) => [
    chain6(h.v6, FRAGMENT, fragmentHeader(FRAGMENT, 0, 0), fragmentHeader(UDP, start, 0), carried(h.v6)),
  ]);
add('no next header in a fragment', (h) => [
  chain6(h.v6, FRAGMENT, fragmentHeader(NO_NEXT, 0, 0), carried(h.v6)),
]);
add('options in front of a fragment header and behind it', (h) => [
  chain6(
    h.v6,
    DESTINATION,
    destination(FRAGMENT),
    fragmentHeader(DESTINATION, 0, 0),
    destination(UDP),
    carried(h.v6),
  ),
]);
add('a whole fragment while another one is held', (h) => [
  fragmentOf(datagram(h.v6), 0, 24),
  fragmentOf(datagram(h.v6), 0, 48),
  fragmentOf(datagram(h.v6), 24, 48),
]);
add('the protocol of the first counts', (h) => [
  fragmentOf(datagram(h.v6), 24, 48, { protocol: TCP }),
  fragmentOf(datagram(h.v6), 0, 24),
]);
for (const bytes of [200, 208, 216, 224, 248, 256, 264, 472])
  add(`${bytes} bytes of options, then more, in front of a fragment header`, (h) => [
    chain6(
      h.v6,
      DESTINATION,
      destination(DESTINATION, bytes),
      destination(FRAGMENT),
      fragmentHeader(UDP, 0, 0),
      carried(h.v6),
    ),
  ]);

export const fragmentCases = list.cases;
export const distanceCases = distance.cases;

/** More of them than a limit of 40,000 bytes lets in, of all sizes; then some that could be completed. */
const PAYLOADS = [
  8, 100, 128, 132, 200, 540, 560, 620, 700, 1400, 1620, 1660, 3600, 3660, 7700, 8000, 12_000,
];
const memory = createCaseList(0x700);
for (const version of ['v4', 'v6'] as const) {
  for (const payload of [...PAYLOADS, ...PAYLOADS]) {
    memory.add(`fragments over ${version}: ${payload} bytes held`, (h) => {
      const packet = udpPacket(h[version], { ...PORTS, payload: payload + 8 });
      return [
        ...splitAt(packet, [8 * Math.floor(payload / 8)]),
        fragmentOf(datagram(h[version]), 0, 24, { id: 2 }),
      ];
    });
  }
  for (let held = 0; held < 50; held++) {
    memory.add(`fragments over ${version}: no more memory`, (h) => [
      fragmentOf(datagram(h[version]), 0, 24),
      fragmentOf(datagram(h[version]), 24, 48),
      fragmentOf(datagram(h[version]), 0, 24, { id: 2 }),
    ]);
  }
}
export const memoryCases = memory.cases;

/** Datagrams in random pieces, one after the other between the same hosts. */
export function randomFragments(count: number, random: Random): LiveCase[] {
  const many = createCaseList(0x5000);
  for (let i = 0; i < count; i++) {
    many.add('random fragments', (h) => {
      const ip = random.chance(0.5) ? h.v4 : h.v6;
      const packet = udpPacket(ip, { ...PORTS, payload: random.below(120) });
      const length = packet.length - (ip === h.v4 ? 20 : 40);
      return randomPieces(length, random).map((piece) => pieceOf(packet, piece, 7));
    });
  }
  return [...many.cases];
}

/** SCTP: associations that open, collide, move and close, and packets that no host should send. */
import { icmpPacket, ipPacket } from '../../support/frames.ts';
import type { Random } from '../../support/random.ts';
import { chunksOf, sctpPacket } from '../../support/sctp-frames.ts';
import { createCaseList, type Hosts } from './cases.ts';

const list = createCaseList(0x600);
const { add } = list;
const SCTP = 132;

/** `c 200 data,sack`: who sends, the tag, the chunks (see sctp-frames.ts). */
function packet(h: Hosts, isIpv6: boolean, text: string): Uint8Array {
  const [from, tag, chunks] = text.split(' ');
  const [there, back] = isIpv6 ? [h.v6, h.v6Back] : [h.v4, h.v4Back];
  const ports = from === 'c' ? { sport: 5000, dport: 36412 } : { sport: 36412, dport: 5000 };
  return sctpPacket(from === 'c' ? there : back, { ...ports, tag: Number(tag), chunks: chunksOf(chunks) });
}

function dialogue(name: string, ...lines: readonly string[]): void {
  for (const isIpv6 of [false, true])
    add(`SCTP${isIpv6 ? ' over IPv6' : ''}: ${name}`, (h) => lines.map((line) => packet(h, isIpv6, line)));
}

const OPENING = ['c 0 init:100', 's 100 init-ack:200', 'c 200 cookie-echo,data', 's 100 cookie-ack,sack'];
const opened = (name: string, ...lines: readonly string[]): void => dialogue(name, ...OPENING, ...lines);

opened(
  'a whole association',
  'c 200 data',
  's 100 sack,data',
  's 100 shutdown',
  'c 200 shutdown-ack',
  's 100 shutdown-complete',
  's 100 data',
);
opened('closed by the client', 'c 200 shutdown', 's 100 shutdown-ack', 'c 200 shutdown-complete');
opened('closed by both', 'c 200 shutdown', 's 100 shutdown', 's 100 shutdown-ack', 'c 200 shutdown-ack');
opened('tags that are wrong', 'c 100 data', 's 200 data', 'c 0 data', 'c 200 data', 's 100 data');
for (const from of ['c', 's'])
  for (const chunk of [
    'abort',
    'abort/1',
    'shutdown-complete',
    'shutdown-complete/1',
    'abort/2',
    'abort/255',
  ])
    opened(`${chunk} of ${from} with every tag`, ...[0, 1, 100, 200].map((tag) => `${from} ${tag} ${chunk}`));
for (const last of ['abort', 'abort/1', 'shutdown-complete', 'shutdown-complete/1'])
  opened(
    `${last} at the end of an association`,
    's 100 shutdown',
    'c 200 shutdown-ack',
    ...[0, 100, 200].map((tag) => `s ${tag} ${last}`),
  );
dialogue(
  'a repeated INIT',
  'c 0 init:100',
  'c 0 init:100',
  'c 0 init:101',
  's 100 init-ack:200',
  's 101 init-ack:200',
  's 101 init-ack:201',
);
dialogue(
  'a stale cookie',
  'c 0 init:100',
  's 100 init-ack:200',
  'c 200 cookie-echo',
  's 100 error',
  'c 0 init:101',
  's 101 init-ack:201',
);
dialogue(
  'cookies with other tags',
  'c 0 init:100',
  's 100 init-ack:200',
  'c 201 cookie-echo',
  'c 200 cookie-echo',
  's 101 cookie-ack',
  's 100 cookie-ack',
);
dialogue(
  'INITs that cross',
  'c 0 init:100',
  's 0 init:200',
  'c 200 init-ack:100',
  's 100 cookie-echo',
  'c 200 cookie-ack',
  's 100 init-ack:201',
  's 100 init-ack:200',
);
dialogue(
  'INITs that cross, with other answers',
  'c 0 init:100',
  's 0 init:200',
  's 100 init-ack:201',
  's 100 init-ack:200',
  'c 200 cookie-echo',
  's 100 cookie-ack',
  'c 0 init:7',
  's 7 data',
);
dialogue(
  'INITs that cross twice',
  'c 0 init:100',
  's 0 init:200',
  'c 0 init:101',
  's 0 init:201',
  'c 201 init-ack:101',
  's 101 init-ack:201',
);
dialogue(
  'INIT ACK of the client',
  'c 0 init:100',
  'c 0 init-ack:300',
  'c 0 init-ack:301',
  's 100 init-ack:200',
  's 100 init-ack:201',
);
dialogue(
  'INIT with tag 0',
  'c 0 init:0',
  's 0 init-ack:0',
  'c 0 cookie-echo',
  's 0 cookie-ack',
  'c 0 data',
  's 0 data',
);
opened('INIT with the known tag', 'c 0 init:100', 's 100 init-ack:201', 'c 0 init:101', 's 101 init-ack:201');
opened(
  'INIT with the known tag, of the server',
  's 0 init:200',
  'c 200 init-ack:999',
  's 0 init:201',
  'c 201 init-ack:999',
);
dialogue(
  'INITs with known tags that cross',
  'c 0 init:100',
  's 0 init:200',
  'c 0 init:100',
  's 100 init-ack:203',
  'c 0 init:101',
  's 101 init-ack:203',
);
dialogue(
  'INIT with the tag 0 and a second path',
  'c 9 heartbeat',
  'c 0 init:0',
  's 0 init-ack:5',
  's 0 init-ack:6',
);
opened(
  'INIT in an association',
  'c 0 init:111',
  's 111 init-ack:222',
  's 0 init:333',
  'c 222 data',
  'c 333 data',
  's 111 data',
);
opened(
  'INIT while it closes',
  'c 200 shutdown',
  'c 0 init:111',
  's 111 init-ack:222',
  'c 222 cookie-echo',
  's 111 cookie-ack',
);
opened(
  'INIT of the server while it closes',
  's 100 shutdown',
  's 0 init:111',
  'c 111 init-ack:222',
  'c 0 init:112',
);

for (const chunk of [
  'init:5',
  'init-ack:5',
  'abort',
  'shutdown',
  'shutdown-ack',
  'error',
  'cookie-echo',
  'cookie-ack',
  'shutdown-complete',
  'heartbeat',
  'heartbeat-ack',
  'data',
  'sack',
  '#12',
  '#15',
  '#64',
  '#192',
  '#255',
])
  dialogue(`${chunk} first`, `c 0 ${chunk}`, `c 9 ${chunk}`, `s 0 ${chunk}`, `s 9 ${chunk}`);
dialogue(
  'bundles that open',
  'c 9 heartbeat,shutdown-ack',
  's 9 heartbeat-ack',
  's 0 sack',
  'c 9 sack',
  's 8 abort',
  's 9 abort',
);
dialogue(
  'bundles that open nothing',
  'c 9 heartbeat,data',
  'c 9 heartbeat,sack',
  'c 9 heartbeat,abort',
  'c 9 heartbeat,heartbeat-ack,error,shutdown',
);
dialogue(
  'a second path',
  'c 200 heartbeat',
  'c 201 heartbeat',
  's 100 heartbeat',
  's 100 heartbeat-ack',
  'c 200 data',
  's 100 data',
  's 101 data',
);
dialogue(
  'a second path: other answers',
  'c 200 heartbeat',
  's 0 sack',
  's 0 error',
  's 0 init:7',
  's 9 shutdown-ack',
  's 9 abort',
  's 0 abort',
  'c 0 init:77',
  's 77 init-ack:78',
);
dialogue(
  'a second path: its answer first',
  's 100 heartbeat-ack',
  'c 200 heartbeat',
  'c 200 data',
  's 100 data',
  's 0 data',
);
opened(
  'the tags have changed',
  'c 55 heartbeat',
  'c 66 heartbeat-ack',
  's 66 heartbeat-ack',
  'c 55 data',
  'c 55 heartbeat',
  'c 55 data',
  's 66 data',
  's 66 heartbeat',
);
opened(
  'heartbeats that do not fit',
  's 66 heartbeat-ack',
  'c 55 heartbeat,data',
  'c 55 heartbeat,heartbeat',
  's 66 data,heartbeat-ack',
  'c 55 heartbeat',
  'c 200 heartbeat',
  's 66 heartbeat-ack',
  'c 55 heartbeat',
  'c 55 heartbeat,shutdown',
  'c 200 data',
);
opened(
  'a heartbeat that is ignored, and others after it',
  'c 55 heartbeat,shutdown',
  's 100 data',
  'c 55 heartbeat,abort',
  's 66 heartbeat-ack,shutdown',
  's 66 data',
);
opened(
  'heartbeats with the tag 0',
  'c 0 heartbeat',
  's 0 heartbeat-ack',
  's 100 heartbeat',
  'c 0 heartbeat',
  'c 200 data',
  's 9 heartbeat',
  's 9 data',
);
dialogue(
  'two heartbeats in one packet, the first one with a new tag',
  'c 1 heartbeat',
  'c 2 heartbeat',
  's 9 heartbeat,heartbeat',
  's 9 heartbeat-ack',
  's 8 heartbeat-ack',
  'c 2 heartbeat-ack',
);

opened('several states in one packet', 'c 200 shutdown,shutdown-ack,abort', 's 100 data');
opened('the order of chunks', 'c 200 shutdown-ack,shutdown,shutdown-ack,shutdown', 's 100 abort,shutdown');
opened('refused in the middle', 'c 201 shutdown,abort', 's 101 data', 's 100 data', 'c 200 data');
opened(
  'refused in the middle, then an ignored packet',
  'c 201 shutdown,abort',
  'c 55 heartbeat',
  's 100 data',
);
opened('refused in the middle, then the end', 'c 201 shutdown,abort', 's 100 abort', 'c 200 data');
dialogue(
  'established in a packet that is refused',
  'c 0 init:100',
  's 100 init-ack:200',
  'c 200 cookie-echo',
  's 101 cookie-ack,abort',
  's 100 cookie-ack',
  'c 200 data',
);
dialogue(
  'established and closed in one packet',
  'c 0 init:100',
  's 100 init-ack:200',
  'c 200 cookie-echo',
  's 100 cookie-ack,abort',
  'c 200 data',
);
opened(
  'thousands of chunks',
  `c 200 ${Array.from({ length: 300 }, (_, i) => ['sack', 'shutdown', 'heartbeat', 'error', 'shutdown-ack'][i % 5]).join()}`,
  `s 100 ${new Array<string>(300).fill('abort').join()}`,
);

for (const chunks of [
  '-',
  'init:5,init:5',
  'init:5,data',
  'data,init:5',
  'init-ack:5,sack',
  'sack,init-ack:5',
  'shutdown-complete,sack',
  'sack,shutdown-complete',
  'sack,cookie-echo',
  'sack,cookie-ack',
  'cookie-echo,cookie-echo',
  'cookie-ack,cookie-echo',
  'cookie-echo,init:5',
  'data=0',
  'sack,data=0',
  'heartbeat=0',
  'init',
  'init-ack',
  '#200',
  '#200=0',
  'data=1',
  'data=3',
  'data=5',
  'data=7,sack',
  'data=65535',
  'heartbeat=65535,init:5',
  'sack=8,init:5',
  'init:5=4',
  'init:5=65535',
  'init:5=21',
])
  opened(`chunks ${chunks}`, `c 200 ${chunks}`, `s 100 ${chunks}`, `c 0 ${chunks}`);
for (const chunks of [
  'init:5=4',
  'init:5=65535',
  'init:5=21',
  'init',
  'init=0',
  'heartbeat=1',
  'heartbeat=1,heartbeat=3',
  'heartbeat=0',
  'heartbeat=400',
  'heartbeat,#0=0',
  '-',
])
  dialogue(`first chunks ${chunks}`, `c 0 ${chunks}`, `c 7 ${chunks}`);

add('SCTP: bytes after the last chunk', (h) =>
  [1, 2, 3, 4, 7, 8].map((length, i) =>
    sctpPacket(h.v4, {
      sport: 5000 + i,
      dport: 7,
      tag: 0,
      chunks: chunksOf('heartbeat'),
      trailer: new Array<number>(length).fill(0),
    }),
  ),
);
add('SCTP: an INIT that ends early', (h) =>
  Array.from({ length: 18 }, (_, length) =>
    sctpPacket(h.v4, {
      sport: 5000 + length,
      dport: 7,
      tag: 0,
      chunks: chunksOf('init=20'),
      trailer: new Array<number>(length).fill(1),
    }),
  ),
);
add('SCTP: cut headers', (h) =>
  [h.v4, h.v6].flatMap((ip) =>
    [0, 1, 3, 4, 7, 8, 11, 12, 13, 15].map((bytes) =>
      ipPacket(ip, SCTP, [0, 1, 0, 2, ...new Array<number>(11).fill(0)].slice(0, bytes)),
    ),
  ),
);
add('SCTP: checksums', (h) =>
  [h.v4, h.v6].flatMap((ip) =>
    [false, true].flatMap((badChecksum) =>
      [0, 1, 2, 3, 40].map((length) =>
        sctpPacket(ip, {
          sport: 5000 + length,
          dport: 7,
          tag: 0,
          chunks: chunksOf('heartbeat'),
          trailer: new Array<number>(length).fill(0x5a),
          badChecksum,
        }),
      ),
    ),
  ),
);
add('SCTP: to itself', () => {
  const self = { src: '10.255.252.9', dst: '10.255.252.9' };
  const send = (tag: number, chunks: string): Uint8Array =>
    sctpPacket(self, { sport: 9, dport: 9, tag, chunks: chunksOf(chunks) });
  return [send(0, 'init:1'), send(1, 'init-ack:2'), send(1, 'cookie-echo'), send(0, 'data')];
});
add('SCTP: errors that quote', (h) => {
  const init = packet(h, false, 'c 0 init:100');
  return [
    init,
    ...[20, 23, 24, 28, 32, 60].map((bytes) =>
      icmpPacket(h.v4Back, { type: 3, code: 2, body: init.subarray(0, bytes) }),
    ),
    icmpPacket(h.v4, { type: 3, code: 2, body: init.subarray(0, 32) }),
    packet(h, false, 's 100 init-ack:200'),
    packet(h, false, 'c 200 cookie-echo'),
    packet(h, false, 's 100 cookie-ack'),
    packet(h, false, 'c 201 shutdown,abort'),
    icmpPacket(h.v4Back, { type: 3, code: 1, body: packet(h, false, 'c 200 data').subarray(0, 32) }),
    packet(h, false, 'c 200 data'),
  ];
});

export const sctpCases = list.cases;

const BUNDLED = [
  ...['abort', 'abort/1', 'shutdown', 'shutdown-ack', 'error', 'heartbeat', 'heartbeat-ack'],
  ...['shutdown', 'shutdown-ack', 'heartbeat', 'heartbeat-ack', 'sack', 'data'],
];

function randomChunks(random: Random): string {
  const initiateTag = random.pick([100, 200, 100, 200, 0, 55]);
  if (random.chance(0.2)) return `init:${initiateTag}`;
  if (random.chance(0.2)) return `init-ack:${initiateTag}`;
  if (random.chance(0.05)) return random.pick(['shutdown-complete', 'shutdown-complete/1']);
  const first = random.chance(0.4) ? [random.pick(['cookie-echo', 'cookie-ack'])] : [];
  const more = random.chance(0.7) ? random.below(4) : random.below(40);
  const chunks = [...first, ...Array.from({ length: more }, () => random.pick(BUNDLED))];
  return chunks.length === 0 ? 'data' : chunks.join();
}

/** Packets of a few associations, with few tags, so that much of it fits by chance. */
export function randomSctp(random: Random, packets: number): Uint8Array[] {
  return Array.from({ length: packets }, () => {
    const port = 5000 + random.below(1 + packets / 40);
    const isBack = random.chance(0.5);
    const ip = { src: '10.11.0.1', dst: '10.11.0.2' };
    const chunks = randomChunks(random);
    const mine = isBack ? 100 : 200;
    const tag =
      chunks.startsWith('init:') && random.chance(0.9)
        ? 0
        : random.pick([mine, mine, mine, 300 - mine, 0, 55]);
    return sctpPacket(isBack ? { src: ip.dst, dst: ip.src } : ip, {
      sport: isBack ? 7 : port,
      dport: isBack ? port : 7,
      tag,
      chunks: chunksOf(chunks),
    });
  });
}

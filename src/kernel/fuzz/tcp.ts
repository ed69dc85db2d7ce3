/**
 * Generated TCP: conversations that open, talk and close as stacks do, and in between what attackers,
 * broken stacks and lossy links make of it: segments at and beyond the edges of windows, resets of every
 * aim, reuse of ports, half-open and simultaneous opening, sequence numbers that wrap.
 */
import type { Random } from '../../common/random.ts';
import { type Kind, type Scene, weighted } from './scene.ts';
import { back, type Ends, ip, Proto, transportChecksum, viewOf } from './wire.ts';

const FIN = 0x01;
const SYN = 0x02;
const RST = 0x04;
const PSH = 0x08;
const ACK = 0x10;
const URG = 0x20;

type Phase = 'closed' | 'syn' | 'synack' | 'open' | 'closing' | 'last';

/** One host's half of a conversation. */
interface Half {
  /** Next sequence number to send. */
  next: number;
  /** The window that it last offered, unscaled. */
  window: number;
  scale: number;
}

interface Conversation {
  ends: Ends;
  ports: readonly [number, number];
  halves: readonly [Half, Half];
  phase: Phase;
  last: Uint8Array | null;
}

interface Segment {
  readonly seq: number;
  readonly ack: number;
  readonly flags: number;
  readonly window: number;
  readonly options: Uint8Array;
  readonly payload: Uint8Array;
}

const CONVERSATIONS = 96;
const NOTHING = new Uint8Array(0);

const wrapped = (value: number): number => value >>> 0;

/** Many start near the end of the number space. */
function isn(random: Random): number {
  return random.chance(0.3) ? wrapped(-1 - random.below(6000)) : random.word();
}

function payloadLength(random: Random): number {
  return weighted(random, [
    [6, 0],
    [3, 1 + random.below(100)],
    [2, 1000 + random.below(461)],
    [1, 1],
  ]);
}

const WINDOWS = [0, 1, 100, 1000, 8192, 8192, 29200, 29200, 29200, 65535, 65535, 65535];

function word32(value: number): number[] {
  return [(value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
}

function padded(bytes: readonly number[]): Uint8Array {
  const all = new Uint8Array(Math.min(40, (bytes.length + 3) & ~3));
  all.set(bytes.slice(0, 40));
  return all;
}

function synOptions(random: Random, half: Half): Uint8Array {
  const bytes: number[] = [];
  if (random.chance(0.6)) bytes.push(2, 4, 5, 0xb4);
  if (random.chance(0.5)) bytes.push(4, 2);
  if (random.chance(0.3)) bytes.push(8, 10, ...word32(random.word()), 0, 0, 0, 0);
  half.scale = 0;
  if (random.chance(0.6)) {
    const scale = random.pick([0, 1, 3, 7, 7, 14, 15, 255]);
    half.scale = Math.min(scale, 14);
    bytes.push(1, 3, 3, scale);
  }
  return padded(bytes);
}

/** SACK blocks whose edges lie around what the other side has sent, timestamps, nonsense. */
function dataOptions(random: Random, other: Half): Uint8Array {
  const edge = (): number[] => word32(wrapped(other.next + random.pick([-100, -1, 0, 1, 10, 1460, 70_000])));
  return weighted(random, [
    [20, () => NOTHING],
    [4, () => padded([1, 1, 8, 10, ...word32(random.word()), ...word32(random.word())])],
    [4, () => padded([1, 1, 5, 10, ...edge(), ...edge()])],
    [1, () => padded([1, 1, 5, 18, ...edge(), ...edge(), ...edge(), ...edge()])],
    [1, () => padded(Array.from({ length: 4 * (1 + random.below(10)) }, () => random.below(256)))],
    [1, () => padded([5, random.below(12), ...edge(), 0, random.below(3)])],
  ])();
}

function segmentBytes(random: Random, ends: Ends, ports: readonly [number, number], s: Segment): Uint8Array {
  const header = 20 + s.options.length;
  const bytes = new Uint8Array(header + s.payload.length);
  const view = viewOf(bytes);
  view.setUint16(0, ports[0]);
  view.setUint16(2, ports[1]);
  view.setUint32(4, s.seq);
  view.setUint32(8, s.ack);
  bytes[12] = (header >>> 2) << 4;
  bytes[13] = s.flags;
  view.setUint16(14, s.window);
  bytes.set(s.options, 20);
  bytes.set(s.payload, header);
  if (random.chance(0.003)) bytes[12] = random.below(256);
  const sum = transportChecksum(ends, Proto.TCP, bytes);
  view.setUint16(16, random.chance(0.005) ? sum ^ (1 << random.below(16)) : sum);
  return bytes;
}

export function createTcp(scene: Scene): Kind {
  const { random } = scene;
  const newHalf = (): Half => ({ next: isn(random), window: random.pick(WINDOWS), scale: 0 });
  const conversations: Conversation[] = Array.from({ length: CONVERSATIONS }, () => ({
    ends: scene.ends(),
    ports: [scene.port(), scene.port()],
    halves: [newHalf(), newHalf()],
    phase: 'closed',
    last: null,
  }));

  function send(c: Conversation, side: 0 | 1, fields: Partial<Segment> & { flags: number }): Uint8Array {
    const own = c.halves[side];
    const other = c.halves[1 - side];
    if (random.chance(0.1)) own.window = random.pick(WINDOWS);
    const segment: Segment = {
      seq: own.next,
      ack: (fields.flags & ACK) !== 0 || random.chance(0.02) ? other.next : 0,
      window: own.window,
      options: NOTHING,
      payload: NOTHING,
      ...fields,
    };
    const ends = side === 0 ? c.ends : back(c.ends);
    const ports = side === 0 ? c.ports : ([c.ports[1], c.ports[0]] as const);
    c.last = ip(ends, Proto.TCP, segmentBytes(random, ends, ports, segment));
    return c.last;
  }

  /** Sends what takes up sequence numbers, and counts them. */
  function advance(
    c: Conversation,
    side: 0 | 1,
    flags: number,
    length: number,
    options: Uint8Array,
  ): Uint8Array {
    const packet = send(c, side, { flags, payload: scene.filler(length), options });
    const own = c.halves[side];
    own.next = wrapped(own.next + length + ((flags & SYN) !== 0 ? 1 : 0) + ((flags & FIN) !== 0 ? 1 : 0));
    return packet;
  }

  const data = (c: Conversation, side: 0 | 1, flags: number): Uint8Array =>
    advance(c, side, flags, payloadLength(random), dataOptions(random, c.halves[1 - side]));

  /** Most begin with a port that was not used before; the others meet what is left of an earlier one. */
  function move(c: Conversation): void {
    c.ends = scene.ends();
    c.ports = [1024 + random.below(64_000), scene.port()];
    c.halves = [newHalf(), newHalf()];
  }

  function open(c: Conversation): Uint8Array {
    if (random.chance(0.6)) move(c);
    if (random.chance(0.8)) c.halves[0].next = isn(random);
    c.phase = 'syn';
    // TCP fast open has data in the SYN.
    const length = random.chance(0.05) ? random.below(100) : 0;
    return advance(c, 0, SYN, length, synOptions(random, c.halves[0]));
  }

  /** The next packet of a conversation that goes as it should. */
  function proceed(c: Conversation): Uint8Array {
    const side = random.chance(0.5) ? 0 : 1;
    switch (c.phase) {
      case 'closed':
        // Some are met in the middle.
        if (random.chance(0.15)) {
          c.phase = 'open';
          return data(c, side, ACK);
        }
        return open(c);
      case 'syn':
        if (random.chance(0.1)) {
          c.phase = 'closed';
          return send(c, 1, { seq: 0, flags: RST | ACK });
        }
        if (random.chance(0.8)) c.halves[1].next = isn(random);
        c.phase = 'synack';
        return advance(c, 1, SYN | ACK, 0, synOptions(random, c.halves[1]));
      case 'synack':
        c.phase = 'open';
        return data(c, 0, ACK);
      case 'open':
        if (random.chance(0.12)) {
          c.phase = 'closing';
          return data(c, side, FIN | ACK);
        }
        return data(c, side, random.chance(0.4) ? ACK | PSH : ACK);
      case 'closing':
        if (random.chance(0.4)) {
          c.phase = 'last';
          return data(c, side, FIN | ACK);
        }
        return data(c, side, ACK);
      default:
        c.phase = random.chance(0.5) ? 'closed' : 'last';
        return send(c, side, { flags: ACK });
    }
  }

  /** Distances from the right number that matter to a window check. */
  function offset(c: Conversation, side: 0 | 1): number {
    const other = c.halves[1 - side];
    const window = other.window * 2 ** other.scale;
    const base = random.pick([0, 0, window, -window, 66_000, -66_000, -65_535, 0x8000_0000, other.window]);
    return base + random.pick([-2, -1, 0, 0, 1, 2, random.below(3000) - 1500]);
  }

  /** A packet that does not fit, or hardly. */
  function disturb(c: Conversation): Uint8Array {
    const side = random.chance(0.5) ? 0 : 1;
    const own = c.halves[side];
    const other = c.halves[1 - side];
    const seq = wrapped(own.next + offset(c, side));
    const ack = wrapped(other.next + offset(c, (1 - side) as 0 | 1));
    const options = dataOptions(random, other);
    const payload = scene.filler(payloadLength(random));
    return weighted(random, [
      [5, () => send(c, side, { flags: ACK, seq, payload, options })],
      [5, () => send(c, side, { flags: ACK, ack, payload, options })],
      [2, () => send(c, side, { flags: ACK | PSH, seq, ack, payload, options })],
      [4, () => send(c, side, { flags: RST, seq: random.pick([own.next, seq, 0, random.word()]) })],
      [
        3,
        () =>
          send(c, side, {
            flags: RST | ACK,
            seq: random.pick([own.next, seq, 0]),
            ack: random.pick([other.next, ack]),
          }),
      ],
      [2, () => send(c, side, { flags: FIN | ACK, seq, ack: random.pick([other.next, ack]) })],
      // Reuse of the ports, with a new number or the old one.
      [
        3,
        () =>
          send(c, side, {
            flags: SYN,
            seq: random.pick([isn(random), seq, own.next]),
            options: synOptions(random, own),
          }),
      ],
      [
        2,
        () =>
          send(c, side, {
            flags: SYN | ACK,
            seq: random.pick([isn(random), seq]),
            ack: random.pick([other.next, ack]),
            options: synOptions(random, own),
          }),
      ],
      // Keepalive.
      [
        2,
        () =>
          send(c, side, { flags: ACK, seq: wrapped(own.next - 1), payload: scene.filler(random.below(2)) }),
      ],
      // Any of the 256 combinations.
      [2, () => send(c, side, { flags: random.below(256), payload })],
      [1, () => send(c, side, { flags: ACK | URG, payload })],
      [1, () => advance(c, side, SYN, 0, synOptions(random, own))],
    ])();
  }

  /** Both sides begin. */
  function openBoth(c: Conversation): Uint8Array {
    c.phase = random.chance(0.5) ? 'syn' : 'synack';
    c.halves[1].next = isn(random);
    return advance(c, 1, SYN, 0, synOptions(random, c.halves[1]));
  }

  return () => {
    const c = random.pick(conversations);
    return weighted(random, [
      [70, () => proceed(c)],
      [16, () => disturb(c)],
      // A retransmission, or the network's own copy.
      [10, () => c.last ?? proceed(c)],
      [2, () => openBoth(c)],
      [2, () => open(c)],
    ])();
  };
}

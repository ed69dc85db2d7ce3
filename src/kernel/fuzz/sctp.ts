/** Generated SCTP: associations that live as they should, and chunks and tags that do not fit. */
import { type Kind, type Scene, weighted } from './scene.ts';
import { back, concat, crc32c, type Ends, ip, Proto, viewOf } from './wire.ts';

enum Chunk {
  DATA = 0,
  INIT = 1,
  INIT_ACK = 2,
  SACK = 3,
  HEARTBEAT = 4,
  HEARTBEAT_ACK = 5,
  ABORT = 6,
  SHUTDOWN = 7,
  SHUTDOWN_ACK = 8,
  ERROR = 9,
  COOKIE_ECHO = 10,
  COOKIE_ACK = 11,
  SHUTDOWN_COMPLETE = 14,
}

interface Association {
  readonly ends: Ends;
  readonly ports: readonly [number, number];
  /** Tag that each side has chosen: what packets to it must bear. */
  readonly tags: [number, number];
  step: number;
}

const ASSOCIATIONS = 48;
const NOTHING = new Uint8Array(0);

/** The life of an association: who sends which chunk. */
const LIFE: readonly (readonly [side: 0 | 1, chunk: Chunk])[] = [
  [0, Chunk.INIT],
  [1, Chunk.INIT_ACK],
  [0, Chunk.COOKIE_ECHO],
  [1, Chunk.COOKIE_ACK],
  [0, Chunk.DATA],
  [1, Chunk.SACK],
  [1, Chunk.DATA],
  [0, Chunk.HEARTBEAT],
  [1, Chunk.HEARTBEAT_ACK],
  [0, Chunk.SHUTDOWN],
  [1, Chunk.SHUTDOWN_ACK],
  [0, Chunk.SHUTDOWN_COMPLETE],
];

export function createSctp(scene: Scene): Kind {
  const { random } = scene;
  const associations: Association[] = Array.from({ length: ASSOCIATIONS }, () => ({
    ends: scene.ends(),
    ports: [scene.port(), scene.port()],
    tags: [random.word(), random.word()],
    step: 0,
  }));

  function chunk(type: number, flags: number, value: Uint8Array): Uint8Array {
    const length = 4 + value.length;
    const bytes = new Uint8Array((length + 3) & ~3);
    bytes[0] = type;
    bytes[1] = flags;
    viewOf(bytes).setUint16(2, random.chance(0.01) ? random.below(40) : length);
    bytes.set(value, 4);
    return bytes;
  }

  function initValue(tag: number): Uint8Array {
    const value = new Uint8Array(16);
    viewOf(value).setUint32(0, tag);
    viewOf(value).setUint32(4, 65_535);
    value[9] = 1;
    value[11] = 1;
    return random.chance(0.01) ? value.subarray(0, random.below(16)) : value;
  }

  function chunkValue(a: Association, side: 0 | 1, type: number): Uint8Array {
    if (type === Chunk.INIT || type === Chunk.INIT_ACK) return initValue(a.tags[side]);
    if (type === Chunk.SHUTDOWN_ACK || type === Chunk.SHUTDOWN_COMPLETE) return NOTHING;
    return scene.filler(type === Chunk.DATA ? 12 + random.below(40) : 4 + random.below(12));
  }

  function packet(a: Association, side: 0 | 1, tag: number, chunks: readonly Uint8Array[]): Uint8Array {
    const bytes = concat(new Uint8Array(12), ...chunks);
    const view = viewOf(bytes);
    view.setUint16(0, a.ports[side]);
    view.setUint16(2, a.ports[1 - side]);
    view.setUint32(4, tag);
    const crc = crc32c(bytes);
    view.setUint32(8, random.chance(0.01) ? crc ^ 1 : crc, true);
    const ends = side === 0 ? a.ends : back(a.ends);
    return ip(ends, Proto.SCTP, random.chance(0.005) ? bytes.subarray(0, random.below(20)) : bytes);
  }

  const tagFor = (a: Association, side: 0 | 1, type: number): number =>
    type === Chunk.INIT ? 0 : a.tags[1 - side];

  function proceed(a: Association): Uint8Array {
    const [side, type] = LIFE[a.step];
    if (type === Chunk.INIT && random.chance(0.7)) a.tags[0] = random.word();
    if (type === Chunk.INIT_ACK && random.chance(0.7)) a.tags[1] = random.word();
    a.step = (a.step + 1) % LIFE.length;
    const chunks = [chunk(type, 0, chunkValue(a, side, type))];
    if (type === Chunk.COOKIE_ECHO && random.chance(0.4)) chunks.push(chunk(Chunk.DATA, 3, scene.filler(16)));
    return packet(a, side, tagFor(a, side, type), chunks);
  }

  /** One to three chunks of any type with a tag that may be right. */
  function disturb(a: Association): Uint8Array {
    const side = random.chance(0.5) ? 0 : 1;
    const count = weighted(random, [
      [6, 1],
      [2, 2],
      [1, 3],
      [1, 0],
    ]);
    const types = Array.from({ length: count }, () =>
      random.chance(0.95) ? random.below(15) : random.below(256),
    );
    const tag = weighted(random, [
      [6, tagFor(a, side, types[0] ?? 0)],
      [2, a.tags[side]],
      [1, 0],
      [1, random.word()],
    ]);
    const flags = random.chance(0.3) ? 1 : 0;
    return packet(
      a,
      side,
      tag,
      types.map((type) => chunk(type, flags, chunkValue(a, side, type))),
    );
  }

  return () => {
    const a = random.pick(associations);
    if (random.chance(0.02)) a.step = random.below(LIFE.length);
    return random.chance(0.75) ? proceed(a) : disturb(a);
  };
}

/** Generated fragments: datagrams cut up, out of order, doubled, overlapping, with holes, with ends that disagree. */
import { type Kind, type Scene, weighted } from './scene.ts';
import { concat, type Ends, ip4, ip6, Proto, transportOf, viewOf } from './wire.ts';

interface Piece {
  offset: number;
  end: number;
  more: boolean;
}

const MORE = 0x2000;
/** Fragments that wait to be sent, so that those of several datagrams mingle. */
const QUEUE_MAX = 24;
/** Fragments that come long after the others of their datagram. */
const LATE_MAX = 200;

export function createFragments(scene: Scene, inner: Kind): Kind {
  const { random } = scene;
  const queue: Uint8Array[] = [];
  const late: Uint8Array[] = [];
  let id = random.below(65_536);

  function cut(length: number): Piece[] {
    const pieces: Piece[] = [];
    const most = weighted(random, [
      [6, 16 + 8 * random.below(20)],
      [1, 8],
    ]);
    for (let offset = 0; offset < length; ) {
      const end = Math.min(length, offset + Math.max(8, (1 + random.below(most)) & ~7));
      pieces.push({ offset, end, more: end < length });
      offset = end;
    }
    return pieces;
  }

  /** What goes wrong with the pieces of one datagram; mostly nothing. */
  function disturb(pieces: Piece[], length: number, make: (piece: Piece) => Uint8Array): void {
    const any = (): Piece => random.pick(pieces);
    weighted(random, [
      [60, () => {}],
      [8, () => pieces.push({ ...any() })],
      [1, () => pieces.splice(random.below(pieces.length), 1)],
      // One comes long after the others.
      [4, () => late.push(...pieces.splice(random.below(pieces.length), 1).map(make))],
      [5, () => overlap(pieces, length)],
      [2, () => pieces.push({ offset: length & ~7, end: (length & ~7) + 8, more: random.chance(0.5) })],
      [2, () => pieces.push({ offset: 65_528, end: 65_528 + 16, more: false })],
      [2, () => Object.assign(any(), { more: random.chance(0.5) })],
      [2, () => pieces.push({ offset: any().offset, end: any().offset, more: random.chance(0.5) })],
      [1, () => pieces.push(shortened(any()))],
    ])();
  }

  const shortened = ({ offset, end, more }: Piece): Piece => ({ offset, end: end - 3, more });

  function overlap(pieces: Piece[], length: number): void {
    const { offset } = random.pick(pieces);
    const from = Math.max(0, offset - 8 * random.below(3));
    const to = Math.min(length, from + 8 * (1 + random.below(4)));
    pieces.push({ offset: from, end: to, more: to < length });
  }

  function shuffle<T>(values: T[]): void {
    for (let i = values.length - 1; i > 0; i--) {
      const j = random.below(i + 1);
      [values[i], values[j]] = [values[j], values[i]];
    }
  }

  function dataOf(body: Uint8Array, { offset, end }: Piece): Uint8Array {
    const data = new Uint8Array(Math.max(0, end - offset));
    data.set(body.subarray(offset, end).subarray(0, data.length));
    return data;
  }

  function fragment4(
    ends: Ends,
    protocol: number,
    body: Uint8Array,
    piece: Piece,
    number: number,
  ): Uint8Array {
    return ip4(ends, protocol, dataOf(body, piece), {
      id: number & 0xffff,
      fragment: (piece.offset >>> 3) | (piece.more ? MORE : 0),
      tos: random.chance(0.02) ? random.below(4) : 0,
    });
  }

  function fragment6(
    ends: Ends,
    protocol: number,
    body: Uint8Array,
    piece: Piece,
    number: number,
  ): Uint8Array {
    const header = new Uint8Array(8);
    header[0] = protocol;
    viewOf(header).setUint16(2, (piece.offset & 0xfff8) | (piece.more ? 1 : 0));
    viewOf(header).setUint32(4, number);
    return ip6(ends, Proto.FRAGMENT, concat(header, dataOf(body, piece)));
  }

  function refill(): void {
    const packet = inner();
    const isV6 = packet[0] >>> 4 === 6;
    const { protocol, at } = transportOf(packet);
    const body = packet.subarray(at);
    const ends = isV6
      ? { src: packet.slice(8, 24), dst: packet.slice(24, 40) }
      : { src: packet.slice(12, 16), dst: packet.slice(16, 20) };
    // Now and then the number of the datagram before.
    if (!random.chance(0.03)) id = (id + 1) >>> 0;
    const pieces = cut(body.length);
    const fragment = isV6 ? fragment6 : fragment4;
    const make = (piece: Piece): Uint8Array => fragment(ends, protocol, body, piece, id);
    // A whole datagram in one fragment is no fragment in IPv4.
    if (pieces.length === 0) return void queue.push(packet);
    disturb(pieces, body.length, make);
    if (random.chance(0.3)) shuffle(pieces);
    for (const piece of pieces) queue.push(make(piece));
    if (random.chance(0.1)) shuffle(queue);
  }

  return () => {
    if (late.length > LATE_MAX) return late.shift() ?? inner();
    while (queue.length === 0 || (queue.length < QUEUE_MAX && random.chance(0.2))) refill();
    return queue.shift() ?? inner();
  };
}

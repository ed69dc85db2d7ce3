/** Fragments of packets, right ones and wrong ones. Written without the code under test. */
import { checksum } from './frames.ts';
import type { Random } from './random.ts';

export interface FragmentOptions {
  /** Identification. */
  readonly id?: number;
  /** Whether more fragments are said to follow; else that is so unless the piece ends with the packet. */
  readonly more?: boolean;
  readonly ecn?: number;
  /** IPv6: bytes in front of the fragment header, and which of them names what follows. */
  readonly headerBytes?: number;
  readonly protocolAt?: number;
  /** What the fragment says that it carries. */
  readonly protocol?: number;
}

const u16 = (value: number): number[] => [(value >>> 8) & 0xff, value & 0xff];
const IPV6_FRAGMENT = 44;
/** IPv4 without options, IPv6 without extension headers. */
export const headerBytesOf = (packet: Uint8Array): number =>
  packet[0] >>> 4 === 4 ? (packet[0] & 15) * 4 : 40;

/** The bytes from `start` to `end` of what a packet carries, as a fragment; beyond the packet's end, zeroes. */
export function fragmentOf(
  packet: Uint8Array,
  start: number,
  end: number,
  options: FragmentOptions = {},
): Uint8Array {
  const header = options.headerBytes ?? headerBytesOf(packet);
  const data = new Uint8Array(end - start);
  data.set(packet.subarray(header + start, header + end).subarray(0, end - start));
  const more = options.more ?? header + end < packet.length;
  return packet[0] >>> 4 === 4
    ? fragment4(packet.subarray(0, header), start, data, more, options)
    : fragment6(packet.subarray(0, header), start, data, more, options);
}

function fragment4(
  header: Uint8Array,
  start: number,
  data: Uint8Array,
  more: boolean,
  options: FragmentOptions,
): Uint8Array {
  const bytes = Uint8Array.from([...header, ...data]);
  bytes[1] |= options.ecn ?? 0;
  bytes.set(u16(bytes.length), 2);
  bytes.set(u16(options.id ?? 1), 4);
  bytes.set(u16((more ? 0x2000 : 0) | (start >>> 3)), 6);
  bytes[9] = options.protocol ?? bytes[9];
  bytes.set([0, 0], 10);
  bytes.set(u16(checksum([...bytes.subarray(0, header.length)])), 10);
  return bytes;
}

function fragment6(
  header: Uint8Array,
  start: number,
  data: Uint8Array,
  more: boolean,
  options: FragmentOptions,
): Uint8Array {
  const protocolAt = options.protocolAt ?? 6;
  const id = options.id ?? 1;
  const protocol = options.protocol ?? header[protocolAt];
  const fragmentHeader = [protocol, 0, ...u16(start | (more ? 1 : 0)), ...u16(id >>> 16), ...u16(id)];
  const bytes = Uint8Array.from([...header, ...fragmentHeader, ...data]);
  bytes[protocolAt] = IPV6_FRAGMENT;
  bytes[1] |= (options.ecn ?? 0) << 4;
  bytes.set(u16(bytes.length - 40), 4);
  return bytes;
}

/** A packet in fragments that begin at 0 and at each of `cuts`. */
export function splitAt(
  packet: Uint8Array,
  cuts: readonly number[],
  options: FragmentOptions = {},
): Uint8Array[] {
  const length = packet.length - (options.headerBytes ?? headerBytesOf(packet));
  const edges = [0, ...cuts, length];
  return edges.slice(1).map((end, i) => fragmentOf(packet, edges[i], end, options));
}

/** Cuts of a packet at random multiples of 8. */
export function randomCuts(length: number, random: Random): number[] {
  const units = Math.floor((length - 1) / 8);
  const cuts = new Set<number>();
  for (let i = random.below(Math.min(8, units) + 1); i > 0; i--) cuts.add(8 * (1 + random.below(units)));
  return [...cuts].sort((a, b) => a - b);
}

/** Which bytes a fragment brings, and what it says about others. */
export interface Piece {
  readonly start: number;
  readonly end: number;
  readonly more: boolean;
  readonly ecn: number;
}

/**
 * Pieces of `length` bytes of data in any order; most make a datagram, some are there twice, overlap, contradict each other, or
 * are missing.
 */
export function randomPieces(length: number, random: Random): Piece[] {
  const ecn = random.chance(0.1) ? random.below(4) : 0;
  const edges = [0, ...randomCuts(length, random), length];
  const pieces: Piece[] = edges.slice(1).map((end, i) => ({ start: edges[i], end, more: end < length, ecn }));
  const isHostile = random.chance(0.6);
  for (let i = isHostile ? random.below(4) : 0; i > 0; i--) pieces.push(oddPiece(pieces, length, random));
  if (random.chance(0.7)) shuffle(pieces, random);
  if (isHostile && random.chance(0.2)) pieces.splice(random.below(pieces.length), 1);
  return pieces;
}

function oddPiece(pieces: readonly Piece[], length: number, random: Random): Piece {
  const other = random.pick(pieces);
  const within = (): number => 8 * random.below(Math.ceil(length / 8) + 2);
  switch (random.below(8)) {
    case 0:
    case 1:
      return other;
    case 2:
      return { ...other, more: !other.more };
    case 3:
      return { ...other, ecn: random.below(4) };
    case 4:
      return { ...other, end: other.start + random.below(other.end - other.start + 1) };
    case 5:
      return { ...other, start: within(), end: 0, more: random.chance(0.5) };
    default: {
      const start = within();
      return { ...other, start, end: start + random.below(40), more: random.chance(0.7) };
    }
  }
}

function shuffle<T>(items: T[], random: Random): void {
  for (let i = items.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [items[i], items[j]] = [items[j], items[i]];
  }
}

export const pieceOf = (packet: Uint8Array, { start, end, more, ecn }: Piece, id: number): Uint8Array =>
  fragmentOf(packet, start, Math.max(start, end), { more, ecn, id });

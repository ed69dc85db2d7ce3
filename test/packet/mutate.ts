/** Damages bytes in the ways in which parsers break: single bits, lengths, cuts, repeats, pieces of something else. */
import type { Random } from '../support/random.ts';

/** Values at the edges of what length and type fields hold. */
const EDGES = [0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 20, 40, 0x3f, 0x40, 0x45, 0x60, 0x7f, 0x80, 0xfe, 0xff];

/** A buffer that a mutation may grow in; `length` bytes of it count. */
export interface Scratch {
  readonly bytes: Uint8Array;
  length: number;
}

export function loadScratch(scratch: Scratch, source: Uint8Array): void {
  scratch.length = Math.min(source.length, scratch.bytes.length);
  scratch.bytes.set(source.subarray(0, scratch.length));
}

function overwrite(scratch: Scratch, at: number, random: Random): void {
  const { bytes, length } = scratch;
  switch (random.below(4)) {
    case 0:
      bytes[at] ^= 1 << random.below(8);
      break;
    case 1:
      bytes[at] = random.pick(EDGES);
      break;
    case 2:
      bytes[at] = random.below(256);
      break;
    default:
      // A field of 16 bits: what is left from here, or a little more or less.
      if (at + 1 < length) {
        const value = length - at + random.below(9) - 4;
        bytes[at] = value >>> 8;
        bytes[at + 1] = value;
      }
  }
}

function remove(scratch: Scratch, at: number, count: number): void {
  scratch.bytes.copyWithin(at, at + count, scratch.length);
  scratch.length = Math.max(at, scratch.length - count);
}

function insert(scratch: Scratch, at: number, piece: Uint8Array): void {
  const room = Math.min(piece.length, scratch.bytes.length - scratch.length);
  scratch.bytes.copyWithin(at + room, at, scratch.length);
  scratch.bytes.set(piece.subarray(0, room), at);
  scratch.length += room;
}

/** One to eight damages. Headers are at the start, so half of them are there. */
export function mutate(scratch: Scratch, random: Random, others: readonly Uint8Array[]): void {
  for (let count = 1 + random.below(8); count > 0 && scratch.length > 0; count--) {
    const at = random.below(random.chance(0.5) ? Math.min(scratch.length, 64) : scratch.length);
    switch (random.below(12)) {
      case 0:
        scratch.length = at;
        break;
      case 1:
        remove(scratch, at, 1 + random.below(8));
        break;
      case 2: {
        const other = random.pick(others);
        const from = random.below(other.length);
        insert(scratch, at, other.subarray(from, from + 1 + random.below(60)));
        break;
      }
      case 3: {
        const end = Math.min(scratch.length, at + 1 + random.below(40));
        insert(scratch, at, scratch.bytes.slice(at, end));
        break;
      }
      default:
        overwrite(scratch, at, random);
    }
  }
}

export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

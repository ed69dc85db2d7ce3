/** What is drawn at random: sizes, lifetimes, and which connection is popular. */
import type { Dice } from './dice.ts';
import type { SizeShare, TrafficOptions } from './options.ts';

const SIZE_CELLS = 4096;

/**
 * A table of sizes of which each cell is as likely as any other: to one part in 4096.
 *
 * Shapes: Uint16Array(4096). Units: bytes of an IP packet
 */
export function sizeTable(sizes: readonly SizeShare[]): Uint16Array {
  const table = new Uint16Array(SIZE_CELLS);
  const all = sizes.reduce((sum, { weight }) => sum + weight, 0);
  let before = 0;
  for (const { min, max, weight } of sizes) {
    const from = Math.round((before / all) * SIZE_CELLS);
    before += weight;
    const to = Math.round((before / all) * SIZE_CELLS);
    for (let i = from; i < to; i++) table[i] = min + Math.floor(((i - from) / (to - from)) * (max - min + 1));
  }
  return table;
}

export const SIZE_SHIFT = 20;

/** Units: ms; Infinity for ever. */
export function drawLifetime(options: TrafficOptions, meanS: number, dice: Dice): number {
  const mean = meanS * 1000;
  const u = dice.unit();
  switch (options.lifetime) {
    case 'fixed':
      return mean;
    case 'exponential':
      return -Math.log(1 - u) * mean;
    case 'pareto': {
      const shape = options.paretoShape;
      return ((mean * (shape - 1)) / shape) * (1 - u) ** (-1 / shape);
    }
    case 'forever':
      return Number.POSITIVE_INFINITY;
  }
}

/**
 * What is left of the life of a connection that has been there for a while: so that as many end at the start as later. Of
 * lives of any length, one at hand is longer than the mean, in proportion to its length, and at any point of it.
 *
 * Units: ms; Infinity for ever
 */
export function drawRest(options: TrafficOptions, meanS: number, dice: Dice): number {
  if (options.lifetime === 'fixed') return drawLifetime(options, meanS, dice) * dice.unit();
  if (options.lifetime !== 'pareto') return drawLifetime(options, meanS, dice);
  const shape = options.paretoShape;
  const least = (meanS * 1000 * (shape - 1)) / shape;
  return least * (1 - dice.unit()) ** (-1 / (shape - 1)) * dice.unit();
}

const ZIPF_CELLS = 1 << 16;

/**
 * Ranks from 0 to `count` - 1, of which rank r comes in proportion to 1 / (r + 1)^exponent.
 *
 * The inverse of the distribution is kept at 65,536 places and is a straight line between two of them: exact for the
 * popular, smooth for the others.
 *
 * Cost: to make, one power per rank; a draw, two loads
 */
export function createZipf(count: number, exponent: number, dice: Dice): () => number {
  let all = 0;
  for (let rank = 1; rank <= count; rank++) all += rank ** -exponent;
  const places = new Float64Array(ZIPF_CELLS + 1);
  let before = 0;
  let cell = 1;
  for (let rank = 0; rank < count; rank++) {
    const share = (rank + 1) ** -exponent / all;
    while (cell < ZIPF_CELLS && cell / ZIPF_CELLS <= before + share) {
      places[cell] = rank + (cell / ZIPF_CELLS - before) / share;
      cell++;
    }
    before += share;
  }
  places.fill(count, cell);
  return () => {
    const word = dice.bits();
    const at = word >>> 16;
    const from = places[at];
    const rank = Math.floor(from + (places[at + 1] - from) * ((word & 0xffff) / 0x10000));
    return rank < count ? rank : count - 1;
  };
}

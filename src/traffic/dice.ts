/**
 * Random numbers of the generator: a small whole number each, since an unsigned one of 32 bits would be an object wherever
 * the compiler does not see its end.
 */

export interface Dice {
  /** 32 bits, signed. */
  bits(): number;
  /** An integer from 0 to `limit` - 1, with a limit of at most 2^31. */
  below(limit: number): number;
  /** True with the probability that `chanceLimit` was given. */
  isBelow(limit: number): boolean;
  /** From 0 to just below 1. An object: for what is rare. */
  unit(): number;
}

const RANGE = 0x1_0000_0000;

/** For `isBelow`. */
export const chanceLimit = (probability: number): number => probability * RANGE;

/** mulberry32: 32 bits of state, and no worse for it here. */
export function createDice(seed: number): Dice {
  let state = seed | 0;
  function bits(): number {
    state = (state + 0x6d2b79f5) | 0;
    let z = Math.imul(state ^ (state >>> 15), state | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return z ^ (z >>> 14);
  }
  return {
    bits,
    below: (limit) => (((bits() >>> 0) / RANGE) * limit) | 0,
    isBelow: (limit) => bits() >>> 0 < limit,
    unit: () => (bits() >>> 0) / RANGE,
  };
}

/** Pseudo-random numbers that depend on a seed alone: for generated traffic and for tests, not for secrets. */

export interface Random {
  /** An integer from 0 to `limit` - 1. */
  below(limit: number): number;
  /** True with this probability. */
  chance(probability: number): boolean;
  pick<T>(values: readonly T[]): T;
  /** 32 bits, unsigned. */
  word(): number;
}

/** mulberry32: 32 bits of state, good enough to choose cases. */
export function createRandom(seed: number): Random {
  let state = seed | 0;
  function word(): number {
    state = (state + 0x6d2b79f5) | 0;
    let z = Math.imul(state ^ (state >>> 15), state | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return (z ^ (z >>> 14)) >>> 0;
  }
  const below = (limit: number): number => Math.floor((word() / 0x1_0000_0000) * limit);
  return {
    word,
    below,
    chance: (probability) => word() / 0x1_0000_0000 < probability,
    pick: (values) => values[below(values.length)],
  };
}

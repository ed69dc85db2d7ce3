/** Random numbers from a seed that a failing test prints, so that its run can be repeated. */

export interface Random {
  /** An integer from 0 to `limit` - 1. */
  below(limit: number): number;
  /** True with this probability. */
  chance(probability: number): boolean;
  pick<T>(values: readonly T[]): T;
  word(): number;
}

/** mulberry32: 32 bits of state, good enough to choose test cases. */
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

/** The seed of this run: FLOWSHARD_SEED, or a new one. */
export function runSeed(): number {
  const given = process.env.FLOWSHARD_SEED;
  return given === undefined || given === '' ? (Math.random() * 0x7fffffff) | 0 : Number(given);
}

/** Reporters print the message of an error, but not always that of its cause. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Runs a random test so that a failure names the seed. */
export function withSeed(seed: number, body: (random: Random) => void): void {
  try {
    body(createRandom(seed));
  } catch (error) {
    throw new Error(`FLOWSHARD_SEED=${seed}: ${messageOf(error)}`, { cause: error });
  }
}

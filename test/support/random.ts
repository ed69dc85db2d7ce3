/** Random numbers from a seed that a failing test prints, so that its run can be repeated. */

import { createRandom, type Random } from '../../src/common/random.ts';

export { createRandom, type Random };

const SEED_DEFAULT = 20_260_722;

/** The seed of this run: FLOWSHARD_SEED; else fixed, and in a soak a new one. */
export function runSeed(): number {
  const given = process.env.FLOWSHARD_SEED;
  if (given !== undefined && given !== '') return Number(given);
  return process.env.FLOWSHARD_SOAK === '1' ? (Math.random() * 0x7fffffff) | 0 : SEED_DEFAULT;
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

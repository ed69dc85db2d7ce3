/** Random numbers from a seed that a failing test prints, so that its run can be repeated. */

import { createRandom, type Random } from '../../src/common/random.ts';

export { createRandom, type Random };

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

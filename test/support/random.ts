/**
 * The seed of a random test, and how much it does. The seed is fixed in the normal run, so that it fails today as it did yesterday,
 * and new in a soak. FLOWSHARD_SEED repeats one.
 */
import type { TestContext } from 'node:test';
import { createRandom, type Random } from '../../src/common/random.ts';

export { createRandom, type Random };

export const IS_SOAK: boolean = process.env.FLOWSHARD_SOAK === '1';

const SEED_DEFAULT = 20_260_722;
const SOAK_FACTOR = 20;

/** Operations of a test: `normal`, and in a soak `soak` (20 times as many where nothing is said). */
export function operations(normal: number, soak = normal * SOAK_FACTOR): number {
  return IS_SOAK ? soak : normal;
}

const given = process.env.FLOWSHARD_SEED ?? '';

/** The seed of this run. fast-check prints it when a property fails, other tests through `seedOf` or `withSeed`. */
export const SEED: number = given !== '' ? Number(given) : IS_SOAK ? Date.now() % 0x7fffffff : SEED_DEFAULT;

/** Prints and returns the seed of this run. */
export function seedOf(t: TestContext): number {
  t.diagnostic(`seed ${SEED} (repeat with FLOWSHARD_SEED=${SEED})`);
  return SEED;
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

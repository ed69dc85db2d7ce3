/**
 * The seed of a random test, and how much it does. The seed is fixed in the normal run, so that it
 * fails today as it did yesterday, and new in a soak. FLOWSHARD_SEED repeats one.
 */
import type { TestContext } from 'node:test';

export { createRandom, type Random } from '../support/random.ts';

export const IS_SOAK: boolean = process.env.FLOWSHARD_SOAK === '1';

const SEED_DEFAULT = 20_260_722;
const SOAK_FACTOR = 20;

/** Operations of a test: `normal`, and in a soak `soak` (20 times as many where nothing is said). */
export function operations(normal: number, soak = normal * SOAK_FACTOR): number {
  return IS_SOAK ? soak : normal;
}

const given = process.env.FLOWSHARD_SEED;

/** The seed of this run. fast-check prints it when a property fails, other tests through `seedOf`. */
export const SEED: number =
  given !== undefined ? Number(given) : IS_SOAK ? Date.now() % 0x7fffffff : SEED_DEFAULT;

/** Prints and returns the seed of this run. */
export function seedOf(t: TestContext): number {
  t.diagnostic(`seed ${SEED} (repeat with FLOWSHARD_SEED=${SEED})`);
  return SEED;
}

/**
 * How one thread sleeps and others wake it: a shared word that is 1 while the owner sleeps. One bell may
 * serve several rings and a mailbox of the same owner: whichever has something for it rings.
 */

/** Looks before it sleeps, some ten microseconds: less than a sleeping thread takes to wake up. */
const SPINS = 2000;

/** Words of a bell; it lies in a cache line of its own. */
export const BELL_WORDS = 16;

/** Wakes the owner if it sleeps. Thread: any. Cost: one atomic load where nobody sleeps. */
export function ringBell(bell: Int32Array): void {
  if (Atomics.load(bell, 0) !== 0 && Atomics.exchange(bell, 0, 0) !== 0) Atomics.notify(bell, 0, 1);
}

/**
 * Sleeps until `hasWork` says yes, or about `ms` have passed.
 *
 * Thread: owner of the bell. `hasWork` looks at shared words only: it is asked again after the bell was set, so that
 * whoever writes and then rings is never overlooked.
 */
export function sleepAtBell(bell: Int32Array, ms: number, hasWork: () => boolean): void {
  for (let i = 0; i < SPINS; i++) if (hasWork()) return;
  Atomics.store(bell, 0, 1);
  if (!hasWork()) Atomics.wait(bell, 0, 1, ms);
  Atomics.store(bell, 0, 0);
}

/**
 * Claims on expectations. Several packets may match one expectation and go to different shards; the
 * first of them that opens a connection shall have it, whichever shard is the faster. So the ingest
 * thread numbers the claims on an expectation as it dispatches them, and the shards settle them in
 * that order: one that comes too early waits for its turn.
 *
 * No deadlock: whoever waits at a packet waits for shards that are at earlier packets, and the ingest
 * thread hands over what it wrote before it waits for anybody.
 */

/** Words of a slot. Slot 0 belongs to no expectation: there the ingest thread asks (Task.ASK). */
export enum Claim {
  /** Number of the claim that was settled last. */
  SETTLED = 0,
  /** 1: the expectation is taken. Slot 0: the answer, 1 for yes. */
  TAKEN = 1,
  WORDS = 2,
}

export interface ClaimTaker {
  /** Waits for the turn of a claim and settles it; returns whether the expectation was still there. */
  take(slot: number, claim: number): boolean;
  /** Settles a claim without wanting the expectation: its packet opened nothing. */
  pass(slot: number, claim: number): void;
  /** Answers the question number `claim`. */
  answer(claim: number, yes: boolean): void;
}

/** Sleeps until word `at` may have another value than `value`. */
export type ClaimWait = (words: Int32Array, at: number, value: number) => void;

const SLEEP_MS = 50;

/** The usual way to wait, for threads. */
export const sleepForClaim: ClaimWait = (words, at, value) => {
  Atomics.wait(words, at, value, SLEEP_MS);
};

/**
 * Shapes:  words is a shared Int32Array(slots * Claim.WORDS)
 * Thread:  shards, one taker each
 */
export function createClaimTaker(words: Int32Array, wait: ClaimWait): ClaimTaker {
  function settle(at: number, claim: number): void {
    Atomics.store(words, at + Claim.SETTLED, claim | 0);
    Atomics.notify(words, at + Claim.SETTLED);
  }

  function turn(at: number, claim: number): void {
    const before = (claim - 1) | 0;
    for (;;) {
      const settled = Atomics.load(words, at + Claim.SETTLED);
      if (settled === before) return;
      wait(words, at + Claim.SETTLED, settled);
    }
  }

  return {
    take(slot, claim) {
      const at = slot * Claim.WORDS;
      turn(at, claim);
      const isFree = words[at + Claim.TAKEN] === 0;
      words[at + Claim.TAKEN] = 1;
      settle(at, claim);
      return isFree;
    },
    pass(slot, claim) {
      const at = slot * Claim.WORDS;
      turn(at, claim);
      settle(at, claim);
    },
    answer(claim, yes) {
      words[Claim.TAKEN] = yes ? 1 : 0;
      settle(0, claim);
    },
  };
}

/** Whether claim number `claim` on a slot is settled. For the ingest thread. */
export function isClaimSettled(words: Int32Array, slot: number, claim: number): boolean {
  return Atomics.load(words, slot * Claim.WORDS + Claim.SETTLED) === (claim | 0);
}

/** Waits until claim number `claim` on a slot is settled; returns whether the expectation is taken. For the ingest thread. */
export function awaitClaim(words: Int32Array, slot: number, claim: number, wait: ClaimWait): boolean {
  const at = slot * Claim.WORDS;
  for (;;) {
    const settled = Atomics.load(words, at + Claim.SETTLED);
    if (settled === (claim | 0)) return words[at + Claim.TAKEN] !== 0;
    wait(words, at + Claim.SETTLED, settled);
  }
}

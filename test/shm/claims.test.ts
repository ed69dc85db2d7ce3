/**
 * Claims on expectations, in one thread and between real threads. This file is the test and, loaded
 * again as a worker, a shard.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { awaitClaim, Claim, createClaimTaker, isClaimSettled, sleepForClaim } from '../../src/shm/claims.ts';
import { createSharedI32 } from '../../src/shm/segment.ts';
import { createRandom, SEED } from '../support/random.ts';

const THREADS = 3;
const SLOTS = 40;
const CLAIMS = 9000;

interface Job {
  readonly claims: Int32Array;
  /** Claims of this thread in the order of packets: slot, number, 1 if it wants the expectation. */
  readonly own: Int32Array;
  /** Written: 1 for each claim that got its expectation. */
  readonly got: Int32Array;
}

function never(): never {
  throw new Error('nobody else can settle it');
}

function work({ claims, own, got }: Job): void {
  const taker = createClaimTaker(claims, sleepForClaim);
  for (let i = 0; i < got.length; i++) {
    const [slot, claim, wants] = own.subarray(i * 3, i * 3 + 3);
    if (wants === 1) got[i] = taker.take(slot, claim) ? 1 : 0;
    else taker.pass(slot, claim);
  }
}

if (!isMainThread) {
  work(workerData as Job);
} else {
  describe('claims', () => {
    it('the first that wants the expectation gets it, a later one does not', () => {
      const claims = createSharedI32(2 * Claim.WORDS);
      const taker = createClaimTaker(claims, never);
      taker.pass(1, 1);
      assert.equal(taker.take(1, 2), true);
      assert.equal(taker.take(1, 3), false);
      assert.equal(isClaimSettled(claims, 1, 3), true);
      assert.equal(isClaimSettled(claims, 1, 4), false);
      assert.equal(awaitClaim(claims, 1, 3, never), true, 'it is taken');
    });

    it('a claim before its turn waits', () => {
      const claims = createSharedI32(2 * Claim.WORDS);
      const other = createClaimTaker(claims, never);
      let waited = 0;
      const taker = createClaimTaker(claims, () => {
        waited++;
        other.take(1, 1);
      });
      assert.equal(taker.take(1, 2), false, 'the earlier claim has it');
      assert.equal(waited, 1);
    });

    it('numbers may wrap', () => {
      const claims = createSharedI32(2 * Claim.WORDS);
      claims[Claim.WORDS + Claim.SETTLED] = -2;
      const taker = createClaimTaker(claims, never);
      taker.pass(1, -1);
      taker.pass(1, 0);
      assert.equal(taker.take(1, 1), true);
    });

    it('an answer is read by whoever asked', () => {
      const claims = createSharedI32(Claim.WORDS);
      const taker = createClaimTaker(claims, never);
      taker.answer(1, true);
      assert.equal(awaitClaim(claims, 0, 1, never), true);
      taker.answer(2, false);
      assert.equal(awaitClaim(claims, 0, 2, never), false);
    });

    it('real threads settle them in the order of packets', async (t) => {
      const seed = SEED;
      t.diagnostic(`FLOWSHARD_SEED=${seed}`);
      const random = createRandom(seed);
      const claims = createSharedI32((SLOTS + 1) * Claim.WORDS);
      const numbers = new Int32Array(SLOTS + 1);
      const own: number[][] = Array.from({ length: THREADS }, () => []);
      const expected: number[][] = Array.from({ length: THREADS }, () => []);
      const taken = new Set<number>();
      for (let i = 0; i < CLAIMS; i++) {
        const slot = 1 + random.below(SLOTS);
        const thread = random.below(THREADS);
        const wants = random.chance(0.01) ? 1 : 0;
        own[thread].push(slot, ++numbers[slot], wants);
        expected[thread].push(wants === 1 && !taken.has(slot) ? 1 : 0);
        if (wants === 1) taken.add(slot);
      }
      const jobs = own.map(
        (list): Job => ({
          claims,
          own: Int32Array.from(list),
          got: createSharedI32(list.length / 3),
        }),
      );
      await Promise.all(
        jobs.map(
          (job) =>
            new Promise<void>((resolve, reject) => {
              const worker = new Worker(new URL(import.meta.url), { workerData: job });
              worker.on('error', reject);
              worker.on('exit', () => resolve());
            }),
        ),
      );
      assert.deepEqual(
        jobs.map((job) => [...job.got]),
        expected,
      );
      for (let slot = 1; slot <= SLOTS; slot++)
        assert.equal(awaitClaim(claims, slot, numbers[slot], never), taken.has(slot));
    });
  });
}

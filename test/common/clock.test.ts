/** The wall clock, made from a coarse one that may be set and a fine one that drifts. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createWallClock } from '../../src/common/clock.ts';
import { SEED, withSeed } from '../support/random.ts';

const START_MS = 1_700_000_000_000.25;

it('is within a millisecond at once, and closer with each reading, whatever the drift', () => {
  withSeed(SEED, (random) => {
    for (const drift of [0, 0.0004, -0.0004]) {
      let trueMs = START_MS + random.word() / 2 ** 32;
      let fineMs = random.word() / 1000;
      const clock = createWallClock({ monotonicMs: () => fineMs, wallMs: () => Math.floor(trueMs) });
      const errors: number[] = [];
      for (let i = 0; i < 2000; i++) {
        errors.push(Math.abs(clock.nowMs() - trueMs));
        const stepMs = random.word() / 2 ** 32;
        trueMs += stepMs;
        fineMs += stepMs * (1 + drift);
      }
      assert.ok(Math.max(...errors) <= 1.001, `${Math.max(...errors)}`);
      assert.ok(Math.max(...errors.slice(100)) < 0.1, `drift ${drift}: ${Math.max(...errors.slice(100))}`);
    }
  });
});

it('follows a clock that is set, back or forth', () => {
  let trueMs = START_MS;
  let fineMs = 5;
  const clock = createWallClock({ monotonicMs: () => fineMs, wallMs: () => Math.floor(trueMs) });
  for (const jumpMs of [0, 3_600_000, -10_000, 5, -5]) {
    trueMs += jumpMs;
    for (let i = 0; i < 50; i++) {
      assert.ok(Math.abs(clock.nowMs() - trueMs) <= 1.001, `${jumpMs}`);
      trueMs += 0.37;
      fineMs += 0.37;
    }
  }
});

it('tells the time of day', () => {
  const clock = createWallClock();
  for (let i = 0; i < 1000; i++) {
    const before = Date.now();
    const nowMs = clock.nowMs();
    assert.ok(nowMs >= before - 1 && nowMs <= Date.now() + 2, `${nowMs} after ${before}`);
  }
});

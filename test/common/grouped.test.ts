import assert from 'node:assert/strict';
import { test } from 'node:test';
import { grouped } from '../../src/common/grouped.ts';
import { createRandom, seedOf } from '../support/random.ts';

test('numbers are grouped as the rules of English say', (t) => {
  const random = createRandom(seedOf(t));
  const rules = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
  const some = [0, 1, 12, 999, 1000, 9999, 10_000, 999_999, 1_000_000, 1_234_567_890, 2 ** 53 - 1];
  for (let i = 0; i < 200; i++) some.push(random.below(1 << 30), random.below(1 << 30) / 1000 + 0.0001);
  for (const n of some) {
    assert.equal(grouped(n), rules.format(n));
    if (n >= 1) assert.equal(grouped(-n), rules.format(-n));
  }
});

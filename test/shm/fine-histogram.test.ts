/** The histogram of measured runs: a value is known to a hundred-and-twenty-eighth. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FINE_WORDS, fineBucketOf, fineValueOf, recordFine } from '../../src/shm/fine-histogram.ts';
import { createRandom, operations, seedOf } from '../support/random.ts';

const MAX = 0x7fffffff;

describe('the fine histogram', () => {
  it('knows small values exactly, and every value to a 256th of it', (t) => {
    for (let value = 0; value < 256; value++) assert.equal(fineValueOf(fineBucketOf(value)), value);
    const random = createRandom(seedOf(t));
    for (let i = operations(100_000); i > 0; i--) {
      const value = random.below(MAX) >>> random.below(31);
      assert.ok(Math.abs(fineValueOf(fineBucketOf(value)) - value) <= value / 256, String(value));
    }
  });

  it('has a bucket for every value, in order, and none without a value', () => {
    let last = -1;
    for (let power = 0; power < 31; power++) {
      for (let part = 0; part < 128; part++) {
        const value = Math.floor(2 ** power * (1 + part / 128));
        const bucket = fineBucketOf(value);
        assert.ok(bucket === last || bucket === last + 1 || value < 256, `${value}: ${bucket} after ${last}`);
        assert.ok(bucket >= last);
        last = bucket;
      }
    }
    assert.equal(fineBucketOf(MAX), FINE_WORDS - 1);
  });

  it('counts what is out of range at its ends', () => {
    const buckets = new Int32Array(FINE_WORDS);
    for (const value of [-5, 0.4, Number.NaN, 3e9, Number.POSITIVE_INFINITY, 17.9])
      recordFine(buckets, value);
    assert.deepEqual([buckets[0], buckets[17], buckets[FINE_WORDS - 1]], [3, 1, 2]);
  });
});

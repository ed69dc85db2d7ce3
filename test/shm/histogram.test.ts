/** The histogram in shared memory: every value has one bucket, and a bucket says its value to an eighth. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bucketOf, bucketValue, HISTOGRAM_WORDS, record } from '../../src/shm/histogram.ts';
import { createSharedI32 } from '../../src/shm/segment.ts';
import { createRandom, operations, seedOf } from '../support/random.ts';

const MAX = 0x7fffffff;

/** All values around the ends of buckets, and the smallest ones. */
function edges(): number[] {
  const values = Array.from({ length: 300 }, (_, i) => i);
  for (let power = 3; power <= 30; power++) {
    for (let part = 8; part < 16; part++) {
      const edge = part * 2 ** (power - 3);
      values.push(edge - 1, edge, edge + 1);
    }
  }
  return [...values, MAX - 1, MAX].filter((value) => value <= MAX);
}

function checkValue(value: number): void {
  const bucket = bucketOf(value);
  assert.ok(Number.isInteger(bucket) && bucket >= 0 && bucket < HISTOGRAM_WORDS, `bucket of ${value}`);
  // The middle of a bucket is at most half a bucket away, and a bucket is an eighth of its value wide.
  assert.ok(
    Math.abs(bucketValue(bucket) - value) <= value / 16,
    `${value} is told as ${bucketValue(bucket)}`,
  );
}

describe('the histogram', () => {
  it('knows small values exactly', () => {
    for (let value = 0; value < 16; value++) assert.equal(bucketValue(bucketOf(value)), value);
  });

  it('knows every value to an eighth', (t) => {
    for (const value of edges()) checkValue(value);
    const random = createRandom(seedOf(t));
    for (let i = operations(100_000); i > 0; i--) checkValue(random.below(MAX) >>> random.below(31));
  });

  it('has buckets that follow one another without a gap', () => {
    let last = 0;
    for (const value of [...new Set(edges())].sort((a, b) => a - b)) {
      const bucket = bucketOf(value);
      assert.ok(bucket === last || bucket === last + 1, `${value}: bucket ${bucket} after ${last}`);
      last = bucket;
    }
    assert.equal(last, bucketOf(MAX));
    for (let bucket = 0; bucket <= last; bucket++)
      assert.equal(bucketOf(Math.floor(bucketValue(bucket))), bucket);
  });

  it('counts', () => {
    const buckets = createSharedI32(HISTOGRAM_WORDS);
    for (const value of [5, 5, 1000, 1001.7, -3, 0, 2 ** 40]) record(buckets, value);
    const counted = [...buckets.entries()].filter(([, count]) => count !== 0);
    assert.deepEqual(counted, [
      [0, 2],
      [5, 2],
      [bucketOf(1000), 2],
      [bucketOf(MAX), 1],
    ]);
  });
});

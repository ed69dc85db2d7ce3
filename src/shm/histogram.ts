/**
 * A histogram in shared memory: written by one thread with plain stores, read by any. Buckets grow with the value, eight
 * to each power of two, so that a value is known to an eighth.
 */

const SUB_BITS = 3;
const SUB = 1 << SUB_BITS;
export const HISTOGRAM_WORDS = 32 * SUB;

/** Bucket of a value from 0 to 2^31 - 1. */
export function bucketOf(value: number): number {
  if (value < SUB) return value;
  const high = 31 - Math.clz32(value);
  return ((high - SUB_BITS + 1) << SUB_BITS) | ((value >>> (high - SUB_BITS)) & (SUB - 1));
}

/** The middle of a bucket. */
export function bucketValue(bucket: number): number {
  if (bucket < SUB) return bucket;
  const shift = (bucket >>> SUB_BITS) - 1;
  const low = (SUB | (bucket & (SUB - 1))) * 2 ** shift;
  return low + (2 ** shift - 1) / 2;
}

/** Counts a value; what is negative counts as 0. Thread: the one writer. */
export function record(buckets: Int32Array, value: number): void {
  const clamped = value < 0 ? 0 : value > 0x7fffffff ? 0x7fffffff : value | 0;
  buckets[bucketOf(clamped)]++;
}

/**
 * A histogram for measured runs: as histogram.ts, written by one thread with plain stores, but so fine that a value is known to
 * a hundred-and-twenty-eighth, which is what percentiles of two digits need.
 */

const SUB_BITS = 7;
const SUB = 1 << SUB_BITS;
/** What a value of 1 stands for. Values end at 2^31, which is 21 seconds. Units: ns */
export const FINE_UNIT_NS = 10;
export const FINE_WORDS = (32 - SUB_BITS) << SUB_BITS;
const VALUE_MAX = 0x7fffffff;

/** Bucket of a value from 0 to 2^31 - 1. */
export function fineBucketOf(value: number): number {
  if (value < SUB) return value;
  const shift = 31 - SUB_BITS - Math.clz32(value);
  return ((shift + 1) << SUB_BITS) | ((value >>> shift) & (SUB - 1));
}

/** The middle of a bucket. Units: as the values */
export function fineValueOf(bucket: number): number {
  if (bucket < SUB) return bucket;
  const shift = (bucket >>> SUB_BITS) - 1;
  return (SUB | (bucket & (SUB - 1))) * 2 ** shift + (2 ** shift - 1) / 2;
}

/** Counts a value; what is negative counts as 0, what is too large as the largest. Thread: the one writer. */
export function recordFine(buckets: Int32Array, value: number): void {
  buckets[fineBucketOf(value > 0 ? (value < VALUE_MAX ? value | 0 : VALUE_MAX) : 0)]++;
}

/** The counters of several ingest threads as if they were one. */
import { Counter } from '../shm/counters.ts';

/** Words that are a moment, not a sum. */
const LATEST: ReadonlySet<Counter> = new Set([Counter.NOW_SEC, Counter.NOW_NSEC]);

/** Shapes: blocks of Counter.WORDS. Of one block: that block itself. */
export function addCounters(blocks: readonly Float64Array[]): Float64Array {
  if (blocks.length === 1) return blocks[0];
  const sum = new Float64Array(Counter.WORDS);
  for (const block of blocks)
    for (let word = 0; word < Counter.WORDS; word++)
      sum[word] = LATEST.has(word) ? Math.max(sum[word], block[word]) : sum[word] + block[word];
  return sum;
}

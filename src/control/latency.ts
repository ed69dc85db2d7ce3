/** Percentiles of the latency that shards measure (src/shm/histogram.ts). */
import { createRequire } from 'node:module';
import { bucketValue } from '../shm/histogram.ts';
import type { LatencyNs } from './tracker-control.ts';

/** What a unit of the histogram is. */
const UNIT_NS = 100;

/** Shapes: HISTOGRAM_WORDS, as of `record`. Null while nothing was measured. */
export function latencyOf(buckets: Int32Array): LatencyNs | null {
  // Loaded when it is asked for: a run over captures has no use for it.
  const hdr: typeof import('hdr-histogram-js') = createRequire(import.meta.url)('hdr-histogram-js');
  const histogram = hdr.build({ numberOfSignificantValueDigits: 3, useWebAssembly: false });
  let count = 0;
  let min = -1;
  for (let bucket = 0; bucket < buckets.length; bucket++) {
    const n = buckets[bucket] >>> 0;
    if (n === 0) continue;
    const value = Math.round(bucketValue(bucket) * UNIT_NS);
    histogram.recordValueWithCount(value, n);
    if (min < 0) min = value;
    count += n;
  }
  if (count === 0) return null;
  const { maxValue: max } = histogram;
  // A percentile is the highest value that the histogram takes for the same, which may lie above all that were seen.
  const at = (percentile: number): number => Math.min(histogram.getValueAtPercentile(percentile), max);
  return { count, min, p50: at(50), p90: at(90), p99: at(99), p999: at(99.9), max };
}

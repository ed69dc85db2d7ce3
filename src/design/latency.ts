/** Latencies of a measured run: percentiles, and the file that histogram plotters read. */
import { FINE_UNIT_NS, fineValueOf } from '../shm/fine-histogram.ts';

export interface Percentile {
  /** From 0 to 100. */
  readonly percentile: number;
  readonly ns: number;
}

export interface LatencyFigures {
  readonly count: number;
  readonly meanNs: number;
  readonly minNs: number;
  readonly maxNs: number;
  /** The usual ones. */
  readonly percentiles: readonly Percentile[];
  /** Many, for a curve. */
  readonly curve: readonly Percentile[];
  /** As HdrHistogram writes it. Units: us */
  readonly hgrm: string;
}

const USUAL = [50, 75, 90, 95, 99, 99.9, 99.99, 99.999];
/** Points of the curve for each ninefold of what is left above. */
const CURVE_STEPS = 12;
const DIGITS = 3;

/** Shapes: FINE_WORDS each. Null when nothing was counted. */
export async function latencyFigures(histograms: readonly Int32Array[]): Promise<LatencyFigures | null> {
  // Loaded here, since no other command needs it at its start.
  const hdr = await import('hdr-histogram-js');
  const all = hdr.build({ numberOfSignificantValueDigits: DIGITS, useWebAssembly: false, bitBucketSize: 64 });
  let count = 0;
  for (const buckets of histograms) {
    for (let bucket = 0; bucket < buckets.length; bucket++) {
      const n = buckets[bucket] >>> 0;
      if (n === 0) continue;
      all.recordValueWithCount(Math.max(1, Math.round(fineValueOf(bucket) * FINE_UNIT_NS)), n);
      count += n;
    }
  }
  if (count === 0) return null;
  const { maxValue: maxNs, minNonZeroValue: minNs } = all;
  const at = (percentile: number): Percentile => ({
    percentile,
    ns: Math.min(all.getValueAtPercentile(percentile), maxNs),
  });
  const curve: Percentile[] = [];
  for (let i = 0; ; i++) {
    const left = 10 ** (-i / CURVE_STEPS);
    if (left * count < 1) break;
    curve.push(at(100 * (1 - left)));
  }
  return {
    count,
    meanNs: all.mean,
    minNs,
    maxNs,
    percentiles: USUAL.filter((percentile) => (1 - percentile / 100) * count >= 1).map(at),
    curve,
    hgrm: all.outputPercentileDistribution(5, 1000),
  };
}

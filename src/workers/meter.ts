/**
 * Latency of each packet of a measured run: from its arrival to when its burst was tracked. A paced packet arrives when it is
 * due, whether or not the ingest thread was ready for it, so that waiting is never left out (coordinated omission). Without a
 * pace it arrives when the ingest thread hands it over.
 */
import { createSharedClock } from '../common/clock.ts';
import { Meta, Task } from '../shm/bits.ts';
import { FINE_UNIT_NS, recordFine } from '../shm/fine-histogram.ts';
import { Desc } from '../shm/offsets.generated.ts';
import type { RingWriter } from '../shm/ring.ts';
import { Control, Measured, type MeasureMemory } from './messages.ts';

const UNITS_PER_MS = 1e6 / FINE_UNIT_NS;

/** What a shard calls after each burst. Cost: a look at the clock per burst, some ns per packet. */
export function createMeter(
  slots: Int32Array,
  measure: MeasureMemory,
  control: Int32Array,
  shard: number,
): (d: number, count: number) => void {
  const clock = createSharedClock();
  const { words, originSec } = measure;
  const histogram = measure.histograms[shard];
  const arrivals = measure.pacedFrom === null ? measure.arrivals[shard] : null;
  const mask = slots.length / Desc.WORDS - 1;

  return (d, count) => {
    if (Atomics.load(control, Control.MEASURING) === 0) return;
    const nowMs = clock();
    const first = d / Desc.WORDS;
    const originMs = words[Measured.ORIGIN];
    for (let k = 0; k < count; k++) {
      const slot = (first + k) & mask;
      const o = slot * Desc.WORDS;
      // The clock of the dispatcher is no packet.
      if ((slots[o + Desc.META] & Meta.TASK_MASK) >= Task.FORETOLD) continue;
      const arrivedMs =
        arrivals === null
          ? originMs + (slots[o + Desc.SEC] - originSec) * 1000 + slots[o + Desc.NSEC] / 1e6
          : arrivals[slot];
      recordFine(histogram, (nowMs - arrivedMs) * UNITS_PER_MS);
    }
  };
}

/** A ring whose writer notes when it hands slots over. */
export function stampArrivals(ring: RingWriter, arrivals: Float64Array): RingWriter {
  const clock = createSharedClock();
  return {
    ...ring,
    publish(count) {
      const first = ring.head();
      const nowMs = clock();
      for (let k = 0; k < count; k++) arrivals[(first + k) & ring.mask] = nowMs;
      ring.publish(count);
    },
  };
}

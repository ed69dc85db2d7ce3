/** Measuring a run, the main thread's side: memory for the threads, when the measured part begins and ends, what came of it. */
import { createSharedClock } from '../common/clock.ts';
import { FINE_WORDS } from '../shm/fine-histogram.ts';
import { createSharedF64, createSharedI32 } from '../shm/segment.ts';
import { Control, type Garbage, Measured, type MeasureMemory } from './messages.ts';

export interface MeasureOptions {
  /** Packets of the memory source are sent when they are due from this one on; null: as fast as it goes. */
  readonly pacedFrom: number | null;
  /** Time of that packet, whole seconds since 1970. */
  readonly originSec: number;
}

export interface ThreadGarbage extends Garbage {
  /** `ingest`, `shard 0` ... */
  readonly thread: string;
}

export interface Measurement {
  readonly memory: MeasureMemory;
  /** From now on latencies are counted. */
  begin(): void;
  end(): void;
  /** By how much the newest packet was sent too late. Units: ms */
  behindMs(): number;
  /** Known once all threads have finished. */
  garbage(): readonly ThreadGarbage[];
  /** Told by the pipeline. */
  finished(shards: readonly unknown[], ingests: readonly (Garbage | null)[]): void;
}

export interface MeasureSurroundings {
  readonly shards: number;
  /** Descriptors in a ring. */
  readonly slots: number;
  readonly control: Int32Array;
}

const isGarbage = (value: unknown): value is Garbage =>
  typeof value === 'object' && value !== null && 'longestMs' in value;

export function createMeasurement(
  options: MeasureOptions,
  { shards, slots, control }: MeasureSurroundings,
): Measurement {
  const clock = createSharedClock();
  const words = createSharedF64(Measured.WORDS);
  words[Measured.END] = Number.POSITIVE_INFINITY;
  words[Measured.BEGIN] = Number.POSITIVE_INFINITY;
  const isPaced = options.pacedFrom !== null;
  const all: ThreadGarbage[] = [];
  return {
    memory: {
      words,
      ...options,
      arrivals: isPaced ? [] : Array.from({ length: shards }, () => createSharedF64(slots)),
      histograms: Array.from({ length: shards }, () => createSharedI32(FINE_WORDS)),
    },
    begin() {
      words[Measured.BEGIN] = clock();
      Atomics.store(control, Control.MEASURING, 1);
    },
    end() {
      words[Measured.END] = clock();
      Atomics.store(control, Control.MEASURING, 0);
    },
    behindMs: () => words[Measured.BEHIND],
    garbage: () => all,
    finished(ofShards, ofIngests) {
      for (const [i, garbage] of ofIngests.entries())
        if (garbage !== null)
          all.push({ thread: ofIngests.length === 1 ? 'ingest' : `ingest ${i}`, ...garbage });
      for (const [i, garbage] of ofShards.entries())
        if (isGarbage(garbage)) all.push({ thread: `shard ${i}`, ...garbage });
    },
  };
}

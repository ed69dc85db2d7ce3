/** The one shard of a run: what waits in its ring is handled one by one, in this thread. */
import type { HashKey } from '../common/hash.ts';
import { ReportMode } from '../conntrack/reporter.ts';
import { createTracker } from '../conntrack/tracker.ts';
import { Meta, Task } from '../shm/bits.ts';
import type { ClaimTaker } from '../shm/claims.ts';
import { Counter } from '../shm/counters.ts';
import { Desc, Report } from '../shm/offsets.generated.ts';
import { createRingReader, createRingWriter, type RingWriter } from '../shm/ring.ts';
import { createRingMemory, createSegment } from '../shm/segment.ts';
import { type Step, takeReports } from './step.ts';
import { isDescriptorOf, type TupleKey } from './tuple-key.ts';

export interface ShardOptions {
  readonly settings: Int32Array;
  readonly maxConnections: number;
  readonly hashKey: HashKey;
  /** Null tracks nothing: packets are decoded only. */
  readonly watch: TupleKey | null;
  readonly claims: ClaimTaker;
}

export interface RunShard {
  readonly writer: RingWriter;
  /** Handles all that waits. */
  run(): void;
}

const DESCRIPTOR_SLOTS = 4096;
export const REPORT_SLOTS = 16384;

export function createRunShard(options: ShardOptions, step: Step): RunShard {
  const { watch } = options;
  const ring = createRingMemory(DESCRIPTOR_SLOTS, Desc.WORDS);
  const input = createRingReader(ring, Desc.WORDS);
  const handle = watch === null ? null : createHandler(options, watch, ring.slots, step);
  let isBusy = false;

  function run(): void {
    // Whoever waits for a claim lets the shard run, which may be at work already.
    if (isBusy) return;
    isBusy = true;
    for (let n = input.available(); n > 0; n = input.available()) {
      const slot = input.tail();
      const d = (slot & input.mask) * Desc.WORDS;
      if ((input.slots[d + Desc.META] & Meta.TASK_MASK) < Task.FORETOLD) {
        for (let i = 0; i < Desc.WORDS; i++) step.desc[i] = input.slots[d + i];
        step.isDispatched = true;
        step.isWatched = watch !== null && isDescriptorOf(watch, step.desc);
      }
      handle?.(slot);
      input.release(1);
    }
    isBusy = false;
  }

  return { writer: createRingWriter(ring, Desc.WORDS), run };
}

function createHandler(options: ShardOptions, watch: TupleKey, descriptors: Int32Array, step: Step) {
  const segment = createSegment(0, { maxEntries: options.maxConnections, reportSlots: REPORT_SLOTS });
  const output = createRingReader(segment.reports, Report.WORDS);
  const take = (): void => takeReports(output, watch, step, null);
  const tracker = createTracker({
    segment,
    descriptors,
    settings: options.settings,
    hashKey: options.hashKey,
    reports: createRingWriter(segment.reports, Report.WORDS),
    mode: ReportMode.PACKETS,
    waitForReader: take,
    claims: options.claims,
  });
  return (slot: number): void => {
    const ignored = segment.counters[Counter.IGNORED];
    tracker.burst(slot, 1);
    if (segment.counters[Counter.IGNORED] !== ignored) step.isIgnored = true;
    take();
  };
}

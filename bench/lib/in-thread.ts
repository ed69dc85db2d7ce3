/**
 * Ingest and tracker side by side in one thread, so that each can be measured alone: ingest fills the ring, and then the
 * tracker, or nobody in particular, empties it.
 */
import { monotonicMs } from '../../src/common/clock.ts';
import { ReportMode } from '../../src/conntrack/reporter.ts';
import { createSettings, reassemblyLimits, Setting } from '../../src/conntrack/settings.ts';
import { BURST, createTracker, type Tracker } from '../../src/conntrack/tracker.ts';
import { createDispatcher, type Dispatcher } from '../../src/ingest/dispatcher.ts';
import { createMemoryReader } from '../../src/ingest/memory-reader.ts';
import { ReadStatus, Rec } from '../../src/ingest/reader.ts';
import { Counter } from '../../src/shm/counters.ts';
import type { FrameBlock } from '../../src/shm/frame-block.ts';
import { Desc } from '../../src/shm/offsets.generated.ts';
import { PROGRESS_WORDS } from '../../src/shm/progress.ts';
import { createRingReader, createRingWriter } from '../../src/shm/ring.ts';
import {
  createRingMemory,
  createSegment,
  createSharedF64,
  createSharedI32,
  type Segment,
} from '../../src/shm/segment.ts';
import { inlineGenerously } from '../../src/workers/inlining.ts';
import { openReports } from '../../src/workers/reports.ts';
import { type Traffic, withLaps } from './blocks.ts';
import { HASH_KEY } from './hash-key.ts';

export interface InThreadOptions {
  readonly maxEntries: number;
  /** Descriptors that the ring holds: a power of two. */
  readonly ringSlots?: number;
  readonly verifyChecksums?: boolean;
  readonly settings?: Int32Array;
  /** Events into a log, as a service keeps them. */
  readonly events?: boolean;
}

export interface InThread {
  readonly segment: Segment;
  readonly tracker: Tracker;
  readonly dispatcher: Dispatcher;
  /** Of ingest. */
  readonly counters: Float64Array;
  /** Dispatches the next packets of a source, as many as the ring has room for; returns how many, 0 at the end. */
  ingest(source: Source): number;
  /** Lets the tracker have what is in the ring. */
  track(): void;
  /** Takes what is in the ring and does nothing with it. */
  discard(): void;
}

/** Where packets come from: as an ingest thread reads them. */
export type Source = ReturnType<typeof createMemoryReader>;
export const sourceOf = (block: FrameBlock): Source => createMemoryReader(block);

const LOG_SLOTS = 65_536;
/** Slots that ingest leaves free, for what is no packet. */
const SLACK = 64;

export function createInThread(options: InThreadOptions): InThread {
  // As a pipeline does for a run that is long.
  inlineGenerously();
  const ringSlots = options.ringSlots ?? 8192;
  const settings = options.settings ?? createSettings();
  const ring = createRingMemory(ringSlots, Desc.WORDS);
  const reader = createRingReader(ring, Desc.WORDS);
  const counters = createSharedF64(Counter.WORDS);
  const segment = createSegment(0, { maxEntries: options.maxEntries, reportSlots: LOG_SLOTS });
  const progress = createSharedI32(PROGRESS_WORDS);
  const tracker = createTracker({
    segment,
    descriptors: ring.slots,
    settings,
    hashKey: HASH_KEY,
    ...openReports(segment.reports, progress, () => {}),
    mode: options.events === true ? ReportMode.EVENTS : ReportMode.NOTHING,
  });
  const dispatcher = createDispatcher({
    rings: [createRingWriter(ring, Desc.WORDS)],
    hashKey: HASH_KEY,
    verifyChecksums: options.verifyChecksums ?? settings[Setting.CHECKSUM] !== 0,
    zoneFromVlan: false,
    reassembly: reassemblyLimits(settings),
    counters,
    waitForShard() {
      throw new Error('bench: the ring is full');
    },
    onUndispatched: null,
  });

  return {
    segment,
    tracker,
    dispatcher,
    counters,
    ingest(source) {
      let packets = 0;
      // A word of time may come before each packet.
      const most = (ringSlots - SLACK) >> 1;
      const { record, view } = source;
      while (packets < most) {
        const status = source.next();
        if (status === ReadStatus.END) break;
        if (status === ReadStatus.NEED_BYTES) {
          // Memory is there at once.
          void source.fill();
          continue;
        }
        packets++;
        dispatcher.packet(
          view,
          record[Rec.OFFSET],
          record[Rec.CAPTURE_LENGTH],
          record[Rec.WIRE_LENGTH],
          record[Rec.LINK_TYPE],
          record[Rec.SEC],
          record[Rec.NSEC],
        );
      }
      dispatcher.flush();
      return packets;
    },
    track() {
      for (let n = reader.available(); n > 0; n = reader.available()) {
        const count = Math.min(n, BURST);
        tracker.burst(reader.tail(), count);
        reader.release(count);
      }
    },
    discard() {
      reader.release(reader.available());
    },
  };
}

/** Of the connections that a table holds: just below the most, for those that are due and still there. */
export const FULL = 0.99;

/** Tracks `from` packets and then about so many more. Returns what those cost the tracker. Units: ns each */
export function trackAll(thread: InThread, traffic: Traffic, from: number, packets: number): number[] {
  const source = sourceOf(withLaps(traffic, Number.POSITIVE_INFINITY));
  const values: number[] = [];
  for (let done = 0; done < from + packets; ) {
    const count = thread.ingest(source);
    const startMs = monotonicMs();
    thread.track();
    if (done >= from) values.push(((monotonicMs() - startMs) * 1e6) / count);
    done += count;
  }
  return values;
}

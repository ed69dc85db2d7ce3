/**
 * Entry point of a thread that does all of our work with a packet by itself, one stage after the other, and says what each
 * costs: reading and decoding, then tracking. It is to us what forwarding without and with conntrack is to the kernel.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { monotonicMs } from '../common/clock.ts';
import { ReportMode } from '../conntrack/reporter.ts';
import { createSettings, reassemblyLimits } from '../conntrack/settings.ts';
import { BURST, createTracker } from '../conntrack/tracker.ts';
import { createDispatcher } from '../ingest/dispatcher.ts';
import { createMemoryReader } from '../ingest/memory-reader.ts';
import { ReadStatus, Rec } from '../ingest/reader.ts';
import { Counter } from '../shm/counters.ts';
import type { FrameBlock } from '../shm/frame-block.ts';
import { Desc, Report } from '../shm/offsets.generated.ts';
import { createRingReader, createRingWriter } from '../shm/ring.ts';
import { createRingMemory, createSegment, createSharedF64 } from '../shm/segment.ts';

export interface StageTask {
  readonly block: FrameBlock;
  /** Packets before those that are measured. */
  readonly opening: number;
  readonly maxEntries: number;
}

export interface StageFigures {
  readonly packetsAll: number;
  /** ns of each packet. */
  readonly decodeNs: number;
  readonly trackNs: number;
  /** Of all memory of the table, when it is full. */
  readonly bytesPerConnection: number;
  readonly tracked: number;
}

/** Packets of a stage before the next stage has them: descriptors stay in the cache. */
const SLAB = 2048;
const HASH_KEY = { k0: 0x01234567, k1: 0x76543210 };

async function runStages({ block, opening, maxEntries }: StageTask): Promise<StageFigures> {
  const ring = createRingMemory(SLAB * 2, Desc.WORDS);
  const descriptors = createRingReader(ring, Desc.WORDS);
  const segment = createSegment(0, { maxEntries, reportSlots: 64 });
  const settings = createSettings();
  const tracker = createTracker({
    segment,
    descriptors: ring.slots,
    settings,
    hashKey: HASH_KEY,
    reports: createRingWriter(segment.reports, Report.WORDS),
    mode: ReportMode.NOTHING,
    waitForReader: () => {},
  });
  const drain = (): void => {
    for (let n = descriptors.available(); n > 0; n = descriptors.available()) {
      const count = Math.min(n, BURST);
      tracker.burst(descriptors.tail(), count);
      descriptors.release(count);
    }
  };
  const dispatcher = createDispatcher({
    rings: [createRingWriter(ring, Desc.WORDS)],
    hashKey: HASH_KEY,
    verifyChecksums: true,
    zoneFromVlan: false,
    reassembly: reassemblyLimits(settings),
    counters: createSharedF64(Counter.WORDS),
    waitForShard: drain,
    onUndispatched: null,
  });
  const reader = createMemoryReader(block);
  const { view, record } = reader;

  let packets = 0;
  let measured = 0;
  let decodeMs = 0;
  let trackMs = 0;
  for (let isEnd = false; !isEnd; ) {
    const startMs = monotonicMs();
    let inSlab = 0;
    while (inSlab < SLAB) {
      const status = reader.next();
      if (status === ReadStatus.PACKET) {
        dispatcher.packet(
          view,
          record[Rec.OFFSET],
          record[Rec.CAPTURE_LENGTH],
          record[Rec.WIRE_LENGTH],
          record[Rec.LINK_TYPE],
          record[Rec.SEC],
          record[Rec.NSEC],
        );
        inSlab++;
      } else if (status === ReadStatus.END) {
        isEnd = true;
        break;
      } else {
        await reader.fill();
      }
    }
    dispatcher.flush();
    const decodedMs = monotonicMs();
    drain();
    const endMs = monotonicMs();
    if (packets >= opening) {
      measured += inSlab;
      decodeMs += decodedMs - startMs;
      trackMs += endMs - decodedMs;
    }
    packets += inSlab;
  }
  return {
    packetsAll: packets,
    decodeNs: (decodeMs * 1e6) / measured,
    trackNs: (trackMs * 1e6) / measured,
    bytesPerConnection: segment.buffer.byteLength / maxEntries,
    tracked: segment.counters[Counter.TRACKED],
  };
}

if (parentPort === null) throw new Error('stage-thread.js is a thread of flowshard, not a program');
parentPort.postMessage(await runStages(workerData as StageTask));

/**
 * The stages of the packet path one by one, in this thread and from the same capture: where the time
 * goes before threads and start-up come into it.
 */
import { monotonicMs } from '../src/common/clock.ts';
import { ReportMode } from '../src/conntrack/reporter.ts';
import { createSettings, reassemblyLimits } from '../src/conntrack/settings.ts';
import { BURST, createTracker } from '../src/conntrack/tracker.ts';
import { createDispatcher, type Dispatcher } from '../src/ingest/dispatcher.ts';
import { openCapture } from '../src/ingest/open-capture.ts';
import { ReadStatus, Rec } from '../src/ingest/reader.ts';
import { Counter } from '../src/shm/counters.ts';
import { Desc, Report } from '../src/shm/offsets.generated.ts';
import { createRingReader, createRingWriter } from '../src/shm/ring.ts';
import { createRingMemory, createSegment, createSharedF64 } from '../src/shm/segment.ts';

export type StageName = 'read' | 'ingest' | 'ingest-no-checksums' | 'track';

export interface StageFigures {
  readonly packets: number;
  readonly nsPerPacket: number;
  /** Of what was computed, so that a stage that skips its work is seen. */
  readonly checksum: number;
}

const HASH_KEY = { k0: 0x01234567, k1: 0x76543210 };
/** Packets tracked at one go, between which only ingest runs. */
const SLAB = 1 << 18;

/** Reads all packets; returns how many there were and the time it took less `excludedMs`. */
async function readThrough(
  path: string,
  onPacket: (view: DataView, record: Int32Array) => void,
): Promise<number> {
  const reader = await openCapture(path);
  let packets = 0;
  for (;;) {
    const status = reader.next();
    if (status === ReadStatus.PACKET) {
      packets++;
      onPacket(reader.view, reader.record);
    } else if (status === ReadStatus.END) {
      break;
    } else {
      await reader.fill();
    }
  }
  await reader.close();
  return packets;
}

function dispatch(dispatcher: Dispatcher, view: DataView, r: Int32Array): void {
  const { OFFSET, CAPTURE_LENGTH, WIRE_LENGTH, LINK_TYPE, SEC, NSEC } = Rec;
  dispatcher.packet(view, r[OFFSET], r[CAPTURE_LENGTH], r[WIRE_LENGTH], r[LINK_TYPE], r[SEC], r[NSEC]);
}

/** Runs one stage over a capture. */
export async function runStage(name: StageName, path: string): Promise<StageFigures> {
  const ring = createRingMemory(name === 'track' ? SLAB * 2 : 8192, Desc.WORDS);
  const writer = createRingWriter(ring, Desc.WORDS);
  const reader = createRingReader(ring, Desc.WORDS);
  const counters = createSharedF64(Counter.WORDS);
  const segment = createSegment(0, { maxEntries: 1 << 20, reportSlots: 64 });
  const tracker = createTracker({
    segment,
    descriptors: ring.slots,
    settings: createSettings(),
    hashKey: HASH_KEY,
    reports: createRingWriter(segment.reports, Report.WORDS),
    mode: ReportMode.NOTHING,
    waitForReader: () => {},
  });
  let trackMs = 0;
  const drain = (): void => {
    if (name !== 'track') return reader.release(reader.available());
    const startMs = monotonicMs();
    for (let n = reader.available(); n > 0; n = reader.available()) {
      const count = Math.min(n, BURST);
      tracker.burst(reader.tail(), count);
      reader.release(count);
    }
    trackMs += monotonicMs() - startMs;
  };
  const dispatcher = createDispatcher({
    rings: [writer],
    hashKey: HASH_KEY,
    verifyChecksums: name !== 'ingest-no-checksums',
    zoneFromVlan: false,
    reassembly: reassemblyLimits(createSettings()),
    counters,
    waitForShard: drain,
    onUndispatched: null,
  });
  let sum = 0;
  let waiting = 0;
  const startMs = monotonicMs();
  const packets = await readThrough(path, (view, record) => {
    if (name === 'read') {
      sum = (sum + record[Rec.OFFSET] + record[Rec.CAPTURE_LENGTH]) | 0;
      return;
    }
    dispatch(dispatcher, view, record);
    if (++waiting === SLAB) {
      waiting = 0;
      dispatcher.flush();
      drain();
    }
  });
  if (name !== 'read') {
    dispatcher.finish();
    drain();
  }
  const ms = name === 'track' ? trackMs : monotonicMs() - startMs;
  const checksum = name === 'read' ? sum : counters[Counter.PACKETS] + segment.counters[Counter.TRACKED];
  return { packets, nsPerPacket: (ms * 1e6) / packets, checksum };
}

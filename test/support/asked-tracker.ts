/**
 * One tracker that is asked through its mailbox, in one thread: packets, the owner's slices of work and whoever asks are
 * interleaved as a test likes. Everything but the threads is the real code. Beside it a mirror of the table is
 * kept from events alone.
 */
import assert from 'node:assert/strict';
import { ReportMode } from '../../src/conntrack/reporter.ts';
import { createService, type Service } from '../../src/conntrack/service.ts';
import { createSettings, reassemblyLimits } from '../../src/conntrack/settings.ts';
import { BURST, createTracker } from '../../src/conntrack/tracker.ts';
import { createControl } from '../../src/control/control.ts';
import type { TrackerControl } from '../../src/control/tracker-control.ts';
import { createDispatcher } from '../../src/ingest/dispatcher.ts';
import { createEntryMatcher } from '../../src/query/entry-matcher.ts';
import { BELL_WORDS } from '../../src/shm/bell.ts';
import { Counter } from '../../src/shm/counters.ts';
import { createLogWriter } from '../../src/shm/log.ts';
import { createMailboxMemory } from '../../src/shm/mailbox.ts';
import { Desc, Hot, Report } from '../../src/shm/offsets.generated.ts';
import { PROGRESS_WORDS } from '../../src/shm/progress.ts';
import { createRingReader, createRingWriter } from '../../src/shm/ring.ts';
import { createRingMemory, createSegment, createSharedF64, createSharedI32 } from '../../src/shm/segment.ts';
import { lifeOf } from './event-mirror.ts';
import { LINK_RAW } from './frames.ts';

const HASH_KEY = { k0: 0x1234567, k1: 0x89abcde };
const START_S = 1_700_000_000;

export interface AskedTracker {
  readonly control: TrackerControl;
  readonly service: Service;
  /** Time of the last packet, ms since the start. */
  nowMs(): number;
  /** Tracks one packet to its end, `ms` after the last one. */
  packet(frame: Uint8Array, ms: number): void;
  /** The table as it is, by life (event-mirror.ts): from the index, not the way a list is made. */
  table(): Map<string, Int32Array>;
  /** The owner has not noticed yet that its time is over. */
  isOverdue(words: Int32Array): boolean;
  created(): number;
  selfCheck(): void;
}

export interface AskedOptions {
  readonly maxEntries: number;
  readonly logSlots: number;
}

export function createAskedTracker({ maxEntries, logSlots }: AskedOptions): AskedTracker {
  const segment = createSegment(0, { maxEntries, reportSlots: logSlots });
  const bell = createSharedI32(BELL_WORDS);
  const memory = createRingMemory(128, Desc.WORDS, bell);
  const settings = createSettings();
  const log = createLogWriter(segment.reports, Report.WORDS);
  const tracker = createTracker({
    segment,
    descriptors: memory.slots,
    settings,
    hashKey: HASH_KEY,
    reports: log,
    log: { leap: log.leap, progress: createSharedI32(PROGRESS_WORDS) },
    mode: ReportMode.EVENTS,
    waitForReader: () => assert.fail('a log is never full'),
  });
  const input = createRingReader(memory, Desc.WORDS);
  const counters = createSharedF64(Counter.WORDS);
  const dispatcher = createDispatcher({
    rings: [createRingWriter(memory, Desc.WORDS)],
    hashKey: HASH_KEY,
    verifyChecksums: false,
    reassembly: reassemblyLimits(settings),
    counters,
    zoneFromVlan: false,
    decap: null,
    waitForShard: () => assert.fail('the ring is full'),
    onUndispatched: null,
  });
  const mailbox = createMailboxMemory(bell);
  const control = createControl({
    shards: [{ segment, mailbox, rings: [memory], latency: null }],
    masters: null,
    helpers: [],
    hashKey: HASH_KEY,
    settings,
    ingestCounters: [counters],
  });
  const service = createService({
    parts: tracker.parts,
    mailbox,
    matcher: createEntryMatcher(segment),
    logSlots,
  });
  let nowMs = 0;

  return {
    control,
    service,
    nowMs: () => nowMs,
    packet(frame, ms) {
      nowMs += ms;
      const sec = START_S + Math.floor(nowMs / 1000);
      const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
      dispatcher.packet(view, 0, frame.length, frame.length, LINK_RAW, sec, (nowMs % 1000) * 1e6);
      dispatcher.flush();
      for (let count = input.available(); count > 0; count = input.available()) {
        const n = Math.min(count, BURST);
        tracker.burst(input.tail() & input.mask, n);
        input.release(n);
      }
    },
    table() {
      const found = new Map<string, Int32Array>();
      const { index, hot, cold } = segment;
      for (let slot = 1; slot < index.length; slot += 2) {
        const entry = index[slot];
        if (entry === 0) continue;
        const words = entryWords(hot, cold, entry);
        found.set(lifeOf(words, 0), words);
      }
      return found;
    },
    isOverdue: (words) => ((words[Hot.DEADLINE] - tracker.parts.now().ms) | 0) <= 0,
    created: () => segment.counters[Counter.CREATED],
    selfCheck: tracker.selfCheck,
  };
}

function entryWords(hot: Int32Array, cold: Int32Array, entry: number): Int32Array {
  const words = new Int32Array(44);
  words.set(hot.subarray(entry * 32, entry * 32 + 32));
  words.set(cold.subarray(entry * 12, entry * 12 + 12), 32);
  return words;
}

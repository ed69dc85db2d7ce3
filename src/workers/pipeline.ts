/**
 * Starts the threads of a run, hands them their memory, and gives what they report in order. No
 * packet passes through here.
 */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { randomWord } from '../common/clock.ts';
import { CaptureError } from '../common/errors.ts';
import type { HashKey } from '../common/hash.ts';
import { defaultHelpers, type HelperAt } from '../conntrack/helpers/registry.ts';
import { ReportMode } from '../conntrack/reporter.ts';
import { createSettings, Setting } from '../conntrack/settings.ts';
import type { Connection } from '../export/connection.ts';
import { connectionOf, withExpected } from '../export/entry-view.ts';
import type { Expectation } from '../export/expectation.ts';
import type { Encapsulation } from '../packet/tunnels/options.ts';
import { Counter } from '../shm/counters.ts';
import { Cold, Desc, Hot, Report } from '../shm/offsets.generated.ts';
import { createRingReader } from '../shm/ring.ts';
import {
  createExpectationMemory,
  createRingMemory,
  createSegment,
  createSharedF64,
  createSharedI32,
  type Segment,
} from '../shm/segment.ts';
import { expectationsOf } from './expectations-of.ts';
import { CONNECTIONS_MAX_DEFAULT, SHARDS_MAX } from './limits.ts';
import { Control, type IngestResult, type IngestTask, type ShardTask } from './messages.ts';
import { createReportOrder, type OrderedReport } from './report-order.ts';

/** Descriptors in a shard's ring: a few hundred microseconds of work. */
const DESCRIPTOR_SLOTS = 8192;
const REPORT_SLOTS = 4096;
/** Pause of the main thread when no thread has reported anything. */
const POLL_MS = 1;

/** Shards when nothing is said: one core is for ingest. */
export const defaultShards = (): number => Math.min(SHARDS_MAX, Math.max(1, availableParallelism() - 1));

export interface PipelineOptions {
  /** pcap or pcapng files, gzipped or not; "-" is standard input. Several are read in the order of time. */
  readonly files: readonly string[];
  readonly shards?: number;
  /** Greatest number of connections over all shards. */
  readonly maxConnections?: number;
  /** As made by createSettings and applySetting. */
  readonly settings?: Int32Array;
  /** What is peeled and where zones come from: as made by parseEncapsulation. */
  readonly encapsulation?: Encapsulation;
  /** What `next` shall give. */
  readonly mode?: ReportMode;
  /** Key of the hash; drawn at random when absent. */
  readonly hashKey?: HashKey;
  /** Helpers and their ports; those of `defaultHelpers` when absent. */
  readonly helpers?: readonly HelperAt[];
  /** Check all structures after each so many bursts (slow; for debugging). */
  readonly selfCheckEvery?: number;
}

export interface Pipeline {
  /** Reports in order, as they become certain; null at the end. Whoever wants none need not call it. */
  next(): Promise<OrderedReport[] | null>;
  /** Resolves when all threads have finished. Errors: what a thread threw. */
  readonly finished: Promise<void>;
  /** Files that could not be read to their end; known once finished. */
  errors(): readonly CaptureError[];
  /** Reading was ended by `stop`. */
  wasStopped(): boolean;
  /** What is alive, oldest first. Only after all threads have finished. */
  connections(): Connection[];
  /** What is expected, oldest first. Only after all threads have finished. */
  expectations(): Expectation[];
  /** Counters of the ingest thread and of each shard; may be read at any time. */
  readonly ingestCounters: Float64Array;
  readonly shardCounters: readonly Float64Array[];
  /** Of the connections with helpers; null without helpers. */
  readonly masterCounters: Float64Array | null;
  /** Ends reading; what was read is still tracked. */
  stop(): void;
  /** Ends the threads. */
  close(): Promise<void>;
}

/** Number of the segment of the masters: not that of a shard. */
const MASTERS_SEGMENT = SHARDS_MAX;

/** Finds a thread's bundle, whichever bundle this code is part of. */
export function threadFile(name: string): string {
  for (const folder of ['./workers/', '../workers/', '../../workers/']) {
    const path = fileURLToPath(new URL(`${folder}${name}.js`, import.meta.url));
    if (existsSync(path)) return path;
  }
  throw new Error(`${name}.js is not built: run npm run build`);
}

/** The clock of a shard that has stopped. */
function tickOf({ counters }: Segment): number {
  return (Math.imul(counters[Counter.NOW_SEC], 1000) + Math.floor(counters[Counter.NOW_NSEC] / 1e6)) | 0;
}

/** Reads all live entries of a shard that has stopped. */
function* entriesOf(segment: Segment): Generator<{ created: number; connection: Connection }> {
  const nowMs = tickOf(segment);
  for (let slot = 1; slot < segment.index.length; slot += 2) {
    const entry = segment.index[slot];
    if (entry === 0) continue;
    const words = { hot: segment.hot, h: entry * Hot.WORDS, cold: segment.cold, c: entry * Cold.WORDS };
    const created = segment.hot[entry * Hot.WORDS + Hot.CREATED] >>> 0;
    yield { created, connection: connectionOf(words, nowMs, null) };
  }
}

/** Errors: what is wrong with a file is not one; see `errors`. */
export function startPipeline(options: PipelineOptions): Pipeline {
  const shards = options.shards ?? defaultShards();
  const maxConnections = options.maxConnections ?? CONNECTIONS_MAX_DEFAULT;
  const settings = options.settings ?? createSettings();
  const mode = options.mode ?? ReportMode.NOTHING;
  const hashKey = options.hashKey ?? { k0: randomWord(), k1: randomWord() };
  const control = createSharedI32(Control.WORDS);
  const size = { maxEntries: Math.ceil(maxConnections / shards), reportSlots: REPORT_SLOTS };
  const segments = Array.from({ length: shards }, (_, shard) => createSegment(shard, size));
  const rings = segments.map(() => createRingMemory(DESCRIPTOR_SLOTS, Desc.WORDS));
  const helpers = options.helpers ?? defaultHelpers();
  const masters = createSegment(MASTERS_SEGMENT, size);
  const expectations = createExpectationMemory(settings[Setting.EXPECT_MAX]);
  const ingestReports = createRingMemory(REPORT_SLOTS, Report.WORDS);
  const ingestCounters = createSharedF64(Counter.WORDS);

  const pool = new Piscina({
    minThreads: shards + 1,
    maxThreads: shards + 1,
    idleTimeout: Number.POSITIVE_INFINITY,
    // Our threads sleep on our own rings; the pool must not make them wait for tasks.
    atomics: 'disabled',
  });
  const shardRuns = segments.map((segment, shard) => {
    const task: ShardTask = {
      segment: segment.buffer,
      ring: rings[shard],
      settings,
      control,
      hashKey,
      mode,
      selfCheckEvery: options.selfCheckEvery ?? 0,
      claims: expectations.claims,
    };
    return pool.run(task, { filename: threadFile('shard-thread') });
  });
  const ingestTask: IngestTask = {
    files: options.files,
    rings,
    reports: ingestReports,
    counters: ingestCounters,
    control,
    hashKey,
    mode,
    verifyChecksums: settings[Setting.CHECKSUM] !== 0,
    zoneFromVlan: options.encapsulation?.zoneFromVlan ?? false,
    decap: options.encapsulation?.decap ?? null,
    helpers,
    masters: masters.buffer,
    expectations,
    settings,
    selfCheckEvery: options.selfCheckEvery ?? 0,
  };
  const ingestRun: Promise<IngestResult> = pool.run(ingestTask, { filename: threadFile('ingest-thread') });

  let result: IngestResult = { errors: [], stopped: false };
  let failure: unknown = null;
  let ended = false;
  const finished = Promise.allSettled([ingestRun, ...shardRuns]).then(async ([ingest, ...others]) => {
    ended = true;
    // The first thread to fail makes the others fail; the shards know better why.
    const failed = [...others, ingest].find((r) => r.status === 'rejected');
    if (failed?.status === 'rejected') {
      failure = failed.reason;
      throw failed.reason;
    }
    if (ingest.status === 'fulfilled') result = ingest.value;
  });
  // Whoever awaits `finished` gets the error; if nobody does, `next` throws it.
  finished.catch(() => {});

  // Where there are no helpers nobody writes, or ends, the reports of their connections.
  const trackers = helpers.length > 0 ? [...segments, masters] : segments;
  const streams = trackers.map((segment) => createRingReader(segment.reports, Report.WORDS));
  if ((mode & ReportMode.PACKETS) !== 0) streams.push(createRingReader(ingestReports, Report.WORDS));
  const order = createReportOrder(streams);

  async function next(): Promise<OrderedReport[] | null> {
    if (mode === ReportMode.NOTHING) {
      // Nothing to collect: do not take the threads' cores away a thousand times a second.
      await finished;
      return null;
    }
    for (;;) {
      const lastLook = ended;
      const collected = order.collect();
      const ready = order.take();
      if (ready.length > 0) return ready;
      if (failure !== null) throw failure;
      if (order.done() || (lastLook && !collected)) {
        await finished;
        return null;
      }
      if (!collected) await sleep(POLL_MS);
    }
  }

  return {
    next,
    finished,
    errors: () => result.errors.map((fields) => new CaptureError(fields)),
    wasStopped: () => result.stopped,
    connections: () => withExpected(sortedByAge(trackers)),
    expectations: () => expectationsOf(expectations.words, masters, tickOf(masters)),
    ingestCounters,
    shardCounters: segments.map((segment) => segment.counters),
    masterCounters: helpers.length > 0 ? masters.counters : null,
    stop() {
      Atomics.store(control, Control.STOP, 1);
      Atomics.notify(control, Control.STOP);
    },
    close: () => pool.destroy(),
  };
}

/** Oldest first: by the number of the packet that created them. */
function sortedByAge(segments: readonly Segment[]): Connection[] {
  const aged = segments.flatMap((segment) => [...entriesOf(segment)]);
  return aged.sort((a, b) => a.created - b.created).map((a) => a.connection);
}

/**
 * Starts the threads of a run, hands them their memory, and gives what they report in order. No
 * packet passes through here.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { MessageChannel } from 'node:worker_threads';
import { randomWord } from '../common/clock.ts';
import { CaptureError } from '../common/errors.ts';
import type { HashKey } from '../common/hash.ts';
import { defaultHelpers, type HelperAt } from '../conntrack/helpers/registry.ts';
import { ReportMode } from '../conntrack/reporter.ts';
import { createSettings, Setting } from '../conntrack/settings.ts';
import { createControl } from '../control/control.ts';
import { addCounters } from '../control/sum-counters.ts';
import type { TrackerControl } from '../control/tracker-control.ts';
import type { Connection } from '../export/connection.ts';
import type { Expectation } from '../export/expectation.ts';
import type { OpenLive } from '../live/open-live.ts';
import type { InterfaceNotice, LiveFailure } from '../live/options.ts';
import type { Encapsulation } from '../packet/tunnels/options.ts';
import { BELL_WORDS } from '../shm/bell.ts';
import { Counter } from '../shm/counters.ts';
import type { FrameBlock } from '../shm/frame-block.ts';
import { HISTOGRAM_WORDS } from '../shm/histogram.ts';
import { createLogReader } from '../shm/log.ts';
import { createMailboxMemory } from '../shm/mailbox.ts';
import { Desc, Report } from '../shm/offsets.generated.ts';
import { PROGRESS_WORDS } from '../shm/progress.ts';
import { createRingReader } from '../shm/ring.ts';
import { createRingBlock } from '../shm/ring-block.ts';
import {
  createExpectationMemory,
  createRingMemory,
  createSegment,
  createSharedF64,
  createSharedI32,
  type Segment,
} from '../shm/segment.ts';
import type { TrafficOptions } from '../traffic/options.ts';
import { expectationsOf } from './expectations-of.ts';
import { areLong, inlineGenerously } from './inlining.ts';
import { CONNECTIONS_MAX_DEFAULT, defaultShards, SHARDS_MAX } from './limits.ts';
import { connectionsOf, type LiveEntries, liveEntries, tickOf } from './live-entries.ts';
import { createMeasurement, type Measurement, type MeasureOptions } from './measure.ts';
import {
  Control,
  type Garbage,
  type IngestResult,
  type IngestTask,
  type ServiceMemory,
  type ShardTask,
} from './messages.ts';
import {
  createReportOrder,
  logStream,
  type OrderedReport,
  orderStreams,
  type ReportOrder,
} from './report-order.ts';
import { runThread } from './threads.ts';

/**
 * Descriptors in a shard's ring: 2.6 MB, a millisecond of work. More than the nearest caches hold: of a smaller ring the reader's
 * core still has the lines when the writer comes round to them, and must be asked for each (50 ns a packet instead of 140).
 */
const DESCRIPTOR_SLOTS = 32_768;
const REPORT_SLOTS = 4096;
/** Events that a service keeps for whoever wants them: 13 MB, of which the system gives what is used. */
const LOG_SLOTS = 65_536;
/** Pause of the main thread when no thread has reported anything. */
const POLL_MS = 1;

export interface PipelineOptions {
  /** pcap or pcapng files, gzipped or not; "-" is standard input. Several are read in the order of time. */
  readonly files: readonly string[];
  /** Interfaces instead of files: an ingest thread for each of `live.threads`, more than one only without helpers. */
  readonly live?: OpenLive;
  /** Frames in memory instead of files: for measuring. */
  readonly memory?: FrameBlock;
  /** Traffic that is generated, instead of files: see src/traffic. */
  readonly traffic?: TrafficOptions;
  /** Measure latencies and garbage collections; see measure.ts. Costs nothing where it is absent. */
  readonly measure?: MeasureOptions;
  /** Told when an interface goes down or away, and when its packets go on. */
  readonly onInterface?: (notice: InterfaceNotice) => void;
  /** It may be asked questions while it runs (`control`), and keeps the latest events for whoever wants them. */
  readonly service?: boolean;
  /** After the end of the captures: stay, until `stop`. */
  readonly hold?: boolean;
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
  /** Events that a service keeps, of each owner: a power of two, from 256. */
  readonly logSlots?: number;
}

export interface Pipeline {
  /** Reports in order, as they become certain; null at the end. Whoever wants none need not call it. */
  next(): Promise<OrderedReport[] | null>;
  /** Resolves when every interface is open; at once for captures. Errors: what a thread threw. */
  opened(): Promise<void>;
  /** Interfaces are read from now on, and not before: by then the rights of root may have been given up. */
  begin(): void;
  /** Why it is not ready: interfaces that are down; null when it is. */
  notReady(): string | null;
  /** Resolves when all threads have finished. Errors: what a thread threw. */
  readonly finished: Promise<void>;
  /** Files that could not be read to their end; known once finished. */
  errors(): readonly CaptureError[];
  /** Why the reading of interfaces ended by itself; null when it did not. */
  failure(): LiveFailure | null;
  /** Reading was ended by `stop`. */
  wasStopped(): boolean;
  /** What is alive, oldest first. Only after all threads have finished. */
  connections(): Connection[];
  /** The same where they lie. */
  entries(): LiveEntries;
  /** What is expected, oldest first. Only after all threads have finished. */
  expectations(): Expectation[];
  /** What may be asked while it runs; null unless it is a service. */
  readonly control: TrackerControl | null;
  /** Reports that `next` could not give because a service waits for nobody. */
  reportsLost(): number;
  /** Counters of the ingest threads, added up at that moment, and of each shard; may be read at any time. */
  ingestCounters(): Float64Array;
  /** A block for what the main thread counts: that of the first ingest thread. */
  readonly mainCounters: Float64Array;
  readonly shardCounters: readonly Float64Array[];
  /** Of the connections with helpers; null without helpers. */
  readonly masterCounters: Float64Array | null;
  /** The memory of the shards. To be read only after all threads have finished, but for the counters. */
  readonly segments: readonly Segment[];
  /** Null unless `measure` was asked for. */
  readonly measurement: Measurement | null;
  /** Ends reading; what was read is still tracked. */
  stop(): void;
  /** Ends the threads. */
  close(): Promise<void>;
}

/** Number of the segment of the masters: not that of a shard. */
const MASTERS_SEGMENT = SHARDS_MAX;

/** Memory that makes an owner of connections answer questions, and tell events that nobody need read. */
const createServiceMemory = (bell: Int32Array): ServiceMemory => ({
  mailbox: createMailboxMemory(bell),
  progress: createSharedI32(PROGRESS_WORDS),
});

/** The way of notices from the thread that reads interfaces; it keeps no process alive. */
function openNotices(listener: PipelineOptions['onInterface']): MessageChannel {
  const channel = new MessageChannel();
  channel.port1.on('message', (notice: InterfaceNotice) => listener?.(notice));
  channel.port1.unref();
  return channel;
}

/** Errors: what is wrong with a file is not one; see `errors`. */
export function startPipeline(options: PipelineOptions): Pipeline {
  const shards = options.shards ?? defaultShards();
  const { live } = options;
  const ingests = live?.threads.length ?? 1;
  const maxConnections = options.maxConnections ?? CONNECTIONS_MAX_DEFAULT;
  const settings = options.settings ?? createSettings();
  const isService = options.service === true;
  const printMode = options.mode ?? ReportMode.NOTHING;
  const mode = isService ? printMode | ReportMode.EVENTS : printMode;
  const hashKey = options.hashKey ?? { k0: randomWord(), k1: randomWord() };
  const control = createSharedI32(Control.WORDS);
  const reportSlots = isService ? (options.logSlots ?? LOG_SLOTS) : REPORT_SLOTS;
  const size = { maxEntries: Math.ceil(maxConnections / shards), reportSlots };
  const helpers = options.helpers ?? defaultHelpers();
  const expectations = createExpectationMemory(settings[Setting.EXPECT_MAX]);

  const shardParts = Array.from({ length: shards }, (_, shard) => {
    const bell = createSharedI32(BELL_WORDS);
    return {
      segment: createSegment(shard, size),
      inputs: createRingBlock(ingests, DESCRIPTOR_SLOTS, Desc.WORDS, bell),
      service: isService ? createServiceMemory(bell) : null,
      latency: live === undefined ? null : createSharedI32(HISTOGRAM_WORDS),
    };
  });
  const masters = createSegment(MASTERS_SEGMENT, size);
  const ingestParts = Array.from({ length: ingests }, () => ({
    reports: createRingMemory(reportSlots, Report.WORDS),
    progress: createSharedI32(PROGRESS_WORDS),
    counters: createSharedF64(Counter.WORDS),
  }));
  const mastersService = isService ? createServiceMemory(createSharedI32(BELL_WORDS)) : null;

  const measurement =
    options.measure === undefined
      ? null
      : createMeasurement(options.measure, { shards, slots: DESCRIPTOR_SLOTS, control });

  if (options.files.length === 0 || areLong(options.files)) inlineGenerously();
  const shardThreads = shardParts.map(({ segment, inputs, service, latency }, shard) => {
    const task: ShardTask = {
      segment: segment.buffer,
      inputs,
      settings,
      control,
      hashKey,
      mode,
      selfCheckEvery: options.selfCheckEvery ?? 0,
      claims: expectations.claims,
      service,
      latency,
      shard,
      measure: measurement?.memory ?? null,
    };
    return runThread<ShardTask, Garbage | null>('shard-thread', task);
  });
  const ingestThreads = ingestParts.map(({ reports, progress, counters }, ingest) => {
    // All threads see the same; one tells.
    const notices = live !== undefined && ingest === 0 ? openNotices(options.onInterface) : null;
    const task: IngestTask = {
      files: options.files,
      live: live === undefined ? null : { ...live.threads[ingest], notices: notices?.port2 ?? null },
      memory: options.memory ?? null,
      traffic: options.traffic ?? null,
      ingest,
      ingests,
      rings: shardParts.map(({ inputs }) => inputs.rings[ingest]),
      reports,
      progress,
      counters,
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
      service: mastersService,
      hold: options.hold === true,
      measure: measurement?.memory ?? null,
    };
    const transferList = notices === null ? [] : [notices.port2];
    return runThread<IngestTask, IngestResult>('ingest-thread', task, transferList);
  });
  const shardRuns = shardThreads.map(({ result }) => result);
  const ingestRuns = ingestThreads.map(({ result }) => result);
  function stop(): void {
    Atomics.store(control, Control.STOP, 1);
    Atomics.notify(control, Control.STOP);
    live?.wake();
  }
  // One that ended by itself ends the run.
  if (live !== undefined) for (const run of ingestRuns) run.then(stop, stop);

  const results: IngestResult[] = [];
  let failure: unknown = null;
  let ended = false;
  const finished = Promise.allSettled([...shardRuns, ...ingestRuns]).then(async (all) => {
    ended = true;
    // The first thread to fail makes the others fail; the shards know better why.
    const failed = all.find((r) => r.status === 'rejected');
    if (failed?.status === 'rejected') {
      failure = failed.reason;
      throw failed.reason;
    }
    results.push(...(await Promise.all(ingestRuns)));
    measurement?.finished(
      await Promise.all(shardRuns),
      results.map(({ garbage }) => garbage ?? null),
    );
  });
  // Whoever awaits `finished` gets the error; if nobody does, `next` throws it.
  finished.catch(() => {});

  // Where there are no helpers nobody writes, or ends, the reports of their connections.
  const hasMasters = helpers.length > 0;
  const trackers = [...shardParts.map(({ segment }) => segment), ...(hasMasters ? [masters] : [])];
  let lost = 0;
  const order = createOrder();

  function createOrder(): ReportOrder {
    const withIngest = (printMode & ReportMode.PACKETS) !== 0;
    const memories = trackers.map(({ reports }) => reports);
    if (withIngest) memories.push(...ingestParts.map(({ reports }) => reports));
    if (!isService) return createReportOrder(memories.map((m) => createRingReader(m, Report.WORDS)));
    const progress = shardParts.map(({ service }) => service?.progress);
    if (hasMasters) progress.push(mastersService?.progress);
    progress.push(...ingestParts.map((part) => part.progress));
    return orderStreams(
      memories.map((memory, i) =>
        logStream(
          createLogReader(memory, Report.WORDS, 0),
          progress[i] ?? createSharedI32(PROGRESS_WORDS),
          (count) => {
            lost += count;
          },
        ),
      ),
    );
  }

  async function next(): Promise<OrderedReport[] | null> {
    if (printMode === ReportMode.NOTHING) {
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

  const ingestCounters = ingestParts.map(({ counters }) => counters);
  async function opened(): Promise<void> {
    if (options.live === undefined) return;
    await Promise.race([finished, untilWord(control, Control.OPENED, ingests)]);
  }

  return {
    next,
    opened,
    begin() {
      Atomics.store(control, Control.BEGIN, 1);
      Atomics.notify(control, Control.BEGIN);
    },
    notReady: () => (Atomics.load(control, Control.DOWN) === 0 ? null : 'an interface is down'),
    finished,
    errors: () => results.flatMap(({ errors }) => errors).map((fields) => new CaptureError(fields)),
    failure: () => results.find((r) => r.failure)?.failure ?? null,
    wasStopped: () => results.some(({ stopped }) => stopped),
    connections: () => connectionsOf(trackers),
    entries: () => liveEntries(trackers),
    expectations: () => expectationsOf(expectations.words, masters, tickOf(masters)),
    control: isService
      ? createControl({
          shards: shardParts.flatMap(({ segment, inputs, service, latency }) =>
            service === null ? [] : [{ segment, mailbox: service.mailbox, rings: inputs.rings, latency }],
          ),
          masters:
            mastersService === null || !hasMasters
              ? null
              : {
                  segment: masters,
                  mailbox: mastersService.mailbox,
                  rings: [],
                  latency: null,
                  ...(live === undefined ? {} : { ring: live.wake }),
                },
          helpers,
          hashKey,
          settings,
          ingestCounters,
        })
      : null,
    reportsLost: () => lost,
    ingestCounters: () => addCounters(ingestCounters),
    mainCounters: ingestCounters[0],
    shardCounters: shardParts.map(({ segment }) => segment.counters),
    masterCounters: hasMasters ? masters.counters : null,
    segments: shardParts.map(({ segment }) => segment),
    measurement,
    stop,
    async close() {
      await Promise.all([...shardThreads, ...ingestThreads].map((thread) => thread.end()));
      live?.close();
    },
  };
}

/** Resolves when a word of the control block has become at least so much. */
async function untilWord(control: Int32Array, word: Control, least: number): Promise<void> {
  for (;;) {
    const value = Atomics.load(control, word);
    if (value >= least) return;
    const waiting = Atomics.waitAsync(control, word, value);
    if (waiting.async) await waiting.value;
  }
}

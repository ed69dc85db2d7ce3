/**
 * A whole run in one thread, without waiting for anybody: reader, dispatcher, any number of shards
 * and the order of their reports, as src/workers puts them together over threads. It takes
 * milliseconds where threads take a fifth of a second to start, so it can go through thousands of files.
 */
import type { HashKey } from '../../src/common/hash.ts';
import { tickMsOf } from '../../src/common/tick.ts';
import { defaultHelpers, parseHelpers } from '../../src/conntrack/helpers/registry.ts';
import { createMasters } from '../../src/conntrack/masters.ts';
import type { ReportMode } from '../../src/conntrack/reporter.ts';
import { createReporter } from '../../src/conntrack/reporter.ts';
import { applySetting, createSettings, reassemblyLimits, Setting } from '../../src/conntrack/settings.ts';
import { BURST, createTracker } from '../../src/conntrack/tracker.ts';
import type { Connection } from '../../src/export/connection.ts';
import { connectionOf, withExpected } from '../../src/export/entry-view.ts';
import type { Expectation } from '../../src/export/expectation.ts';
import { collectStats, type Stats } from '../../src/export/stats.ts';
import { createDispatcher, type Dispatcher } from '../../src/ingest/dispatcher.ts';
import { type CaptureReader, ReadStatus, Rec } from '../../src/ingest/reader.ts';
import { type ClaimTaker, createClaimTaker } from '../../src/shm/claims.ts';
import { Counter } from '../../src/shm/counters.ts';
import { Cold, Desc, Hot, Report } from '../../src/shm/offsets.generated.ts';
import { createRingReader, createRingWriter } from '../../src/shm/ring.ts';
import {
  createExpectationMemory,
  createRingMemory,
  createSegment,
  type Segment,
} from '../../src/shm/segment.ts';
import { expectationsOf } from '../../src/workers/expectations-of.ts';
import { type LiveEntries, liveEntries } from '../../src/workers/live-entries.ts';
import { createReportOrder, type OrderedReport } from '../../src/workers/report-order.ts';

export interface SimulationOptions {
  readonly shards: number;
  readonly mode: ReportMode;
  readonly hashKey?: HashKey;
  readonly ignoreChecksums?: boolean;
  /** As `--set` takes them. */
  readonly set?: readonly string[];
  readonly maxConnections?: number;
  /** As `--helpers` takes them. */
  readonly helpers?: string;
  /** Descriptors that a shard takes at once, asked for before each burst. Default: as many as there are. */
  readonly burstSize?: () => number;
  readonly onReports: (reports: readonly OrderedReport[]) => void;
}

export interface Simulation {
  readonly stats: Stats;
  readonly connections: () => Connection[];
  readonly entries: () => LiveEntries;
  readonly expectations: () => Expectation[];
  /** Time of the last packet. */
  readonly end: { readonly sec: number; readonly nsec: number };
  /** What was wrong with the file, or null. */
  readonly error: string | null;
}

const DESCRIPTOR_SLOTS = 1024;
const REPORT_SLOTS = 1024;
const KEY: HashKey = { k0: 0x0123_4567, k1: 0x89ab_cdef | 0 };
const MAX_CONNECTIONS = 16_384;

function createShard(
  segment: Segment,
  options: SimulationOptions,
  settings: Int32Array,
  drain: () => void,
  claims: ClaimTaker,
) {
  const ring = createRingMemory(DESCRIPTOR_SLOTS, Desc.WORDS);
  const input = createRingReader(ring, Desc.WORDS);
  const tracker = createTracker({
    segment,
    descriptors: ring.slots,
    settings,
    hashKey: options.hashKey ?? KEY,
    reports: createRingWriter(segment.reports, Report.WORDS),
    mode: options.mode,
    waitForReader: drain,
    claims,
  });
  let isBusy = false;
  /** Handles what waits in the ring, so many descriptors at most. */
  function run(limit = Number.POSITIVE_INFINITY): void {
    if (isBusy) return;
    isBusy = true;
    let left = limit;
    for (let waiting = input.available(); waiting > 0 && left > 0; waiting = input.available()) {
      const count = Math.min(waiting, options.burstSize?.() ?? BURST, BURST, left);
      tracker.burst(input.tail(), count);
      input.release(count);
      left -= count;
    }
    isBusy = false;
  }
  /** Number of the packet that it would handle next; null when there is none, or when it waits itself. */
  function next(): number | null {
    if (isBusy || input.available() === 0) return null;
    return ring.slots[(input.tail() & input.mask) * Desc.WORDS + Desc.NUMBER];
  }
  return { writer: createRingWriter(ring, Desc.WORDS), run, next, selfCheck: tracker.selfCheck };
}

function connectionsOf(segments: readonly Segment[], nowMs: number): Connection[] {
  const aged: { created: number; connection: Connection }[] = [];
  for (const { index, hot, cold } of segments) {
    for (let slot = 1; slot < index.length; slot += 2) {
      if (index[slot] === 0) continue;
      const words = { hot, h: index[slot] * Hot.WORDS, cold, c: index[slot] * Cold.WORDS };
      const created = hot[words.h + Hot.CREATED] >>> 0;
      aged.push({ created, connection: connectionOf(words, nowMs, null) });
    }
  }
  return withExpected(aged.sort((a, b) => a.created - b.created).map((a) => a.connection));
}

/** Errors: InvariantError when table, wheel or rings are not in order at the end. */
export async function simulate(reader: CaptureReader, options: SimulationOptions): Promise<Simulation> {
  const settings = createSettings();
  for (const assignment of options.set ?? []) applySetting(settings, assignment);
  if (options.ignoreChecksums === true) settings[Setting.CHECKSUM] = 0;
  const maxEntries = Math.ceil((options.maxConnections ?? MAX_CONNECTIONS) / options.shards);
  const segments = Array.from({ length: options.shards }, (_, shard) =>
    createSegment(shard, { maxEntries, reportSlots: REPORT_SLOTS }),
  );
  const masterSegment = createSegment(options.shards, { maxEntries, reportSlots: REPORT_SLOTS });
  const allSegments = [...segments, masterSegment];
  const expectations = createExpectationMemory(settings[Setting.EXPECT_MAX]);
  const ingestReports = createRingMemory(REPORT_SLOTS, Report.WORDS);
  const counters = new Float64Array(Counter.WORDS);
  const streams = [...allSegments.map((segment) => segment.reports), ingestReports];
  const order = createReportOrder(streams.map((memory) => createRingReader(memory, Report.WORDS)));
  const drain = (): void => {
    order.collect();
  };
  /** A shard that waits for another one lets it run: the one that is furthest behind, since that cannot wait for it. */
  const runUntilSettled = (words: Int32Array, at: number, value: number): void => {
    dispatcher.flush();
    while (words[at] === value) {
      const [behind] = shards
        .filter((shard) => shard.next() !== null)
        .sort((a, b) => (a.next() ?? 0) - (b.next() ?? 0));
      behind.run(1);
    }
  };
  const shards = segments.map((segment) =>
    createShard(segment, options, settings, drain, createClaimTaker(expectations.claims, runUntilSettled)),
  );
  const masters = createMasters({
    helpers: options.helpers === undefined ? defaultHelpers() : parseHelpers(options.helpers),
    segment: masterSegment,
    expectations,
    settings,
    hashKey: options.hashKey ?? KEY,
    reports: createRingWriter(masterSegment.reports, Report.WORDS),
    mode: options.mode,
    waitForReader: drain,
    waitForClaim: runUntilSettled,
  });
  const nothing = { hot: new Int32Array(Hot.WORDS), cold: new Int32Array(Cold.WORDS), counters };
  const writer = createRingWriter(ingestReports, Report.WORDS);
  const reporter = createReporter(nothing, writer, options.mode, drain);
  const dispatcher: Dispatcher = createDispatcher({
    masters,
    rings: shards.map((shard) => shard.writer),
    hashKey: options.hashKey ?? KEY,
    verifyChecksums: options.ignoreChecksums !== true,
    zoneFromVlan: false,
    reassembly: reassemblyLimits(settings),
    counters,
    waitForShard: (shard) => shards[shard].run(),
    onUndispatched(number, sec, nsec, verdict, reason) {
      reporter.setNow(sec, nsec, 0);
      reporter.packet(0, verdict, reason, 0, number);
    },
  });
  const now = { sec: 0, nsec: 0 };

  function turn(): void {
    dispatcher.flush();
    Object.assign(now, { sec: dispatcher.nowSec(), nsec: dispatcher.nowNsec() });
    const ms = tickMsOf(now.sec, now.nsec);
    reporter.setNow(now.sec, now.nsec, ms);
    reporter.endOfBurst(ms);
    for (const shard of shards) shard.run();
    order.collect();
    options.onReports(order.take());
  }

  const { record } = reader;
  let sinceTurn = 0;
  for (;;) {
    const status = reader.next();
    if (status === ReadStatus.PACKET) {
      dispatcher.packet(
        reader.view,
        record[Rec.OFFSET],
        record[Rec.CAPTURE_LENGTH],
        record[Rec.WIRE_LENGTH],
        record[Rec.LINK_TYPE],
        record[Rec.SEC],
        record[Rec.NSEC],
      );
      if (++sinceTurn % BURST === 0) turn();
      continue;
    }
    turn();
    if (status === ReadStatus.END) break;
    await reader.fill();
  }
  dispatcher.finish();
  reporter.finish();
  turn();
  masters.finish();
  while (!order.done()) {
    order.collect();
    options.onReports(order.take());
  }
  for (const shard of shards) shard.selfCheck();
  masters.selfCheck();
  await reader.close();
  return {
    stats: collectStats(
      counters,
      segments.map((segment) => segment.counters),
      masterSegment.counters,
    ),
    connections: () => connectionsOf(allSegments, tickMsOf(now.sec, now.nsec)),
    entries: () => liveEntries(allSegments),
    expectations: () => expectationsOf(expectations.words, masterSegment, tickMsOf(now.sec, now.nsec)),
    end: now,
    error: reader.error?.message ?? null,
  };
}

/**
 * A laboratory: dispatcher, shards and report order in one thread, on a clock that the test sets with
 * every packet. Everything but the threads is the real code. `send` handles a packet to its end and
 * says what became of it; `dispatch`, `runShard` and `collect` let a test interleave the parts itself.
 */
import assert from 'node:assert/strict';
import { REASONS, Reason, reasonInfo } from '../../src/common/reasons.ts';
import { tickMsOf } from '../../src/common/tick.ts';
import { defaultHelpers, parseHelpers } from '../../src/conntrack/helpers/registry.ts';
import { createMasters, type Masters } from '../../src/conntrack/masters.ts';
import { createReporter, ReportMode } from '../../src/conntrack/reporter.ts';
import {
  applySetting,
  createSettings,
  reassemblyLimits,
  Setting,
  type TimeoutPreset,
} from '../../src/conntrack/settings.ts';
import { BURST, createTracker, type Tracker } from '../../src/conntrack/tracker.ts';
import type { Connection, EndReason } from '../../src/export/connection.ts';
import { connectionOf, END_REASONS, type EntryWords } from '../../src/export/entry-view.ts';
import type { Expectation } from '../../src/export/expectation.ts';
import { createDispatcher, type Dispatcher } from '../../src/ingest/dispatcher.ts';
import { parseEncapsulation } from '../../src/packet/tunnels/options.ts';
import { EventBit, ReportType, Verdict } from '../../src/shm/bits.ts';
import { createClaimTaker } from '../../src/shm/claims.ts';
import { Counter } from '../../src/shm/counters.ts';
import { Cold, Desc, Hot, Report } from '../../src/shm/offsets.generated.ts';
import { createRingReader, createRingWriter, type RingReader, setRingCursors } from '../../src/shm/ring.ts';
import {
  createExpectationMemory,
  createRingMemory,
  createSegment,
  createSharedF64,
  type Segment,
} from '../../src/shm/segment.ts';
import { expectationsOf } from '../../src/workers/expectations-of.ts';
import { createReportOrder, type OrderedReport } from '../../src/workers/report-order.ts';
import { LINK_RAW } from './frames.ts';

export interface LabOptions {
  readonly shards?: number;
  /** Connections per shard. */
  readonly maxEntries?: number;
  /** Slots of each ring, powers of two. */
  readonly descriptorSlots?: number;
  readonly reportSlots?: number;
  readonly preset?: TimeoutPreset;
  /** As `--set` takes them. */
  readonly set?: readonly string[];
  readonly oneWay?: boolean;
  readonly mode?: ReportMode;
  readonly zoneFromVlan?: boolean;
  /** As `--decap` and `--zone-from` take them. */
  readonly decap?: readonly string[];
  readonly zoneFrom?: string;
  /** As `--helpers` takes them. */
  readonly helpers?: string;
  /** Seconds since 1970 of time 0 of the lab. */
  readonly startS?: number;
  /** Where the rings' cursors start. */
  readonly cursors?: number;
  /** Check every structure after each packet of `send`. */
  readonly selfCheck?: boolean;
}

/** The end of a connection, as reported. */
export interface End {
  readonly reason: EndReason;
  /** Packet that caused it; 0 for an expiry. */
  readonly number: number;
  readonly connection: Connection;
  /** Lab time of the report. */
  readonly atMs: number;
  readonly remainingMs: number;
}

/** What became of one packet. */
export interface Seen {
  readonly number: number;
  readonly verdict: string;
  /** The reason's stable name, "none" for a tracked packet. */
  readonly reason: string;
  readonly events: readonly string[];
  /** The connection after the packet; null where the packet has none. */
  readonly connection: Connection | null;
  readonly words: EntryWords | null;
  readonly remainingMs: number;
  /** Accepted without effect. */
  readonly ignored: boolean;
  /** Ends that were noticed with this packet, in order of their report. */
  readonly ends: readonly End[];
}

export interface Lab {
  readonly settings: Int32Array;
  readonly segments: readonly Segment[];
  /** Ordered reports that were given out so far. */
  readonly reports: readonly OrderedReport[];
  /** Handles one packet to its end. Times are ms since the start of the lab; fractions are allowed. */
  send(frame: Uint8Array, ms: number, linkType?: number): Seen;
  /** Only hands a packet to the dispatcher. */
  dispatch(frame: Uint8Array, ms: number, linkType?: number, captureLength?: number): void;
  flush(): void;
  /** Lets a shard handle one burst of at most `limit`; returns how many descriptors it took. */
  runShard(shard: number, limit?: number): number;
  /** Takes what is in the rings of reports and in the order. */
  collect(): void;
  /** Says that no packet follows and returns all reports in order. */
  finish(): readonly OrderedReport[];
  /** What is alive now, oldest first. */
  table(): Connection[];
  remainingMs(): number[];
  /** A counter over ingest and all shards. */
  counter(counter: number): number;
  reasonCount(reason: Reason): number;
  readonly masters: Masters;
  /** The clock of the shards. */
  tick(): number;
  /** What is expected now, oldest first. */
  expectations(): readonly Expectation[];
  /** Walks all structures. */
  checkStructures(): void;
  /** The same, and adds the counters up; for that, all rings must have been emptied. */
  check(): void;
}

/** Key of the hash, so that a test can compute where a tuple lies. */
export const LAB_KEY = { k0: 0x1234567, k1: 0x89abcde };
const ENCAPSULATION_OPTIONS = { decap: '--decap', zoneFrom: '--zone-from' };
const START_S = 1_700_000_000;

export const eventNames = (events: number): string[] =>
  [EventBit.NEW, EventBit.RELATED, EventBit.DESTROY, EventBit.REPLY, EventBit.ASSURED, EventBit.PROTOINFO]
    .filter((bit) => (events & bit) !== 0)
    .map((bit) => EventBit[bit]);

/** A reader that shows every report before it gives its slot back. */
function tapped(ring: RingReader, see: (slots: Int32Array, r: number) => void): RingReader {
  return {
    ...ring,
    release(count) {
      for (let i = 0; i < count; i++) see(ring.slots, ((ring.tail() + i) & ring.mask) * Report.WORDS);
      ring.release(count);
    },
  };
}

function copyEntry(slots: Int32Array, r: number): EntryWords | null {
  if (slots[r + Report.HOT + Hot.KIND] === 0) return null;
  const copy = slots.slice(r + Report.HOT, r + Report.HOT + Hot.WORDS + Cold.WORDS);
  return { hot: copy, h: 0, cold: copy, c: Hot.WORDS };
}

const remaining = (words: EntryWords | null, tick: number): number =>
  words === null ? 0 : (words.hot[words.h + Hot.DEADLINE] - tick) | 0;

export function createLab(options: LabOptions = {}): Lab {
  const shards = options.shards ?? 1;
  const startS = options.startS ?? START_S;
  const mode = options.mode ?? ReportMode.PACKETS | ReportMode.EVENTS;
  const settings = createSettings(options.preset);
  const encapsulation = parseEncapsulation(options.decap, options.zoneFrom, ENCAPSULATION_OPTIONS);
  for (const assignment of options.set ?? []) applySetting(settings, assignment);
  if (options.oneWay === true) settings[Setting.ONE_WAY] = 1;
  const reportSlots = options.reportSlots ?? 256;
  const segments = Array.from({ length: shards }, (_, shard) =>
    createSegment(shard, { maxEntries: options.maxEntries ?? 1024, reportSlots }),
  );
  const memories = segments.map(() => createRingMemory(options.descriptorSlots ?? 128, Desc.WORDS));
  const masterSegment = createSegment(shards, { maxEntries: options.maxEntries ?? 1024, reportSlots });
  const allSegments = [...segments, masterSegment];
  const expectationMemory = createExpectationMemory(settings[Setting.EXPECT_MAX]);
  const ingestReports = createRingMemory(reportSlots, Report.WORDS);
  if (options.cursors !== undefined) {
    for (const memory of [...memories, ingestReports, ...allSegments.map((s) => s.reports)])
      setRingCursors(memory, options.cursors);
  }
  const writers = memories.map((memory) => createRingWriter(memory, Desc.WORDS));
  const inputs = memories.map((memory) => createRingReader(memory, Desc.WORDS));
  const reportWriters = segments.map((segment) => createRingWriter(segment.reports, Report.WORDS));
  const ingestWriter = createRingWriter(ingestReports, Report.WORDS);
  const ingestCounters = createSharedF64(Counter.WORDS);

  /** What the taps saw since the last `send`. */
  let lastPacket: { slots: Int32Array; r: number } | null = null;
  let ends: End[] = [];
  const reports: OrderedReport[] = [];

  function see(slots: Int32Array, r: number): void {
    const type = slots[r + Report.TYPE];
    if (type === ReportType.PACKET) lastPacket = { slots: slots.slice(r, r + Report.WORDS), r: 0 };
    if (type !== ReportType.END) return;
    const words = copyEntry(slots, r);
    assert.ok(words !== null, 'an end without its connection');
    const tick = slots[r + Report.TICK];
    ends.push({
      reason: END_REASONS[slots[r + Report.END] as keyof typeof END_REASONS],
      number: slots[r + Report.NUMBER] >>> 0,
      connection: connectionOf(words, tick, null),
      atMs: ((slots[r + Report.SEC] >>> 0) - startS) * 1000 + slots[r + Report.NSEC] / 1e6,
      remainingMs: remaining(words, tick),
    });
  }

  const order = createReportOrder([
    ...allSegments.map((segment) => tapped(createRingReader(segment.reports, Report.WORDS), see)),
    tapped(createRingReader(ingestReports, Report.WORDS), see),
  ]);

  function drain(): void {
    while (order.collect()) {
      // Until the rings are empty.
    }
    reports.push(...order.take());
  }

  const trackers: Tracker[] = segments.map((segment, shard) =>
    createTracker({
      segment,
      descriptors: memories[shard].slots,
      settings,
      hashKey: LAB_KEY,
      reports: reportWriters[shard],
      mode,
      waitForReader: drain,
      claims: createClaimTaker(expectationMemory.claims, runUntilSettled),
    }),
  );
  const masterReports = createRingWriter(masterSegment.reports, Report.WORDS);
  const masters = createMasters({
    helpers: options.helpers === undefined ? defaultHelpers() : parseHelpers(options.helpers),
    segment: masterSegment,
    expectations: expectationMemory,
    settings,
    hashKey: LAB_KEY,
    reports: masterReports,
    mode,
    waitForReader: drain,
    waitForClaim: runUntilSettled,
  });

  /**
   * In threads others go on by themselves; here they are run, until one has settled what is waited for. Always the
   * one that is furthest behind, since it cannot wait for those that are in the midst of a burst.
   */
  function runUntilSettled(words: Int32Array, at: number, value: number): void {
    dispatcher.flush();
    while (words[at] === value) {
      const waiting = inputs
        .map((input, shard) => ({ input, shard }))
        .filter(({ input, shard }) => !busy[shard] && input.available() > 0)
        .map(({ input, shard }) => ({
          shard,
          number: input.slots[(input.tail() & input.mask) * Desc.WORDS + Desc.NUMBER],
        }))
        .sort((a, b) => a.number - b.number);
      assert.ok(waiting.length > 0, 'a claim is never settled');
      runShard(waiting[0].shard, 1);
    }
  }
  /** Shards in the midst of a burst. */
  const busy: boolean[] = segments.map(() => false);

  const nothing = {
    hot: new Int32Array(Hot.WORDS),
    cold: new Int32Array(Cold.WORDS),
    counters: createSharedF64(Counter.WORDS),
  };
  const ingestReporter = createReporter(nothing, ingestWriter, mode, drain);

  function runShard(shard: number, limit = BURST): number {
    const input = inputs[shard];
    const count = Math.min(input.available(), BURST, limit);
    if (count === 0) return 0;
    busy[shard] = true;
    trackers[shard].burst(input.tail(), count);
    busy[shard] = false;
    input.release(count);
    return count;
  }

  const dispatcher: Dispatcher = createDispatcher({
    masters,
    rings: writers,
    hashKey: LAB_KEY,
    verifyChecksums: settings[Setting.CHECKSUM] !== 0,
    zoneFromVlan: options.zoneFromVlan ?? encapsulation.zoneFromVlan,
    decap: encapsulation.decap,
    reassembly: reassemblyLimits(settings),
    counters: ingestCounters,
    waitForShard(shard) {
      assert.ok(runShard(shard) > 0, 'the ring is full but holds nothing');
    },
    onUndispatched(number, sec, nsec, verdict, reason) {
      ingestReporter.setNow(sec, nsec, 0);
      ingestReporter.packet(0, verdict, reason, 0, number);
    },
  });

  function dispatch(frame: Uint8Array, ms: number, linkType = LINK_RAW, captureLength = frame.length): void {
    // Copied to an odd place, so that nothing can rely on alignment or on the frame's start.
    const bytes = new Uint8Array(captureLength + 3);
    bytes.set(frame.subarray(0, captureLength), 3);
    const sec = startS + Math.floor(ms / 1000);
    const nsec = Math.round((ms - Math.floor(ms / 1000) * 1000) * 1e6);
    dispatcher.packet(new DataView(bytes.buffer), 3, captureLength, frame.length, linkType, sec | 0, nsec);
  }

  /** Ingest says how far it has come, as its thread does; then everything is taken and put in order. */
  function collect(): void {
    const tick = tickMsOf(dispatcher.nowSec(), dispatcher.nowNsec());
    ingestReporter.setNow(dispatcher.nowSec(), dispatcher.nowNsec(), tick);
    ingestReporter.endOfBurst(tick);
    drain();
  }

  function runAll(): void {
    dispatcher.flush();
    for (let shard = 0; shard < shards; shard++) {
      while (runShard(shard) > 0) {
        // Until its ring is empty.
      }
    }
    collect();
  }

  const counter = (which: number): number =>
    allSegments.reduce((sum, segment) => sum + segment.counters[which], ingestCounters[which]);

  function checkStructures(): void {
    for (const tracker of trackers) tracker.selfCheck();
    masters.selfCheck();
    for (const ring of [...writers, ...inputs, ...reportWriters, masterReports, ingestWriter])
      ring.selfCheck();
  }

  function check(): void {
    checkStructures();
    let refused = 0;
    for (const reason of REASONS.keys())
      if (reason !== Reason.NONE) refused += counter(Counter.REASON + reason);
    assert.equal(counter(Counter.TRACKED) + refused, counter(Counter.PACKETS), 'tracked + reasons = packets');
    let verdicts = 0;
    for (let v = Verdict.ESTABLISHED; v <= Verdict.RELATED_REPLY; v++)
      verdicts += counter(Counter.VERDICT + v);
    assert.equal(verdicts, counter(Counter.TRACKED), 'verdicts = tracked');
    const ended =
      counter(Counter.ENDED_TIMEOUT) +
      counter(Counter.ENDED_RESET) +
      counter(Counter.ENDED_REOPENED) +
      counter(Counter.ENDED_EVICTED) +
      counter(Counter.ENDED_KILLED);
    assert.equal(counter(Counter.CREATED) - ended, counter(Counter.ALIVE), 'created - ended = alive');
  }

  function send(frame: Uint8Array, ms: number, linkType = LINK_RAW): Seen {
    lastPacket = null;
    ends = [];
    const ignoredBefore = counter(Counter.IGNORED);
    dispatch(frame, ms, linkType);
    runAll();
    if (options.selfCheck === true) check();
    const packet: { slots: Int32Array; r: number } | null = lastPacket;
    assert.ok(packet !== null, 'no report of the packet');
    const { slots, r } = packet as { slots: Int32Array; r: number };
    const words = copyEntry(slots, r);
    const tick = slots[r + Report.TICK];
    return {
      number: slots[r + Report.NUMBER] >>> 0,
      verdict: Verdict[slots[r + Report.VERDICT] >>> 8],
      reason: reasonInfo(slots[r + Report.VERDICT] & 0xff).name,
      events: eventNames(slots[r + Report.EVENTS]),
      connection: words === null ? null : connectionOf(words, tick, null),
      words,
      remainingMs: remaining(words, tick),
      ignored: counter(Counter.IGNORED) > ignoredBefore,
      ends,
    };
  }

  /** Live entries with the time that they have left. */
  function alive(): { created: number; left: number; connection: Connection }[] {
    const tick = tickMsOf(dispatcher.nowSec(), dispatcher.nowNsec());
    return allSegments
      .flatMap(({ index, hot, cold }) => {
        const words: EntryWords[] = [];
        for (let slot = 1; slot < index.length; slot += 2) {
          const entry = index[slot];
          if (entry !== 0) words.push({ hot, h: entry * Hot.WORDS, cold, c: entry * Cold.WORDS });
        }
        return words;
      })
      .map((words) => ({
        created: words.hot[words.h + Hot.CREATED] >>> 0,
        left: remaining(words, tick),
        connection: connectionOf(words, tick, null),
      }))
      .filter(({ left }) => left > 0)
      .sort((a, b) => a.created - b.created);
  }

  return {
    settings,
    segments,
    reports,
    send,
    dispatch,
    flush: dispatcher.flush,
    runShard,
    collect,
    finish() {
      dispatcher.finish();
      runAll();
      masters.finish();
      ingestReporter.finish();
      collect();
      assert.ok(order.done(), 'reports are left after the end');
      return reports;
    },
    table: () => alive().map(({ connection }) => connection),
    remainingMs: () => alive().map(({ left }) => left),
    counter,
    reasonCount: (reason) => counter(Counter.REASON + reason),
    masters,
    tick: () => tickMsOf(dispatcher.nowSec(), dispatcher.nowNsec()),
    expectations() {
      const nowMs = tickMsOf(dispatcher.nowSec(), dispatcher.nowNsec());
      masters.expectations.settle(nowMs);
      return expectationsOf(expectationMemory.words, masterSegment, nowMs);
    },
    checkStructures,
    check,
  };
}

/**
 * The tracker of one shard: takes bursts of descriptors, keeps the connections, says what became of
 * each packet. It has no thread, no socket and no clock of its own: time is that of the packets.
 *
 * The way of a packet here: look up, expire what is overdue, create or judge by protocol, refresh
 * and count, report. The verdict is decided before the protocol sees the packet and SEEN_REPLY after
 * it, as in the kernel.
 */
import { assert } from '../common/assert.ts';
import { createHash4, type HashKey } from '../common/hash.ts';
import { Reason } from '../common/reasons.ts';
import { tickMsOf } from '../common/tick.ts';
import { EndCode, EventBit, Kind, Meta, Status, Task, Verdict } from '../shm/bits.ts';
import type { ClaimTaker } from '../shm/claims.ts';
import { Counter } from '../shm/counters.ts';
import { Cold, Desc, Foretold, Hot } from '../shm/offsets.generated.ts';
import type { RingWriter } from '../shm/ring.ts';
import type { Segment } from '../shm/segment.ts';
import { createTable } from '../shm/table.ts';
import { createWheel } from '../shm/wheel.ts';
import { createEntryHash } from './entry-hash.ts';
import { createEviction } from './eviction.ts';
import { createExpress, NOT_EXPRESS } from './express.ts';
import type { HelperHooks } from './helper-hooks.ts';
import { BURST, createApproach, createLookAhead } from './look-ahead.ts';
import { Now } from './now.ts';
import { Answer } from './protocols/answer.ts';
import { chooseProtocols } from './protocols/one-way.ts';
import { createReporter, type ReportLog, ReportMode } from './reporter.ts';
import { Setting } from './settings.ts';
import { endCounter, publishTable, type TrackerParts } from './tracker-parts.ts';
import { directionOf, eventsOf, verdictOf } from './verdict.ts';

export { BURST };

/** Entries that the wheel may move or expire before the next burst: no packet waits for more. */
const WHEEL_BUDGET = 128;
/**
 * The wheel may lag behind the packets by this much; then all that is due expires at once. Within a
 * burst time may leap by days with every packet, and ticks are compared by signed difference.
 */
const WHEEL_LAG_MAX_MS = 1 << 28;
export interface TrackerOptions {
  readonly segment: Segment;
  /** Slots of the descriptor ring. */
  readonly descriptors: Int32Array;
  readonly settings: Int32Array;
  readonly hashKey: HashKey;
  readonly reports: RingWriter;
  readonly mode: ReportMode;
  /** Called when the ring of reports is full; returns when there may be room again. */
  readonly waitForReader: () => void;
  /** Settles the claims on expectations; without one no packet may be foretold. */
  readonly claims?: ClaimTaker;
  readonly helpers?: HelperHooks;
  /** Given when `reports` is a log (src/shm/log.ts). */
  readonly log?: ReportLog;
}

export interface Tracker {
  /** Handles `count` (at most BURST) descriptors from slot number `tail` on. Returns whether the last one was FINISH. */
  burst(tail: number, count: number): boolean;
  /** The live entry of the tuple at word `d` of `words`; 0 when there is none. `nowMs`: the packet's tick. */
  find(hash: number, words: Int32Array, d: number, nowMs: number): number;
  /** Sets the deadline of a connection, as a packet of now would. */
  refresh(entry: number, timeoutMs: number): void;
  /** Goes on with what is due and was left over after a burst, for a while. Returns whether there is more. */
  goOn(): boolean;
  /** Lets everything expire that is due now, however much it is. */
  expireDue(): void;
  /** Connections alive. */
  count(): number;
  /** Walks table and wheel. Errors: InvariantError. */
  selfCheck(): void;
  /** XOR of what the first passes over bursts loaded: its only use keeps those loads alive. */
  touched(): number;
  /** For whoever answers questions about the connections between bursts, in the same thread (service.ts). */
  readonly parts: TrackerParts;
}

/**
 * Thread:  the owner of the segment only; call once per thread, the code is compiled for its memory
 * Cost:    no allocation per packet
 */
export function createTracker(options: TrackerOptions): Tracker {
  const { segment, descriptors: desc, settings, mode } = options;
  const { hot, hotF64, cold, index, counters } = segment;
  const hash4 = createHash4(options.hashKey);
  const slotMask = desc.length / Desc.WORDS - 1;
  const now = new Int32Array(Now.WORDS);
  const hashOf = createEntryHash(hash4, hot, cold);
  const table = createTable(segment);
  const { matches, find, insert } = table;
  const ahead = createApproach({ index, hot, cold }, now, table, hashOf);
  const wheel = createWheel(segment, (entry) => endExpired(entry), ahead.approach);
  const { isOneWay, tcp, others, openingDirection } = chooseProtocols(hot, desc, settings, shorten);
  const reporter = createReporter(segment, options.reports, mode, options.waitForReader, options.log, now);
  const eviction = createEviction(segment, table, (entry) => end(entry, hashOf(entry), EndCode.EVICTED));
  const express = isOneWay ? null : createExpress({ hot, hotF64, desc, settings, now, hasten: wheel.hasten });
  const isReporting = mode !== ReportMode.NOTHING;
  const claims = options.claims ?? null;
  const helpers = options.helpers ?? null;
  const { over: lookAhead, candidates } = createLookAhead(
    { index, hot, cold, desc, now },
    table,
    segment.maxEntries,
  );

  /** Where the words of the expectation are that foretold the next packet. */
  const foretold = new Int32Array(Foretold.WORDS);

  // ---- Time ----

  function setNow(d: number): void {
    const sec = desc[d + Desc.SEC];
    const nsec = desc[d + Desc.NSEC];
    const ms = tickMsOf(sec, nsec);
    now[Now.MS] = ms;
    now[Now.SEC] = sec;
    now[Now.NSEC] = nsec;
    if (((ms - now[Now.ADVANCED_MS]) | 0) > WHEEL_LAG_MAX_MS || now[Now.STARTED] === 0) leap();
  }

  /** The first time that is known, or one so far ahead that all that is due must go first. */
  function leap(): void {
    if (now[Now.STARTED] !== 0) return catchUp();
    now[Now.STARTED] = 1;
    now[Now.ADVANCED_MS] = now[Now.MS];
    wheel.start(now[Now.MS]);
  }

  /** Lets everything expire that is due, however much it is. */
  function catchUp(): void {
    wheel.expireDue(now[Now.MS]);
    now[Now.ADVANCED_MS] = now[Now.MS];
  }

  function isOverdue(entry: number): boolean {
    return ((hot[entry * Hot.WORDS + Hot.DEADLINE] - now[Now.MS]) | 0) <= 0;
  }

  function refresh(entry: number, timeoutMs: number): void {
    const h = entry * Hot.WORDS;
    if ((hot[h + Hot.STATUS] & Status.FIXED_TIMEOUT) !== 0) return;
    const deadline = (now[Now.MS] + timeoutMs) | 0;
    hot[h + Hot.DEADLINE] = deadline;
    if (((deadline - hot[h + Hot.FILED]) | 0) < 0) wheel.hasten(entry);
  }

  function shorten(entry: number, timeoutMs: number): void {
    refresh(entry, timeoutMs);
  }

  // ---- The end of a connection ----

  /** Ends a connection that is in no wheel list any more. */
  function drop(entry: number, hash: number, code: EndCode): void {
    counters[endCounter(code)]++;
    if (helpers !== null) helpers.ended(entry);
    reporter.ended(entry, code, now[Now.NUMBER]);
    table.remove(entry, hash);
  }

  function endExpired(entry: number): void {
    drop(entry, ahead.hashOf(entry), EndCode.TIMEOUT);
  }

  function end(entry: number, hash: number, code: EndCode): void {
    wheel.remove(entry);
    drop(entry, hash, code);
  }

  // ---- Room ----

  /** Makes sure that one more connection fits. */
  function hasRoom(hash: number): boolean {
    if (table.count() < segment.maxEntries) return true;
    catchUp();
    if (table.count() < segment.maxEntries) return true;
    if (eviction.near(hash)) return true;
    eviction.startSweep();
    now[Now.SWEEPING] = 1;
    return false;
  }

  // ---- Packets ----

  function count(h: number, d: number, dir: number): void {
    if ((hot[h + Hot.STATUS] & Status.COUNTED) === 0) return;
    const c = (h + Hot.PACKETS_ORIG + dir * (Hot.PACKETS_REPLY - Hot.PACKETS_ORIG)) >> 1;
    hotF64[c]++;
    hotF64[c + 1] += desc[d + Desc.BYTES];
  }

  function invalid(reason: Reason, entry: number): void {
    counters[Counter.REASON + reason]++;
    reporter.packet(entry, Verdict.INVALID, reason, 0, now[Now.NUMBER]);
  }

  function refuse(reason: Reason, verdict = Verdict.NULL): void {
    counters[Counter.REASON + reason]++;
    reporter.packet(0, verdict, reason, 0, now[Now.NUMBER]);
  }

  function tracked(entry: number, verdict: Verdict, events: number): void {
    counters[Counter.VERDICT + verdict]++;
    if (isReporting) reporter.packet(entry, verdict, Reason.NONE, events, now[Now.NUMBER]);
  }

  // ---- Expectations ----

  /** Whether the packet at hand, which opens a connection, has its expectation. Asked once. */
  function takeForetold(): boolean {
    now[Now.FORETOLD] = 0;
    const slot = foretold[Foretold.SLOT];
    return slot === 0 || claims?.take(slot, foretold[Foretold.CLAIM]) === true;
  }

  /** The packet at hand opened nothing. */
  function passForetold(): void {
    now[Now.FORETOLD] = 0;
    if (foretold[Foretold.SLOT] !== 0) claims?.pass(foretold[Foretold.SLOT], foretold[Foretold.CLAIM]);
  }

  function command(task: Task, d: number): void {
    if (task === Task.FORETOLD) {
      for (let i = 0; i < Foretold.WORDS; i++) foretold[i] = desc[d + i];
      now[Now.FORETOLD] = 1;
      return;
    }
    if (task !== Task.ASK && task !== Task.KILL) return;
    now[Now.NUMBER] = desc[d + Desc.NUMBER];
    const hash = desc[d + Desc.HASH];
    let entry = find(hash, desc, d);
    if (entry !== 0 && isOverdue(entry)) {
      end(entry, hash, EndCode.TIMEOUT);
      entry = 0;
    }
    if (task === Task.KILL && entry !== 0) end(entry, hash, EndCode.KILLED);
    if (task === Task.ASK || desc[d + Desc.ACK] !== 0) claims?.answer(desc[d + Desc.SEQ], entry !== 0);
  }

  /** The first packet of a connection. */
  function create(d: number, hash: number, task: Task): void {
    if (!hasRoom(hash)) return refuse(Reason.TABLE_FULL);
    // The kernel takes the expectation before the protocol judges the packet.
    const isExpected = now[Now.FORETOLD] !== 0 && takeForetold();
    const reason = task === Task.TCP ? tcp.opens(d) : others.opens(task, d);
    if (reason === Reason.ONE_WAY_RESET) return refuse(reason, Verdict.UNTRACKED);
    if (reason !== Reason.NONE) return invalid(reason, 0);
    const entry = insert(hash, desc, d);
    if (entry <= 0) return refuse(Reason.PROBE_LIMIT);
    const h = entry * Hot.WORDS;
    const c = entry * Cold.WORDS;
    const meta = desc[d + Desc.META];
    // Of a connection with itself every packet but the first counts as a reply, as in the kernel.
    const fromHi =
      (meta & Meta.SELF) !== 0 ? 0 : (meta & Meta.FROM_HI) << (Status.FROM_HI_SHIFT - Meta.FROM_HI_SHIFT);
    hot[h + Hot.STATUS] =
      Status.CONFIRMED |
      fromHi |
      (isExpected ? Status.EXPECTED : 0) |
      (settings[Setting.ACCT] !== 0 ? Status.COUNTED : 0);
    const dir = openingDirection(d, task);
    if (dir === 1) hot[h + Hot.STATUS] ^= Status.FROM_HI | Status.SEEN_REPLY | Status.ORIGINAL_UNSEEN;
    hot[h + Hot.CREATED] = now[Now.NUMBER];
    hot[h + Hot.LAST_SEC] = now[Now.SEC];
    hot[h + Hot.LAST_NSEC] = now[Now.NSEC];
    hot[h + Hot.MARK] = isExpected ? foretold[Foretold.MARK] : 0;
    const f = (h + Hot.PACKETS_ORIG) >> 1;
    hotF64[f] = 0;
    hotF64[f + 1] = 0;
    hotF64[f + 2] = 0;
    hotF64[f + 3] = 0;
    cold[c + Cold.START_SEC] = now[Now.SEC];
    cold[c + Cold.START_NSEC] = now[Now.NSEC];
    cold[c + Cold.MASTER] = isExpected ? foretold[Foretold.MASTER] : 0;
    cold[c + Cold.MASTER_CREATED] = isExpected ? foretold[Foretold.MASTER_CREATED] : 0;
    if ((desc[d + Desc.KIND] & Kind.IPV6) === 0) {
      // Left over from an IPv6 connection these would get into the id, which must not depend on the shards.
      cold[c + Cold.LO3] = 0;
      cold[c + Cold.HI3] = 0;
    }

    let timeout: number;
    let events = isExpected ? EventBit.RELATED : EventBit.NEW;
    if (task === Task.TCP) {
      tcp.open(entry, d);
      timeout = tcp.packet(entry, d, dir, now[Now.MS]);
      assert(timeout >= 0, 'tcp: a packet that may open was refused');
    } else {
      timeout = others.open(task, entry, d, dir, now[Now.MS]);
    }
    if ((hot[h + Hot.STATUS] & Status.STATE_MASK) !== 0) events |= EventBit.PROTOINFO;
    count(h, d, dir);
    hot[h + Hot.DEADLINE] = (now[Now.MS] + timeout) | 0;
    wheel.fileNew(entry);
    counters[Counter.CREATED]++;
    if (isExpected) counters[Counter.EXPECT_MATCHED]++;
    const verdict = dir === 1 ? Verdict.ESTABLISHED_REPLY : isExpected ? Verdict.RELATED : Verdict.NEW;
    if (helpers !== null) {
      const helper = helpers.opened(entry, d, isExpected ? foretold[Foretold.ASSIGN] : 0);
      hot[h + Hot.STATUS] |= helper << Status.HELPER_SHIFT;
      if (helper !== 0) {
        const answer = helpers.packet(entry, d, dir, verdict, events);
        if (answer < 0) return droppedFirst(entry, hash, verdict, -answer);
      }
    }
    tracked(entry, verdict, events);
  }

  /** A helper dropped the first packet of a connection: it never was. */
  function droppedFirst(entry: number, hash: number, verdict: Verdict, reason: Reason): void {
    counters[Counter.REASON + reason]++;
    counters[Counter.CREATED]--;
    reporter.packet(0, verdict, reason, 0, now[Now.NUMBER]);
    helpers?.ended(entry);
    wheel.remove(entry);
    table.remove(entry, hash);
  }

  /** Lets the helper see a packet of a known connection. */
  function helped(entry: number, d: number, dir: number, verdict: Verdict, events: number): void {
    const answer = helpers === null ? events : helpers.packet(entry, d, dir, verdict, events);
    if (answer >= 0) return tracked(entry, verdict, answer);
    counters[Counter.REASON - answer]++;
    reporter.packet(entry, verdict, -answer, 0, now[Now.NUMBER]);
  }

  /** A packet of a known connection. */
  function update(entry: number, d: number, hash: number, task: Task): void {
    const h = entry * Hot.WORDS;
    const status = hot[h + Hot.STATUS];
    const dir = directionOf(desc[d + Desc.META], status);
    const answer =
      task === Task.TCP
        ? tcp.packet(entry, d, dir, now[Now.MS])
        : others.packet(task, entry, d, dir, now[Now.MS]);
    if (answer <= Answer.INVALID) return invalid(Answer.INVALID - answer, entry);
    if (answer === Answer.REOPEN) {
      end(entry, hash, EndCode.REOPENED);
      return create(d, hash, task);
    }
    hot[h + Hot.LAST_SEC] = now[Now.SEC];
    hot[h + Hot.LAST_NSEC] = now[Now.NSEC];
    const verdict = verdictOf(dir, status, hot[h + Hot.STATUS]);
    if (answer >= 0) {
      refresh(entry, answer);
      count(h, d, dir);
    } else if (answer === Answer.RESET) {
      count(h, d, dir);
      if (dir === 1) hot[h + Hot.STATUS] |= Status.REFUSED;
      end(entry, hash, EndCode.RESET);
      return tracked(0, verdict, 0);
    } else {
      counters[Counter.IGNORED]++;
    }
    const after = hot[h + Hot.STATUS] | (dir * Status.SEEN_REPLY);
    hot[h + Hot.STATUS] = after;
    const events = after === status ? 0 : eventsOf(status, after);
    if (helpers !== null && (status & Status.HELPER_MASK) !== 0)
      return helped(entry, d, dir, verdict, events);
    tracked(entry, verdict, events);
  }

  /** An ICMP error: it belongs to the connection that it quotes, and changes nothing. */
  function relatedError(entry: number, d: number, meta: number): void {
    if (entry === 0 && !isOneWay) return invalid(Reason.ICMP_QUOTE_UNKNOWN, 0);
    if ((meta & Meta.QUOTE_ELSEWHERE) !== 0) return invalid(Reason.ICMP_QUOTE_DESTINATION, entry);
    if (entry === 0) return refuse(Reason.ONE_WAY_ERROR, Verdict.UNTRACKED);
    const dir = directionOf(meta, hot[entry * Hot.WORDS + Hot.STATUS]);
    counters[Counter.RELATED_ERRORS]++;
    const untold = others.takeUntold(entry);
    // As in the kernel, a helper sees errors about what the server sent, and takes them for messages.
    if (dir === 0 && helpers !== null && (hot[entry * Hot.WORDS + Hot.STATUS] & Status.HELPER_MASK) !== 0)
      return helped(entry, d, dir, Verdict.RELATED, untold);
    tracked(entry, dir === 0 ? Verdict.RELATED : Verdict.RELATED_REPLY, untold);
  }

  /** `guess`: what the look ahead found by hash alone. */
  function packet(d: number, guess: number): void {
    const meta = desc[d + Desc.META];
    const task = meta & Meta.TASK_MASK;
    setNow(d);
    if (task >= Task.FORETOLD) return command(task, d);
    now[Now.NUMBER] = desc[d + Desc.NUMBER];
    if (now[Now.SWEEPING] !== 0) now[Now.SWEEPING] = eviction.sweepSlice() ? 1 : 0;
    const hash = desc[d + Desc.HASH];
    let entry = guess;
    if (entry <= 0 || !matches(entry, desc, d)) entry = find(hash, desc, d, guess);
    if (entry !== 0 && isOverdue(entry)) {
      end(entry, hash, EndCode.TIMEOUT);
      entry = 0;
    }
    if (entry !== 0 && express !== null) {
      const verdict = express(entry, d, meta);
      if (verdict !== NOT_EXPRESS) return tracked(entry, verdict, 0);
    }
    if (task === Task.ICMP_ERROR) return relatedError(entry, d, meta);
    const reason = meta >>> Meta.REASON_SHIFT;
    if (reason !== Reason.NONE) {
      // The kernel, too, finds the room for a connection before the protocol refuses the packet.
      if (entry === 0 && !hasRoom(hash)) return refuse(Reason.TABLE_FULL);
      if (entry === 0 && now[Now.FORETOLD] !== 0) takeForetold();
      return invalid(reason, entry);
    }
    if (entry === 0) create(d, hash, task);
    else update(entry, d, hash, task);
  }

  // ---- Bursts ----

  function burst(tail: number, n: number): boolean {
    lookAhead(tail, n);
    for (let k = 0; k < n; k++) {
      const d = ((tail + k) & slotMask) * Desc.WORDS;
      packet(d, candidates[k]);
      if (now[Now.FORETOLD] !== 0 && (desc[d + Desc.META] & Meta.TASK_MASK) !== Task.FORETOLD) passForetold();
    }
    const isFinished =
      (desc[((tail + n - 1) & slotMask) * Desc.WORDS + Desc.META] & Meta.TASK_MASK) === Task.FINISH;
    if (!isFinished) {
      sweep();
      return false;
    }
    if (now[Now.STARTED] !== 0) catchUp();
    publishCounters();
    reporter.endOfBurst(wheel.sweptMs());
    reporter.finish();
    return true;
  }

  /** Lets the wheel go on for a while; returns whether it has come to the present. */
  function sweep(): boolean {
    const isDone = now[Now.STARTED] === 0 || wheel.advance(now[Now.MS], WHEEL_BUDGET);
    if (isDone && now[Now.STARTED] !== 0) now[Now.ADVANCED_MS] = now[Now.MS];
    now[Now.BEHIND] = isDone ? 0 : 1;
    publishCounters();
    reporter.endOfBurst(isDone ? wheel.sweptMs() : null);
    return isDone;
  }

  function publishCounters(): void {
    counters[Counter.NOW_SEC] = now[Now.SEC] >>> 0;
    counters[Counter.NOW_NSEC] = now[Now.NSEC];
    counters[Counter.WHEEL_LAG_MS] = (now[Now.MS] - wheel.sweptMs()) | 0;
    publishTable(counters, table);
  }

  function selfCheck(): void {
    table.selfCheck(hashOf);
    wheel.selfCheck();
    options.reports.selfCheck();
    let ended = 0;
    for (let code = EndCode.TIMEOUT; code <= EndCode.EVICTED; code++) ended += counters[endCounter(code)];
    ended += counters[Counter.ENDED_KILLED] + counters[Counter.ENDED_DELETED];
    assert(
      counters[Counter.CREATED] - ended === table.count(),
      'tracker: created less ended is not what is alive',
    );
  }

  return {
    burst,
    find(hash, words, d, atMs) {
      const entry = find(hash, words, d);
      return entry !== 0 && ((hot[entry * Hot.WORDS + Hot.DEADLINE] - atMs) | 0) > 0 ? entry : 0;
    },
    refresh,
    goOn: () => now[Now.BEHIND] !== 0 && !sweep(),
    expireDue() {
      if (now[Now.STARTED] !== 0) catchUp();
    },
    count: table.count,
    selfCheck,
    touched: () => now[Now.TOUCHED],
    parts: {
      segment,
      settings,
      table,
      wheel,
      others,
      reporter,
      helpers,
      isReporting,
      now: () => ({
        ms: now[Now.MS],
        sec: now[Now.SEC] >>> 0,
        nsec: now[Now.NSEC],
        number: now[Now.NUMBER],
      }),
      isOverdue,
      refresh,
      hasRoom,
      end: (entry, code) => end(entry, hashOf(entry), code),
      expireDue: catchUp,
      publish: publishCounters,
    },
  };
}

/**
 * Answers what the main thread asks about the connections of one tracker (src/shm/mailbox.ts), in the owner's thread,
 * between bursts. It works in slices: `step` looks at a bounded number of entries, so that packets wait for
 * microseconds and not for the end of a list.
 *
 * The slab is read in the order of entries, which stay where they are: a connection that lives throughout is seen
 * exactly once. Each copy is of one moment, between two packets.
 */
import { Reason } from '../common/reasons.ts';
import { Protocol } from '../packet/protocol.ts';
import { EndCode, EventBit, Kind, Meta, Status, type Task, Verdict } from '../shm/bits.ts';
import { Counter } from '../shm/counters.ts';
import {
  answer,
  ChangeBit,
  closeLane,
  isAsked,
  type Lane,
  type MailboxMemory,
  Operation,
  PAGE_ENTRIES,
  PAGE_ENTRY_WORDS,
  Result,
} from '../shm/mailbox.ts';
import { Ask, Cold, Desc, Hot } from '../shm/offsets.generated.ts';
import { Setting } from './settings.ts';
import type { TrackerParts } from './tracker-parts.ts';

/** A filter over the words of entries (src/query). */
export interface EntryMatcher {
  /** Shapes: as the program came; empty for all. */
  load(program: Int32Array): void;
  matches(entry: number, nowMs: number, nowSec: number): boolean;
}

/** What else an owner can be asked: expectations, by the ingest thread. */
export interface MoreOperations {
  /** Works on the request to its end; returns false when it is none of its own. */
  serve(lane: Lane): boolean;
}

export interface Service {
  isAsked(): boolean;
  /** Does some work; returns whether there is more to do. `budget`: about the entries to be looked at. */
  step(budget: number): boolean;
  /** The last word of the owner: answers what is asked, and nothing after that. */
  close(): void;
}

export interface ServiceOptions {
  readonly parts: TrackerParts;
  readonly mailbox: MailboxMemory;
  readonly matcher: EntryMatcher;
  /** Records that the log of reports holds; 0: reports are not a log, every one must be written. */
  readonly logSlots: number;
  readonly more?: MoreOperations;
}

/** No more of those that wait for the wheel are counted. */
const BACKLOG_MAX = 65_536;
/** Entries that a copied one counts for. */
const COPY_COST = 8;
/** What the kernel says of a change that was asked for. */
const CHANGED = EventBit.REPLY | EventBit.ASSURED | EventBit.PROTOINFO;

/** Thread: the owner of the tracker, not within a burst. Cost: no allocation but for a few words per request. */
export function createService(options: ServiceOptions): Service {
  const { parts, mailbox, matcher, logSlots } = options;
  const { segment, table, wheel, reporter, helpers } = parts;
  const { hot, cold, counters } = segment;
  const more = options.more ?? null;
  /** The lane that is being worked on; null for none. */
  let lane: Lane | null = null;
  let entry = 0;
  let count = 0;
  let ended = 0;
  let nextLane = 0;

  /** Takes the lane whose turn it is. */
  function takeLane(): Lane | null {
    const { lanes } = mailbox;
    for (let i = 0; i < lanes.length; i++) {
      const candidate = lanes[(nextLane + i) % lanes.length];
      if (!isAsked(candidate)) continue;
      nextLane = (nextLane + i + 1) % lanes.length;
      return candidate;
    }
    return null;
  }

  function begin(next: Lane): boolean {
    const { ask } = next;
    entry = Math.max(1, ask[Ask.FROM]);
    count = 0;
    ended = 0;
    switch (ask[Ask.OPERATION]) {
      case Operation.SCAN:
      case Operation.REMOVE:
      case Operation.UPDATE:
        // What is due is in no list; so it shall not count either.
        parts.expireDue();
        matcher.load(ask.subarray(Ask.PROGRAM, Ask.PROGRAM + ask[Ask.PROGRAM_LENGTH]));
        return true;
      case Operation.FLUSH:
        parts.expireDue();
        if (logSlots === 0 || helpers !== null) return true;
        flushAtOnce();
        finish(next, Result.OK, 0);
        return false;
      case Operation.FIND:
        find(next);
        return false;
      case Operation.CREATE:
        finish(next, create(next.ask), 0);
        return false;
      default:
        next.ask[Ask.COUNT] = 0;
        next.ask[Ask.FROM] = 0;
        if (more?.serve(next) !== true) next.ask[Ask.RESULT] = Result.NOT_ALLOWED;
        finishTime(next);
        return false;
    }
  }

  function finishTime({ ask }: Lane): void {
    const { ms, sec } = parts.now();
    ask[Ask.TICK] = ms;
    ask[Ask.SEC] = sec;
    counters[Counter.ANSWERS]++;
  }

  function finish(done: Lane, result: Result, goOnAt: number): void {
    const { ask } = done;
    ask[Ask.RESULT] = result;
    ask[Ask.COUNT] = ask[Ask.OPERATION] === Operation.FLUSH ? ended : count;
    ask[Ask.FROM] = goOnAt;
    finishTime(done);
  }

  function step(budget: number): boolean {
    if (lane === null) {
      lane = takeLane();
      if (lane === null) return false;
      if (!begin(lane)) return close(lane);
    }
    const isDone = lane.ask[Ask.OPERATION] === Operation.FLUSH ? flushSome(budget) : walk(lane, budget);
    return isDone ? close(lane) : true;
  }

  /** Publishes what was changed, and gives the answer. */
  function close(done: Lane): boolean {
    lane = null;
    reporter.endOfBurst(null);
    parts.publish();
    counters[Counter.WHEEL_BACKLOG] = wheel.backlog(parts.now().ms, BACKLOG_MAX);
    answer(done);
    return mailbox.lanes.some(isAsked);
  }

  // ---- Lists ----

  function copyTo(page: Int32Array): void {
    const h = entry * Hot.WORDS;
    const c = entry * Cold.WORDS;
    const o = count * PAGE_ENTRY_WORDS;
    for (let i = 0; i < Hot.WORDS; i++) page[o + i] = hot[h + i];
    for (let i = 0; i < Cold.WORDS; i++) page[o + Hot.WORDS + i] = cold[c + i];
    count++;
  }

  function walk(current: Lane, budget: number): boolean {
    const { ask, page } = current;
    const { ms, sec } = parts.now();
    const operation = ask[Ask.OPERATION];
    const limit = Math.min(PAGE_ENTRIES, Math.max(1, ask[Ask.LIMIT] >>> 0));
    const end = table.limit();
    for (let left = budget; left > 0 && entry < end; left--, entry++) {
      const h = entry * Hot.WORDS;
      if (hot[h + Hot.KIND] === 0 || ((hot[h + Hot.DEADLINE] - ms) | 0) <= 0) continue;
      if (!matcher.matches(entry, ms, sec)) continue;
      if (isTimeoutFixed(operation, ask, h)) continue;
      if (operation === Operation.UPDATE) change(ask, entry);
      copyTo(page);
      if (operation === Operation.REMOVE) parts.end(entry, EndCode.DELETED);
      left -= COPY_COST;
      if (count === limit) {
        entry++;
        break;
      }
    }
    if (count < limit && entry < end) return false;
    finish(current, Result.OK, entry < end ? entry : 0);
    return true;
  }

  function find(asked: Lane): void {
    const { ask, page } = asked;
    const found = table.find(ask[Ask.TUPLE + Desc.HASH], ask, Ask.TUPLE);
    if (found !== 0 && !parts.isOverdue(found)) {
      entry = found;
      copyTo(page);
    }
    finish(asked, Result.OK, 0);
  }

  // ---- Changes ----

  /** As in the kernel, what has a fixed timeout is not given another one, and then nothing else of it is changed. */
  function isTimeoutFixed(operation: Operation, ask: Int32Array, h: number): boolean {
    if (operation !== Operation.UPDATE || (ask[Ask.CHANGES] & ChangeBit.TIMEOUT) === 0) return false;
    return (hot[h + Hot.STATUS] & Status.FIXED_TIMEOUT) !== 0;
  }

  function change(ask: Int32Array, which: number): void {
    const h = which * Hot.WORDS;
    const changes = ask[Ask.CHANGES];
    if ((changes & ChangeBit.TIMEOUT) !== 0) parts.refresh(which, ask[Ask.TIMEOUT_MS]);
    if ((changes & ChangeBit.STATUS) !== 0) hot[h + Hot.STATUS] |= ask[Ask.STATUS];
    if ((changes & ChangeBit.MARK) !== 0) {
      const mark = (hot[h + Hot.MARK] & ~ask[Ask.MARK_MASK]) ^ ask[Ask.MARK];
      hot[h + Hot.MARK] = mark;
    }
    reporter.packet(which, Verdict.NULL, Reason.NONE, CHANGED, parts.now().number);
  }

  /** Makes the connection of the tuple, as a first packet would, with the values that were asked for. */
  function create(ask: Int32Array): Result {
    const { ms, sec, nsec, number } = parts.now();
    const d = Ask.TUPLE;
    const hash = ask[d + Desc.HASH];
    // Without a packet there is no clock yet.
    if (sec === 0) return Result.NOT_ALLOWED;
    const old = table.find(hash, ask, d);
    if (old !== 0 && !parts.isOverdue(old)) return Result.EXISTS;
    if (old !== 0) parts.end(old, EndCode.TIMEOUT);
    if (!parts.hasRoom(hash)) return Result.FULL;
    const made = table.insert(hash, ask, d);
    if (made <= 0) return Result.FULL;
    const h = made * Hot.WORDS;
    const c = made * Cold.WORDS;
    const kind = hot[h + Hot.KIND];
    hot.fill(0, h + Hot.STATUS, h + Hot.WORDS);
    cold.fill(0, c + Cold.START_SEC, c + Cold.WORDS);
    if ((kind & Kind.IPV6) === 0) cold.fill(0, c, c + Cold.START_SEC);
    const fromHi = (ask[d + Desc.META] & Meta.FROM_HI) !== 0 ? Status.FROM_HI : 0;
    const counted = parts.settings[Setting.ACCT] !== 0 ? Status.COUNTED : 0;
    hot[h + Hot.STATUS] =
      Status.CONFIRMED | fromHi | counted | ask[Ask.STATUS] | (ask[Ask.PROTOCOL_STATE] << Status.STATE_SHIFT);
    const task: Task = ask[d + Desc.META] & Meta.TASK_MASK;
    const protocol = kind & Kind.PROTOCOL_MASK;
    if (protocol !== Protocol.TCP && protocol !== Protocol.SCTP) parts.others.open(task, made, d, 0, ms);
    hot[h + Hot.CREATED] = number;
    hot[h + Hot.LAST_SEC] = sec;
    hot[h + Hot.LAST_NSEC] = nsec;
    hot[h + Hot.MARK] = ask[Ask.MARK];
    cold[c + Cold.START_SEC] = sec;
    cold[c + Cold.START_NSEC] = nsec;
    hot[h + Hot.DEADLINE] = (ms + ask[Ask.TIMEOUT_MS]) | 0;
    wheel.fileNew(made);
    counters[Counter.CREATED]++;
    counters[Counter.CREATED_ASKED]++;
    if (helpers !== null) hot[h + Hot.STATUS] |= helpers.made(made) << Status.HELPER_SHIFT;
    reporter.packet(made, Verdict.NULL, Reason.NONE, CHANGED | EventBit.NEW, number);
    return Result.OK;
  }

  // ---- Flush ----

  /** Ends everything within one moment. Of the ends only as many are written as the log can hold. */
  function flushAtOnce(): void {
    const { number } = parts.now();
    ended = table.count();
    let skip = Math.max(0, ended - logSlots);
    reporter.leap(skip);
    if (parts.isReporting) {
      for (let e = 1, end = table.limit(); e < end; e++) {
        if (hot[e * Hot.WORDS + Hot.KIND] === 0) continue;
        if (skip > 0) skip--;
        else reporter.ended(e, EndCode.DELETED, number);
      }
    }
    counters[Counter.ENDED_DELETED] += ended;
    table.clear();
    wheel.clear();
  }

  function flushSome(budget: number): boolean {
    const end = table.limit();
    for (let left = budget; left > 0 && entry < end; left--, entry++) {
      if (hot[entry * Hot.WORDS + Hot.KIND] === 0) continue;
      parts.end(entry, EndCode.DELETED);
      ended++;
      left -= COPY_COST;
    }
    if (entry < end || lane === null) return false;
    finish(lane, Result.OK, 0);
    return true;
  }

  function closeAll(): void {
    do {
      while (step(BACKLOG_MAX)) {
        // As long as there is something to do.
      }
    } while (!mailbox.lanes.every(closeLane));
  }

  return { close: closeAll, isAsked: () => lane !== null || mailbox.lanes.some(isAsked), step };
}

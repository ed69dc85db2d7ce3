/**
 * Puts the reports of several threads in one order: by time, then by packet. Each thread reports
 * nearly in order and says now and then how far it has come; what lies before the slowest of them
 * cannot be overtaken any more.
 */

import type { Reason } from '../common/reasons.ts';
import type { Connection, ConnectionEvent } from '../export/connection.ts';
import { connectionOf, END_REASONS, type EntryWords, timeNs } from '../export/entry-view.ts';
import { EndCode, EventBit, ReportType, type Verdict } from '../shm/bits.ts';
import type { LogReader } from '../shm/log.ts';
import { Cold, Hot, Report } from '../shm/offsets.generated.ts';
import { readProgress } from '../shm/progress.ts';
import type { RingReader } from '../shm/ring.ts';

/** A report, out of shared memory. */
export interface OrderedReport {
  readonly type: ReportType.PACKET | ReportType.END;
  /** Seconds (unsigned) and nanoseconds since 1970. */
  readonly sec: number;
  readonly nsec: number;
  /** Packet number; 0 for an expiry. */
  readonly number: number;
  /** Event bits; 0 for none. */
  readonly events: number;
  readonly verdict: Verdict;
  readonly reason: Reason;
  /** The shard's clock, to compute remaining timeouts. */
  readonly tickMs: number;
  /** Packet number that created the connection; 0 without one. */
  readonly created: number;
  /** The entry at that moment; null without a connection. */
  readonly words: EntryWords | null;
  readonly endCode: EndCode;
}

/** The connection of a report, with its end where the report is that. */
export function reportConnection(report: OrderedReport): Connection | null {
  if (report.words === null) return null;
  const end =
    report.type === ReportType.END
      ? { atNs: timeNs(report.sec, report.nsec), reason: END_REASONS[report.endCode] }
      : null;
  return connectionOf(report.words, report.tickMs, end);
}

/** The event that a report stands for, or null. */
export function eventOf(report: OrderedReport): ConnectionEvent | null {
  const isEnd = report.type === ReportType.END;
  if (!isEnd && report.events === 0) return null;
  const connection = reportConnection(report);
  if (connection === null) return null;
  const atNs = timeNs(report.sec, report.nsec);
  if (isEnd) return { type: 'DESTROY', atNs, withState: true, connection };
  const type = (report.events & (EventBit.NEW | EventBit.RELATED)) !== 0 ? 'NEW' : 'UPDATE';
  return { type, atNs, withState: (report.events & EventBit.PROTOINFO) !== 0, connection };
}

/** Shapes: Report from `r` on, not a PROGRESS */
export function copyReport(slots: Int32Array, r: number, type: OrderedReport['type']): OrderedReport {
  const hasEntry = slots[r + Report.HOT + Hot.KIND] !== 0;
  const verdict = slots[r + Report.VERDICT];
  let words: EntryWords | null = null;
  if (hasEntry) {
    const copy = slots.slice(r + Report.HOT, r + Report.HOT + Hot.WORDS + Cold.WORDS);
    words = { hot: copy, h: 0, cold: copy, c: Hot.WORDS };
  }
  return {
    type,
    sec: slots[r + Report.SEC] >>> 0,
    nsec: slots[r + Report.NSEC],
    number: slots[r + Report.NUMBER] >>> 0,
    events: slots[r + Report.EVENTS],
    verdict: verdict >>> 8,
    reason: verdict & 0xff,
    tickMs: slots[r + Report.TICK],
    created: hasEntry ? slots[r + Report.HOT + Hot.CREATED] >>> 0 : 0,
    words,
    endCode: slots[r + Report.END],
  };
}

function compare(a: OrderedReport, b: OrderedReport): number {
  if (a.sec !== b.sec) return a.sec - b.sec;
  if (a.nsec !== b.nsec) return a.nsec - b.nsec;
  if (a.number !== b.number) return a.number - b.number;
  // Reports of one packet come from one thread, in their order (the sort is stable), but for the connections that
  // its helper ends elsewhere. Expiries of one moment may come from several: the connections' age decides.
  const aEnds = a.number === 0 || a.number === 0xffffffff;
  return aEnds ? a.created - b.created : rank(a) - rank(b) || (isKilled(a) ? a.created - b.created : 0);
}

const isKilled = (r: OrderedReport): boolean => r.type === ReportType.END && r.endCode === EndCode.KILLED;

/** What a packet ends itself, what its helper ends, then the packet. */
const rank = (r: OrderedReport): number => (r.type === ReportType.PACKET ? 2 : isKilled(r) ? 1 : 0);

export interface ReportOrder {
  /** Takes what the threads have reported; returns whether there was anything. */
  collect(): boolean;
  /** What can be given out, in order. */
  take(): OrderedReport[];
  /** All threads have said their last word and everything was taken. */
  done(): boolean;
}

/** Reports of one thread, and how far it has come. */
export interface ReportStream {
  /** Gives everything that is there to `take`; returns whether there was anything. */
  collect(take: (slots: Int32Array, r: number, type: OrderedReport['type']) => void): boolean;
  /** Nothing before this will come any more. */
  sec(): number;
  nsec(): number;
  isFinished(): boolean;
}

const isForever = (sec: number, nsec: number): boolean => sec === 0xffffffff && nsec === 999_999_999;

/** The stream of a ring, in which progress is a record among the others. */
function ringStream(ring: RingReader): ReportStream {
  let sec = 0;
  let nsec = 0;
  return {
    collect(take) {
      const available = ring.available();
      for (let i = 0; i < available; i++) {
        const r = ((ring.tail() + i) & ring.mask) * Report.WORDS;
        const type = ring.slots[r + Report.TYPE];
        if (type === ReportType.PROGRESS) {
          sec = ring.slots[r + Report.SEC] >>> 0;
          nsec = ring.slots[r + Report.NSEC];
        } else {
          take(ring.slots, r, type);
        }
      }
      if (available > 0) ring.release(available);
      return available > 0;
    },
    sec: () => sec,
    nsec: () => nsec,
    isFinished: () => isForever(sec, nsec),
  };
}

/** Records that are taken from a log at once. */
const LOG_CHUNK = 1024;

/** The stream of a log. `lost` is told how many reports could not be read in time. */
export function logStream(log: LogReader, progress: Int32Array, lost: (count: number) => void): ReportStream {
  const chunk = new Int32Array(LOG_CHUNK * Report.WORDS);
  let sec = 0;
  let nsec = 0;
  return {
    collect(take) {
      // The progress first: what it promises was written before it.
      const now = readProgress(progress);
      const end = log.head();
      let any = false;
      // All of it, also where a part was overwritten meanwhile: the promise holds for what was read only.
      while (log.position() < end) {
        const count = log.read(chunk, LOG_CHUNK);
        if (log.missed() > 0) lost(log.missed());
        for (let i = 0; i < count; i++) take(chunk, i * Report.WORDS, chunk[i * Report.WORDS + Report.TYPE]);
        any ||= count > 0;
      }
      ({ sec, nsec } = now);
      return any;
    },
    sec: () => sec,
    nsec: () => nsec,
    isFinished: () => isForever(sec, nsec),
  };
}

/** Thread: main. Cost: proportional to the reports. */
export function createReportOrder(rings: readonly RingReader[]): ReportOrder {
  return orderStreams(rings.map(ringStream));
}

/** The same for streams of any kind. */
export function orderStreams(streams: readonly ReportStream[]): ReportOrder {
  let pending: OrderedReport[] = [];

  function collect(): boolean {
    let any = false;
    for (const stream of streams)
      if (stream.collect((slots, r, type) => pending.push(copyReport(slots, r, type)))) any = true;
    return any;
  }

  function take(): OrderedReport[] {
    if (pending.length === 0) return [];
    let sec = streams[0].sec();
    let nsec = streams[0].nsec();
    for (const s of streams)
      if (s.sec() < sec || (s.sec() === sec && s.nsec() < nsec)) {
        sec = s.sec();
        nsec = s.nsec();
      }
    let ready = pending;
    if (streams.every((s) => s.isFinished())) {
      pending = [];
    } else {
      const isReady = (r: OrderedReport): boolean => r.sec < sec || (r.sec === sec && r.nsec < nsec);
      ready = pending.filter(isReady);
      if (ready.length === 0) return ready;
      pending = pending.filter((r) => !isReady(r));
    }
    return ready.sort(compare);
  }

  return {
    collect,
    take,
    done: () => pending.length === 0 && streams.every((s) => s.isFinished()),
  };
}

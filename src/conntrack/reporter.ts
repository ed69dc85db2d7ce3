/**
 * What a shard tells the main thread: verdicts, events and ends, as records in a ring, each with a
 * copy of the entry at that moment. Between them it says how far it has come (PROGRESS), so that the
 * reports of several shards can be put in order of time.
 */
import type { Reason } from '../common/reasons.ts';
import { EndCode, ReportType, type Verdict } from '../shm/bits.ts';
import { Counter } from '../shm/counters.ts';
import { Cold, Hot, Report } from '../shm/offsets.generated.ts';
import { sayProgress } from '../shm/progress.ts';
import type { RingWriter } from '../shm/ring.ts';
import type { Segment } from '../shm/segment.ts';
import { Now } from './now.ts';

/** What is worth a report. Bits. */
export enum ReportMode {
  NOTHING = 0,
  /** Packets that caused an event, and ends. */
  EVENTS = 1,
  /** Ends only. */
  ENDS = 2,
  /** Every packet, and ends. */
  PACKETS = 4,
}

/** NUMBER of an end that no packet caused: an expiry comes before the packets of its moment ... */
export const NUMBER_EXPIRY = 0;
/** ... unless its last packet was of that very moment (a timeout of 0). */
export const NUMBER_EXPIRY_LATE = 0xffffffff;
/** SEC of the last PROGRESS of a shard. */
export const SEC_FOREVER = 0xffffffff;
const NSEC_FOREVER = 999_999_999;

/** Reports kept back until this many are there or the burst ends. */
const PUBLISH_EVERY = 32;

export interface Reporter {
  setNow(sec: number, nsec: number, ms: number): void;
  packet(entry: number, verdict: Verdict, reason: Reason, events: number, number: number): void;
  ended(entry: number, code: EndCode, number: number): void;
  /** Says that all expiries before `sweptMs` were reported (null: not yet), and hands over what is there. */
  endOfBurst(sweptMs: number | null): void;
  /** Counts so many ends that are forgotten before anybody could read them; for a log only. */
  leap(count: number): void;
  /** The last word. */
  finish(): void;
}

/** What a reporter needs when its reports go into a log, which forgets, instead of a ring, which waits. */
export interface ReportLog {
  /** LogWriter.leap of the same log. */
  readonly leap: (count: number) => void;
  /** Shapes: PROGRESS_WORDS (src/shm/progress.ts) */
  readonly progress: Int32Array;
}

/** Thread: the owner of the segment, whose clock is `now`. Cost: nothing where the mode asks for nothing. */
export function createReporter(
  segment: Pick<Segment, 'hot' | 'cold' | 'counters'>,
  ring: RingWriter,
  mode: ReportMode,
  waitForReader: () => void,
  log: ReportLog | null = null,
  now: Int32Array = new Int32Array(Now.WORDS),
): Reporter {
  const { hot, cold, counters } = segment;
  const { slots, mask } = ring;
  const wantsPackets = (mode & ReportMode.PACKETS) !== 0;
  const wantsEvents = (mode & ReportMode.EVENTS) !== 0;
  const wantsEnds = mode !== ReportMode.NOTHING;
  let pending = 0;
  let progressMs = 0;
  let progressKnown = false;
  const lastProgress = new Int32Array(Report.WORDS);

  /** Makes room, writes what all reports have, and returns where the record starts. */
  function begin(type: ReportType, number: number): number {
    while (ring.free(pending + 1) <= pending) {
      flush();
      waitForReader();
    }
    const r = ((ring.head() + pending) & mask) * Report.WORDS;
    slots[r + Report.TYPE] = type;
    slots[r + Report.NUMBER] = number;
    slots[r + Report.SEC] = now[Now.SEC];
    slots[r + Report.NSEC] = now[Now.NSEC];
    slots[r + Report.TICK] = now[Now.MS];
    slots[r + Report.EVENTS] = 0;
    slots[r + Report.VERDICT] = 0;
    slots[r + Report.END] = -1;
    pending++;
    counters[Counter.REPORTS]++;
    return r;
  }

  function flush(): void {
    if (pending === 0) return;
    ring.publish(pending);
    pending = 0;
  }

  function copyEntry(r: number, entry: number): void {
    const h = entry * Hot.WORDS;
    const c = entry * Cold.WORDS;
    // Four words a turn: the copy is most of what a report costs.
    for (let i = 0; i < Hot.WORDS; i += 4) {
      slots[r + Report.HOT + i] = hot[h + i];
      slots[r + Report.HOT + i + 1] = hot[h + i + 1];
      slots[r + Report.HOT + i + 2] = hot[h + i + 2];
      slots[r + Report.HOT + i + 3] = hot[h + i + 3];
    }
    for (let i = 0; i < Cold.WORDS; i += 4) {
      slots[r + Report.COLD + i] = cold[c + i];
      slots[r + Report.COLD + i + 1] = cold[c + i + 1];
      slots[r + Report.COLD + i + 2] = cold[c + i + 2];
      slots[r + Report.COLD + i + 3] = cold[c + i + 3];
    }
  }

  function packet(entry: number, verdict: Verdict, reason: Reason, events: number, number: number): void {
    if (!wantsPackets && !(wantsEvents && events !== 0)) return;
    const r = begin(ReportType.PACKET, number);
    slots[r + Report.VERDICT] = (verdict << 8) | reason;
    slots[r + Report.EVENTS] = events;
    // Entry 0 is all zeroes: its KIND says that there is no connection.
    copyEntry(r, entry);
    if (pending >= PUBLISH_EVERY) flush();
  }

  function ended(entry: number, code: EndCode, number: number): void {
    if (!wantsEnds) return;
    const r = begin(ReportType.END, number);
    slots[r + Report.END] = code;
    copyEntry(r, entry);
    if (code === EndCode.TIMEOUT) stampExpiry(r, entry * Hot.WORDS);
    if (pending >= PUBLISH_EVERY) flush();
  }

  /** An expiry happened at its deadline, whenever it was noticed. */
  function stampExpiry(r: number, h: number): void {
    const deadline = hot[h + Hot.DEADLINE];
    stampMs(r, deadline);
    slots[r + Report.TICK] = deadline;
    slots[r + Report.NUMBER] = NUMBER_EXPIRY;
    const sec = slots[r + Report.SEC] >>> 0;
    const lastSec = hot[h + Hot.LAST_SEC] >>> 0;
    if (sec < lastSec || (sec === lastSec && slots[r + Report.NSEC] <= hot[h + Hot.LAST_NSEC])) {
      slots[r + Report.SEC] = hot[h + Hot.LAST_SEC];
      slots[r + Report.NSEC] = hot[h + Hot.LAST_NSEC];
      slots[r + Report.NUMBER] = NUMBER_EXPIRY_LATE;
    }
  }

  /** Writes the time of a tick that lies less than 2^31 ms from now. */
  function stampMs(r: number, ms: number, out = slots): void {
    const wholeMs =
      (now[Now.SEC] >>> 0) * 1000 + Math.floor(now[Now.NSEC] / 1_000_000) + ((ms - now[Now.MS]) | 0);
    const sec = Math.floor(wholeMs / 1000);
    out[r + Report.SEC] = sec;
    out[r + Report.NSEC] = (wholeMs - sec * 1000) * 1_000_000;
  }

  function endOfBurst(sweptMs: number | null): void {
    const isNews = wantsEnds && sweptMs !== null && (!progressKnown || sweptMs !== progressMs);
    if (isNews) {
      progressKnown = true;
      progressMs = sweptMs;
      if (log === null) stampMs(begin(ReportType.PROGRESS, 0), sweptMs);
    }
    flush();
    if (isNews && log !== null) {
      stampMs(0, sweptMs, lastProgress);
      sayProgress(log.progress, lastProgress[Report.SEC], lastProgress[Report.NSEC]);
    }
  }

  function finish(): void {
    if (log !== null) {
      flush();
      return sayProgress(log.progress, SEC_FOREVER | 0, NSEC_FOREVER);
    }
    const r = begin(ReportType.PROGRESS, 0);
    slots[r + Report.SEC] = SEC_FOREVER;
    slots[r + Report.NSEC] = NSEC_FOREVER;
    flush();
  }

  return {
    setNow(sec, nsec, ms) {
      now[Now.SEC] = sec;
      now[Now.NSEC] = nsec;
      now[Now.MS] = ms;
    },
    packet,
    ended,
    endOfBurst,
    leap(count) {
      if (!wantsEnds || log === null) return;
      flush();
      log.leap(count);
      counters[Counter.REPORTS] += count;
    },
    finish,
  };
}

/** One packet of a run, and what became of it: what the story is told from. */
import type { Reason } from '../common/reasons.ts';
import type { EntryWords } from '../export/entry-view.ts';
import { type EndCode, ReportType, type Verdict } from '../shm/bits.ts';
import { Cold, Desc, Hot, Report } from '../shm/offsets.generated.ts';
import type { RingReader } from '../shm/ring.ts';
import { isReportOf, type TupleKey } from './tuple-key.ts';

/** A report of a tracker, out of its ring. */
export interface ShardReport {
  readonly type: ReportType.PACKET | ReportType.END;
  readonly number: number;
  readonly sec: number;
  readonly nsec: number;
  readonly tickMs: number;
  readonly verdict: Verdict;
  readonly reason: Reason;
  readonly events: number;
  readonly endCode: EndCode;
  /** The entry at that moment; null without a connection. */
  readonly words: EntryWords | null;
}

/** A connection that a helper foretold. */
export interface Expected {
  readonly protocol: number;
  readonly src: string;
  /** Null for any. */
  readonly sport: number | null;
  readonly dst: string;
  readonly dport: number;
  readonly timeoutS: number;
}

/** A connection with a helper. */
export interface Master {
  /** As `explain` takes it. */
  readonly tuple: string;
  readonly helper: string;
}

/** The object and what it refers to change with the next packet. */
export interface Step {
  /** From 1. */
  number: number;
  /** The tracker's clock: it never goes back. Seconds are unsigned. */
  sec: number;
  nsec: number;
  /** The frame lies at `offset` of `view`. */
  view: DataView;
  offset: number;
  captureLength: number;
  wireLength: number;
  linkType: number;
  /** Shapes: Desc.WORDS. Valid only if the packet was dispatched. */
  readonly desc: Int32Array;
  isDispatched: boolean;
  /** It is a packet of the watched connection, or an ICMP error about it. */
  isWatched: boolean;
  /** Why it was not dispatched; NONE for one that was, or that is held back. */
  reason: Reason;
  /** Accepted without effect. */
  isIgnored: boolean;
  /** What was reported about the watched connection since the packet before. */
  reports: ShardReport[];
  /** What the packet, if it is watched, made its helper expect. */
  expects: readonly Expected[];
  /** The connections with helpers so far, by id. */
  readonly masters: ReadonlyMap<number, Master>;
}

export function newStep(masters: ReadonlyMap<number, Master>): Step {
  return {
    number: 0,
    sec: 0,
    nsec: 0,
    view: new DataView(new ArrayBuffer(0)),
    offset: 0,
    captureLength: 0,
    wireLength: 0,
    linkType: 0,
    desc: new Int32Array(Desc.WORDS),
    isDispatched: false,
    isWatched: false,
    reason: 0,
    isIgnored: false,
    reports: [],
    expects: [],
    masters,
  };
}

/** Copies a report out of its slot. */
function readReport(slots: Int32Array, r: number): ShardReport {
  const verdict = slots[r + Report.VERDICT];
  let words: EntryWords | null = null;
  if (slots[r + Report.HOT + Hot.KIND] !== 0) {
    const copy = slots.slice(r + Report.HOT, r + Report.HOT + Hot.WORDS + Cold.WORDS);
    words = { hot: copy, h: 0, cold: copy, c: Hot.WORDS };
  }
  return {
    type: slots[r + Report.TYPE],
    number: slots[r + Report.NUMBER] >>> 0,
    sec: slots[r + Report.SEC] >>> 0,
    nsec: slots[r + Report.NSEC],
    tickMs: slots[r + Report.TICK],
    verdict: verdict >>> 8,
    reason: verdict & 0xff,
    events: slots[r + Report.EVENTS],
    endCode: slots[r + Report.END],
    words,
  };
}

/** Empties a ring of reports: those about the watched connection, or without any about its packet, go into the step. */
export function takeReports(
  ring: RingReader,
  watch: TupleKey,
  step: Step,
  see: ((report: ShardReport) => void) | null,
): void {
  const { slots, mask } = ring;
  const available = ring.available();
  for (let i = 0; i < available; i++) {
    const r = ((ring.tail() + i) & mask) * Report.WORDS;
    const type = slots[r + Report.TYPE];
    if (type === ReportType.PROGRESS) continue;
    const isOfStep = type === ReportType.PACKET && slots[r + Report.NUMBER] >>> 0 === step.number;
    if ((isOfStep && step.isWatched) || isReportOf(watch, slots, r)) step.reports.push(readReport(slots, r));
    if (see !== null) see(readReport(slots, r));
  }
  if (available > 0) ring.release(available);
}

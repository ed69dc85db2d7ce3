/**
 * Tells the story of one connection from the steps of a run: its lives, each packet with the state
 * before and after it, and what came near it without reaching the tracker.
 */
import { assert } from '../common/assert.ts';
import { Outcome, Reason, reasonInfo } from '../common/reasons.ts';
import { tickMsOf } from '../common/tick.ts';
import { Answer } from '../conntrack/protocols/answer.ts';
import { segmentEnd } from '../conntrack/protocols/tcp-segment.ts';
import { Setting } from '../conntrack/settings.ts';
import { directionOf } from '../conntrack/verdict.ts';
import type { Direction, Tuple } from '../export/connection.ts';
import { connectionOf, type EntryWords, timeNs } from '../export/entry-view.ts';
import { statusNames } from '../export/names.ts';
import { EndCode, EventBit, Meta, ReportType, Status, Task, TcpClass } from '../shm/bits.ts';
import { Desc, Hot } from '../shm/offsets.generated.ts';
import { endRecord, type LastRefresh, lastEndWords } from './end-record.ts';
import type { Found } from './find.ts';
import { readFrame } from './frame-facts.ts';
import { createNeighbourhood } from './neighbourhood.ts';
import { packetRecord } from './packet-record.ts';
import type { Telling } from './packet-words.ts';
import { createPositions, type Dir, otherDir, type Positions } from './positions.ts';
import type { RunEnd } from './run.ts';
import type { ShardReport, Step } from './step.ts';
import type { AnyRecord, Effect, LifeRecord } from './story.ts';
import { createTally } from './tally.ts';
import { createTcpJudge, type TcpJudgement } from './tcp-judge.ts';
import { tupleText } from './tuple-key.ts';

const TCP = 6;

const OUTCOME_EFFECTS: Readonly<Record<Outcome, Effect>> = {
  [Outcome.TRACKED]: 'accepted',
  [Outcome.INVALID]: 'refused',
  [Outcome.UNTRACKED]: 'untracked',
  [Outcome.SKIPPED]: 'skipped',
  [Outcome.DROPPED]: 'dropped',
};

export interface NarratorOptions {
  readonly file: string;
  readonly settings: Int32Array;
  readonly found: Found;
  /** The packet that was asked for, or null. */
  readonly packet: number | null;
}

export interface Narrator {
  /** First words. */
  begin(): AnyRecord[];
  /** What there is to tell of a packet, in order; nothing for most. */
  tell(step: Step): AnyRecord[];
  /** Last words. */
  end(run: RunEnd): AnyRecord[];
}

/** One life of the connection: from the packet that opens it to its end. */
interface Life {
  readonly number: number;
  /** The entry after its last packet. */
  words: EntryWords;
  refreshed: LastRefresh;
}

const NO_SYN = { packet: 0, seq: 0 };

/** A direction without its counters. */
function tupleOnly({ packets: _packets, bytes: _bytes, ...tuple }: Direction): Tuple {
  return tuple;
}

const hotOf = (words: EntryWords | null): Int32Array | null =>
  words === null ? null : words.hot.subarray(words.h, words.h + Hot.WORDS);

/** Whether a TCP packet came as far as the protocol's own judgement. */
function wasJudged(desc: Int32Array, report: ShardReport): boolean {
  if ((desc[Desc.META] & Meta.TASK_MASK) !== Task.TCP) return false;
  if (desc[Desc.META] >>> Meta.REASON_SHIFT !== Reason.NONE) return false;
  return report.reason !== Reason.TABLE_FULL && report.reason !== Reason.PROBE_LIMIT;
}

/** Whether the protocol let it in. */
const isTracked = (effect: Effect): boolean => effect !== 'refused' && effect !== 'untracked';

const isNewEvent = (events: number): boolean => (events & (EventBit.NEW | EventBit.RELATED)) !== 0;

export function createNarrator(options: NarratorOptions): Narrator {
  const { settings, found } = options;
  const { connection } = found;
  const judge = createTcpJudge(settings);
  const neighbourhood = createNeighbourhood(connection.protocol, connection.original);
  const isTcp = connection.protocol === TCP;
  const isOneWay = settings[Setting.ONE_WAY] !== 0;
  const tally = createTally();
  let life: Life | null = null;
  let lives = 0;
  let positions: Positions = createPositions();
  /** STATUS of the last life, for the direction of packets after it. */
  let orientation: number | null = null;
  let lastEnd: string | null = null;
  /** The SYN that was let through last. */
  let ignoredSyn = NO_SYN;

  function directionIn(desc: Int32Array, words: EntryWords | null): Dir {
    const status = words === null ? orientation : words.hot[words.h + Hot.STATUS];
    if (status !== null) return directionOf(desc[Desc.META], status) === 0 ? 0 : 1;
    // Before any life: as the story was found.
    const isFromLow = (desc[Desc.META] & Meta.FROM_HI) === 0;
    return isFromLow === found.isFromLow ? 0 : 1;
  }

  /** Whether the last life runs the other way round than the story was found. */
  function isTurned(): boolean {
    return orientation !== null && ((orientation & Status.FROM_HI) === 0) !== found.isFromLow;
  }

  function endLife(report: ShardReport): AnyRecord[] {
    if (life === null || report.words === null) return [];
    const record = endRecord(life.number, report, report.words, life.refreshed);
    lastEnd = lastEndWords(record);
    orientation = report.words.hot[report.words.h + Hot.STATUS];
    life = null;
    return [record];
  }

  function openLife(step: Step, report: ShardReport, words: EntryWords): LifeRecord {
    lives++;
    orientation = words.hot[words.h + Hot.STATUS];
    life = { number: lives, words, refreshed: { n: step.number, timeoutS: 0 } };
    positions = createPositions();
    ignoredSyn = NO_SYN;
    const cls = (step.desc[Desc.META] >>> Meta.CLASS_SHIFT) & 7;
    const c = connectionOf(words, report.tickMs, null);
    const master = c.master === null ? undefined : step.masters.get(c.master);
    return {
      record: 'life',
      life: lives,
      n: step.number,
      atNs: timeNs(report.sec, report.nsec),
      original: tupleOnly(c.original),
      pickedUp: isTcp && cls === TcpClass.ACK,
      helper: c.helper,
      master:
        c.master === null
          ? null
          : { id: c.master, tuple: master?.tuple ?? null, helper: master?.helper ?? null },
    };
  }

  // ---- Packets ----

  function tell(step: Step): AnyRecord[] {
    const records: AnyRecord[] = [];
    const isReset = (r: ShardReport): boolean => r.type === ReportType.END && r.endCode === EndCode.RESET;
    for (const report of step.reports) {
      if (report.type === ReportType.PACKET) records.push(...dispatched(step, report));
      else if (!isReset(report)) records.push(...endLife(report));
    }
    // A RST is told before the end that it brings.
    for (const report of step.reports) if (isReset(report)) records.push(...endLife(report));
    if (!step.isDispatched) records.push(...undispatched(step));
    return records;
  }

  function effectOf(step: Step, report: ShardReport): Effect {
    const effect = OUTCOME_EFFECTS[reasonInfo(report.reason).outcome];
    if (effect !== 'accepted') return effect;
    if (isNewEvent(report.events)) return 'opens';
    if ((step.desc[Desc.META] & Meta.TASK_MASK) === Task.ICMP_ERROR) return 'related';
    return step.isIgnored ? 'ignored' : 'accepted';
  }

  function dispatched(step: Step, report: ShardReport): AnyRecord[] {
    const { desc, reports, number } = step;
    const endedBy = (code: EndCode): ShardReport | undefined =>
      reports.find((r) => r.type === ReportType.END && r.endCode === code && r.number === number);
    const isNew = isNewEvent(report.events);
    const before = isNew ? null : (life?.words ?? null);
    const reset = endedBy(EndCode.RESET);
    const after = report.words ?? reset?.words ?? null;
    const dir = directionIn(desc, after ?? before);
    const isJudged = wasJudged(desc, report);
    // What is seen one way is judged by other rules, which know no windows.
    const judgement = isJudged && !isOneWay ? judgeAgain(step, report, before, dir) : null;
    const records: AnyRecord[] = [];
    if (isNew && report.words !== null) records.push(openLife(step, report, report.words));
    const effect = effectOf(step, report);
    if (isJudged && isTracked(effect)) anchor(step, dir, after);
    const telling: Telling = {
      ...commonOf(step),
      tickMs: report.tickMs,
      effect,
      report,
      event: report.events === 0 ? null : isNew ? 'NEW' : 'UPDATE',
      isDeleted: reset !== undefined,
      hasDirection: true,
      reason: report.reason,
      dir,
      before: hotOf(before),
      after: hotOf(after),
      judgement,
      isReopening: endedBy(EndCode.REOPENED) !== undefined,
    };
    records.push(recordOf(step, telling));
    if (isJudged && telling.after !== null && isTracked(effect))
      positions.learn(telling.before, telling.after, { packet: number, dir });
    if (life !== null && report.words !== null) life.words = report.words;
    if (effect === 'ignored' && judgement?.cls === TcpClass.SYN)
      ignoredSyn = { packet: number, seq: desc[Desc.SEQ] };
    return records;
  }

  function undispatched(step: Step): AnyRecord[] {
    if (step.reason === Reason.NONE) return [];
    const common = commonOf(step);
    const there = neighbourhood.directionOf(common.facts);
    if (there === null) return [];
    const dir = isTurned() ? otherDir(there) : there;
    const words = hotOf(life?.words ?? null);
    const telling: Telling = {
      ...common,
      tickMs: tickMsOf(step.sec, step.nsec),
      effect: OUTCOME_EFFECTS[reasonInfo(step.reason).outcome],
      report: null,
      event: null,
      isDeleted: false,
      hasDirection: true,
      reason: step.reason,
      dir,
      before: words,
      after: words,
      judgement: null,
      isReopening: false,
    };
    return [recordOf(step, telling)];
  }

  const commonOf = (step: Step) => ({
    number: step.number,
    atNs: timeNs(step.sec, step.nsec),
    desc: step.desc,
    isDispatched: step.isDispatched,
    positions,
    facts: readFrame(step),
    settings,
    tuple: tupleText(connection),
    lastEnd,
    ignoredSyn: ignoredSyn.packet,
    expects: step.expects,
  });

  function recordOf(step: Step, telling: Telling): AnyRecord {
    tally.count(telling.effect, telling.reason);
    const record = packetRecord(telling, life?.number ?? null, step.number === options.packet);
    if (life !== null && record.timeoutS !== null)
      life.refreshed = { n: step.number, timeoutS: record.timeoutS };
    return record;
  }

  /** The same packet judged by the same code: anything else than the same answer is a bug of ours. */
  function judgeAgain(step: Step, report: ShardReport, before: EntryWords | null, dir: Dir): TcpJudgement {
    const judgement = judge.judge(hotOf(before), step.desc, dir, report.tickMs);
    // A helper may drop what the protocol let in.
    const isDropped = reasonInfo(report.reason).outcome === Outcome.DROPPED;
    assert(
      judgement.reason === (isDropped ? Reason.NONE : report.reason) &&
        (judgement.answer === Answer.IGNORED) === step.isIgnored,
      `explain: packet ${step.number} was judged differently a second time`,
    );
    return judgement;
  }

  /** Finds out where each side begins to count. */
  function anchor(step: Step, dir: Dir, after: EntryWords | null): void {
    const { desc } = step;
    const meta = desc[Desc.META];
    const seq = desc[Desc.SEQ];
    const peer = otherDir(dir);
    const isSyn = (meta & Meta.SYN) !== 0;
    const hasAck = (meta & Meta.ACK) !== 0;
    const end = hotOf(after)?.[dir === 0 ? Hot.END_ORIG : Hot.END_REPLY];
    if (isSyn && !step.isIgnored && end === segmentEnd(desc, 0, meta)) positions.anchor(dir, seq, 0);
    else if (!positions.isAnchored(dir)) positions.anchor(dir, seq, isSyn ? 0 : 1);
    // Started again from the SYN that was let through.
    const isRestart = isSyn && hasAck && !step.isIgnored && ignoredSyn.packet !== 0;
    if (isRestart) positions.anchor(peer, ignoredSyn.seq, 0);
    if (hasAck && !positions.isAnchored(peer)) positions.anchor(peer, desc[Desc.ACK], 1);
  }

  return {
    begin: () => [
      {
        record: 'story',
        file: options.file,
        family: connection.family,
        protocol: connection.protocol,
        protocolName: connection.protocolName,
        zone: connection.zone,
        tuple: tupleOnly(connection.original),
        packet: options.packet,
      },
    ],
    tell,
    end(run) {
      const records = run.reports.flatMap((report) =>
        report.type === ReportType.END ? endLife(report) : [],
      );
      const alive = life === null ? null : connectionOf(life.words, tickMsOf(run.sec, run.nsec), null);
      const left = alive && {
        life: lives,
        state: alive.state,
        statusNames: statusNames(alive.status),
        leftS: alive.timeoutS,
      };
      return [...records, tally.total(lives, left)];
    },
  };
}

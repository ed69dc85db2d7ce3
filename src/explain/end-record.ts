/** The end of a life, in words. */
import { connectionOf, END_REASONS, type EntryWords, timeNs } from '../export/entry-view.ts';
import { statusNames } from '../export/names.ts';
import { EndCode } from '../shm/bits.ts';
import type { ShardReport } from './step.ts';
import type { EndRecord } from './story.ts';

/** The packet that set the timeout last. */
export interface LastRefresh {
  readonly n: number;
  readonly timeoutS: number;
}

function words(report: ShardReport, { n, timeoutS }: LastRefresh): string {
  const { number } = report;
  switch (report.endCode) {
    case EndCode.TIMEOUT:
      return `Timeout: packet ${n} had set ${timeoutS} s, and no packet after it set it anew in time.`;
    case EndCode.RESET:
      return `Packet ${number}, a RST before any answer, deleted it.`;
    case EndCode.REOPENED:
      return `Packet ${number}, a SYN on the closed connection, deleted it to open a new one.`;
    case EndCode.EVICTED:
      return `It was evicted from the full table to make room for packet ${number}, since it was not ASSURED.`;
    case EndCode.KILLED:
      return 'The helper of another connection ended it.';
    case EndCode.DELETED:
      return 'Somebody asked for its end.';
    default:
      return 'The capture ended.';
  }
}

export function endRecord(
  life: number,
  report: ShardReport,
  entry: EntryWords,
  refreshed: LastRefresh,
): EndRecord {
  const c = connectionOf(entry, report.tickMs, null);
  const { original: o, reply: r } = c;
  const counted =
    o.packets === undefined || r.packets === undefined
      ? null
      : ({ original: [o.packets, o.bytes ?? 0], reply: [r.packets, r.bytes ?? 0] } as const);
  return {
    record: 'end',
    life,
    atNs: timeNs(report.sec, report.nsec),
    reason: END_REASONS[report.endCode],
    n: report.endCode === EndCode.TIMEOUT ? null : report.number,
    state: c.state,
    statusNames: statusNames(c.status),
    why: words(report, refreshed),
    counted,
  };
}

/** For sentences about packets that came after it: `it ended with packet 12 (reset)`. */
export function lastEndWords({ n, reason, life }: EndRecord): string {
  return n === null
    ? `life ${life} had ended by timeout`
    : `life ${life} had ended with packet ${n} (${reason})`;
}

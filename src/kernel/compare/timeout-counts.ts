/**
 * How often a tick of the kernel's clock may be the reason for a second. The class `timer-tick` excuses one second in any event, and so a
 * timeout that is wrong by just that. But a tick falls between two moments of one packet once in hundreds of packets, and a wrong
 * timeout is wrong every time: so what is excused is counted, by timeout.
 */
import type { Excused } from './differences.ts';
import type { TraceRow } from './trace.ts';

export interface TimeoutCount {
  /** Lines of ours that show this timeout, and those of them that differ by a tick. */
  lines: number;
  ticks: number;
}

/** By event, protocol and seconds as we print them: `NEW udp 30`. */
export type TimeoutCounts = Map<string, TimeoutCount>;

/** A part of the lines, and one more where there are few. Seen in the recorded traces: at most one of 250, and one of 8 ends. */
const PART_MAX = 0.01;
/** An end shows what is left of a timeout that was set before: where packets follow fast, either second. */
const PART_MAX_OF_ENDS = 0.25;
const END = 'DESTROY';

const LINE = /^\[(\w+)\]\s+(\w+)\s+\d+\s+(\d+)/;

/** New and updated timeouts are of one kind: whatever sets them, they are printed whole. */
function keyOf(line: string): string | null {
  const found = LINE.exec(line.trim());
  if (found === null) return null;
  const [, event, protocol, seconds] = found;
  return `${event === END ? END : 'NEW or UPDATE'} ${protocol} ${seconds}`;
}

function countOf(counts: TimeoutCounts, key: string): TimeoutCount {
  const known = counts.get(key);
  if (known !== undefined) return known;
  const fresh = { lines: 0, ticks: 0 };
  counts.set(key, fresh);
  return fresh;
}

/** Counts what one comparison showed and excused. */
export function timeoutCounts(ours: readonly TraceRow[], excused: readonly Excused[]): TimeoutCounts {
  const counts: TimeoutCounts = new Map();
  for (const { ev } of ours)
    for (const line of ev) {
      const key = keyOf(line);
      if (key !== null) countOf(counts, key).lines++;
    }
  for (const { difference, className, isConsequence } of excused) {
    if (className !== 'timer-tick' || isConsequence || difference.ours === null) continue;
    const key = keyOf(difference.ours);
    if (key !== null) countOf(counts, key).ticks++;
  }
  return counts;
}

export function addTimeoutCounts(to: TimeoutCounts, from: TimeoutCounts): void {
  for (const [key, { lines, ticks }] of from) {
    const count = countOf(to, key);
    count.lines += lines;
    count.ticks += ticks;
  }
}

/** Timeouts that differ by a second more often than the clock ticks, in words. Of a single line nothing is known. */
export function tooManyTicks(counts: TimeoutCounts): string[] {
  return [...counts]
    .filter(
      ([key, { lines, ticks }]) => ticks > 1 + lines * (key.startsWith(END) ? PART_MAX_OF_ENDS : PART_MAX),
    )
    .map(
      ([key, { lines, ticks }]) => `${key}: ${ticks} of ${lines} lines differ from the kernel's by a second`,
    );
}

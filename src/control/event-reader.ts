/** Reads the logs of all owners, each at its own position, and says what it came too late for. */
import { createLogReader, type LogReader } from '../shm/log.ts';
import { Report } from '../shm/offsets.generated.ts';
import type { RingMemory } from '../shm/segment.ts';
import type { EventGap, EventPosition, EventReader, RawEvent } from './tracker-control.ts';

/** Records that are taken from one log at once. */
const CHUNK = 512;

const isBefore = (a: RawEvent, b: RawEvent): boolean => {
  const sec = (a.words[Report.SEC] >>> 0) - (b.words[Report.SEC] >>> 0);
  return sec !== 0 ? sec < 0 : a.words[Report.NSEC] < b.words[Report.NSEC];
};

/**
 * The events of all owners, the earliest first. What one owner says stays in its order, though an expiry may be noticed
 * after later packets: a reader that stops in the middle knows by the last number of each owner where to go on.
 */
function merged(lists: readonly (readonly RawEvent[])[]): readonly RawEvent[] {
  const filled = lists.filter((list) => list.length > 0);
  if (filled.length <= 1) return filled[0] ?? [];
  const at = filled.map(() => 0);
  const events: RawEvent[] = [];
  for (let left = filled.reduce((sum, list) => sum + list.length, 0); left > 0; left--) {
    let best = -1;
    for (let i = 0; i < filled.length; i++) {
      if (at[i] === filled[i].length) continue;
      if (best < 0 || isBefore(filled[i][at[i]], filled[best][at[best]])) best = i;
    }
    events.push(filled[best][at[best]++]);
  }
  return events;
}

/** One gap that goes on is one gap. */
function tellGap(gaps: EventGap[], gap: EventGap): void {
  const last = gaps.at(-1);
  if (last !== undefined && last.owner === gap.owner && last.to + 1 === gap.from)
    gaps[gaps.length - 1] = { ...last, to: gap.to };
  else gaps.push(gap);
}

/** Shapes: logs by owner. Thread: main. */
export function createEventReader(logs: readonly RingMemory[], from?: EventPosition): EventReader {
  const readers: LogReader[] = logs.map((log, owner) => createLogReader(log, Report.WORDS, from?.[owner]));
  const chunk = new Int32Array(CHUNK * Report.WORDS);
  /** The owner that is asked first: another one each time, so that a busy one does not keep the others waiting. */
  let first = 0;

  function takeFrom(owner: number, max: number, gaps: EventGap[]): RawEvent[] {
    const events: RawEvent[] = [];
    const reader = readers[owner];
    for (let left = max; left > 0; ) {
      const wanted = Math.min(left, CHUNK);
      const before = reader.position();
      const count = reader.read(chunk, wanted);
      const missed = reader.missed();
      if (missed > 0) tellGap(gaps, { owner, from: before, to: before + missed - 1 });
      for (let i = 0; i < count; i++) {
        const words = chunk.slice(i * Report.WORDS, (i + 1) * Report.WORDS);
        events.push({ owner, seq: before + missed + i, words });
      }
      left -= count + missed;
      if (count === 0 && missed === 0) break;
    }
    return events;
  }

  return {
    take(max) {
      const gaps: EventGap[] = [];
      const share = Math.max(1, Math.ceil(max / readers.length));
      const lists = readers.map((_, i) => takeFrom((first + i) % readers.length, share, gaps));
      first = (first + 1) % readers.length;
      return { events: merged(lists), gaps };
    },
    position: () => readers.map((reader) => reader.position()),
  };
}

/** Reads the logs of all owners, each at its own position, and says what it came too late for. */
import { createLogReader, type LogReader } from '../shm/log.ts';
import { Report } from '../shm/offsets.generated.ts';
import type { RingMemory } from '../shm/segment.ts';
import type { EventGap, EventPosition, EventReader, RawEvent } from './tracker-control.ts';

/** Records that are taken from one log at once. */
const CHUNK = 512;

/** Earlier first; of one moment by number, and what one owner says stays in its order (the sort is stable). */
function inTime(a: RawEvent, b: RawEvent): number {
  const sec = (a.words[Report.SEC] >>> 0) - (b.words[Report.SEC] >>> 0);
  if (sec !== 0) return sec;
  const nsec = a.words[Report.NSEC] - b.words[Report.NSEC];
  if (nsec !== 0) return nsec;
  return a.owner === b.owner ? a.seq - b.seq : 0;
}

/** Shapes: logs by owner. Thread: main. */
export function createEventReader(logs: readonly RingMemory[], from?: EventPosition): EventReader {
  const readers: LogReader[] = logs.map((log, owner) => createLogReader(log, Report.WORDS, from?.[owner]));
  const chunk = new Int32Array(CHUNK * Report.WORDS);
  /** The owner that is asked first: another one each time, so that a busy one does not keep the others waiting. */
  let first = 0;

  function takeFrom(owner: number, max: number, events: RawEvent[], gaps: EventGap[]): void {
    const reader = readers[owner];
    for (let left = max; left > 0; ) {
      const wanted = Math.min(left, CHUNK);
      const before = reader.position();
      const count = reader.read(chunk, wanted);
      const missed = reader.missed();
      if (missed > 0) gaps.push({ owner, from: before, to: before + missed - 1 });
      for (let i = 0; i < count; i++) {
        const words = chunk.slice(i * Report.WORDS, (i + 1) * Report.WORDS);
        events.push({ owner, seq: before + missed + i, words });
      }
      left -= count + missed;
      if (count === 0 && missed === 0) return;
    }
  }

  return {
    take(max) {
      const events: RawEvent[] = [];
      const gaps: EventGap[] = [];
      const share = Math.max(1, Math.ceil(max / readers.length));
      for (let i = 0; i < readers.length; i++) takeFrom((first + i) % readers.length, share, events, gaps);
      first = (first + 1) % readers.length;
      return { events: events.sort(inTime), gaps };
    },
    position: () => readers.map((reader) => reader.position()),
  };
}

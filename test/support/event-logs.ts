/** Logs of events without a tracker: records that are valid events, as fast or slow as a test likes. */
import { createEventReader } from '../../src/control/event-reader.ts';
import type { EventPosition, EventReader } from '../../src/control/tracker-control.ts';
import { EventBit, ReportType } from '../../src/shm/bits.ts';
import { createLogWriter, type LogWriter } from '../../src/shm/log.ts';
import { Hot, Report } from '../../src/shm/offsets.generated.ts';
import { createRingMemory } from '../../src/shm/segment.ts';

const UDP = 17;

export interface EventLogs {
  readonly owners: number;
  events(from?: EventPosition): EventReader;
  eventPosition(): EventPosition;
  /** Writes so many events of an owner. */
  write(owner: number, count: number): void;
  readonly writers: readonly LogWriter[];
}

export function createEventLogs(owners: number, slots: number): EventLogs {
  const memories = Array.from({ length: owners }, () => createRingMemory(slots, Report.WORDS));
  const writers = memories.map((memory) => createLogWriter(memory, Report.WORDS));
  const heads = memories.map(() => 0);
  let sec = 1_700_000_000;
  return {
    owners,
    events: (from) => createEventReader(memories, from),
    eventPosition: () => [...heads],
    write(owner, count) {
      const { slots: words, mask } = writers[owner];
      for (let i = 0; i < count; i++) {
        writers[owner].free(1);
        const r = (heads[owner] & mask) * Report.WORDS;
        words.fill(0, r, r + Report.WORDS);
        words[r + Report.TYPE] = ReportType.PACKET;
        words[r + Report.EVENTS] = EventBit.NEW;
        words[r + Report.SEC] = sec++;
        words[r + Report.HOT + Hot.KIND] = UDP;
        words[r + Report.HOT + Hot.MARK] = heads[owner];
        writers[owner].publish(1);
        heads[owner]++;
      }
    },
    writers,
  };
}

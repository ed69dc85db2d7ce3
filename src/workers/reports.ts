/** The way of reports out of a thread: a ring that waits for its reader, or, for a service, a log that waits for nobody. */
import type { ReportLog } from '../conntrack/reporter.ts';
import { createLogWriter } from '../shm/log.ts';
import { Report } from '../shm/offsets.generated.ts';
import { createRingWriter, type RingWriter } from '../shm/ring.ts';
import type { RingMemory } from '../shm/segment.ts';

const SLEEP_MS = 50;

export interface Reports {
  readonly reports: RingWriter;
  readonly waitForReader: () => void;
  readonly log?: ReportLog;
}

/** `progress`: null for a ring. `checkAbandoned` throws when another thread failed. */
export function openReports(
  memory: RingMemory,
  progress: Int32Array | null,
  checkAbandoned: () => void,
): Reports {
  if (progress !== null) {
    const log = createLogWriter(memory, Report.WORDS);
    return { reports: log, waitForReader: () => {}, log: { leap: log.leap, progress } };
  }
  const reports = createRingWriter(memory, Report.WORDS);
  return {
    reports,
    waitForReader: () => {
      reports.waitForRoom(SLEEP_MS);
      checkAbandoned();
    },
  };
}

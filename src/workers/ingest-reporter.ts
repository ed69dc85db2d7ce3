/** Reports of packets that no shard sees, in the same form as a shard's. */
import type { Reason } from '../common/reasons.ts';
import { tickMsOf } from '../common/tick.ts';
import { createReporter } from '../conntrack/reporter.ts';
import type { Verdict } from '../shm/bits.ts';
import { Cold, Hot } from '../shm/offsets.generated.ts';
import type { IngestTask } from './messages.ts';
import { openReports } from './reports.ts';

export interface IngestReporter {
  undispatched(number: number, sec: number, nsec: number, verdict: Verdict, reason: Reason): void;
  /** Nothing before this time will be reported any more. */
  progress(sec: number, nsec: number): void;
  finish(): void;
}

export function createIngestReporter(task: IngestTask, checkAbandoned: () => void): IngestReporter {
  const progress = task.service === null ? null : task.progress;
  const { reports, waitForReader, log } = openReports(task.reports, progress, checkAbandoned);
  const nothing = {
    hot: new Int32Array(Hot.WORDS),
    cold: new Int32Array(Cold.WORDS),
    counters: task.counters,
  };
  const reporter = createReporter(nothing, reports, task.mode, waitForReader, log ?? null);
  return {
    undispatched(number, sec, nsec, verdict, reason) {
      reporter.setNow(sec, nsec, 0);
      reporter.packet(0, verdict, reason, 0, number);
    },
    progress(sec, nsec) {
      const ms = tickMsOf(sec, nsec);
      reporter.setNow(sec, nsec, ms);
      reporter.endOfBurst(ms);
    },
    finish: reporter.finish,
  };
}

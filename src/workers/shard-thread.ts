/** Entry point of a shard's thread: takes bursts from its ring until it is told to finish. */
import { BURST, createTracker } from '../conntrack/tracker.ts';
import { createClaimTaker, sleepForClaim } from '../shm/claims.ts';
import { Desc, Report } from '../shm/offsets.generated.ts';
import { createRingReader, createRingWriter } from '../shm/ring.ts';
import { attachSegment } from '../shm/segment.ts';
import { Control, type ShardTask } from './messages.ts';

/** Longest sleep; whoever fills or empties a ring wakes the other side before that. */
const SLEEP_MS = 50;

class Abandoned extends Error {
  override readonly message = 'another thread failed';
}

export default function run(task: ShardTask): void {
  const { control } = task;
  const segment = attachSegment(task.segment);
  const input = createRingReader(task.ring, Desc.WORDS);
  const reports = createRingWriter(segment.reports, Report.WORDS);
  const checkAbandoned = (): void => {
    if (Atomics.load(control, Control.FAILED) !== 0) throw new Abandoned();
  };
  const tracker = createTracker({
    segment,
    descriptors: task.ring.slots,
    settings: task.settings,
    hashKey: task.hashKey,
    reports,
    mode: task.mode,
    claims: createClaimTaker(task.claims, (words, at, value) => {
      sleepForClaim(words, at, value);
      checkAbandoned();
    }),
    waitForReader: () => {
      reports.waitForRoom(SLEEP_MS);
      checkAbandoned();
    },
  });
  try {
    let bursts = 0;
    for (;;) {
      const available = input.available();
      if (available === 0) {
        input.waitForSlots(SLEEP_MS);
        checkAbandoned();
        continue;
      }
      const count = Math.min(available, BURST);
      const finished = tracker.burst(input.tail(), count);
      input.release(count);
      if (task.selfCheckEvery !== 0 && (finished || ++bursts % task.selfCheckEvery === 0)) {
        tracker.selfCheck();
        input.selfCheck();
      }
      if (finished) return;
    }
  } catch (error) {
    Atomics.store(control, Control.FAILED, 1);
    throw error;
  }
}

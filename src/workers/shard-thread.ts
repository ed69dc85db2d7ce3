/** Entry point of a shard's thread: takes bursts from its rings until it is told to finish. */
import { wallMs } from '../common/clock.ts';
import { createService, type Service } from '../conntrack/service.ts';
import { createTracker, type Tracker } from '../conntrack/tracker.ts';
import { createEntryMatcher } from '../query/entry-matcher.ts';
import { Meta, Task } from '../shm/bits.ts';
import { createClaimTaker, sleepForClaim } from '../shm/claims.ts';
import { record } from '../shm/histogram.ts';
import { abandonMailbox } from '../shm/mailbox.ts';
import { Desc } from '../shm/offsets.generated.ts';
import { createRingReader } from '../shm/ring.ts';
import { attachSegment, type Segment } from '../shm/segment.ts';
import { watchGarbage } from './garbage.ts';
import { runInbox } from './inbox.ts';
import { Control, type Garbage, type ShardTask } from './messages.ts';
import { createMeter } from './meter.ts';
import { openReports } from './reports.ts';
import { serveThread } from './thread-entry.ts';

class Abandoned extends Error {
  override readonly message = 'another thread failed';
}

/** Gives what the garbage collector did, where the run is measured. */
function run(task: ShardTask): Promise<Garbage> | null {
  const { control, measure } = task;
  const garbage = measure === null ? null : watchGarbage();
  const segment = attachSegment(task.segment);
  const checkAbandoned = (): void => {
    if (Atomics.load(control, Control.FAILED) !== 0) throw new Abandoned();
  };
  const inputs = task.inputs.rings.map((ring) => createRingReader(ring, Desc.WORDS));
  const tracker = createTracker({
    segment,
    descriptors: task.inputs.slots,
    settings: task.settings,
    hashKey: task.hashKey,
    ...openReports(segment.reports, task.service?.progress ?? null, checkAbandoned),
    mode: task.mode,
    claims: createClaimTaker(task.claims, (words, at, value) => {
      sleepForClaim(words, at, value);
      checkAbandoned();
    }),
  });
  const service = serviceOf(task, segment, tracker);
  try {
    runInbox({
      inputs,
      slots: task.inputs.slots,
      bell: task.inputs.rings[0].bell,
      tracker,
      service,
      onBurst: onBurstOf(task),
      checkAbandoned,
      selfCheckEvery: task.selfCheckEvery,
    });
    service?.close();
    return garbage === null || measure === null ? null : garbage.finish(measure);
  } catch (error) {
    Atomics.store(control, Control.FAILED, 1);
    if (task.service !== null) abandonMailbox(task.service.mailbox);
    throw error;
  }
}

function onBurstOf({ inputs, latency, measure, control, shard }: ShardTask) {
  if (measure !== null) return createMeter(inputs.slots, measure, control, shard);
  return latency === null ? null : createLatency(inputs.slots, latency);
}

function serviceOf(task: ShardTask, segment: Segment, tracker: Tracker): Service | null {
  if (task.service === null) return null;
  const { mailbox } = task.service;
  const logSlots = segment.reportSlots;
  return createService({ parts: tracker.parts, mailbox, matcher: createEntryMatcher(segment), logSlots });
}

/** Measures, once a burst, how long ago its first packet arrived: the one that waited longest. Units: 0.1 us. */
function createLatency(slots: Int32Array, buckets: Int32Array): (d: number) => void {
  return (d) => {
    // The clock of an idle interface is no packet.
    if ((slots[d + Desc.META] & Meta.TASK_MASK) >= Task.FORETOLD) return;
    const arrivedMs = (slots[d + Desc.SEC] >>> 0) * 1000 + slots[d + Desc.NSEC] / 1e6;
    record(buckets, (wallMs() - arrivedMs) * 10_000);
  };
}

serveThread(run);

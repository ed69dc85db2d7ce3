/** Entry point of an ingest thread: dispatches the packets of captures, or of interfaces, to the shards. */
import { createExpectationService } from '../conntrack/expectation-service.ts';
import { createMasters, type Masters } from '../conntrack/masters.ts';
import { ReportMode } from '../conntrack/reporter.ts';
import { createService, type Service } from '../conntrack/service.ts';
import { reassemblyLimits } from '../conntrack/settings.ts';
import { createDispatcher, type Dispatcher } from '../ingest/dispatcher.ts';
import { createEntryMatcher } from '../query/entry-matcher.ts';
import { type ClaimWait, sleepForClaim } from '../shm/claims.ts';
import { Counter } from '../shm/counters.ts';
import { abandonMailbox } from '../shm/mailbox.ts';
import { Desc } from '../shm/offsets.generated.ts';
import { createRingWriter } from '../shm/ring.ts';
import { attachSegment } from '../shm/segment.ts';
import { readFiles } from './file-ingest.ts';
import { watchGarbage } from './garbage.ts';
import { createIngestReporter } from './ingest-reporter.ts';
import type { IngestRun } from './ingest-run.ts';
import { readInterfaces } from './live-ingest.ts';
import { Control, type IngestResult, type IngestTask } from './messages.ts';
import { stampArrivals } from './meter.ts';
import { readPaced } from './paced-ingest.ts';
import { openReports } from './reports.ts';
import { serveThread } from './thread-entry.ts';

const SLEEP_MS = 50;

async function run(task: IngestTask): Promise<IngestResult> {
  const { measure } = task;
  const garbage = measure === null ? null : watchGarbage();
  try {
    const ingest = createRun(task);
    const result = await read(task, ingest);
    ingest.service?.close();
    return garbage === null || measure === null
      ? result
      : { ...result, garbage: await garbage.finish(measure) };
  } catch (error) {
    Atomics.store(task.control, Control.FAILED, 1);
    if (task.service !== null) abandonMailbox(task.service.mailbox);
    throw error;
  }
}

function read(task: IngestTask, run: IngestRun): Promise<IngestResult> {
  const { live, memory, measure } = task;
  if (live !== null) return readInterfaces(task, live, run);
  if (measure !== null && measure.pacedFrom !== null && memory !== null)
    return readPaced(task, run, memory, measure, measure.pacedFrom);
  return readFiles(task, run);
}

/** Everything between the source of packets and the rings of the shards. */
function createRun(task: IngestTask): IngestRun {
  const { control, counters } = task;
  const checkAbandoned = (): void => {
    if (Atomics.load(control, Control.FAILED) !== 0) throw new Error('a shard failed');
  };
  const arrivals = task.measure?.arrivals ?? [];
  const rings = task.rings.map((memory, shard) => {
    const ring = createRingWriter(memory, Desc.WORDS);
    return shard < arrivals.length ? stampArrivals(ring, arrivals[shard]) : ring;
  });
  const reporter = (task.mode & ReportMode.PACKETS) !== 0 ? createIngestReporter(task, checkAbandoned) : null;
  const masters = createMastersOf(task, checkAbandoned, (words, at, value) => {
    dispatcher.flush();
    sleepForClaim(words, at, value);
    checkAbandoned();
  });
  const checksums = { isOpen: false };
  const backlog = { isLong: () => false };
  const dispatcher: Dispatcher = createDispatcher({
    rings,
    hashKey: task.hashKey,
    verifyChecksums: task.verifyChecksums,
    zoneFromVlan: task.zoneFromVlan,
    decap: task.decap,
    reassembly: reassemblyLimits(task.settings),
    counters,
    waitForShard(shard, wanted) {
      if (rings[shard].waitForRoom(SLEEP_MS, wanted)) counters[Counter.RING_WAITS]++;
      checkAbandoned();
    },
    ...(task.live === null ? {} : { isBehind: () => backlog.isLong() }),
    numbers: { first: task.ingest + 1, step: task.ingests },
    checksums,
    ...(masters === null ? {} : { masters }),
    onUndispatched: reporter === null ? null : reporter.undispatched,
  });
  return {
    dispatcher,
    checksums,
    backlog,
    reporter,
    service: masters === null ? null : createMastersService(task, masters),
    finish() {
      dispatcher.finish();
      masters?.finish();
      reporter?.finish();
    },
  };
}

/** The connections with helpers, which are tracked here; null when there are no helpers. */
function createMastersOf(
  task: IngestTask,
  checkAbandoned: () => void,
  waitForClaim: ClaimWait,
): Masters | null {
  if (task.helpers.length === 0) return null;
  const segment = attachSegment(task.masters);
  return createMasters({
    helpers: task.helpers,
    segment,
    expectations: task.expectations,
    settings: task.settings,
    hashKey: task.hashKey,
    ...openReports(segment.reports, task.service?.progress ?? null, checkAbandoned),
    mode: task.mode,
    waitForClaim,
    selfCheckEvery: task.selfCheckEvery,
  });
}

function createMastersService(task: IngestTask, masters: Masters): Service | null {
  if (task.service === null) return null;
  const { parts } = masters.tracker;
  const { mailbox } = task.service;
  const service = createService({
    parts,
    mailbox,
    matcher: createEntryMatcher(parts.segment),
    logSlots: parts.segment.reportSlots,
    more: createExpectationService(masters),
  });
  return {
    isAsked: service.isAsked,
    step(budget) {
      const isMore = service.step(budget);
      masters.changed();
      return isMore;
    },
    close: service.close,
  };
}

serveThread(run);

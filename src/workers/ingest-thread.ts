/** Entry point of the ingest thread: reads captures and dispatches their packets to the shards. */
import type { Reason } from '../common/reasons.ts';
import { createMasters, type Masters } from '../conntrack/masters.ts';
import { createReporter, type Reporter, ReportMode } from '../conntrack/reporter.ts';
import { reassemblyLimits } from '../conntrack/settings.ts';
import { createDispatcher, type Dispatcher, tickMsOf } from '../ingest/dispatcher.ts';
import { captureErrors, mergeCaptures } from '../ingest/merge.ts';
import { openCapture } from '../ingest/open-capture.ts';
import { type CaptureReader, ReadStatus, Rec } from '../ingest/reader.ts';
import type { Verdict } from '../shm/bits.ts';
import { type ClaimWait, sleepForClaim } from '../shm/claims.ts';
import { Counter } from '../shm/counters.ts';
import { Cold, Desc, Hot, Report } from '../shm/offsets.generated.ts';
import { createRingWriter } from '../shm/ring.ts';
import { attachSegment } from '../shm/segment.ts';
import { Control, type IngestResult, type IngestTask } from './messages.ts';

const SLEEP_MS = 50;

/** Packets between two words of progress to whoever puts reports in order. */
const PROGRESS_EVERY = 4096;

export default async function run(task: IngestTask): Promise<IngestResult> {
  const { control, counters } = task;
  try {
    const rings = task.rings.map((memory) => createRingWriter(memory, Desc.WORDS));
    const waitForShard = (shard: number): void => {
      if (rings[shard].waitForRoom(SLEEP_MS)) counters[Counter.RING_WAITS]++;
      if (Atomics.load(control, Control.FAILED) !== 0) throw new Error('a shard failed');
    };
    const reporter = (task.mode & ReportMode.PACKETS) !== 0 ? createIngestReporter(task) : null;
    const masters = createMastersOf(task, (words, at, value) => {
      dispatcher.flush();
      sleepForClaim(words, at, value);
      if (Atomics.load(control, Control.FAILED) !== 0) throw new Error('a shard failed');
    });
    const dispatcher: Dispatcher = createDispatcher({
      rings,
      hashKey: task.hashKey,
      verifyChecksums: task.verifyChecksums,
      zoneFromVlan: task.zoneFromVlan,
      decap: task.decap,
      reassembly: reassemblyLimits(task.settings),
      counters,
      waitForShard,
      ...(masters === null ? {} : { masters }),
      onUndispatched: reporter === null ? null : reporter.undispatched,
    });
    const stop = createStopSignal(control);
    // A pipe may be silent before its first byte too.
    const opening = Promise.all(task.files.map((file) => openCapture(file)));
    const finish = (): void => {
      dispatcher.finish();
      masters?.finish();
      reporter?.finish();
    };
    if (await stop.before(opening)) {
      finish();
      return { errors: [], stopped: true };
    }
    const readers = await opening;
    const reader = mergeCaptures(readers);
    counters[Counter.SOURCE_TOTAL] = readers.every((r) => r.bytesTotal > 0) ? reader.bytesTotal : 0;
    const stopped = await readAll(reader, dispatcher, reporter, stop, task);
    finish();
    const errors = captureErrors(reader).map(({ file, offset, expected, found }) => ({
      file,
      offset,
      expected,
      found,
    }));
    if (!stopped) await reader.close();
    return { errors, stopped };
  } catch (error) {
    Atomics.store(control, Control.FAILED, 1);
    throw error;
  }
}

/** Reads until the end or until the main thread says stop; returns whether it was stopped. */
async function readAll(
  reader: CaptureReader,
  dispatcher: Dispatcher,
  reporter: IngestReporter | null,
  stop: StopSignal,
  task: IngestTask,
): Promise<boolean> {
  const { control, counters } = task;
  let sinceProgress = 0;
  for (;;) {
    const status = reader.next();
    if (status === ReadStatus.PACKET) {
      // Asked for anew with each packet: the next one may come from another file.
      const { record } = reader;
      dispatcher.packet(
        reader.view,
        record[Rec.OFFSET],
        record[Rec.CAPTURE_LENGTH],
        record[Rec.WIRE_LENGTH],
        record[Rec.LINK_TYPE],
        record[Rec.SEC],
        record[Rec.NSEC],
      );
      if (reporter !== null && ++sinceProgress === PROGRESS_EVERY) {
        sinceProgress = 0;
        reporter.progress(dispatcher.nowSec(), dispatcher.nowNsec());
      }
      continue;
    }
    counters[Counter.SOURCE_BYTES] = reader.bytesConsumed;
    dispatcher.flush();
    reporter?.progress(dispatcher.nowSec(), dispatcher.nowNsec());
    if (status === ReadStatus.END) return false;
    if (Atomics.load(control, Control.STOP) !== 0) return true;
    if (await stop.before(reader.fill())) return true;
  }
}

interface StopSignal {
  /** Waits for bytes, but not for a pipe that may never give any: returns true when told to stop first. */
  before(filled: Promise<unknown>): Promise<boolean>;
}

/** Listens once for the main thread's word, however often it is asked. */
function createStopSignal(control: Int32Array): StopSignal {
  let isStopped = false;
  let interrupt = (): void => {};
  const word = Atomics.waitAsync(control, Control.STOP, 0);
  const stop = (): void => {
    isStopped = true;
    interrupt();
  };
  if (word.async) word.value.then(stop);
  else stop();
  return {
    before(filled) {
      if (isStopped) return Promise.resolve(true);
      return new Promise((resolve, reject) => {
        interrupt = () => resolve(true);
        filled.then(() => resolve(false), reject);
      });
    },
  };
}

interface IngestReporter {
  undispatched(number: number, sec: number, nsec: number, verdict: Verdict, reason: Reason): void;
  /** Nothing before this time will be reported any more. */
  progress(sec: number, nsec: number): void;
  finish(): void;
}

/** Reports of packets that no shard sees, in the same form as a shard's. */
function createIngestReporter(task: IngestTask): IngestReporter {
  const ring = createRingWriter(task.reports, Report.WORDS);
  const nothing = {
    hot: new Int32Array(Hot.WORDS),
    cold: new Int32Array(Cold.WORDS),
    counters: task.counters,
  };
  const waitForReader = (): void => {
    ring.waitForRoom(SLEEP_MS);
    if (Atomics.load(task.control, Control.FAILED) !== 0) throw new Error('another thread failed');
  };
  const reporter: Reporter = createReporter(nothing, ring, task.mode, waitForReader);
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

/** The connections with helpers, which are tracked here; null when there are no helpers. */
function createMastersOf(task: IngestTask, waitForClaim: ClaimWait): Masters | null {
  if (task.helpers.length === 0) return null;
  const segment = attachSegment(task.masters);
  const reports = createRingWriter(segment.reports, Report.WORDS);
  return createMasters({
    helpers: task.helpers,
    segment,
    expectations: task.expectations,
    settings: task.settings,
    hashKey: task.hashKey,
    reports,
    mode: task.mode,
    waitForReader: () => {
      reports.waitForRoom(SLEEP_MS);
      if (Atomics.load(task.control, Control.FAILED) !== 0) throw new Error('another thread failed');
    },
    waitForClaim,
    selfCheckEvery: task.selfCheckEvery,
  });
}

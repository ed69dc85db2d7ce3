/** Reads captures, or what stands in for them, to their end, and answers questions meanwhile. */
import { createMemoryReader } from '../ingest/memory-reader.ts';
import { captureErrors, mergeCaptures } from '../ingest/merge.ts';
import { openCapture } from '../ingest/open-capture.ts';
import { type CaptureReader, ReadStatus, Rec } from '../ingest/reader.ts';
import { Counter } from '../shm/counters.ts';
import { createTrafficReader } from '../traffic/traffic-reader.ts';
import type { IngestRun } from './ingest-run.ts';
import { Control, type IngestResult, type IngestTask } from './messages.ts';
import { createSignals, type Signals } from './signals.ts';

/** Packets between two words of progress to whoever puts reports in order. */
const PROGRESS_EVERY = 4096;
/** Entries that a question may cost while bytes of the capture wait. */
const BUSY_BUDGET = 4096;

/** Errors: what is wrong with a file is in the result. */
export async function readFiles(task: IngestTask, run: IngestRun): Promise<IngestResult> {
  const { control, counters } = task;
  const signals = createSignals(control, task.service?.mailbox.bell ?? null, run.service);
  // A pipe may be silent before its first byte too.
  const opening = openReaders(task);
  if (await signals.before(opening)) {
    run.finish();
    return { errors: [], stopped: true };
  }
  const readers = await opening;
  const reader = mergeCaptures(readers);
  counters[Counter.SOURCE_TOTAL] = readers.every((r) => r.bytesTotal > 0) ? reader.bytesTotal : 0;
  const stopped = await readAll(reader, run, signals, task);
  if (!stopped && task.hold) await signals.stopped();
  run.finish();
  const errors = captureErrors(reader).map(({ file, offset, expected, found }) => ({
    file,
    offset,
    expected,
    found,
  }));
  if (!stopped) await reader.close();
  return { errors, stopped };
}

/** Packets come from files, from memory, or are generated. */
function openReaders({ files, memory, traffic }: IngestTask): Promise<CaptureReader[]> {
  if (traffic !== null) return Promise.resolve([createTrafficReader(traffic)]);
  if (memory !== null) return Promise.resolve([createMemoryReader(memory)]);
  return Promise.all(files.map((file) => openCapture(file)));
}

/** Reads until the end or until the main thread says stop; returns whether it was stopped. */
async function readAll(
  reader: CaptureReader,
  run: IngestRun,
  signals: Signals,
  task: IngestTask,
): Promise<boolean> {
  const { control, counters } = task;
  const { dispatcher, reporter, service } = run;
  for (;;) {
    const status = dispatchBuffered(reader, run);
    counters[Counter.SOURCE_BYTES] = reader.bytesConsumed;
    dispatcher.flush();
    reporter?.progress(dispatcher.nowSec(), dispatcher.nowNsec());
    if (status === ReadStatus.END) return false;
    if (Atomics.load(control, Control.STOP) !== 0) return true;
    service?.step(BUSY_BUDGET);
    if (await signals.before(reader.fill())) return true;
  }
}

/**
 * Dispatches the packets that are in memory; returns why there are no more. Apart from what is done between chunks, so that
 * the compiler has a loop that it need not give up at the end of the first one.
 */
function dispatchBuffered(reader: CaptureReader, { dispatcher, reporter }: IngestRun): ReadStatus {
  for (let n = 1; ; n++) {
    const status = reader.next();
    if (status !== ReadStatus.PACKET) return status;
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
    if (reporter !== null && n % PROGRESS_EVERY === 0)
      reporter.progress(dispatcher.nowSec(), dispatcher.nowNsec());
  }
}

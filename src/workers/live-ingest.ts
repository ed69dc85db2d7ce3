/**
 * Reads interfaces until it is told to stop: what the kernel has handed over, in bursts; between bursts what is asked;
 * and where no packets come the time, which goes on.
 */
import { Rec } from '../ingest/reader.ts';
import { InterfaceState } from '../live/interface-watch.ts';
import { loadLibc } from '../live/libc.ts';
import { LiveError } from '../live/live-error.ts';
import { type LiveSource, openLiveSource } from '../live/live-source.ts';
import type { LiveFailure, LiveOptions } from '../live/options.ts';
import { Counter } from '../shm/counters.ts';
import type { IngestRun } from './ingest-run.ts';
import { Control, type IngestResult, type IngestTask } from './messages.ts';

/** Packets between two looks at what else there is to do. */
const BURST_PACKETS = 512;
/** Bursts between two looks at the sockets while packets come without a pause. */
const LOOK_EVERY_BURSTS = 64;
/** Longest sleep: how far the clock may be behind while no packets come. */
const SLEEP_MS = 100;
/** Sleep while the last blocks are handed over. */
const DRAIN_SLEEP_MS = 5;
/** Entries that a question may cost between two bursts, and when there is nothing else to do. */
const BUSY_BUDGET = 512;
const IDLE_BUDGET = 65_536;

/** Errors: what ends the reading early is in the result. */
export function readInterfaces(task: IngestTask, live: LiveOptions, run: IngestRun): Promise<IngestResult> {
  const { control, counters } = task;
  const away = new Set<string>();
  let failure: LiveFailure | null = null;
  const source = openLiveSource(loadLibc(), {
    sockets: live.sockets,
    waker: live.waker,
    counters,
    onChange(name, state) {
      live.notices?.postMessage({ name, state });
      const isNew = state === InterfaceState.UP ? away.delete(name) : !away.has(name) && away.add(name);
      if (isNew) Atomics.add(control, Control.DOWN, state === InterfaceState.UP ? -1 : 1);
      if (live.onDown === 'exit' && state !== InterfaceState.UP) failure ??= lost(name, state);
    },
  });
  run.backlog.isLong = source.isBehind;
  try {
    counters[Counter.LIVE_SOCKETS] = live.sockets.length;
    Atomics.add(control, Control.OPENED, 1);
    Atomics.notify(control, Control.OPENED);
    const isStopped = (): boolean => Atomics.load(control, Control.STOP) !== 0;
    while (!isStopped() && Atomics.load(control, Control.BEGIN) === 0)
      Atomics.wait(control, Control.BEGIN, 0, SLEEP_MS);
    readUntil(() => failure !== null || isStopped(), source, run, task);
    drain(source, run);
  } catch (error) {
    if (!(error instanceof LiveError)) throw error;
    failure = { subject: error.subject, problem: error.problem, advice: error.advice };
  } finally {
    source.readStatistics();
    source.close();
  }
  run.finish();
  return Promise.resolve({ errors: [], stopped: true, failure });
}

const lost = (name: string, state: InterfaceState): LiveFailure => ({
  subject: name,
  problem: state === InterfaceState.GONE ? 'the interface is gone' : 'the interface is down',
  advice: 'ended, as --on-down exit says; --on-down wait waits for it',
});

function readUntil(isOver: () => boolean, source: LiveSource, run: IngestRun, task: IngestTask): void {
  const { control } = task;
  const { service } = run;
  let bursts = 0;
  while (!isOver()) {
    const isBusy = takeBurst(source, run);
    const hasMore = service?.isAsked() === true && service.step(isBusy ? BUSY_BUDGET : IDLE_BUDGET);
    if (isBusy && ++bursts % LOOK_EVERY_BURSTS !== 0) continue;
    source.wait(isBusy || hasMore ? 0 : SLEEP_MS);
    if (!isBusy) goOn(source, run);
    if (Atomics.load(control, Control.FAILED) !== 0) throw new Error('another thread failed');
  }
}

/** Dispatches what is there, up to a limit; returns whether that was reached. */
function takeBurst(source: LiveSource, { dispatcher, checksums, reporter }: IngestRun): boolean {
  let left = BURST_PACKETS;
  for (; left > 0; left--) {
    const ring = source.next();
    if (ring === null) break;
    const { record } = ring;
    checksums.isOpen = ring.checksumsOpen();
    dispatcher.packet(
      ring.view,
      record[Rec.OFFSET],
      record[Rec.CAPTURE_LENGTH],
      record[Rec.WIRE_LENGTH],
      record[Rec.LINK_TYPE],
      record[Rec.SEC],
      record[Rec.NSEC],
    );
  }
  if (left < BURST_PACKETS) {
    dispatcher.flush();
    reporter?.progress(dispatcher.nowSec(), dispatcher.nowNsec());
  }
  return left === 0;
}

/** Time goes on without packets. */
function goOn(source: LiveSource, { dispatcher, reporter }: IngestRun): void {
  const ms = source.quietSinceMs();
  const sec = Math.floor(ms / 1000);
  dispatcher.clock(sec | 0, Math.floor((ms - sec * 1000) * 1e6));
  dispatcher.flush();
  reporter?.progress(dispatcher.nowSec(), dispatcher.nowNsec());
}

/** What the kernel received until now is still tracked. */
function drain(source: LiveSource, run: IngestRun): void {
  source.shut();
  for (;;) {
    while (takeBurst(source, run)) {
      // Until there is a pause.
    }
    if (source.isDrained()) break;
    source.wait(DRAIN_SLEEP_MS);
  }
  takeBurst(source, run);
}

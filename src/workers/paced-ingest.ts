/**
 * Sends frames in memory when they are due, by their times: what comes at a rate shall be measured at that rate. Whoever waits
 * does so in a spin, since a sleep would end some 50 us late; only long waits are slept through.
 */
import { createSharedClock } from '../common/clock.ts';
import { createMemoryReader } from '../ingest/memory-reader.ts';
import { ReadStatus, Rec } from '../ingest/reader.ts';
import type { FrameBlock } from '../shm/frame-block.ts';
import type { IngestRun } from './ingest-run.ts';
import { Control, type IngestResult, type IngestTask, Measured, type MeasureMemory } from './messages.ts';

/** Looks at STOP between two looks at the clock, each of which leaves a number behind for the garbage collector. */
const LOOKS = 16;
/** Waits of more than this are slept through, but for this much. */
const SPIN_MS = 2;

/** Packets between two looks at how far behind it is. */
const LATE_EVERY = 1024;

/** The first `pacedFrom` packets are sent as fast as it goes. */
export async function readPaced(
  task: IngestTask,
  { dispatcher, finish }: IngestRun,
  memory: FrameBlock,
  { words, originSec }: MeasureMemory,
  pacedFrom: number,
): Promise<IngestResult> {
  const { control } = task;
  const clock = createSharedClock();
  const reader = createMemoryReader(memory);
  const { record, view } = reader;
  let sent = 0;
  /** Words: what closures share as variables would be a new object with each number. */
  const now = new Float64Array(1);
  const origin = new Float64Array(1);

  const isStopped = (): boolean => Atomics.load(control, Control.STOP) !== 0;

  /** Returns whether it was stopped. */
  function waitUntil(dueMs: number): boolean {
    now[0] = clock();
    if (now[0] >= dueMs) return false;
    // What was sent so far shall not wait for more.
    dispatcher.flush();
    while (now[0] < dueMs) {
      for (let i = 0; i < LOOKS; i++) if (isStopped()) return true;
      const leftMs = dueMs - now[0];
      if (leftMs > 2 * SPIN_MS) Atomics.wait(control, Control.STOP, 0, leftMs - SPIN_MS);
      now[0] = clock();
    }
    return false;
  }

  /** Sends the packet at hand when it is due. Returns whether it was stopped before. */
  function send(): boolean {
    if (sent >= pacedFrom) {
      const atMs = (record[Rec.SEC] - originSec) * 1000 + record[Rec.NSEC] / 1e6;
      if (sent === pacedFrom) {
        origin[0] = clock() - atMs;
        words[Measured.ORIGIN] = origin[0];
      }
      const dueMs = origin[0] + atMs;
      // The clock is looked at only where it matters.
      if (dueMs > now[0] && waitUntil(dueMs)) return true;
    }
    sent++;
    dispatcher.packet(
      view,
      record[Rec.OFFSET],
      record[Rec.CAPTURE_LENGTH],
      record[Rec.WIRE_LENGTH],
      record[Rec.LINK_TYPE],
      record[Rec.SEC],
      record[Rec.NSEC],
    );
    return false;
  }

  for (let stopped = false; ; ) {
    const status = reader.next();
    if (status === ReadStatus.PACKET) {
      stopped = send();
      if (!stopped && sent % LATE_EVERY !== 0) continue;
      if (sent > pacedFrom) {
        const atMs = (record[Rec.SEC] - originSec) * 1000 + record[Rec.NSEC] / 1e6;
        words[Measured.BEHIND] = Math.max(0, clock() - origin[0] - atMs);
      }
    } else {
      dispatcher.flush();
      if (status === ReadStatus.NEED_BYTES) await reader.fill();
    }
    if (stopped || status === ReadStatus.END || isStopped()) {
      finish();
      return { errors: [], stopped: stopped || status !== ReadStatus.END };
    }
  }
}

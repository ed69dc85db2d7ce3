/**
 * Writes the events of a running tracker: a consumer of their logs like any other, in the main thread, which takes no more
 * than its destination does. What it comes too late for is a gap, told by number.
 */
import { setImmediate as otherTurns } from 'node:timers/promises';
import type { EventReader, TrackerControl } from '../control/tracker-control.ts';
import { Counter } from '../shm/counters.ts';
import type { Destination } from './destination.ts';
import { createEventLines } from './event-lines.ts';

export interface EventFileOptions {
  readonly control: Pick<TrackerControl, 'owners' | 'events' | 'eventPosition'>;
  readonly destination: Destination;
  /** Most events between two looks at what else there is to do. */
  readonly eventsAtOnce: number;
  /** Shapes: Counter.WORDS; written here: EVENTS_WRITTEN and its neighbours. */
  readonly counters: Float64Array;
  /** Told in words what went wrong, and when it goes on. */
  readonly say: (words: string) => void;
  /** Nobody will read any more. */
  readonly onOver: () => void;
}

export interface EventFile {
  /** Opens the file anew before the next line. */
  reopen(): void;
  /**
   * Writes what is left in the logs, and closes the file. After the tracker's threads have ended.
   *
   * Returns words about what could not be written; none when all is well.
   */
  finish(): Promise<readonly string[]>;
}

/** Pause when there is nothing to write, and when nothing can be written. */
const POLL_MS = 20;
const RETRY_MS = 500;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Thread: main. Errors: those of the system when the destination cannot be opened at all */
export async function startEventFile(options: EventFileOptions): Promise<EventFile> {
  const { control, destination, counters, say } = options;
  await destination.open();
  const reader: EventReader = control.events(new Array<number>(control.owners).fill(0));
  const lines = createEventLines(reader);
  let isFinishing = false;
  /** Why nothing can be written just now; empty while it can. */
  let trouble = '';
  let unwritten = 0;
  let wake = (): void => {};
  counters[Counter.EVENT_FILES] = 1;

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  function failed(error: unknown): void {
    counters[Counter.EVENT_FAILURES]++;
    if (trouble === '')
      say(`${destination.name}: events cannot be written: ${messageOf(error)}; trying again`);
    trouble = messageOf(error);
  }

  function succeeded(): void {
    counters[Counter.EVENT_ROTATIONS] = destination.rotations();
    if (trouble === '') return;
    trouble = '';
    say(`${destination.name}: events are written again`);
  }

  /** Returns false when nobody wants it any more: the reader has gone, or the run ends and it is still not possible. */
  async function write(bytes: Uint8Array): Promise<boolean> {
    for (;;) {
      const isLastTry = isFinishing;
      try {
        await destination.write(bytes);
        succeeded();
        return true;
      } catch (error) {
        if (destination.isOver()) return false;
        failed(error);
      }
      if (isLastTry) return false;
      // Whoever has sent a signal may have made room.
      await pause(RETRY_MS);
    }
  }

  /** Takes some events and writes them; returns how many were there, or missed; -1 when they could not be written. */
  async function turn(): Promise<number> {
    const { written, missed } = lines.take(options.eventsAtOnce);
    const bytes = lines.bytes();
    if (bytes.length === 0) return written + missed;
    if (!(await write(bytes))) {
      unwritten += written + missed;
      return -1;
    }
    lines.giveBack(bytes);
    counters[Counter.EVENTS_WRITTEN] += written;
    counters[Counter.EVENTS_MISSED] += missed;
    return written + missed;
  }

  async function follow(): Promise<void> {
    for (;;) {
      const isLastLook = isFinishing;
      const taken = await turn();
      if (taken < 0) return;
      if (taken > 0) await otherTurns();
      else if (isLastLook) return;
      else {
        await destination.idle();
        await pause(POLL_MS);
      }
    }
  }

  async function run(): Promise<void> {
    lines.begin(control.owners);
    await follow();
    if (destination.isOver()) return options.onOver();
    if (unwritten > 0) return;
    const [written, missed] = [counters[Counter.EVENTS_WRITTEN], counters[Counter.EVENTS_MISSED]];
    lines.end(reader.position(), { written, missed });
    if (!(await write(lines.bytes()))) trouble ||= 'the last line is missing';
  }

  /** What is left in the logs and cannot be written. */
  function countUnwritten(): number {
    const next = control.eventPosition();
    return reader.position().reduce((sum, at, owner) => sum + Math.max(0, next[owner] - at), unwritten);
  }

  const running = run().catch(failed);

  return {
    reopen() {
      destination.reopen();
      wake();
    },
    async finish() {
      isFinishing = true;
      wake();
      await running;
      await destination.close();
      const lost = countUnwritten();
      counters[Counter.EVENTS_MISSED] += lost;
      if (destination.isOver() || (lost === 0 && trouble === '')) return [];
      return [`${destination.name}: ${lost} events were not written: ${trouble}`];
    },
  };
}

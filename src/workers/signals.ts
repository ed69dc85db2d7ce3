/** What may interrupt an ingest thread while it waits for bytes: the main thread's STOP, and questions. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Service } from '../conntrack/service.ts';
import { waitAtBell } from '../shm/promises.ts';
import { Control } from './messages.ts';

/** Entries that a question may cost when there is nothing else to do. */
const IDLE_BUDGET = 65_536;
/** So many times in a row, then others have their turn. */
const ROUNDS = 16;

export interface Signals {
  /** Waits for bytes, but not for a pipe that may never give any: returns true when told to stop first. Answers meanwhile. */
  before(filled: Promise<unknown>): Promise<boolean>;
  /** Waits for STOP, and answers meanwhile. */
  stopped(): Promise<void>;
}

/** `bell` is that of the mailbox, null where nobody asks. Listens once for STOP, however often it is asked. */
export function createSignals(
  control: Int32Array,
  bell: Int32Array | null,
  service: Service | null,
): Signals {
  let isStopped = false;
  let interrupt = (): void => {};
  const word = Atomics.waitAsync(control, Control.STOP, 0);
  const stop = (): void => {
    isStopped = true;
    interrupt();
  };
  if (word.async) word.value.then(stop);
  else stop();

  /** Why nobody is answered any more. */
  let failure: unknown = null;
  let fail = (_error: unknown): void => {};
  if (bell !== null && service !== null)
    answerAll(bell, service).catch((error: unknown) => {
      failure = error;
      fail(error);
    });

  /** Answers whenever this thread has come back to its event loop, which is never kept waiting for long. */
  async function answerAll(rung: Int32Array, asked: Service): Promise<void> {
    while (!isStopped) {
      for (let rounds = ROUNDS; rounds > 0 && asked.step(IDLE_BUDGET); rounds--) {
        // As long as there is something to do.
      }
      if (asked.isAsked()) await nextTurn();
      else await waitAtBell(rung, asked.isAsked);
    }
  }

  return {
    before(filled) {
      if (failure !== null) return Promise.reject(failure);
      if (isStopped) return Promise.resolve(true);
      return new Promise((resolve, reject) => {
        fail = reject;
        interrupt = () => resolve(true);
        filled.then(() => resolve(false), reject);
      });
    },
    stopped() {
      if (failure !== null) return Promise.reject(failure);
      if (isStopped) return Promise.resolve();
      return new Promise((resolve, reject) => {
        fail = reject;
        interrupt = resolve;
      });
    },
  };
}

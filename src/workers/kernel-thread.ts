/**
 * Entry point of the thread that asks the running kernel. It leaves the network namespace of the process
 * for one of its own, which disappears with it; so it is a thread for itself and not one of a pool.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { KernelTrackerOptions } from '../kernel/linux/kernel-tracker.ts';
import {
  createReplayer,
  kernelErrorFields,
  type ReplayAnswer,
  type ReplayRequest,
} from '../kernel/replay.ts';

if (parentPort === null) throw new Error('kernel-thread.js is a thread of flowshard, not a program');
const port = parentPort;
const answer = (message: ReplayAnswer): void => port.postMessage(message);

try {
  const options: KernelTrackerOptions = workerData;
  const replayer = createReplayer(options);
  port.on('message', (request: ReplayRequest) => {
    try {
      if ('batch' in request) return answer({ result: replayer.batch(request.batch) });
      answer({ table: replayer.end() });
      replayer.close();
      port.close();
    } catch (error) {
      fail(error);
    }
  });
  answer({ ready: true });
} catch (error) {
  fail(error);
}

/** What the operator can mend is an answer; anything else is a bug and ends the thread. */
function fail(error: unknown): void {
  const failure = kernelErrorFields(error);
  if (failure === null) throw error;
  answer({ failure });
  port.close();
}

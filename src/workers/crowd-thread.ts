/**
 * Entry point of the thread that holds the kernel's side of `flowshard contrast control`. It leaves the network
 * namespace of the process for one of its own, which disappears with it.
 */
import { parentPort } from 'node:worker_threads';
import { type CrowdRequest, openCrowd, type Timed } from '../kernel/crowd/crowd.ts';
import { kernelErrorFields } from '../kernel/replay.ts';
import type { AskedMessage } from './asked-thread.ts';

if (parentPort === null) throw new Error('crowd-thread.js is a thread of flowshard, not a program');
const port = parentPort;
const say = (message: AskedMessage<Timed>): void => port.postMessage(message);

/** What the operator can mend is an answer; anything else is a bug and ends the thread. */
function attempt(work: () => void): void {
  try {
    work();
  } catch (error) {
    const failure = kernelErrorFields(error);
    if (failure === null) throw error;
    say({ failure });
  }
}

attempt(() => {
  const crowd = openCrowd();
  port.on('message', (request: CrowdRequest) => attempt(() => say({ answer: crowd.ask(request) })));
  say({ ready: true });
});

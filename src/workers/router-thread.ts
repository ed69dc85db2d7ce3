/**
 * Entry point of the thread that has the router of `flowshard contrast throughput`. It leaves the network namespace of the process
 * for others of its own, which disappear with it.
 */
import { parentPort } from 'node:worker_threads';
import { kernelErrorFields } from '../kernel/replay.ts';
import type { RouterAnswer, RouterQuestion } from '../kernel/router/questions.ts';
import { openRouter } from '../kernel/router/router.ts';
import type { AskedMessage } from './asked-thread.ts';

if (parentPort === null) throw new Error('router-thread.js is a thread of flowshard, not a program');
const port = parentPort;
const say = (message: AskedMessage<RouterAnswer>): void => port.postMessage(message);

/** What the operator can mend is an answer; anything else is a bug and ends the thread. */
async function attempt(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const failure = kernelErrorFields(error);
    if (failure === null) throw error;
    say({ failure });
  }
}

await attempt(async () => {
  const router = openRouter();
  port.on('message', (question: RouterQuestion) =>
    attempt(async () => say({ answer: await router.answer(question) })),
  );
  say({ ready: true });
});

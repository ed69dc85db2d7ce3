/** The main thread's side of the thread that has the kernel's crowd: one request at a time. */
import { Worker } from 'node:worker_threads';
import type { CrowdAnswer, CrowdRequest, Timed } from '../kernel/crowd/crowd.ts';
import { KernelError } from '../kernel/linux/kernel-error.ts';
import { threadFile } from './pipeline.ts';

export interface CrowdRun {
  /** Errors: KernelError */
  ask(request: CrowdRequest): Promise<Timed>;
  /** Ends the thread, and with it the namespace. */
  close(): Promise<void>;
}

/** Errors: KernelError, with what is missing */
export async function startCrowdRun(): Promise<CrowdRun> {
  const worker = new Worker(threadFile('crowd-thread'));
  let over: Error | null = null;
  worker.on('error', (error: Error) => {
    over = error;
  });

  const answer = (): Promise<CrowdAnswer> =>
    new Promise((resolve, reject) => {
      const ended = (): void => reject(over ?? new Error('the thread with the kernel has ended'));
      worker.once('exit', ended);
      worker.once('message', (message: CrowdAnswer) => {
        worker.off('exit', ended);
        resolve(message);
      });
    });
  async function expect(): Promise<Timed | null> {
    const message = await answer();
    if ('failure' in message) throw new KernelError(message.failure.problem, message.failure.advice);
    return 'timed' in message ? message.timed : null;
  }

  const close = async (): Promise<void> => {
    await worker.terminate();
  };
  try {
    await expect();
  } catch (error) {
    await close();
    throw error;
  }
  return {
    async ask(request) {
      worker.postMessage(request);
      const timed = await expect();
      if (timed === null) throw new Error('the thread with the kernel gave no time');
      return timed;
    },
    close,
  };
}

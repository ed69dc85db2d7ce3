/** The main thread's side of the thread that asks the running kernel. */
import { Worker } from 'node:worker_threads';
import type { Connection } from '../export/connection.ts';
import { KernelError } from '../kernel/linux/kernel-error.ts';
import type { KernelTrackerOptions } from '../kernel/linux/kernel-tracker.ts';
import type { BatchResult, PacketBatch, ReplayAnswer, ReplayRequest } from '../kernel/replay.ts';
import { threadFile } from './threads.ts';

export interface KernelRun {
  /** Gives the kernel a batch. Batches may be given before earlier ones have come back; they come back in order. */
  batch(batch: PacketBatch): Promise<BatchResult>;
  /** The table after the last packet; the namespace is gone then. */
  end(): Promise<readonly Connection[]>;
  /** Ends the thread, whatever it does. */
  close(): Promise<void>;
}

interface Waiting {
  resolve(answer: ReplayAnswer): void;
  reject(error: Error): void;
}

/** Errors: KernelError, here and from every promise: what is missing, and what to do */
export async function startKernelRun(options: KernelTrackerOptions): Promise<KernelRun> {
  const waiting: Waiting[] = [];
  let failure: Error | null = null;
  const worker = new Worker(threadFile('kernel-thread'), { workerData: options });

  const next = (): Promise<ReplayAnswer> =>
    new Promise((resolve, reject) => {
      if (failure !== null) reject(failure);
      else waiting.push({ resolve, reject });
    });
  function fail(error: Error): void {
    failure ??= error;
    for (const { reject } of waiting.splice(0)) reject(failure);
  }
  worker.on('message', (answer: ReplayAnswer) => {
    if ('failure' in answer) fail(new KernelError(answer.failure.problem, answer.failure.advice));
    else waiting.shift()?.resolve(answer);
  });
  worker.on('error', fail);
  worker.on('exit', () => fail(new Error('the thread that asks the kernel has ended')));

  const ask = (request: ReplayRequest): Promise<ReplayAnswer> => {
    worker.postMessage(request);
    return next();
  };
  await next();

  return {
    async batch(batch) {
      const answer = await ask({ batch });
      if ('result' in answer) return answer.result;
      throw new Error('the thread that asks the kernel gave no result');
    },
    async end() {
      const answer = await ask({ end: true });
      if ('table' in answer) return answer.table;
      throw new Error('the thread that asks the kernel gave no table');
    },
    async close() {
      await worker.terminate();
    },
  };
}

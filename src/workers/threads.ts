/**
 * The threads that packets pass through: each is given one task, and heard once, when it is done. They may be started before
 * it is known what for, so that a command reads its options while its threads load: 40 ms sooner to the first packet
 * than from a pool, which was here before.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type TransferListItem, Worker } from 'node:worker_threads';

export type ThreadName = 'ingest-thread' | 'shard-thread';

/** Started early, without a task yet. */
const waiting = new Map<ThreadName, Worker[]>();

export interface Thread<Result> {
  /** Errors: what the thread threw */
  readonly result: Promise<Result>;
  /** Ends the thread, whatever it does. */
  end(): Promise<void>;
}

/** Finds a thread's bundle, whichever bundle this code is part of. */
export function threadFile(name: string): string {
  for (const folder of ['./workers/', '../workers/', '../../workers/']) {
    const path = fileURLToPath(new URL(`${folder}${name}.js`, import.meta.url));
    if (existsSync(path)) return path;
  }
  throw new Error(`${name}.js is not built: run npm run build`);
}

/** Starts a thread that `runThread` will want. For a process that ends by itself when it does not. */
export function startEarly(name: ThreadName): void {
  waiting.set(name, [...(waiting.get(name) ?? []), new Worker(threadFile(name))]);
}

/** Gives a thread its task, one that was started early where there is one. */
export function runThread<Task, Result>(
  name: ThreadName,
  task: Task,
  transferList: readonly TransferListItem[] = [],
): Thread<Result> {
  const worker = waiting.get(name)?.pop() ?? new Worker(threadFile(name));
  const result = new Promise<Result>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    // After the result this says nothing.
    worker.once('exit', (status) => reject(new Error(`${name} ended with status ${status}`)));
  });
  worker.postMessage(task, transferList);
  return {
    result,
    async end() {
      await worker.terminate();
    },
  };
}

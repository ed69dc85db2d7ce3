/** The other side of threads.ts: what a thread does with the one task that it is given. */
import { parentPort } from 'node:worker_threads';

/** Waits for the task, runs it, tells its result. What `run` throws ends the thread, and is told as its error. */
export function serveThread<Task, Result>(run: (task: Task) => Result | Promise<Result>): void {
  if (parentPort === null) throw new Error('this is a thread of flowshard, not a program');
  const port = parentPort;
  // Whoever listens keeps the thread alive, also while the task waits for nothing but a word in shared memory.
  port.on('message', async (task: Task) => {
    port.postMessage(await run(task));
    port.close();
  });
}

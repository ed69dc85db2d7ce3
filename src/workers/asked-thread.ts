/** The main thread's side of a thread that works with the kernel when it is asked to: one question at a time. */
import { Worker } from 'node:worker_threads';
import { KernelError, type KernelErrorFields } from '../kernel/linux/kernel-error.ts';
import { threadFile } from './threads.ts';

/** What such a thread says: that it is ready, then an answer to each question. */
export type AskedMessage<Answer> =
  | { readonly ready: true }
  | { readonly answer: Answer }
  | { readonly failure: KernelErrorFields };

export interface AskedThread<Question, Answer> {
  /** Errors: KernelError */
  ask(question: Question): Promise<Answer>;
  /** Ends the thread, and with it the namespaces that it has made. */
  close(): Promise<void>;
}

/** Errors: KernelError, with what is missing */
export async function startAskedThread<Question, Answer>(
  name: string,
): Promise<AskedThread<Question, Answer>> {
  const worker = new Worker(threadFile(name));
  let over: Error | null = null;
  worker.on('error', (error: Error) => {
    over = error;
  });

  const next = (): Promise<AskedMessage<Answer>> =>
    new Promise((resolve, reject) => {
      const ended = (): void => reject(over ?? new Error(`${name} has ended`));
      worker.once('exit', ended);
      worker.once('message', (message: AskedMessage<Answer>) => {
        worker.off('exit', ended);
        resolve(message);
      });
    });
  async function expect(): Promise<Exclude<AskedMessage<Answer>, { failure: KernelErrorFields }>> {
    const message = await next();
    if ('failure' in message) throw new KernelError(message.failure.problem, message.failure.advice);
    return message;
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
    async ask(question) {
      worker.postMessage(question);
      const message = await expect();
      if (!('answer' in message)) throw new Error(`${name} gave no answer`);
      return message.answer;
    },
    close,
  };
}

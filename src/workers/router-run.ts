/** The main thread's side of the thread that has the router: each question with its own answer. */
import type { RouterAnswer, RouterAnswers, RouterQuestion } from '../kernel/router/questions.ts';
import { startAskedThread } from './asked-thread.ts';

export interface RouterRun {
  /** Errors: KernelError */
  ask<Ask extends RouterQuestion['ask']>(
    question: Extract<RouterQuestion, { ask: Ask }>,
  ): Promise<RouterAnswers[Ask]>;
  /** Ends the thread, and with it the namespaces. */
  close(): Promise<void>;
}

/** Errors: KernelError, with what is missing */
export async function startRouterRun(): Promise<RouterRun> {
  const thread = await startAskedThread<RouterQuestion, RouterAnswer>('router-thread');
  return {
    ask: async <Ask extends RouterQuestion['ask']>(question: Extract<RouterQuestion, { ask: Ask }>) =>
      (await thread.ask(question)) as RouterAnswers[Ask],
    close: thread.close,
  };
}

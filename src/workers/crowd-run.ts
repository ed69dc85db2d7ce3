/** The main thread's side of the thread that has the kernel's crowd. */
import type { CrowdRequest, Timed } from '../kernel/crowd/crowd.ts';
import { type AskedThread, startAskedThread } from './asked-thread.ts';

export type CrowdRun = AskedThread<CrowdRequest, Timed>;

/** Errors: KernelError, with what is missing */
export const startCrowdRun = (): Promise<CrowdRun> => startAskedThread('crowd-thread');

/** Whether the kernel can be asked here, for `skip` of node:test. */

import { KernelError } from '../../src/kernel/linux/kernel-error.ts';
import { checkPrivileges } from '../../src/kernel/linux/namespace.ts';
import { startKernelRun } from '../../src/workers/kernel-run.ts';
import { startRouterRun } from '../../src/workers/router-run.ts';

/** False, or the reason. */
export async function kernelMissing(): Promise<string | false> {
  try {
    checkPrivileges();
    const run = await startKernelRun({ sysctls: [], helpers: [] });
    await run.close();
    return false;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Whether frames can be sent through a router of our own; false, or the reason why not. */
export async function senderMissing(): Promise<string | false> {
  try {
    const router = await startRouterRun();
    try {
      await router.ask({ ask: 'prepare', connections: 1 });
      await router.ask({ ask: 'track', on: true });
      await router.ask({ ask: 'send', part: 'opening', packets: 3 });
    } finally {
      await router.close();
    }
    return false;
  } catch (error) {
    if (error instanceof KernelError) return error.message;
    throw error;
  }
}

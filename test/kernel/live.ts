/** Whether the kernel can be asked here, for `skip` of node:test. */
import { checkPrivileges } from '../../src/kernel/linux/namespace.ts';
import { startKernelRun } from '../../src/workers/kernel-run.ts';

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

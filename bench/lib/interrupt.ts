/** Ctrl-C: what was made for a run is removed before it ends. */
import { ExitStatus } from '../../src/common/errors.ts';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Calls `cleanUp` when a signal ends this process. Returns what forgets about it. */
export function onInterrupt(cleanUp: () => void): () => void {
  const end = (): void => {
    cleanUp();
    process.exit(ExitStatus.INTERRUPTED);
  };
  for (const signal of SIGNALS) process.once(signal, end);
  return () => {
    for (const signal of SIGNALS) process.off(signal, end);
  };
}

/** Waiting, with an end, for something that another thread or process does. */
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 5;

/** Waits until `isSo`; fails after `limitMs` with what was waited for. */
export async function until(
  isSo: () => boolean | Promise<boolean>,
  what: string,
  limitMs = 20_000,
): Promise<void> {
  for (let left = limitMs; left > 0; left -= POLL_MS) {
    if (await isSo()) return;
    await sleep(POLL_MS);
  }
  throw new Error(`waited in vain: ${what}`);
}

/** Waiting, with an end, for something that another thread or process does. */
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 5;

/** Waits until `isSo`; fails after `limitMs` with what was waited for. */
export async function until(
  isSo: () => boolean | Promise<boolean>,
  what: string,
  limitMs = 20_000,
): Promise<void> {
  for (const endMs = performance.now() + limitMs; performance.now() < endMs; await sleep(POLL_MS))
    if (await isSo()) return;
  throw new Error(`waited ${limitMs} ms in vain: ${what}`);
}

/** Before anything is opened: interfaces that are not there yet, such as those that something else makes at boot. */
import { setTimeout as sleep } from 'node:timers/promises';
import { findInterface, interfaceNames, isInterfaceName } from './interface.ts';
import { loadLibc } from './libc.ts';

const LOOK_EVERY_MS = 500;

/**
 * Resolves when there is an interface of each name. `say` is told once of each that is waited for. What can be no name
 * of one is not waited for: opening it will say so.
 *
 * Errors: LiveError where there is no way to ask
 */
export async function waitForInterfaces(
  names: readonly string[],
  say: (words: string) => void,
): Promise<void> {
  const libc = loadLibc();
  for (const name of names.filter(isInterfaceName)) {
    if (findInterface(libc, name) !== null) continue;
    const others = interfaceNames().join(', ');
    say(
      `${name}: there is no such interface yet; waiting for it, as --on-down wait says (there are: ${others})`,
    );
    while (findInterface(libc, name) === null) await sleep(LOOK_EVERY_MS);
  }
}

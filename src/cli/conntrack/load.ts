/** `-R FILE`: the lines of a file, each the options of a command, as `-o save` prints them. */
import { readFileSync } from 'node:fs';
import { ExitStatus } from '../../common/errors.ts';
import { ConntrackError } from './errors.ts';
import { type Given, parseConntrack } from './parse.ts';
import type { Session } from './run.ts';

type Perform = (given: Given, session: Session) => Promise<ExitStatus>;

function readLines(file: string): string[] {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8').split('\n');
  } catch (error) {
    throw new ConntrackError(`-R "${file}": ${error instanceof Error ? error.message : String(error)}`);
  }
}

/**
 * Runs the lines in order, without saying how many entries each of them had. The first that fails ends it.
 *
 * Errors: ConntrackError with the number of the line
 */
export async function loadFile(file: string, session: Session, perform: Perform): Promise<ExitStatus> {
  const quiet: Session = { ...session, say: () => {} };
  for (const [i, line] of readLines(file).entries()) {
    const words = line.trim().split(/\s+/);
    if (words[0] === '' || words[0].startsWith('#')) continue;
    try {
      const given = parseConntrack(words);
      if (given.command === 'R' || given.command === 'E')
        throw new ConntrackError(`-${given.command}: not in a file`);
      await perform(given, quiet);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      const status = error instanceof ConntrackError ? error.exitStatus : ExitStatus.FAILED;
      throw new ConntrackError(`${file}: line ${i + 1}: ${error.message}`, status);
    }
  }
  return ExitStatus.OK;
}

/** The program: reads the command line, runs the command that it names, words its errors. */
import { type Command, CommanderError } from 'commander';
import { ExitStatus } from '../common/errors.ts';
import { createProgram } from './registry.ts';
import { usageMessage } from './usage.ts';

/** The command on the command line, which may be one of another; nothing where none is named. */
function commandNamed(program: Command, [word = '', second = '']: readonly string[]): string {
  const found = program.commands.find((command) => command.name() === word);
  if (found === undefined) return '';
  return found.commands.some((command) => command.name() === second) ? `${word} ${second}` : word;
}

/**
 * Runs what the words say. Sets the exit status.
 *
 * Errors: OptionError; whatever a command throws
 */
export async function runProgram(words: readonly string[]): Promise<void> {
  // Where the help of a command is asked for it is the second word that names it.
  const [word] = words[0] === 'help' ? words.slice(1) : words;
  const program = await createProgram((name) => name === word);
  try {
    await program.parseAsync(words, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode === 0 ? ExitStatus.OK : ExitStatus.USAGE;
    const message = usageMessage(error, commandNamed(program, words));
    if (message !== null) process.stderr.write(`flowshard: ${message}\n`);
  }
}

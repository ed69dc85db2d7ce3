#!/usr/bin/env node
/** The flowshard command. */
import { type Command, CommanderError } from 'commander';
import { ExitStatus, OptionError } from '../common/errors.ts';
import { createProgram } from './registry.ts';
import { usageMessage } from './usage.ts';

/** The command on the command line, which may be one of another; nothing where none is named. */
function commandNamed(program: Command, [word = '', second = '']: readonly string[]): string {
  const found = program.commands.find((command) => command.name() === word);
  if (found === undefined) return '';
  return found.commands.some((command) => command.name() === second) ? `${word} ${second}` : word;
}

function fail(message: string, status: ExitStatus): never {
  process.stderr.write(`flowshard: ${message}\n`);
  process.exit(status);
}

async function main(words: readonly string[]): Promise<void> {
  // Where the help of a command is asked for it is the second word that names it.
  const [word] = words[0] === 'help' ? words.slice(1) : words;
  const program = await createProgram((name) => name === word);
  try {
    await program.parseAsync();
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    const message = usageMessage(error, commandNamed(program, words));
    if (message === null) process.exit(error.exitCode === 0 ? ExitStatus.OK : ExitStatus.USAGE);
    fail(message, ExitStatus.USAGE);
  }
}

try {
  await main(process.argv.slice(2));
  // A read from a pipe that gives nothing must not keep us alive.
  process.exit();
} catch (error) {
  if (error instanceof OptionError) fail(error.message, ExitStatus.USAGE);
  // Whatever else gets here is a bug of ours: the stack says where.
  fail(error instanceof Error ? (error.stack ?? error.message) : String(error), ExitStatus.FAILED);
}

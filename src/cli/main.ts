#!/usr/bin/env node
/** The flowshard command. */
import { Command, CommanderError } from 'commander';
import { ExitStatus, OptionError } from '../common/errors.ts';
import { addContrastCommand } from './contrast.ts';
import { addExplainCommand } from './explain.ts';
import { addTrackCommand } from './track.ts';
import { usageMessage } from './usage.ts';

const program = new Command('flowshard')
  .description('A user-space connection tracker: what Linux nf_conntrack would keep, from a capture.')
  .version(FLOWSHARD_VERSION, '-V, --version', 'print the version')
  .helpOption('-h, --help', 'print this help')
  .helpCommand('help [command]', 'print the help of a command')
  .addHelpText(
    'after',
    '\nflowshard track --help, flowshard explain --help and flowshard contrast verdicts --help\nlist the options, with examples.',
  )
  .exitOverride()
  // Errors are worded by usage.ts, so that all of them have one form.
  .configureOutput({ outputError: () => {} });
addTrackCommand(program);
addExplainCommand(program);
addContrastCommand(program);

/** The command on the command line; nothing where none is named. */
function commandNamed(): string {
  const [word = '', second = ''] = process.argv.slice(2);
  const found = program.commands.find((command) => command.name() === word);
  if (found === undefined) return '';
  return found.commands.some((command) => command.name() === second) ? `${word} ${second}` : word;
}

function fail(message: string, status: ExitStatus): never {
  process.stderr.write(`flowshard: ${message}\n`);
  process.exit(status);
}

try {
  await program.parseAsync();
  // A read from a pipe that gives nothing must not keep us alive.
  process.exit();
} catch (error) {
  if (error instanceof OptionError) fail(error.message, ExitStatus.USAGE);
  if (error instanceof CommanderError) {
    const message = usageMessage(error, commandNamed());
    if (message === null) process.exit(error.exitCode === 0 ? ExitStatus.OK : ExitStatus.USAGE);
    fail(message, ExitStatus.USAGE);
  }
  // Whatever else gets here is a bug of ours: the stack says where.
  fail(error instanceof Error ? (error.stack ?? error.message) : String(error), ExitStatus.FAILED);
}

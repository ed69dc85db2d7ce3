#!/usr/bin/env node
/** The flowshard command. */
import { Command, CommanderError } from 'commander';
import { ExitStatus, OptionError } from '../common/errors.ts';
import { addTrackCommand } from './track.ts';

const program = new Command('flowshard')
  .description('A user-space connection tracker: what Linux nf_conntrack would keep, from a capture.')
  .version(FLOWSHARD_VERSION, '-V, --version')
  .showHelpAfterError('(flowshard --help lists the commands, flowshard track --help the options)')
  .exitOverride();
addTrackCommand(program);
for (const command of program.commands)
  command.exitOverride().showHelpAfterError('(flowshard track --help lists the options)');

try {
  await program.parseAsync();
  // A read from a pipe that gives nothing must not keep us alive.
  process.exit();
} catch (error) {
  if (error instanceof OptionError) {
    process.stderr.write(`flowshard: ${error.message}\n`);
    process.exit(ExitStatus.USAGE);
  }
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? ExitStatus.OK : ExitStatus.USAGE);
  process.stderr.write(
    `flowshard: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  process.exit(ExitStatus.FAILED);
}

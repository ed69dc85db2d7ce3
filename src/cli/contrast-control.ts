/** `flowshard contrast control`: a table full of connections, the kernel's and ours, and how long it takes to work with it. */
import type { Command } from 'commander';
import type { ExitStatus } from '../common/errors.ts';
import { PER_SOURCE } from '../kernel/crowd/population.ts';
import { runControl } from '../workers/contrast-control.ts';
import { WAYS } from '../workers/control-steps.ts';
import { SHARDS_MAX } from '../workers/limits.ts';
import { controlJson, controlLines } from './contrast-control-report.ts';
import { type ContrastFlags, runContrast } from './contrast-run.ts';
import { addHelp, type HelpParts } from './help.ts';
import { wholeNumber } from './usage.ts';

interface ControlFlags extends ContrastFlags {
  readonly connections: number;
  readonly rounds: number;
  readonly shards?: number;
}

const CONNECTIONS_MIN = 4 * PER_SOURCE;
const CONNECTIONS_MAX = 20_000_000;
const CONNECTIONS = 1_000_000;
const ROUNDS_MAX = 100;
const ROUNDS = 3;

const HELP: HelpParts = {
  examples: [
    ['sudo flowshard contrast control', 'a million connections, three rounds: some minutes'],
    ['sudo flowshard contrast control --connections 50000 --rounds 1', 'a first look'],
    ['sudo flowshard contrast control --json -q > control.json', 'every figure, for programs'],
  ],
  after: [
    {
      title: 'What it needs',
      lines: [
        'root, and a kernel with nf_conntrack and ctnetlink. conntrack(8) is measured where it is installed. The connections',
        'are in a network namespace of their own, which is gone afterwards. Where the table of the kernel is too small for them,',
        'nf_conntrack_max and nf_conntrack_buckets of the host are raised meanwhile and put back at the end.',
      ],
    },
  ],
  exits: [
    [0, 'measured, whether the goals are reached or not'],
    [1, 'the kernel cannot be asked, or a side did not do what it was asked for'],
    [2, 'the command line was wrong: nothing was done'],
    [130, 'ended by SIGINT or SIGTERM: nothing is printed'],
  ],
};

/** Adds the command to `flowshard contrast`. */
export function defineControl(contrast: Command): void {
  const control = contrast
    .command('control')
    .description(
      'Fills the table of the kernel and ours with the same connections, and measures how long it takes to list, find, delete, count and flush.',
    )
    .helpOption('-h, --help', 'print this help')
    .option(
      '--connections <n>',
      'on each side',
      wholeNumber('--connections', CONNECTIONS_MIN, CONNECTIONS_MAX),
      CONNECTIONS,
    )
    .option('--rounds <n>', 'measures of each kind', wholeNumber('--rounds', 1, ROUNDS_MAX), ROUNDS)
    .option(
      '--shards <n>',
      'shard threads of ours (default: as track)',
      wholeNumber('--shards', 1, SHARDS_MAX),
    )
    .option('--json', 'the result as one JSON object')
    .option('-q, --quiet', 'no progress bar')
    .action(async (flags: ControlFlags) => {
      process.exitCode = await contrastControl(flags);
    });
  addHelp(control, HELP);
}

/** Runs the command; returns the exit status. */
function contrastControl(flags: ControlFlags): Promise<ExitStatus> {
  const { connections, rounds, shards = null } = flags;
  return runContrast(
    flags,
    (hooks) => runControl({ connections, rounds, shards, ways: WAYS, ...hooks }),
    controlJson,
    controlLines,
  );
}

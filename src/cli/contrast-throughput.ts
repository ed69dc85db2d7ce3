/** `flowshard contrast throughput`: the same packets through the kernel's tracker and ours, and what it costs. */
import type { Command } from 'commander';
import { type ExitStatus, OptionError } from '../common/errors.ts';
import { runThroughput } from '../workers/contrast-throughput.ts';
import { SHARDS_MAX } from '../workers/limits.ts';
import { type ContrastFlags, runContrast } from './contrast-run.ts';
import { throughputJson, throughputLines } from './contrast-throughput-report.ts';
import { addHelp, type HelpParts } from './help.ts';
import { wholeNumber } from './usage.ts';

interface ThroughputFlags extends ContrastFlags {
  readonly connections: readonly number[];
  readonly packets: number;
  readonly rounds: number;
  readonly shards?: number;
}

const CONNECTIONS_MIN = 1000;
const CONNECTIONS_MAX = 4_000_000;
const PACKETS_MAX = 1_000_000_000;
const ROUNDS_MAX = 100;
const DEFAULTS = { connections: [1000, 1_000_000], packets: 3_000_000, rounds: 3 } as const;

const HELP: HelpParts = {
  examples: [
    ['sudo flowshard contrast throughput', 'a thousand and a million connections: some minutes'],
    ['sudo flowshard contrast throughput --connections 1000 --packets 500000 --rounds 1', 'a first look'],
    ['sudo flowshard contrast throughput --json -q > throughput.json', 'every figure, for programs'],
  ],
  after: [
    {
      title: 'What it needs',
      lines: [
        'root, Linux 5.18 or later with veth, nf_conntrack, nf_tables (nft_ct) and ctnetlink, and no other program. The router',
        'and its neighbours are network namespaces without a name, which are gone when it ends. Where the table of the kernel is too',
        'small, nf_conntrack_max and nf_conntrack_buckets of the host are raised meanwhile and put back at the end.',
      ],
    },
  ],
  exits: [
    [0, 'measured'],
    [1, 'the kernel cannot be asked, or a packet was not where it should be'],
    [2, 'the command line was wrong: nothing was done'],
    [130, 'ended by SIGINT or SIGTERM: nothing is printed'],
  ],
};

/** `1000,1000000`, ascending. */
function parseConnections(value: string): readonly number[] {
  const one = wholeNumber('--connections', CONNECTIONS_MIN, CONNECTIONS_MAX);
  const sizes = value.split(',').map((word) => one(word.trim()));
  if (new Set(sizes).size !== sizes.length)
    throw new OptionError('--connections', value, 'each number once, separated by commas');
  return sizes.sort((a, b) => a - b);
}

/** Adds the command to `flowshard contrast`. */
export function defineThroughput(contrast: Command): void {
  const throughput = contrast
    .command('throughput')
    .description(
      'Sends the same packets through a router with and without conntrack, past flowshard, and through flowshard from memory, and measures what tracking costs.',
    )
    .helpOption('-h, --help', 'print this help')
    .option('--connections <list>', 'how many at a time; comma list', parseConnections, DEFAULTS.connections)
    .option('--packets <n>', 'of each measure', wholeNumber('--packets', 1, PACKETS_MAX), DEFAULTS.packets)
    .option('--rounds <n>', 'measures of each kind', wholeNumber('--rounds', 1, ROUNDS_MAX), DEFAULTS.rounds)
    .option(
      '--shards <n>',
      'shard threads of ours (default: as track)',
      wholeNumber('--shards', 1, SHARDS_MAX),
    )
    .option('--json', 'the result as one JSON object')
    .option('-q, --quiet', 'no progress bar')
    .action(async (flags: ThroughputFlags) => {
      process.exitCode = await contrastThroughput(flags);
    });
  addHelp(throughput, HELP);
}

/** Runs the command; returns the exit status. */
function contrastThroughput(flags: ThroughputFlags): Promise<ExitStatus> {
  const { connections: sizes, packets, rounds, shards = null } = flags;
  return runContrast(
    flags,
    (hooks) => runThroughput({ sizes, packets, rounds, shards, ...hooks }),
    throughputJson,
    throughputLines,
  );
}

/** `flowshard bench`: designs a run, and says what it cost. */
import type { Command } from 'commander';
import { OptionError } from '../../common/errors.ts';
import type { HashKey } from '../../common/hash.ts';
import { TIMEOUT_PRESETS, type TimeoutPreset } from '../../conntrack/settings.ts';
import type { DesignRequest } from '../../design/design.ts';
import type { SizeShare, TrafficOptions } from '../../traffic/options.ts';
import { CONNECTIONS_MAX, defaultShards, SHARDS_MAX } from '../../workers/limits.ts';
import { parseMix, parseSizes } from '../gen/traffic-options.ts';
import { addHelp, type HelpParts } from '../help.ts';
import { quantity, share, time, wholeQuantity } from '../quantities.ts';
import { hashKeyOption, SETTINGS_SECTION, settingsOf } from '../tracking-options.ts';
import { choiceOption, collect, wholeNumber } from '../usage.ts';

export interface BenchFlags {
  readonly scenario?: Scenario;
  readonly rounds?: number;
  readonly attack?: number;
  readonly flows?: number;
  readonly new: number;
  readonly rate?: number;
  readonly mix?: TrafficOptions['mix'];
  readonly size: readonly SizeShare[];
  readonly zipf: number;
  readonly shards: number;
  readonly max?: number;
  readonly load?: number;
  readonly timeouts: TimeoutPreset;
  readonly set?: readonly string[];
  readonly duration?: number;
  readonly warmup: number;
  readonly seed: number;
  readonly hashKey?: HashKey;
  readonly latency: boolean;
  readonly hgrm?: string;
  readonly plot?: string;
  readonly json?: true;
  readonly quiet?: true;
}

const SCENARIOS = ['syn-flood', 'collision'] as const;
export type Scenario = (typeof SCENARIOS)[number];

const DURATION_S = 5;
const SCENARIO_DURATION_S = 2;
const DURATION_S_MAX = 86_400;
export const ROUNDS = 3;
export const COLLISIONS_PER_PACKET = 0.1;
const RATE_MAX = 50_000_000;

const HELP: HelpParts = {
  examples: [
    ['flowshard bench', '100,000 flows, as fast as it goes'],
    [
      'flowshard bench --flows 1M --rate 500k --duration 30s --hgrm latency.hgrm --plot run.svg',
      'latency at a rate',
    ],
    ['flowshard bench --max 262144 --load 0.8 --mix tcp=60,udp=40 --zipf 1.1', 'a table that is nearly full'],
    [
      'flowshard bench --flows 50k --new 20k --rate 400k --json',
      'connections that come and go; every figure',
    ],
    [
      'flowshard bench --max 100k --load 0.5 --scenario syn-flood',
      'who is lost in a flood, and how much slower it gets',
    ],
    [
      'flowshard bench --scenario collision',
      'connections chosen for their hash: with the key known, and without',
    ],
  ],
  after: [
    {
      title: 'Scenarios, which print a verdict',
      lines: [
        'syn-flood  TCP connections fill a part of the table, SYNs the rest, without end: no ASSURED connection may be lost, and established',
        '           packets must keep more than half of their rate',
        'collision  connections chosen for their hash: with the key known the bound on probes must hold and nothing else be harmed; with the',
        '           random key nothing may happen',
      ],
    },
    {
      title: 'With and without --rate',
      lines: [
        'With it packets are sent when they are due, and the latency of each counts from then, even when the sender was late (no coordinated',
        'omission). Without it the next packet is sent when there is room: latency is then the time in full rings, and no user would see it.',
        'Counting latencies costs some ns per packet; --no-latency leaves it away. More in docs/bench.md.',
      ],
    },
    SETTINGS_SECTION,
  ],
  exits: [
    [0, 'measured; in a scenario: the verdict is good'],
    [1, 'a scenario failed, or a file could not be written'],
    [2, 'the command line was wrong: nothing was done'],
    [130, 'ended by SIGINT or SIGTERM: what was measured until then is printed'],
  ],
};

/** Adds what the command takes, and what it does. */
export function defineBench(command: Command): void {
  command
    .optionsGroup('Traffic:')
    .option(
      '--flows <n>',
      'connections open at the same time (default: 100k)',
      wholeQuantity('--flows', 1, CONNECTIONS_MAX),
    )
    .option(
      '--new <n>',
      'connections opened and ended per second; 0: all stay open',
      quantity('--new', 0, RATE_MAX),
      0,
    )
    .option('--rate <n>', 'packets per second (default: as fast as it goes)', quantity('--rate', 1, RATE_MAX))
    .option('--mix <weights>', 'protocols of connections (default: tcp=80,udp=18,icmp=2)', parseMix)
    .option(
      '--size <bytes>',
      'of IP packets with data, as of gen (default: 64)',
      parseSizes,
      parseSizes('64'),
    )
    .option('--zipf <s>', 'exponent of the popularity of connections', quantity('--zipf', 0, 10), 0)
    .option('--seed <n>', 'the packets depend on it', wholeNumber('--seed', 0, 0xffff_ffff), 1)
    .optionsGroup('Tracker:')
    .option(
      '--shards <n>',
      'shard threads (default: cores less one)',
      wholeNumber('--shards', 1, SHARDS_MAX),
      defaultShards(),
    )
    .option(
      '--max <n>',
      'greatest number of connections (default: flows by load)',
      wholeQuantity('--max', 1, CONNECTIONS_MAX),
    )
    .option('--load <share>', 'flows as a share of --max (default: 0.5)', share('--load', 1))
    .addOption(
      choiceOption(
        '--timeouts <preset>',
        'timeouts: those of today, or of older kernels',
        TIMEOUT_PRESETS,
      ).default('linux'),
    )
    .option('--set <name=value>', 'a timeout or switch by its kernel name, see below', collect)
    .addOption(hashKeyOption('--hash-key <hex>', 'fixed key of the hash: 16 hexadecimal digits'))
    .optionsGroup('Run:')
    .option(
      '--duration <time>',
      `the measured part (default: ${DURATION_S}s; of each run of a scenario ${SCENARIO_DURATION_S}s)`,
      time('--duration', 0.01, DURATION_S_MAX),
    )
    .option('--warmup <time>', 'before it', time('--warmup', 0, DURATION_S_MAX), 1)
    .option('--no-latency', 'latencies are not measured')
    .addOption(
      choiceOption(
        '--scenario <name>',
        'instead of one run: an attack, with a verdict, see below',
        SCENARIOS,
      ),
    )
    .option(
      '--rounds <n>',
      `of a scenario; the best counts (default: ${ROUNDS})`,
      wholeNumber('--rounds', 1, 100),
    )
    .option(
      '--attack <n>',
      `of a scenario: packets of the attack for each other packet (default: what a line of 1 Gbit/s carries; collision ${COLLISIONS_PER_PACKET})`,
      quantity('--attack', 0.001, 10),
    )
    .optionsGroup('Results:')
    .option('--hgrm <file>', 'latency by percentile, for plotters of HdrHistogram')
    .option('--plot <file>', 'SVG: latency by percentile, connections and packets per second over time')
    .option('--json', 'every figure as one JSON object')
    .option('-q, --quiet', 'no progress bar')
    .action(async (flags: BenchFlags) => {
      check(flags);
      const { bench } = await import('./run.ts');
      process.exitCode = await bench(flags, requestOf(flags));
    });
  addHelp(command, HELP);
}

function requestOf(flags: BenchFlags): DesignRequest {
  const { timeouts, set = [] } = flags;
  return {
    ...(flags.flows === undefined ? {} : { flows: flags.flows }),
    newPerSecond: flags.new,
    ...(flags.rate === undefined ? {} : { rate: flags.rate }),
    ...(flags.mix === undefined ? {} : { mix: flags.mix }),
    sizes: flags.size,
    zipf: flags.zipf,
    shards: flags.shards,
    ...(flags.max === undefined ? {} : { max: flags.max }),
    ...(flags.load === undefined ? {} : { load: flags.load }),
    settings: settingsOf({ timeouts, set, max: CONNECTIONS_MAX, checksum: 'verify' }),
    durationS: flags.duration ?? (flags.scenario === undefined ? DURATION_S : SCENARIO_DURATION_S),
    warmupS: flags.warmup,
    seed: flags.seed,
    ...(flags.hashKey === undefined ? {} : { hashKey: flags.hashKey }),
    latency: flags.latency && flags.scenario === undefined,
  };
}

/** What has no meaning together. */
function check(flags: BenchFlags): void {
  if (flags.load === 0) throw new OptionError('--load', '0', 'a share above 0, up to 1');
  if (flags.scenario === undefined) {
    if (flags.rounds !== undefined)
      throw new OptionError('--rounds', String(flags.rounds), 'with --scenario only');
    if (flags.attack !== undefined)
      throw new OptionError('--attack', String(flags.attack), 'with --scenario only');
    if (flags.hgrm !== undefined && !flags.latency)
      throw new OptionError('--hgrm', flags.hgrm, 'without --no-latency: it is made of latencies');
    return;
  }
  const without = `without --scenario: ${flags.scenario} decides that itself`;
  if (flags.rate !== undefined) throw new OptionError('--rate', String(flags.rate), without);
  if (flags.new !== 0) throw new OptionError('--new', String(flags.new), without);
  if (flags.mix !== undefined) throw new OptionError('--mix', 'given', without);
  for (const [option, value] of [
    ['--hgrm', flags.hgrm],
    ['--plot', flags.plot],
  ] as const)
    if (value !== undefined)
      throw new OptionError(option, value, 'without --scenario: it is about a single run');
  if (flags.hashKey !== undefined) throw new OptionError('--hash-key', 'given', without);
}

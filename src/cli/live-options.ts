/** Options of `track` for interfaces instead of captures. */
import type { Command } from 'commander';
import { OptionError } from '../common/errors.ts';
import { type LiveRequest, RING_MB, SNAPLEN } from '../live/options.ts';
import { INGESTS_MAX } from '../workers/limits.ts';
import { choiceOption, wholeNumber } from './usage.ts';

export interface LiveFlags {
  readonly interface?: readonly string[];
  readonly ringMb?: number;
  readonly snaplen?: number;
  readonly promiscuous: boolean;
  readonly filter?: string;
  readonly ingest?: number;
  readonly onDown?: 'wait' | 'exit';
  readonly user?: string;
}

/** Snap lengths below this leave no room for headers. */
const SNAPLEN_MIN = 64;

export function addLiveOptions(command: Command): Command {
  return command
    .option(
      '-i, --interface <name...>',
      'interfaces instead of captures, comma list; Linux, needs root or CAP_NET_RAW; own transmissions are left away',
      (value: string, previous?: readonly string[]) => [...(previous ?? []), ...value.split(',')],
    )
    .option(
      '--filter <expression>',
      'with -i: a tcpdump expression, compiled by libpcap: only these packets (default: all)',
    )
    .option(
      '--ring-mb <n>',
      `with -i: memory for packets that wait, for each interface and ingest thread (default: ${RING_MB.usual})`,
      wholeNumber('--ring-mb', RING_MB.min, RING_MB.max),
    )
    .option(
      '--snaplen <bytes>',
      `with -i: bytes taken of each packet, all by default (default: ${SNAPLEN.usual})`,
      wholeNumber('--snaplen', SNAPLEN_MIN, SNAPLEN.max),
    )
    .option('--no-promiscuous', 'with -i: only packets that the card would take anyway')
    .option(
      '--ingest <n>',
      'with -i: threads that read packets; more than one needs --helpers none (default: 1)',
      wholeNumber('--ingest', 1, INGESTS_MAX),
    )
    .addOption(
      choiceOption('--on-down <what>', 'with -i: when an interface goes down or away (default: "wait")', [
        'wait',
        'exit',
      ]),
    )
    .option(
      '--user <name>',
      'with -i: NAME or NAME:GROUP to become once the sockets are open (default: stay)',
    );
}

/** The options that mean nothing for captures, as given. */
function givenLiveOptions(flags: LiveFlags): readonly (readonly [option: string, value: string])[] {
  const named = [
    ['--filter', flags.filter],
    ['--ring-mb', flags.ringMb],
    ['--snaplen', flags.snaplen],
    ['--no-promiscuous', flags.promiscuous ? undefined : 'given'],
    ['--ingest', flags.ingest],
    ['--on-down', flags.onDown],
    ['--user', flags.user],
  ] as const;
  return named.flatMap(([option, value]) => (value === undefined ? [] : [[option, String(value)] as const]));
}

/**
 * What is asked for; null where captures are read.
 *
 * Errors: OptionError for options that contradict each other
 */
export function liveRequestOf(flags: LiveFlags, helpers: readonly string[] | undefined): LiveRequest | null {
  const { interface: interfaces } = flags;
  if (interfaces === undefined) {
    const [first] = givenLiveOptions(flags);
    if (first !== undefined) throw new OptionError(first[0], first[1], 'with -i/--interface only');
    return null;
  }
  const twice = interfaces.find((name, i) => interfaces.indexOf(name) !== i);
  if (twice !== undefined) throw new OptionError('-i/--interface', twice, 'each interface once');
  const ingests = flags.ingest ?? 1;
  if (ingests > 1 && helpers?.join(',') !== 'none')
    throw new OptionError(
      '--ingest',
      String(ingests),
      '1, or more together with --helpers none',
      'What a helper reads in one packet must be known before the next one is dispatched',
    );
  return {
    interfaces,
    ingests,
    ringMb: flags.ringMb ?? RING_MB.usual,
    snaplen: flags.snaplen ?? SNAPLEN.usual,
    promiscuous: flags.promiscuous,
    filter: flags.filter ?? '',
    onDown: flags.onDown ?? 'wait',
  };
}

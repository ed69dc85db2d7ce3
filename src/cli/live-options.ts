/** Options of a run on interfaces, instead of captures. */
import type { Command } from 'commander';
import { OptionError } from '../common/errors.ts';
import type { LiveOptions } from '../live/options.ts';
import { SHARDS_MAX } from '../workers/limits.ts';
import { choiceOption, collect, wholeNumber } from './usage.ts';

export interface LiveFlags {
  readonly interface?: readonly string[];
  readonly ringMb: number;
  readonly snaplen: number;
  readonly promiscuous: boolean;
  readonly filter?: string;
  readonly ingest: number;
  readonly onDown: LiveOptions['onDown'];
  readonly user?: string;
}

const RING_MB_MAX = 4096;
const SNAPLEN_MIN = 64;
const SNAPLEN_MAX = 65_535;
/** Numbers of fan-out groups have 16 bits; the process is told apart by its own. */
const GROUP_MASK = 0xffff;

export function addLiveOptions(command: Command): Command {
  return command
    .option('-i, --interface <name>', 'interfaces to listen on, a comma list: see docs/service.md', collect)
    .option(
      '--ring-mb <n>',
      'with -i: size of the ring that the kernel fills, MB',
      wholeNumber('--ring-mb', 1, RING_MB_MAX),
      64,
    )
    .option(
      '--snaplen <bytes>',
      'with -i: so many bytes of each packet',
      wholeNumber('--snaplen', SNAPLEN_MIN, SNAPLEN_MAX),
      SNAPLEN_MAX,
    )
    .option('--no-promiscuous', 'with -i: only what is sent to this host')
    .option('--filter <expression>', 'with -i: only packets that match, as for tcpdump')
    .option(
      '--ingest <n>',
      'with -i: threads that read, the packets spread over them by flow; more than 1 needs --helpers none',
      wholeNumber('--ingest', 1, SHARDS_MAX),
      1,
    )
    .addOption(
      choiceOption('--on-down <what>', 'with -i: when an interface is down or gone', [
        'wait',
        'exit',
      ]).default('wait'),
    )
    .option('--user <name[:group]>', 'with -i: whose rights it has once the interfaces are open');
}

/** Null where captures are read. Errors: OptionError for what goes not together */
export function liveOptionsOf(flags: LiveFlags, helpers: readonly string[] | undefined): LiveOptions | null {
  const given = flags.interface?.join(',') ?? '';
  if (given === '') {
    if (flags.filter !== undefined)
      throw new OptionError(
        '--filter',
        flags.filter,
        'with -i/--interface only',
        'tcpdump -w filters captures',
      );
    if (flags.ingest > 1) throw new OptionError('--ingest', String(flags.ingest), 'with -i/--interface only');
    if (flags.user !== undefined) throw new OptionError('--user', flags.user, 'with -i/--interface only');
    return null;
  }
  const interfaces = given.split(',').map((name) => name.trim());
  if (interfaces.includes('')) throw new OptionError('-i/--interface', given, 'a comma list of names');
  if (flags.ingest > 1 && helpers?.join(',') !== 'none')
    throw new OptionError(
      '--ingest',
      String(flags.ingest),
      'more than 1 only with --helpers none',
      'What a helper foretells must be known before the next packet, whichever thread reads it',
    );
  return {
    interfaces: [...new Set(interfaces)],
    ringMb: flags.ringMb,
    snaplen: flags.snaplen,
    promiscuous: flags.promiscuous,
    filter: flags.filter ?? '',
    onDown: flags.onDown,
    fanoutGroup: process.pid & GROUP_MASK,
  };
}

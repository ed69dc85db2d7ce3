/** `flowshard track`: its options and help. What it does is in track-run.ts. */
import { type Command, Option } from 'commander';
import { OptionError } from '../common/errors.ts';
import type { HashKey } from '../common/hash.ts';
import type { EventType } from '../export/connection.ts';
import type { OutputOptions } from '../export/text.ts';
import type { TrafficOptions } from '../traffic/options.ts';
import { defaultShards, SHARDS_MAX } from '../workers/limits.ts';
import { type ApiFlags, addApiOptions, servesApi } from './api-options.ts';
import { addEventOptions, checkEventFlags, type EventFlags } from './event-options.ts';
import { addHelp, type HelpParts } from './help.ts';
import { addLiveOptions, type LiveFlags } from './live-options.ts';
import { PRINT_KINDS, type PrintKind } from './printers.ts';
import { track } from './track-run.ts';
import {
  addPacketOptions,
  addSettingOptions,
  hashKeyOption,
  SETTINGS_SECTION,
  type TrackingFlags,
} from './tracking-options.ts';
import { choiceOption, collect, wholeNumber } from './usage.ts';

export interface TrackFlags extends TrackingFlags, LiveFlags, ApiFlags, EventFlags {
  readonly read?: readonly string[];
  /** Instead of captures: what flowshard gen --track generates. */
  readonly traffic?: TrafficOptions;
  readonly hold?: true;
  readonly settings?: string;
  readonly print: PrintKind;
  readonly output?: readonly string[];
  readonly eventMask?: readonly string[];
  readonly shards: number;
  readonly acct: boolean;
  readonly stats?: true;
  readonly json?: true;
  readonly traceTable?: number;
  readonly quiet?: true;
  readonly hashKey?: HashKey;
  readonly selfCheckEvery: number;
}

const TABLE_LINES_MAX = 1_000_000;

const EVENT_WORDS: Readonly<Record<string, readonly EventType[]>> = {
  ALL: ['NEW', 'UPDATE', 'DESTROY'],
  NEW: ['NEW'],
  UPDATES: ['UPDATE'],
  DESTROY: ['DESTROY'],
};

export function parseEventMask(values: readonly string[] = ['ALL']): ReadonlySet<EventType> {
  const words = values.join(',').split(',');
  const types = words.flatMap((word) => {
    const selected = EVENT_WORDS[word.trim().toUpperCase()];
    if (selected === undefined)
      throw new OptionError(
        '-e/--event-mask',
        word,
        `a comma list of ${Object.keys(EVENT_WORDS).join(', ')}`,
      );
    return selected;
  });
  return new Set(types);
}

/** Options that would have no effect beside the others are an error: whoever gave them expects one. */
export function checkTogether(flags: TrackFlags, output: OutputOptions): void {
  const only = (option: string, value: string, print: PrintKind): void => {
    if (flags.print !== print) throw new OptionError(option, value, `with --print ${print} only`);
  };
  if (flags.eventMask !== undefined) only('-e/--event-mask', flags.eventMask.join(','), 'events');
  if (flags.traceTable !== undefined) only('--trace-table', String(flags.traceTable), 'trace');
  if (flags.print === 'trace' && output.format === 'xml')
    throw new OptionError('-o/--output', 'xml', 'text or json with --print trace, which is JSON');
  if (output.format === 'proc' && flags.print !== 'table' && flags.print !== 'expect')
    throw new OptionError('-o/--output', 'proc', 'with --print table or expect only');
  checkEventFlags(flags, flags.print);
  if (flags.json && !flags.stats) throw new OptionError('--json', 'without --stats', 'together with --stats');
  const files = flags.read ?? [];
  if (files.filter((file) => file === '-').length > 1)
    throw new OptionError('-r/--read', '-', 'standard input once');
  const isLive = flags.interface !== undefined;
  if (isLive && files.length > 0) throw new OptionError('-r/--read', files[0], 'without -i/--interface');
  if (flags.hold && (isLive || !servesApi(flags)))
    throw new OptionError('--hold', 'as it is', 'with -r/--read and --socket or --listen');
  const isService = servesApi(flags) || flags.writeEvents !== undefined;
  if (!isLive && isService && !['table', 'expect', 'none'].includes(flags.print))
    throw new OptionError(
      '-p/--print',
      flags.print,
      'table, expect or none with -r/--read and --socket or --write-events',
    );
}

const HELP: HelpParts = {
  examples: [
    ['flowshard track -r capture.pcap', 'the connections alive at the end, as conntrack -L'],
    ['flowshard track -r a.pcap.gz b.pcapng --print events', 'what conntrack -E would have shown'],
    ['flowshard track -r capture.pcap --print flows -o json', 'one record per connection, for programs'],
    ['flowshard track -r capture.pcap --print none --stats', 'where every packet went'],
    ['tcpdump -i eth0 -w - | flowshard track -r -', 'from a pipe; Ctrl-C ends both'],
    ['flowshard track -r capture.pcap --set tcp_loose=0', 'with a setting of the kernel'],
    [
      'flowshard track -r mirror.pcap --decap erspan,vxlan --zone-from vni',
      'what tunnels carry; a zone per VNI',
    ],
    ['flowshard track -r capture.pcap --checksum ignore', 'captured where the card makes the checksums'],
    [
      'sudo flowshard track -i eth1 --print none',
      'a mirror port, as a service: flowshard list, top, ... ask it',
    ],
    [
      'sudo flowshard track -i eth1,eth2 --print events --filter "not port 22" --user nobody',
      'two ports of a tap, events as they happen, without the rights of root',
    ],
    [
      'sudo flowshard track -i eth1 --print none --write-events /var/log/flowshard/events --rotate-size 1G',
      'events into files that are rotated',
    ],
    [
      'flowshard track -r capture.pcap --socket /tmp/fs.sock --hold --print none',
      'a capture that can be asked',
    ],
  ],
  after: [SETTINGS_SECTION],
  exits: [
    [0, 'all was read; with -i or --hold: ended by SIGINT or SIGTERM'],
    [1, 'a file was damaged or missing, or an interface lost: what could be read is reported'],
    [2, 'the command line was wrong: nothing was done'],
    [130, 'ended by SIGINT or SIGTERM: what was read until then is reported'],
  ],
};

/** Adds what the command takes, and what it does. */
export function defineTrack(command: Command): void {
  command
    .option(
      '-r, --read <file...>',
      'captures: pcap or pcapng, gzipped or not; - is standard input; several are read in the order of time',
    )
    .addOption(choiceOption('-p, --print <what>', 'what to print', PRINT_KINDS).default('table'))
    .option(
      '-o, --output <form>',
      'comma list of text, json, xml or proc, and extended, timestamp, id, halves (default: "text")',
      collect,
    )
    .option(
      '-e, --event-mask <types>',
      'with --print events: comma list of NEW, UPDATES, DESTROY, ALL (default: "ALL")',
      collect,
    );
  addSettingOptions(command).addOption(
    new Option('--shards <n>', 'shard threads; the result does not depend on it')
      .argParser(wholeNumber('--shards', 1, SHARDS_MAX))
      .default(defaultShards(), 'cores less one'),
  );
  addPacketOptions(command);
  addLiveOptions(command);
  addApiOptions(command);
  addEventOptions(command)
    .option('--hold', 'with -r and --socket: stay after the end of the captures, and answer')
    .option('--settings <file>', 'names and values as for --set, one a line; read again on SIGHUP')
    .option('--no-acct', 'no packet and byte counters')
    .option(
      '--trace-table <n>',
      'with --print trace: add the table while it has at most n lines (default: never)',
      wholeNumber('--trace-table', 0, TABLE_LINES_MAX),
    )
    .option('--stats', 'print every counter to standard error')
    .option('--json', 'with --stats: the counters as one JSON object, the last line of standard output')
    .option('-q, --quiet', 'no summary and no progress bar')
    .addOption(
      hashKeyOption('--hash-key <hex>', 'fixed key of the hash, for reproducible evictions').hideHelp(),
    )
    .addOption(
      new Option('--self-check-every <bursts>', 'check every structure after so many bursts')
        .argParser(wholeNumber('--self-check-every', 0, TABLE_LINES_MAX))
        .default(0)
        .hideHelp(),
    )
    .action(async (given: TrackFlags) => {
      // Events take standard output: then the table is printed only when it is asked for, which is an error.
      const isTaken = given.writeEvents === '-' && command.getOptionValueSource('print') === 'default';
      const flags: TrackFlags = isTaken ? { ...given, print: 'none' } : given;
      process.exitCode = await track(flags, parseEventMask(flags.eventMask));
    });
  addHelp(command, HELP);
}

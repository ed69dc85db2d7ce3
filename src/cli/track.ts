/** `flowshard track`: reads captures, tracks them, prints what was asked for. */
import { type Command, Option } from 'commander';
import { monotonicMs } from '../common/clock.ts';
import { ExitStatus, OptionError } from '../common/errors.ts';
import type { HashKey } from '../common/hash.ts';
import { ReportMode } from '../conntrack/reporter.ts';
import {
  applySetting,
  createSettings,
  Setting,
  settingNames,
  TIMEOUT_PRESETS,
  type TimeoutPreset,
} from '../conntrack/settings.ts';
import type { EventType } from '../export/connection.ts';
import { timeNs } from '../export/entry-view.ts';
import { collectStats, type Stats, unaccounted } from '../export/stats.ts';
import { type OutputOptions, parseOutput } from '../export/text.ts';
import { Counter } from '../shm/counters.ts';
import {
  CONNECTIONS_MAX,
  CONNECTIONS_MAX_DEFAULT,
  defaultShards,
  type Pipeline,
  SHARDS_MAX,
  startPipeline,
} from '../workers/pipeline.ts';
import { createOutput, type Output } from './output.ts';
import { createPrinter, PRINT_KINDS, type Printer, type PrintKind } from './printers.ts';
import { startProgress } from './progress.ts';
import { statsLines, summaryLines } from './summary.ts';

interface TrackFlags {
  readonly read: string[];
  readonly print: PrintKind;
  readonly output: string[];
  readonly eventMask: string[];
  readonly set: string[];
  readonly timeouts: TimeoutPreset;
  readonly max: number;
  readonly shards: number;
  readonly zoneFrom?: 'vlan';
  readonly checksum: 'verify' | 'ignore';
  readonly acct: boolean;
  readonly stats: boolean;
  readonly json: boolean;
  readonly traceTable: number;
  readonly quiet: boolean;
  readonly hashKey?: HashKey;
  readonly selfCheckEvery: number;
}

const TABLE_LINES_MAX = 1_000_000;

function wholeNumber(option: string, min: number, max: number): (value: string) => number {
  return (value) => {
    if (!/^\d+$/.test(value) || Number(value) < min || Number(value) > max) {
      throw new OptionError(option, value, `a whole number from ${min} to ${max}`);
    }
    return Number(value);
  };
}

const collect = (value: string, previous: string[]): string[] => [...previous, value];

function parseHashKey(value: string): HashKey {
  if (!/^[0-9a-f]{16}$/i.test(value)) throw new OptionError('--hash-key', value, '16 hexadecimal digits');
  return { k0: Number.parseInt(value.slice(0, 8), 16) | 0, k1: Number.parseInt(value.slice(8), 16) | 0 };
}

const EVENT_WORDS: Readonly<Record<string, readonly EventType[]>> = {
  ALL: ['NEW', 'UPDATE', 'DESTROY'],
  NEW: ['NEW'],
  UPDATES: ['UPDATE'],
  DESTROY: ['DESTROY'],
};

function parseEventMask(values: readonly string[]): ReadonlySet<EventType> {
  if (values.length === 0) return new Set(EVENT_WORDS.ALL);
  const types = values.flatMap((value) =>
    value.split(',').flatMap((word) => {
      const selected = EVENT_WORDS[word.trim().toUpperCase()];
      if (selected === undefined)
        throw new OptionError('-e/--event-mask', value, Object.keys(EVENT_WORDS).join(', '));
      return selected;
    }),
  );
  return new Set(types);
}

const EXAMPLES = `
Examples:
  flowshard track -r capture.pcap                       the connections alive at the end, as conntrack -L
  flowshard track -r a.pcap.gz b.pcapng --print events  what conntrack -E would have shown
  flowshard track -r capture.pcap --print flows -o json one record per connection, for programs
  flowshard track -r capture.pcap --print none --stats  where every packet went
  tcpdump -i eth0 -w - | flowshard track -r -           from a pipe
  flowshard track -r capture.pcap --set tcp_loose=0 --set udp_timeout=10
  flowshard track -r capture.pcap --checksum ignore     captured on the sending host, checksums left to the card

Names for --set (nf_conntrack_* without the prefix), with their defaults:
${settingNames()
  .map((s) => `  ${s.name.padEnd(28)} ${String(s.linux).padStart(6)}   ${s.allowed}`)
  .join('\n')}

Exit status: 0 all was read; 1 a file was damaged or missing (what came before is reported);
2 a wrong option; 130 interrupted (what was read is reported).
`;

/** Adds the command to the program. */
export function addTrackCommand(program: Command): void {
  const positive = wholeNumber('--shards', 1, SHARDS_MAX);
  program
    .command('track')
    .description('track the packets of captures, as nf_conntrack would')
    .requiredOption(
      '-r, --read <file...>',
      'capture files: pcap or pcapng, gzipped or not; - is standard input',
    )
    .addOption(new Option('-p, --print <what>', 'what to print').choices(PRINT_KINDS).default('table'))
    .option('-o, --output <form>', 'text, extended, json, xml; also timestamp, id (comma list)', collect, [])
    .option(
      '-e, --event-mask <types>',
      'with --print events: ALL, NEW, UPDATES, DESTROY (comma list)',
      collect,
      [],
    )
    .option('--set <name=value>', 'a timeout or switch by its kernel name (see below)', collect, [])
    .addOption(
      new Option('--timeouts <preset>', 'defaults of today, or the older ones')
        .choices(TIMEOUT_PRESETS)
        .default('linux'),
    )
    .option(
      '--max <n>',
      'greatest number of connections, over all shards',
      wholeNumber('--max', 1, CONNECTIONS_MAX),
      CONNECTIONS_MAX_DEFAULT,
    )
    .option('--shards <n>', 'shard threads', positive, defaultShards())
    .addOption(
      new Option('--zone-from <where>', 'take the zone from the VLAN id of the outermost tag').choices([
        'vlan',
      ]),
    )
    .addOption(
      new Option('--checksum <mode>', 'verify checksums as the kernel does, or ignore them')
        .choices(['verify', 'ignore'])
        .default('verify'),
    )
    .option('--no-acct', 'no packet and byte counters')
    .option(
      '--trace-table <n>',
      'with --print trace: add the table while it has at most n lines',
      wholeNumber('--trace-table', 0, TABLE_LINES_MAX),
      0,
    )
    .option('--stats', 'print every counter', false)
    .option('--json', 'with --stats: counters as one JSON object, the last line of standard output', false)
    .option('-q, --quiet', 'no summary and no progress bar', false)
    .addOption(
      new Option('--hash-key <hex>', 'fixed key of the hash, for reproducible evictions')
        .argParser(parseHashKey)
        .hideHelp(),
    )
    .addOption(
      new Option('--self-check-every <bursts>', 'check every structure after so many bursts')
        .argParser(wholeNumber('--self-check-every', 0, TABLE_LINES_MAX))
        .default(0)
        .hideHelp(),
    )
    .addHelpText('after', EXAMPLES)
    .action(async (flags: TrackFlags) => {
      process.exitCode = await track(flags);
    });
}

function settingsOf(flags: TrackFlags): Int32Array {
  const settings = createSettings(flags.timeouts);
  for (const assignment of flags.set) applySetting(settings, assignment);
  if (!flags.acct) settings[Setting.ACCT] = 0;
  if (flags.checksum === 'ignore') settings[Setting.CHECKSUM] = 0;
  return settings;
}

/** Runs the command; returns the exit status. */
async function track(flags: TrackFlags): Promise<ExitStatus> {
  const startMs = monotonicMs();
  const output: OutputOptions = parseOutput(flags.output.length === 0 ? 'text' : flags.output.join(','));
  const eventTypes = parseEventMask(flags.eventMask);
  const settings = settingsOf(flags);
  if (flags.read.filter((file) => file === '-').length > 1) {
    throw new OptionError('-r/--read', '- -', 'standard input once');
  }
  const out = createOutput(process.stdout);
  const printer = createPrinter(flags.print, out, { output, eventTypes, traceTable: flags.traceTable });
  const pipeline = startPipeline({
    files: flags.read,
    shards: flags.shards,
    maxConnections: Math.max(flags.max, flags.shards),
    settings,
    zoneFromVlan: flags.zoneFrom === 'vlan',
    mode: printer.mode,
    selfCheckEvery: flags.selfCheckEvery,
    ...(flags.hashKey === undefined ? {} : { hashKey: flags.hashKey }),
  });
  const interrupt = (): void => pipeline.stop();
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  // Lines that scroll by on the same terminal leave no room for a bar.
  const isScrolling = process.stdout.isTTY && printer.mode !== ReportMode.NOTHING;
  const progress = flags.quiet || isScrolling ? null : await startProgress(pipeline.ingestCounters);
  try {
    await printReports(pipeline, printer, out);
  } finally {
    progress?.stop();
  }
  const seconds = (monotonicMs() - startMs) / 1000;
  const stats = collectStats(pipeline.ingestCounters, pipeline.shardCounters);
  const end = timeNs(pipeline.ingestCounters[Counter.NOW_SEC], pipeline.ingestCounters[Counter.NOW_NSEC]);
  printer.finish(pipeline.connections, end);
  await conclude(flags, printer, out, stats, seconds);
  for (const error of pipeline.errors()) process.stderr.write(`flowshard: ${error.message}\n`);
  return exitStatus(pipeline, stats);
}

async function printReports(pipeline: Pipeline, printer: Printer, out: Output): Promise<void> {
  for (;;) {
    const reports = await pipeline.next();
    if (reports === null) return;
    for (const report of reports) printer.report(report);
    await out.drained();
    if (out.isClosed()) pipeline.stop();
  }
}

async function conclude(
  flags: TrackFlags,
  printer: Printer,
  out: Output,
  stats: Stats,
  seconds: number,
): Promise<void> {
  if (flags.stats && flags.json) out.line(JSON.stringify(stats));
  await out.drained();
  if (!flags.quiet) {
    const closing = printer.closing();
    if (closing !== null) process.stderr.write(`flowshard v${FLOWSHARD_VERSION}: ${closing}\n`);
    process.stderr.write(`${summaryLines(stats, seconds).join('\n')}\n`);
  }
  if (flags.stats && !flags.json) process.stderr.write(`${statsLines(stats).join('\n')}\n`);
}

function exitStatus(pipeline: Pipeline, stats: Stats): ExitStatus {
  const lost = unaccounted(stats);
  if (lost !== 0) {
    process.stderr.write(`flowshard: bug: ${lost} packets are in no counter; please report this\n`);
    return ExitStatus.FAILED;
  }
  if (pipeline.wasStopped()) return ExitStatus.INTERRUPTED;
  return pipeline.errors().length > 0 ? ExitStatus.FAILED : ExitStatus.OK;
}

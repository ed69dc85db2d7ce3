/** `flowshard track`: reads captures, tracks them, prints what was asked for. */
import { type Command, Option } from 'commander';
import { monotonicMs } from '../common/clock.ts';
import { type CaptureError, ExitStatus, OptionError } from '../common/errors.ts';
import type { HashKey } from '../common/hash.ts';
import { parseHelpers } from '../conntrack/helpers/registry.ts';
import { ReportMode } from '../conntrack/reporter.ts';
import { Setting } from '../conntrack/settings.ts';
import type { EventType } from '../export/connection.ts';
import { timeNs } from '../export/entry-view.ts';
import { collectStats, type Stats, unaccounted } from '../export/stats.ts';
import { type OutputOptions, parseOutput } from '../export/text.ts';
import { Counter } from '../shm/counters.ts';
import { SHARDS_MAX } from '../workers/limits.ts';
import { defaultShards, type Pipeline, startPipeline } from '../workers/pipeline.ts';
import { addHelp, type HelpParts } from './help.ts';
import { createOutput, type StandardOutput } from './output.ts';
import { createPrinter, PRINT_KINDS, type Printer, type PrintKind } from './printers.ts';
import { type Progress, startProgress } from './progress.ts';
import { statsLines, summaryLines } from './summary.ts';
import {
  addPacketOptions,
  addSettingOptions,
  encapsulationOf,
  SETTINGS_SECTION,
  settingsOf,
  type TrackingFlags,
} from './tracking-options.ts';
import { choiceOption, collect, wholeNumber } from './usage.ts';

interface TrackFlags extends TrackingFlags {
  readonly read: string[];
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

function parseEventMask(values: readonly string[] = ['ALL']): ReadonlySet<EventType> {
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
function checkTogether(flags: TrackFlags, output: OutputOptions): void {
  const only = (option: string, value: string, print: PrintKind): void => {
    if (flags.print !== print) throw new OptionError(option, value, `with --print ${print} only`);
  };
  if (flags.eventMask !== undefined) only('-e/--event-mask', flags.eventMask.join(','), 'events');
  if (flags.traceTable !== undefined) only('--trace-table', String(flags.traceTable), 'trace');
  if (flags.print === 'trace' && output.format === 'xml')
    throw new OptionError('-o/--output', 'xml', 'text or json with --print trace, which is JSON');
  if (output.format === 'proc' && flags.print !== 'table' && flags.print !== 'expect')
    throw new OptionError('-o/--output', 'proc', 'with --print table or expect only');
  if (flags.json && !flags.stats) throw new OptionError('--json', 'without --stats', 'together with --stats');
  if (flags.read.filter((file) => file === '-').length > 1)
    throw new OptionError('-r/--read', '-', 'standard input once');
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
  ],
  after: [SETTINGS_SECTION],
  exits: [
    [0, 'all was read'],
    [1, 'a file was damaged or missing: what could be read is reported'],
    [2, 'the command line was wrong: nothing was done'],
    [130, 'ended by SIGINT or SIGTERM: what was read until then is reported'],
  ],
};

/** Adds what the command takes, and what it does. */
export function defineTrack(command: Command): void {
  command
    .requiredOption(
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
  addPacketOptions(command)
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
    .action(async (flags: TrackFlags) => {
      process.exitCode = await track(flags);
    });
  addHelp(command, HELP);
}

function trackSettingsOf(flags: TrackFlags): Int32Array {
  const settings = settingsOf(flags);
  if (!flags.acct) settings[Setting.ACCT] = 0;
  return settings;
}

/**
 * The first SIGINT or SIGTERM ends reading: what was read is still tracked and reported. The second one ends
 * everything at once.
 */
function handleSignals(stop: () => void, restoreTerminal: () => void): void {
  let signals = 0;
  const handle = (): void => {
    if (++signals === 1) return stop();
    restoreTerminal();
    process.exit(ExitStatus.INTERRUPTED);
  };
  process.on('SIGINT', handle);
  process.on('SIGTERM', handle);
}

/** Runs the command; returns the exit status. */
async function track(flags: TrackFlags): Promise<ExitStatus> {
  const startMs = monotonicMs();
  const output = parseOutput((flags.output ?? ['text']).join(','));
  const eventTypes = parseEventMask(flags.eventMask);
  checkTogether(flags, output);
  const settings = trackSettingsOf(flags);
  const encapsulation = encapsulationOf(flags);
  const out = createOutput(process.stdout);
  const traceTable = flags.traceTable ?? 0;
  const printer = createPrinter(flags.print, out, { output, eventTypes, traceTable });
  const pipeline = startPipeline({
    files: flags.read,
    shards: flags.shards,
    maxConnections: Math.max(flags.max, flags.shards),
    settings,
    encapsulation,
    ...(flags.helpers === undefined ? {} : { helpers: parseHelpers(flags.helpers.join(',')) }),
    mode: printer.mode,
    selfCheckEvery: flags.selfCheckEvery,
    ...(flags.hashKey === undefined ? {} : { hashKey: flags.hashKey }),
  });
  let progress: Progress | null = null;
  handleSignals(pipeline.stop, () => progress?.stop());
  // Lines that scroll by on the same terminal leave no room for a bar.
  const isScrolling = process.stdout.isTTY && printer.mode !== ReportMode.NOTHING;
  if (!flags.quiet && !isScrolling) progress = await startProgress(pipeline.ingestCounters());
  try {
    await printReports(pipeline, printer, out);
  } finally {
    progress?.stop();
  }
  const seconds = (monotonicMs() - startMs) / 1000;
  const stats = collectStats(pipeline.ingestCounters(), pipeline.shardCounters, pipeline.masterCounters);
  const now = pipeline.ingestCounters();
  const end = timeNs(now[Counter.NOW_SEC], now[Counter.NOW_NSEC]);
  await printer.finish(pipeline, end);
  if (flags.stats && flags.json) out.line(JSON.stringify(stats));
  await out.flushed();
  if (out.isClosed()) return outputEnded(out);
  printWords(flags, printer, stats, seconds, pipeline.errors());
  return exitStatus(pipeline, stats);
}

async function printReports(pipeline: Pipeline, printer: Printer, out: StandardOutput): Promise<void> {
  for (;;) {
    const reports = await pipeline.next();
    if (reports === null) return;
    for (const report of reports) printer.report(report);
    await out.drained();
    if (out.isClosed()) pipeline.stop();
  }
}

/** Nobody reads on (`| head`): that is no error, and no words are wanted. Or the disk is full. */
function outputEnded(out: StandardOutput): ExitStatus {
  const failure = out.failure();
  if (failure === null) return ExitStatus.OK;
  process.stderr.write(`flowshard: standard output: ${failure}\n`);
  return ExitStatus.FAILED;
}

/** What people get to read. */
function printWords(
  flags: TrackFlags,
  printer: Printer,
  stats: Stats,
  seconds: number,
  errors: readonly CaptureError[],
): void {
  const lines: string[] = [];
  // Where nothing could be read there is nothing to sum up.
  if (!flags.quiet && (stats.packets > 0 || errors.length === 0)) {
    const closing = printer.closing();
    if (closing !== null) lines.push(`flowshard v${FLOWSHARD_VERSION}: ${closing}`);
    lines.push(...summaryLines(stats, seconds));
  }
  if (flags.stats && !flags.json) lines.push(...statsLines(stats));
  for (const error of errors) lines.push(`flowshard: ${error.message}`);
  if (lines.length > 0) process.stderr.write(`${lines.join('\n')}\n`);
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

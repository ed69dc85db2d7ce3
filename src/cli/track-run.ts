/** The run of `flowshard track`: from the options to the exit status. */
import { CommanderError } from 'commander';
import { monotonicMs } from '../common/clock.ts';
import { ExitStatus } from '../common/errors.ts';
import { parseHelpers } from '../conntrack/helpers/registry.ts';
import { ReportMode } from '../conntrack/reporter.ts';
import { Setting } from '../conntrack/settings.ts';
import type { EventType } from '../export/connection.ts';
import { timeNs } from '../export/entry-view.ts';
import { collectStats, type Stats, unaccounted } from '../export/stats.ts';
import { parseOutput } from '../export/text.ts';
import { waitForInterfaces } from '../live/wait-for-interfaces.ts';
import { Counter } from '../shm/counters.ts';
import { expectedPackets } from '../traffic/options.ts';
import { type Pipeline, startPipeline } from '../workers/pipeline.ts';
import { attachApi, checkApiFlags, servesApi } from './api-options.ts';
import { type Attachment, together } from './attachments.ts';
import { attachEventFile } from './event-options.ts';
import { liveRequestOf } from './live-options.ts';
import { createOutput, type StandardOutput } from './output.ts';
import { createPrinter, type Printer } from './printers.ts';
import { type Progress, startPacketProgress, startProgress } from './progress.ts';
import { applySettingsFile, settingsFile } from './settings-file.ts';
import { statsLines, summaryLines } from './summary.ts';
import { checkTogether, type TrackFlags } from './track.ts';
import { liveFailed, openTrackLive, type TrackLive } from './track-live.ts';
import { encapsulationOf, settingsOf } from './tracking-options.ts';

function trackSettingsOf(flags: TrackFlags): Int32Array {
  const { settings: file } = flags;
  // The command line comes after the file.
  const settings = settingsOf(flags, (first) => {
    if (file !== undefined) applySettingsFile(file, first);
  });
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

/** Opens the interfaces, where there are any. Errors: OptionError, LiveError */
async function openLiveOf(flags: TrackFlags): Promise<TrackLive | null> {
  const request = liveRequestOf(flags, flags.helpers);
  if (request === null) return null;
  const say = (words: string): unknown => process.stderr.write(`flowshard: ${words}\n`);
  if (request.onDown === 'wait') await waitForInterfaces(request.interfaces, say);
  return openTrackLive(request, flags.user);
}

function startOf(flags: TrackFlags, printer: Printer, live: TrackLive | null): Pipeline {
  if (live === null && flags.traffic === undefined && (flags.read ?? []).length === 0)
    throw new CommanderError(
      ExitStatus.USAGE,
      'commander.missingMandatoryOptionValue',
      "required option '-r, --read <file...>'",
    );
  return startPipeline({
    files: flags.read ?? [],
    ...(live === null ? {} : { live: live.open, onInterface: live.onInterface }),
    ...(flags.traffic === undefined ? {} : { traffic: flags.traffic }),
    service: live !== null || servesApi(flags) || flags.writeEvents !== undefined,
    hold: flags.hold === true,
    shards: flags.shards,
    maxConnections: Math.max(flags.max, flags.shards),
    settings: trackSettingsOf(flags),
    encapsulation: encapsulationOf(flags),
    ...(flags.helpers === undefined ? {} : { helpers: parseHelpers(flags.helpers.join(',')) }),
    mode: printer.mode,
    selfCheckEvery: flags.selfCheckEvery,
    ...(flags.hashKey === undefined ? {} : { hashKey: flags.hashKey }),
  });
}

/** Starts what runs beside the tracker. */
async function attach(
  flags: TrackFlags,
  pipeline: Pipeline,
  live: TrackLive | null,
  stop: () => void,
): Promise<Attachment> {
  const attachments: Attachment[] = [];
  const { control } = pipeline;
  if (control !== null && flags.settings !== undefined)
    attachments.push(settingsFile(flags.settings, control.settings, () => trackSettingsOf(flags)));
  // The sockets of the interfaces first: a service that cannot listen says so, and not that it is ready.
  await pipeline.opened();
  if (control !== null && servesApi(flags))
    attachments.push(
      await attachApi(flags, control, runOf(flags, pipeline), pipeline.notReady, live?.identity ?? null),
    );
  const eventFile = await attachEventFile(flags, pipeline, live?.identity ?? null, stop);
  if (eventFile !== null) attachments.push(eventFile);
  // Last: from now on there are no rights to open anything, and packets are read.
  if (live !== null) attachments.push(live.attach(flags.quiet === true));
  pipeline.begin();
  return together(attachments);
}

/** How the tracker was started, for those who ask it. */
function runOf(flags: TrackFlags, pipeline: Pipeline): Readonly<Record<string, unknown>> {
  return {
    source: flags.interface === undefined ? { files: flags.read ?? [] } : { interfaces: flags.interface },
    shards: pipeline.shardCounters.length,
    ingest: flags.ingest ?? 1,
    max: flags.max,
    pid: process.pid,
  };
}

/** Runs the command; returns the exit status. */
export async function track(flags: TrackFlags, eventTypes: ReadonlySet<EventType>): Promise<ExitStatus> {
  try {
    return await run(flags, eventTypes);
  } catch (error) {
    return liveFailed(error);
  }
}

async function run(flags: TrackFlags, eventTypes: ReadonlySet<EventType>): Promise<ExitStatus> {
  const startMs = monotonicMs();
  const output = parseOutput((flags.output ?? ['text']).join(','));
  checkTogether(flags, output);
  checkApiFlags(flags);
  const out = createOutput(process.stdout);
  const traceTable = flags.traceTable ?? 0;
  const printer = createPrinter(flags.print, out, { output, eventTypes, traceTable });
  const live = await openLiveOf(flags);
  const pipeline = startOf(flags, printer, live);
  let progress: Progress | null = null;
  let beside: Attachment | null = null;
  const stop = (): void => {
    // Whoever asks must stop before nobody answers any more.
    void (beside?.leave() ?? Promise.resolve()).finally(() => pipeline.stop());
  };
  handleSignals(stop, () => progress?.stop());
  try {
    const attaching = attach(flags, pipeline, live, stop);
    // Whoever hears that we are ready may send it at once. A run over captures that nobody asks ends with its terminal, as ever.
    if (pipeline.control !== null)
      process.on('SIGHUP', () => {
        // Where it fails, the run says so.
        attaching.then(
          (all) => all.reload(),
          () => {},
        );
      });
    beside = await attaching;
    progress = await progressOf(flags, printer, pipeline);
    await printReports(pipeline, printer, out, stop);
  } finally {
    progress?.stop();
  }
  await beside.leave();
  const lastWords = await beside.finish();
  const seconds = (monotonicMs() - startMs) / 1000;
  const now = pipeline.ingestCounters();
  const stats = collectStats(now, pipeline.shardCounters, pipeline.masterCounters);
  await printer.finish(pipeline, timeNs(now[Counter.NOW_SEC], now[Counter.NOW_NSEC]));
  if (flags.stats && flags.json) out.line(JSON.stringify(stats));
  await out.flushed();
  if (out.isClosed()) return outputEnded(out);
  printWords(flags, printer, stats, seconds, pipeline, lastWords);
  const status = exitStatus(pipeline, stats, flags.interface !== undefined || flags.hold === true);
  return status === ExitStatus.OK && beside.isFailed?.() === true ? ExitStatus.FAILED : status;
}

/** A bar for captures, where a person can see it. */
async function progressOf(flags: TrackFlags, printer: Printer, pipeline: Pipeline): Promise<Progress | null> {
  // Lines that scroll by on the same terminal leave no room for a bar.
  const isScrolling = process.stdout.isTTY && printer.mode !== ReportMode.NOTHING;
  if (flags.quiet || isScrolling || flags.interface !== undefined || flags.hold) return null;
  if (flags.traffic !== undefined) return startPacketProgress(pipeline, expectedPackets(flags.traffic));
  return startProgress(pipeline.ingestCounters());
}

async function printReports(
  pipeline: Pipeline,
  printer: Printer,
  out: StandardOutput,
  stop: () => void,
): Promise<void> {
  for (;;) {
    const reports = await pipeline.next();
    if (reports === null) return;
    for (const report of reports) printer.report(report);
    await out.drained();
    if (out.isClosed()) stop();
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
  pipeline: Pipeline,
  lastWords: readonly string[],
): void {
  const lines: string[] = lastWords.map((words) => `flowshard: ${words}`);
  const errors = pipeline.errors();
  const lost = pipeline.reportsLost();
  if (lost > 0)
    lines.push(
      `flowshard: ${lost} reports were not printed: who reads standard output was too slow for them`,
    );
  // Where nothing could be read there is nothing to sum up.
  if (!flags.quiet && (stats.packets > 0 || errors.length === 0)) {
    const closing = printer.closing();
    if (closing !== null) lines.push(`flowshard v${FLOWSHARD_VERSION}: ${closing}`);
    lines.push(...summaryLines(stats, seconds));
  }
  if (flags.stats && !flags.json) lines.push(...statsLines(stats));
  for (const error of errors) lines.push(`flowshard: ${error.message}`);
  const failure = pipeline.failure();
  if (failure !== null) lines.push(`flowshard: ${failure.subject}: ${failure.problem}; ${failure.advice}`);
  if (lines.length > 0) process.stderr.write(`${lines.join('\n')}\n`);
}

/** `endsBySignal`: there is no other end. */
function exitStatus(pipeline: Pipeline, stats: Stats, endsBySignal: boolean): ExitStatus {
  const lost = unaccounted(stats);
  if (lost !== 0) {
    process.stderr.write(`flowshard: bug: ${lost} packets are in no counter; please report this\n`);
    return ExitStatus.FAILED;
  }
  if (pipeline.failure() !== null) return ExitStatus.FAILED;
  if (pipeline.wasStopped() && !endsBySignal) return ExitStatus.INTERRUPTED;
  return pipeline.errors().length > 0 ? ExitStatus.FAILED : ExitStatus.OK;
}

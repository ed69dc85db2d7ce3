/**
 * flowshard as a library.
 *
 * ```ts
 * import { openTracker } from 'flowshard';
 *
 * const tracker = openTracker({ files: ['capture.pcap'] });
 * for await (const event of tracker.events()) console.log(event.type, event.connection.original.src);
 * for (const connection of tracker.connections({ protocol: 'tcp' })) console.log(connection.state);
 * console.log(tracker.stats().packets);
 * await tracker.close();
 * ```
 */
import { type CaptureError, OptionError } from './common/errors.ts';
import { parseHelpers } from './conntrack/helpers/registry.ts';
import { ReportMode } from './conntrack/reporter.ts';
import {
  applySetting,
  createSettings,
  Setting,
  TIMEOUT_PRESETS,
  type TimeoutPreset,
} from './conntrack/settings.ts';
import type { Connection, ConnectionEvent } from './export/connection.ts';
import type { Expectation } from './export/expectation.ts';
import { collectStats, type Stats } from './export/stats.ts';
import { parseEncapsulation, type ZoneSource } from './packet/tunnels/options.ts';
import { CONNECTIONS_MAX, SHARDS_MAX } from './workers/limits.ts';
import { startPipeline } from './workers/pipeline.ts';
import { eventOf, type OrderedReport } from './workers/report-order.ts';

export { CaptureError, type CaptureErrorFields, OptionError } from './common/errors.ts';
export type { TimeoutPreset } from './conntrack/settings.ts';
export type {
  Connection,
  ConnectionEvent,
  Direction,
  EndReason,
  EventType,
  Halves,
  Tuple,
} from './export/connection.ts';
export { StatusBit } from './export/connection.ts';
export {
  type Expectation,
  type ExpectFlagName,
  expectationJson,
  expectationLine,
} from './export/expectation.ts';
export { connectionJson, eventJson } from './export/json.ts';
export type { OutputOptions } from './export/options.ts';
export type {
  ConnectionStats,
  OutcomeStats,
  ReasonCounts,
  RefusalStats,
  ShardStats,
  Stats,
} from './export/stats.ts';
export { connectionLine, eventLine } from './export/text.ts';
export type { ZoneSource } from './packet/tunnels/options.ts';

export interface TrackerOptions {
  /** pcap or pcapng files, gzipped or not; "-" is standard input. Several are read in the order of time. */
  readonly files: readonly string[];
  /** Shard threads, 1 to 64. Default: cores less one. The result does not depend on it. */
  readonly shards?: number;
  /** Greatest number of connections over all shards. Default 1,048,576. */
  readonly maxConnections?: number;
  /** Timeouts and switches by their kernel names without "nf_conntrack_": `{ tcp_loose: 0, udp_timeout: 10 }`. */
  readonly settings?: Readonly<Record<string, number>>;
  readonly timeouts?: TimeoutPreset;
  /** Judge checksums as the kernel does. Default true. */
  readonly verifyChecksums?: boolean;
  /**
   * Tunnels whose inner packets are tracked, by the names of `--decap`: `['vxlan', 'geneve:6082']`, `['all']`.
   * Default: none, outer packets are tracked.
   */
  readonly decap?: readonly string[];
  /** What the zone is: the VLAN id, or the number in the header of a tunnel of `decap`. Default: zones are 0. */
  readonly zoneFrom?: ZoneSource;
  /** The captures may have one direction only (asymmetric routing): docs/one-way.md. Default false. */
  readonly oneWay?: boolean;
  /** As `--helpers` takes them: "ftp:21,irc", "default", "all" or "none". Default: "default". */
  readonly helpers?: string;
}

/** All that are given must agree. */
export interface ConnectionFilter {
  /** Name (tcp, udp, ...) or IP protocol number. */
  readonly protocol?: string | number;
  readonly family?: 'ipv4' | 'ipv6';
  /** Original source or destination address, in its text form. */
  readonly src?: string;
  readonly dst?: string;
  readonly sport?: number;
  readonly dport?: number;
  readonly state?: string;
  readonly zone?: number;
}

export interface Tracker {
  /**
   * NEW, UPDATE and DESTROY in the order of time, then of packets; ends with the capture. To be
   * iterated once, and to the end or until `close`: the threads wait for the reader.
   */
  events(): AsyncGenerator<ConnectionEvent, void, void>;
  /** Reads to the end without looking at events. */
  run(): Promise<void>;
  /** What is alive after the last packet, oldest first. Only once `events` or `run` has ended. */
  connections(filter?: ConnectionFilter): Connection[];
  /** What is expected after the last packet, oldest first. */
  expectations(): Expectation[];
  /** All counters; may be asked for at any time. */
  stats(): Stats;
  /** Files that could not be read to their end, each with the byte where it went wrong. */
  errors(): readonly CaptureError[];
  /** Ends the threads; what was not read yet is left. */
  close(): Promise<void>;
}

function settingsOf(options: TrackerOptions): Int32Array {
  const preset = options.timeouts ?? 'linux';
  if (!TIMEOUT_PRESETS.includes(preset))
    throw new OptionError('timeouts', preset, TIMEOUT_PRESETS.join(', '));
  const settings = createSettings(preset);
  for (const [name, value] of Object.entries(options.settings ?? {}))
    applySetting(settings, `${name}=${value}`);
  if (options.verifyChecksums === false) settings[Setting.CHECKSUM] = 0;
  if (options.oneWay === true) settings[Setting.ONE_WAY] = 1;
  return settings;
}

function checkRange(name: string, value: number | undefined, max: number): void {
  if (value !== undefined && !(Number.isInteger(value) && value >= 1 && value <= max)) {
    throw new OptionError(name, String(value), `a whole number from 1 to ${max}`);
  }
}

function matches(c: Connection, f: ConnectionFilter): boolean {
  return (
    (f.protocol === undefined || f.protocol === c.protocolName || f.protocol === c.protocol) &&
    (f.family === undefined || f.family === c.family) &&
    (f.src === undefined || f.src === c.original.src) &&
    (f.dst === undefined || f.dst === c.original.dst) &&
    (f.sport === undefined || f.sport === c.original.sport) &&
    (f.dport === undefined || f.dport === c.original.dport) &&
    (f.state === undefined || f.state === c.state) &&
    (f.zone === undefined || f.zone === c.zone)
  );
}

/**
 * Starts a tracker's threads on its captures.
 *
 * Errors: OptionError for a wrong option. A file that cannot be read is none: see `Tracker.errors`.
 */
export function openTracker(options: TrackerOptions): Tracker {
  if (options.files.length === 0) throw new OptionError('files', '[]', 'at least one file');
  checkRange('shards', options.shards, SHARDS_MAX);
  checkRange('maxConnections', options.maxConnections, CONNECTIONS_MAX);
  const encapsulation = parseEncapsulation(options.decap, options.zoneFrom, {
    decap: 'decap',
    zoneFrom: 'zoneFrom',
  });
  const pipeline = startPipeline({
    files: options.files,
    ...(options.shards === undefined ? {} : { shards: options.shards }),
    ...(options.maxConnections === undefined ? {} : { maxConnections: options.maxConnections }),
    settings: settingsOf(options),
    encapsulation,
    ...(options.helpers === undefined ? {} : { helpers: parseHelpers(options.helpers) }),
    mode: ReportMode.EVENTS,
  });
  let closing: Promise<void> | null = null;

  /** As of the pipeline; what `close` does to the threads is the end and no error. */
  async function nextReports(): Promise<OrderedReport[] | null> {
    try {
      return closing !== null ? null : await pipeline.next();
    } catch (cause) {
      if (closing !== null) return null;
      throw cause;
    }
  }

  async function* events(): AsyncGenerator<ConnectionEvent, void, void> {
    for (;;) {
      const reports = await nextReports();
      if (reports === null) return;
      for (const report of reports) {
        const event = eventOf(report);
        if (event !== null) yield event;
        if (closing !== null) return;
      }
    }
  }

  return {
    events,
    async run() {
      while ((await nextReports()) !== null) {
        // The reports are not wanted.
      }
    },
    connections: (filter = {}) => pipeline.connections().filter((c) => matches(c, filter)),
    expectations: pipeline.expectations,
    stats: () => collectStats(pipeline.ingestCounters(), pipeline.shardCounters, pipeline.masterCounters),
    errors: pipeline.errors,
    close() {
      if (closing === null) {
        pipeline.stop();
        closing = pipeline.close();
      }
      return closing;
    },
  };
}

/**
 * /metrics for Prometheus, by its conventions: base units, `_total` for what only grows, one unit in a name. Values are
 * read from the counters when somebody asks; nothing is kept.
 */
import { Counter, Gauge, Registry } from 'prom-client';
import type { OwnerInfo, TrackerControl } from '../control/tracker-control.ts';
import type { LiveStats, RefusalStats, Stats } from '../export/stats.ts';
import { filesLimit, openFiles } from './open-files.ts';

type Labels = Readonly<Record<string, string>>;
type Values = readonly (readonly [Labels, number])[];

interface Metric {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly values: () => Values;
}

const REFUSALS: readonly (keyof RefusalStats)[] = ['invalid', 'untracked', 'skipped', 'dropped'];
const PREFIX = 'flowshard';

/** Each packet has one outcome, and where it was not tracked a reason. */
function packetValues(stats: Stats): Values {
  const refused = REFUSALS.flatMap((outcome) =>
    Object.entries(stats[outcome]).map(([reason, packets]) => [{ outcome, reason }, packets] as const),
  );
  return [[{ outcome: 'tracked', reason: '' }, stats.tracked], ...refused];
}

const named = (label: string, counts: Readonly<Record<string, number>>): Values =>
  Object.entries(counts).map(([name, count]) => [{ [label]: name }, count]);
const one = (value: number): Values => [[{}, value]];

function trackerCounters(stats: () => Stats): Metric[] {
  const metric = (
    name: string,
    help: string,
    labels: readonly string[],
    of: (s: Stats) => Values,
  ): Metric => ({
    name: `${PREFIX}_${name}`,
    help,
    labels,
    values: () => of(stats()),
  });
  return [
    metric('packets_total', 'Packets read, by what became of them.', ['outcome', 'reason'], packetValues),
    metric('bytes_total', 'Bytes of packets read, on the wire.', [], (s) => one(s.bytes)),
    metric('packets_ignored_total', 'Tracked packets without effect.', [], (s) => one(s.ignored)),
    metric('related_errors_total', 'ICMP errors about a connection.', [], (s) => one(s.relatedErrors)),
    metric('verdicts_total', 'Tracked packets, by verdict.', ['verdict'], (s) =>
      named('verdict', s.verdicts),
    ),
    metric('connections_created_total', 'Connections that began.', [], (s) => one(s.connections.created)),
    metric('connections_ended_total', 'Connections that ended, by reason.', ['reason'], (s) =>
      named('reason', s.connections.ended),
    ),
    metric('expectations_created_total', 'Expectations made.', [], (s) => one(s.expectations.created)),
    metric('expectations_matched_total', 'Connections that began as foretold.', [], (s) =>
      one(s.expectations.matched),
    ),
    metric('expectations_refused_total', 'Expectations without room.', [], (s) =>
      one(s.expectations.refused),
    ),
    metric('datagrams_reassembled_total', 'Datagrams put together from fragments.', [], (s) =>
      one(s.fragments.datagrams),
    ),
    metric('tunnel_headers_total', 'Tunnel headers taken off, by kind.', ['kind'], (s) =>
      named('kind', s.tunnels),
    ),
    metric('time_backward_total', 'Packets earlier than their predecessor.', [], (s) => one(s.timeBackward)),
  ];
}

/** Shown only where there are interfaces: a counter without labels would be 0 where nothing is counted. */
function interfaceCounters(live: () => LiveStats | null): Metric[] {
  const metric = (
    name: string,
    help: string,
    labels: readonly string[],
    of: (s: LiveStats) => Values,
  ): Metric => ({
    name: `${PREFIX}_interface_${name}`,
    help,
    labels,
    values() {
      const stats = live();
      return stats === null ? [] : of(stats);
    },
  });
  return [
    metric('packets_total', 'Packets at interfaces, by what the kernel did.', ['outcome'], (s) => [
      [{ outcome: 'received' }, s.kernelPackets - s.kernelDrops],
      [{ outcome: 'dropped' }, s.kernelDrops],
    ]),
    metric('ring_full_total', 'How often the ring of an interface was full.', [], (s) =>
      one(s.kernelFreezes),
    ),
    metric('lost_total', 'How often an interface went down or away.', [], (s) => one(s.interfaceLost)),
  ];
}

const QUANTILES = [
  ['0.5', 'p50'],
  ['0.9', 'p90'],
  ['0.99', 'p99'],
  ['0.999', 'p999'],
  ['1', 'max'],
] as const;
const NS_PER_S = 1e9;

const LATENCY_HELP =
  'From the arrival of a packet to its state updated, with its time in a block of the kernel: up to 10 ms or so on a quiet link.';

const labelOf = ({ owner, kind }: OwnerInfo): Labels => ({ owner: String(owner), kind });
const OWNER_LABELS = ['owner', 'kind'];

function ownerGauges(owners: () => readonly OwnerInfo[]): Metric[] {
  const gauge = (name: string, help: string, of: (o: OwnerInfo) => number): Metric => ({
    name: `${PREFIX}_${name}`,
    help,
    labels: OWNER_LABELS,
    values: () => owners().map((o) => [labelOf(o), of(o)]),
  });
  return [
    gauge('connections', 'Connections alive.', (o) => o.entries),
    gauge('connections_limit', 'Room for connections.', (o) => o.entriesMax),
    gauge('index_load_ratio', 'Entries per slot of the index.', (o) => o.load),
    gauge('probe_length_max', 'Longest probe that an insertion needed.', (o) => o.probeMax),
    gauge('wheel_backlog', 'Connections due and not yet expired.', (o) => o.wheelBacklog),
    gauge('expiry_lag_seconds', 'By how much expiry is behind.', (o) => o.expiryLagMs / 1000),
    gauge('ring_depth', 'Descriptors that wait.', (o) => o.ringDepth),
    gauge('ring_slots', 'Room for descriptors.', (o) => o.ringSlots),
    gauge('memory_bytes', 'Memory of the table.', (o) => o.bytes),
    {
      name: `${PREFIX}_latency_seconds`,
      help: LATENCY_HELP,
      labels: [...OWNER_LABELS, 'quantile'],
      values: () =>
        owners().flatMap((o) =>
          o.latencyNs === null
            ? []
            : QUANTILES.map(([quantile, key]): [Labels, number] => [
                { ...labelOf(o), quantile },
                (o.latencyNs?.[key] ?? 0) / NS_PER_S,
              ]),
        ),
    },
  ];
}

function ownerCounters(owners: () => readonly OwnerInfo[]): Metric[] {
  return [
    {
      name: `${PREFIX}_events_total`,
      help: 'Events of connections.',
      labels: OWNER_LABELS,
      values: () => owners().map((o) => [labelOf(o), o.nextEvent]),
    },
  ];
}

function processMetrics(startS: number): { readonly gauges: Metric[]; readonly counters: Metric[] } {
  const metric = (name: string, help: string, value: () => number): Metric => ({
    name,
    help,
    labels: [],
    values: () => one(value()),
  });
  return {
    counters: [
      metric('process_cpu_seconds_total', 'CPU time of all threads.', () => {
        const { user, system } = process.cpuUsage();
        return (user + system) / 1e6;
      }),
    ],
    gauges: [
      metric('process_resident_memory_bytes', 'Resident memory.', () => process.memoryUsage.rss()),
      metric('process_open_fds', 'Open files and sockets.', openFiles),
      metric('process_max_fds', 'Limit of open files and sockets.', filesLimit),
      metric('process_start_time_seconds', 'When it started, since 1970.', () => startS),
    ],
  };
}

export interface Metrics {
  text(): Promise<{ readonly type: string; readonly text: string }>;
}

export interface MetricsOptions {
  readonly control: TrackerControl;
  readonly version: string;
  /** Seconds since 1970. */
  readonly startS: number;
}

/** A registry of its own, so that several trackers in one process do not meet. */
export function createMetrics({ control, version, startS }: MetricsOptions): Metrics {
  const registry = new Registry();
  const interfaces = new Registry();
  // One reading for all metrics of an answer.
  let stats: Stats = control.stats();
  let owners: readonly OwnerInfo[] = [];
  const ofProcess = processMetrics(startS);

  const add = (Kind: typeof Counter | typeof Gauge, metric: Metric, to = registry): void => {
    new Kind({
      name: metric.name,
      help: metric.help,
      labelNames: [...metric.labels],
      registers: [to],
      collect() {
        this.reset();
        for (const [labels, value] of metric.values()) this.inc({ ...labels }, value);
      },
    });
  };
  for (const metric of [
    ...trackerCounters(() => stats),
    ...ownerCounters(() => owners),
    ...ofProcess.counters,
  ])
    add(Counter, metric);
  for (const metric of interfaceCounters(() => stats.live)) add(Counter, metric, interfaces);
  for (const metric of [...ownerGauges(() => owners), ...ofProcess.gauges]) add(Gauge, metric);
  new Gauge({
    name: `${PREFIX}_build_info`,
    help: 'What runs; always 1.',
    labelNames: ['version', 'node'],
    registers: [registry],
  }).set({ version, node: process.versions.node }, 1);

  return {
    async text() {
      stats = control.stats();
      owners = control.ownersInfo();
      const texts = [await registry.metrics()];
      if (stats.live !== null) texts.push(await interfaces.metrics());
      return { type: registry.contentType, text: texts.join('') };
    },
  };
}

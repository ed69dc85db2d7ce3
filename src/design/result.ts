/** From what was seen of a run to figures: plain data, which is also what `--json` prints. */
import { REASONS } from '../common/reasons.ts';
import { Verdict } from '../shm/bits.ts';
import { Counter } from '../shm/counters.ts';
import { type ProbeLengths, probeLengths } from '../shm/probe-lengths.ts';
import type { ThreadGarbage } from '../workers/measure.ts';
import { type LatencyFigures, latencyFigures } from './latency.ts';
import { doneOf, type Look, type Seen } from './run.ts';

export interface OccupancyPoint {
  /** Since the measured part began. */
  readonly ms: number;
  readonly connections: number;
  readonly perShard: readonly number[];
  /** Since the point before. */
  readonly packetsPerSecond: number;
}

export interface RunFigures {
  readonly design: {
    readonly flows: number;
    readonly max: number;
    readonly shards: number;
    readonly newPerSecond: number;
    /** Null: as fast as it goes. */
    readonly rate: number | null;
    readonly mix: Readonly<Record<string, number>>;
    readonly zipf: number;
    readonly seed: number;
  };
  readonly seconds: number;
  readonly packets: number;
  readonly packetsPerSecond: number;
  readonly nsPerPacket: number;
  /** Of the tenths of a second or so between two looks. */
  readonly packetsPerSecondMin: number;
  readonly packetsPerSecondMax: number;
  readonly established: number;
  readonly latency: Omit<LatencyFigures, 'hgrm' | 'curve'> | null;
  /** Where packets were due: by how much the newest one was sent too late. */
  readonly behindMs: number;
  readonly created: number;
  readonly expired: number;
  readonly evicted: number;
  /** Of these by the sweep that follows a refusal. */
  readonly evictedBySweep: number;
  /** New connections that the table had no room for, and those whose probe would have been too long. */
  readonly refusedFull: number;
  readonly refusedProbe: number;
  /** Every reason that a packet was given in the measured part. */
  readonly reasons: Readonly<Record<string, number>>;
  readonly probes: ProbeLengths & { readonly maxEver: number };
  readonly connections: number;
  readonly occupancy: readonly OccupancyPoint[];
  readonly garbage: readonly ThreadGarbage[];
  readonly memory: {
    /** Of a table that is full: index, entries, wheel, rings. */
    readonly bytesPerConnectionFull: number;
    /** By how much the process grew, for each connection that was opened. Null where these are too few to tell. */
    readonly residentBytesPerConnection: number | null;
  };
  readonly ranOut: boolean;
  readonly interrupted: boolean;
}

export interface RunResult {
  readonly figures: RunFigures;
  readonly latency: LatencyFigures | null;
}

/** Fewer connections than this are lost in what else a process needs. */
const RESIDENT_FROM = 500_000;

function occupancyOf(looks: readonly Look[]): OccupancyPoint[] {
  return looks.map(({ ms, counters, alive }, i) => {
    const before = looks[Math.max(0, i - 1)];
    const seconds = (ms - before.ms) / 1000;
    return {
      ms: Math.round(ms * 1000) / 1000,
      connections: alive.reduce((sum, n) => sum + n, 0),
      perShard: alive,
      packetsPerSecond: seconds > 0 ? Math.round((doneOf(counters) - doneOf(before.counters)) / seconds) : 0,
    };
  });
}

function reasonsOf(begin: Look, end: Look): Record<string, number> {
  const found: Record<string, number> = {};
  for (const [reason, { name }] of REASONS) {
    const count = end.counters[Counter.REASON + reason] - begin.counters[Counter.REASON + reason];
    if (count > 0) found[name] = count;
  }
  return found;
}

/** Cost: the index, slot by slot. */
export async function resultOf(seen: Seen): Promise<RunResult> {
  const { design, begin, end, segments } = seen;
  const since = (counter: Counter): number => end.counters[counter] - begin.counters[counter];
  const seconds = (end.ms - begin.ms) / 1000;
  const packets = doneOf(end.counters) - doneOf(begin.counters);
  const latency = await latencyFigures(seen.histograms);
  const occupancy = occupancyOf(seen.looks);
  // The first has nothing before it, and the last one may lie right behind another.
  const rates = occupancy.slice(1, -1).map(({ packetsPerSecond }) => packetsPerSecond);
  const packetsPerSecond = seconds > 0 ? packets / seconds : 0;
  const reasons = reasonsOf(begin, end);
  const room = segments.reduce((sum, { maxEntries }) => sum + maxEntries, 0);
  const bytes = segments.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
  const figures: RunFigures = {
    design: {
      flows: design.flows,
      max: design.max,
      shards: design.shards,
      newPerSecond: design.newPerSecond,
      rate: design.rate ?? null,
      mix: design.traffic.mix,
      zipf: design.zipf,
      seed: design.seed,
    },
    seconds,
    packets,
    packetsPerSecond: Math.round(packetsPerSecond),
    nsPerPacket: packets > 0 ? (seconds * 1e9) / packets : 0,
    packetsPerSecondMin: rates.length === 0 ? Math.round(packetsPerSecond) : Math.min(...rates),
    packetsPerSecondMax: rates.length === 0 ? Math.round(packetsPerSecond) : Math.max(...rates),
    established:
      since(Counter.VERDICT + Verdict.ESTABLISHED) + since(Counter.VERDICT + Verdict.ESTABLISHED_REPLY),
    latency: latency === null ? null : withoutCurve(latency),
    behindMs: seen.behindMs,
    created: since(Counter.CREATED),
    expired: since(Counter.ENDED_TIMEOUT),
    evicted: since(Counter.ENDED_EVICTED),
    evictedBySweep: since(Counter.EVICTED_SWEEP),
    refusedFull: reasons['table-full'] ?? 0,
    refusedProbe: reasons['probe-limit'] ?? 0,
    reasons,
    probes: {
      ...probeLengths(segments),
      maxEver: Math.max(...segments.map(({ counters }) => counters[Counter.PROBE_MAX])),
    },
    connections: occupancy.length === 0 ? 0 : occupancy[occupancy.length - 1].connections,
    occupancy,
    garbage: seen.garbage,
    memory: {
      bytesPerConnectionFull: bytes / room,
      residentBytesPerConnection:
        seen.aliveAfterPrologue >= RESIDENT_FROM ? seen.residentBytes / seen.aliveAfterPrologue : null,
    },
    ranOut: seen.ranOut,
    interrupted: seen.interrupted,
  };
  return { figures, latency };
}

function withoutCurve({ count, meanNs, minNs, maxNs, percentiles }: LatencyFigures) {
  return { count, meanNs, minNs, maxNs, percentiles };
}

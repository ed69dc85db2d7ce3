/** This tracker and the kernel's nf_conntrack of this host, side by side, over the last interval. */
import { monotonicMs } from '../common/clock.ts';
import { createSampler, type Pair } from '../control/sampler.ts';
import type { TrackerControl } from '../control/tracker-control.ts';
import { type Stats, total } from '../export/stats.ts';
import type { HostConntrack, HostConntrackMissing } from '../kernel/host-conntrack.ts';
import type { ContrastForm, ContrastSide } from './forms.ts';

const INTERVAL_MS = 1000;

interface Sample {
  readonly stats: Stats;
  /** CPU time of this process, all threads. */
  readonly cpuUs: number;
  readonly kernel: HostConntrack | HostConntrackMissing;
}

const NOTES = [
  'flowshard.packetCostNs is the CPU time of the whole process, this API included, per packet',
  'kernel.packetsPerS are packets of the IP layer of this network namespace: at most these pass through conntrack, which counts none',
  'kernel: newPerS and foundPerS are not counted by conntrack, nor is the cost of a packet; flowshard contrast measures that',
];

const opened = (stats: Stats): number => stats.connections.created;
/** Connections that found no room. */
const refused = (stats: Stats): number =>
  (stats.dropped['table-full'] ?? 0) + (stats.dropped['probe-limit'] ?? 0);

function ownSide({ before, after, seconds }: Pair<Sample>, control: TrackerControl): ContrastSide {
  const rate = (of: (stats: Stats) => number): number => (of(after.stats) - of(before.stats)) / seconds;
  const packets = after.stats.packets - before.stats.packets;
  const owners = control.ownersInfo();
  const roomFor = owners.reduce((sum, o) => sum + o.entriesMax, 0);
  // Connections with helpers have a table of their own, as large as that of all shards.
  const entriesMax = owners.filter((o) => o.kind === 'shard').reduce((sum, o) => sum + o.entriesMax, 0);
  const bytes = owners.reduce((sum, o) => sum + o.bytes, 0);
  return {
    packetsPerS: rate((s) => s.packets),
    newPerS: rate(opened),
    foundPerS: Math.max(
      0,
      rate((s) => s.tracked - opened(s)),
    ),
    invalidPerS: rate((s) => total(s.invalid)),
    insertFailedPerS: rate(refused),
    earlyDropPerS: rate((s) => s.connections.ended.evicted),
    dropPerS: rate((s) => total(s.dropped)),
    entries: control.count(),
    entriesMax,
    bytesPerConnection: roomFor === 0 ? null : bytes / roomFor,
    packetCostNs: packets === 0 ? null : ((after.cpuUs - before.cpuUs) * 1000) / packets,
  };
}

function kernelSide(before: HostConntrack, after: HostConntrack, seconds: number): ContrastSide {
  const rate = (of: (k: HostConntrack) => number): number => Math.max(0, of(after) - of(before)) / seconds;
  const packets =
    before.ipPackets === null || after.ipPackets === null
      ? null
      : (after.ipPackets - before.ipPackets) / seconds;
  return {
    packetsPerS: packets,
    newPerS: null,
    foundPerS: null,
    invalidPerS: rate((k) => k.counters.invalid),
    insertFailedPerS: rate((k) => k.counters.insertFailed),
    earlyDropPerS: rate((k) => k.counters.earlyDrop),
    dropPerS: rate((k) => k.counters.drop),
    entries: after.entries,
    entriesMax: after.max,
    bytesPerConnection: after.connectionBytes,
    packetCostNs: null,
  };
}

/** Cost: a reading of the kernel's counters, about a millisecond, at most ten times in a second */
export function createContrast(
  control: TrackerControl,
  readKernel: () => HostConntrack | HostConntrackMissing,
): () => Promise<ContrastForm> {
  const sampler = createSampler<Sample>({
    read() {
      const { user, system } = process.cpuUsage();
      return { stats: control.stats(), cpuUs: user + system, kernel: readKernel() };
    },
    nowMs: monotonicMs,
    intervalMs: INTERVAL_MS,
  });
  return async () => {
    const pair = await sampler.pair();
    const { before, after, seconds } = pair;
    return {
      intervalS: seconds,
      flowshard: ownSide(pair, control),
      kernel:
        before.kernel.loaded && after.kernel.loaded
          ? kernelSide(before.kernel, after.kernel, seconds)
          : 'not loaded',
      notes: after.kernel.loaded ? NOTES : [NOTES[0], after.kernel.why],
    };
  };
}

/** Every counter of a run as one plain object, in total and per shard. */
import { Outcome, REASONS } from '../common/reasons.ts';
import { TUNNELS } from '../packet/tunnels/options.ts';
import { Verdict } from '../shm/bits.ts';
import { Counter } from '../shm/counters.ts';

/** Packets by name of their reason; reasons without packets are left out. */
export type ReasonCounts = Readonly<Record<string, number>>;

/** Packets that were not tracked. */
export interface RefusalStats {
  readonly invalid: ReasonCounts;
  readonly untracked: ReasonCounts;
  readonly skipped: ReasonCounts;
  readonly dropped: ReasonCounts;
}

export interface OutcomeStats extends RefusalStats {
  readonly tracked: number;
}

export interface ConnectionStats {
  readonly created: number;
  readonly ended: Readonly<
    Record<'timeout' | 'reset' | 'reopened' | 'evicted' | 'helper' | 'deleted', number>
  >;
  readonly alive: number;
}

export interface ShardStats extends OutcomeStats {
  readonly shard: number;
  readonly connections: ConnectionStats;
  /** Longest probe that an insertion needed. */
  readonly probeMax: number;
}

/** Packets = tracked + the sums of invalid, untracked, skipped and dropped. */
export interface Stats extends OutcomeStats {
  readonly packets: number;
  /** On the wire. */
  readonly bytes: number;
  /** Of the tracked: accepted without effect. */
  readonly ignored: number;
  /** Of the tracked: ICMP errors about a connection. */
  readonly relatedErrors: number;
  /** The tracked packets by verdict. */
  readonly verdicts: Readonly<Record<string, number>>;
  readonly connections: ConnectionStats;
  /** Datagrams that were put together from fragments, and the most memory that fragments took up, in bytes. */
  readonly fragments: { readonly datagrams: number; readonly bytesMax: number };
  /** Tunnel headers that were taken off, by kind; a packet has as many as it was in. Empty without `decap`. */
  readonly tunnels: Readonly<Record<string, number>>;
  /** Tunnel headers whose number did not fit into the zone, which has its low 16 bits. */
  readonly zoneCut: number;
  /** Packets whose time lay before their predecessor's. */
  readonly timeBackward: number;
  /** null where captures are read. */
  readonly live: LiveStats | null;
  /** The file of events; null where none is written. */
  readonly eventFile: EventFileStats | null;
  /** Packets that ended in the ingest thread: no shard saw them. Together with `shards` and `masters` the totals. */
  readonly ingest: RefusalStats;
  /** Of all connections, those whose ports have a helper: they are tracked in the ingest thread. */
  readonly masters: Omit<ShardStats, 'shard'> | null;
  readonly expectations: ExpectationStats;
  readonly shards: readonly ShardStats[];
}

/** What became of packets at interfaces before they were read. */
export interface LiveStats {
  /** Counted by the kernel: received and dropped, the dropped ones because the ring was full, and how often it was. */
  readonly kernelPackets: number;
  readonly kernelDrops: number;
  readonly kernelFreezes: number;
  /** Sent by this host itself, and left away. */
  readonly ownTransmissions: number;
  /** Fewer bytes captured than were on the wire. */
  readonly cutShort: number;
  /** Checksums that the sender's card was still to make, which were not verified. */
  readonly checksumsOpen: number;
  /** How often an interface went down or away. */
  readonly interfaceLost: number;
}

/** What became of events on their way into a file. */
export interface EventFileStats {
  readonly written: number;
  /** The file came too late for them, or could not be written: each such run of events is a gap in it. */
  readonly missed: number;
  readonly rotations: number;
  /** Writes that failed, and were tried again. */
  readonly failures: number;
}

export interface ExpectationStats {
  readonly created: number;
  /** Connections that began as an expectation said. */
  readonly matched: number;
  /** Expectations that had no room, or were in each other's way. */
  readonly refused: number;
  /** Packets that no helper read, to bound the cost. */
  readonly givenUp: number;
}

const VERDICT_NAMES: readonly (readonly [Verdict, string])[] = [
  [Verdict.NEW, 'NEW'],
  [Verdict.ESTABLISHED, 'ESTABLISHED'],
  [Verdict.ESTABLISHED_REPLY, 'ESTABLISHED/reply'],
  [Verdict.RELATED, 'RELATED'],
  [Verdict.RELATED_REPLY, 'RELATED/reply'],
];

/** One name per kind: the first, where a kind has variants. */
const TUNNEL_NAMES = TUNNELS.filter(({ kind }, i) => TUNNELS.findIndex((other) => other.kind === kind) === i);

type Blocks = readonly Float64Array[];

const sum = (blocks: Blocks, word: number): number => blocks.reduce((total, block) => total + block[word], 0);

function reasonCounts(blocks: Blocks, outcome: Outcome): ReasonCounts {
  const counts: Record<string, number> = {};
  for (const [reason, info] of REASONS) {
    const packets = sum(blocks, Counter.REASON + reason);
    if (info.outcome === outcome && packets > 0) counts[info.name] = packets;
  }
  return counts;
}

function refusals(blocks: Blocks): RefusalStats {
  return {
    invalid: reasonCounts(blocks, Outcome.INVALID),
    untracked: reasonCounts(blocks, Outcome.UNTRACKED),
    skipped: reasonCounts(blocks, Outcome.SKIPPED),
    dropped: reasonCounts(blocks, Outcome.DROPPED),
  };
}

const outcomes = (blocks: Blocks): OutcomeStats => ({
  tracked: sum(blocks, Counter.TRACKED),
  ...refusals(blocks),
});

function connections(blocks: Blocks): ConnectionStats {
  return {
    created: sum(blocks, Counter.CREATED),
    ended: {
      timeout: sum(blocks, Counter.ENDED_TIMEOUT),
      reset: sum(blocks, Counter.ENDED_RESET),
      reopened: sum(blocks, Counter.ENDED_REOPENED),
      evicted: sum(blocks, Counter.ENDED_EVICTED),
      helper: sum(blocks, Counter.ENDED_KILLED),
      deleted: sum(blocks, Counter.ENDED_DELETED),
    },
    alive: sum(blocks, Counter.ALIVE),
  };
}

function tunnelCounts(ingest: Float64Array): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { name, kind } of TUNNEL_NAMES) {
    const headers = ingest[Counter.PEELED + kind];
    if (headers > 0) counts[name] = headers;
  }
  return counts;
}

const shardStats = (block: Float64Array): Omit<ShardStats, 'shard'> => ({
  ...outcomes([block]),
  connections: connections([block]),
  probeMax: block[Counter.PROBE_MAX],
});

const liveStats = (ingest: Float64Array): LiveStats => ({
  kernelPackets: ingest[Counter.KERNEL_PACKETS],
  kernelDrops: ingest[Counter.KERNEL_DROPS],
  kernelFreezes: ingest[Counter.KERNEL_FREEZES],
  ownTransmissions: ingest[Counter.OWN_TRANSMISSIONS],
  cutShort: ingest[Counter.CUT_SHORT],
  checksumsOpen: ingest[Counter.CHECKSUMS_OPEN],
  interfaceLost: ingest[Counter.INTERFACE_LOST],
});

const eventFileStats = (ingest: Float64Array): EventFileStats => ({
  written: ingest[Counter.EVENTS_WRITTEN],
  missed: ingest[Counter.EVENTS_MISSED],
  rotations: ingest[Counter.EVENT_ROTATIONS],
  failures: ingest[Counter.EVENT_FAILURES],
});

/** Adds up the counter blocks of the ingest thread, of the shards, and of the connections with helpers (null without helpers). */
export function collectStats(ingest: Float64Array, shards: Blocks, masters: Float64Array | null): Stats {
  const trackers = masters === null ? shards : [...shards, masters];
  return {
    packets: ingest[Counter.PACKETS],
    bytes: ingest[Counter.BYTES],
    ...outcomes([ingest, ...trackers]),
    ignored: sum(trackers, Counter.IGNORED),
    relatedErrors: sum(trackers, Counter.RELATED_ERRORS),
    verdicts: Object.fromEntries(
      VERDICT_NAMES.map(([v, name]) => [name, sum(trackers, Counter.VERDICT + v)]),
    ),
    connections: connections(trackers),
    fragments: {
      datagrams: ingest[Counter.DATAGRAMS],
      bytesMax: ingest[Counter.FRAGMENT_BYTES_MAX],
    },
    tunnels: tunnelCounts(ingest),
    zoneCut: ingest[Counter.ZONE_CUT],
    timeBackward: ingest[Counter.TIME_BACKWARD],
    live: ingest[Counter.LIVE_SOCKETS] === 0 ? null : liveStats(ingest),
    eventFile: ingest[Counter.EVENT_FILES] === 0 ? null : eventFileStats(ingest),
    ingest: refusals([ingest]),
    masters: masters === null ? null : shardStats(masters),
    expectations: {
      created: sum(trackers, Counter.EXPECT_CREATED),
      matched: sum(trackers, Counter.EXPECT_MATCHED),
      refused: sum(trackers, Counter.EXPECT_REFUSED),
      givenUp: sum(trackers, Counter.HELPER_GIVEN_UP),
    },
    shards: shards.map((block, shard) => ({ shard, ...shardStats(block) })),
  };
}

export const total = (counts: ReasonCounts): number => Object.values(counts).reduce((a, b) => a + b, 0);

/** Packets that no counter accounts for: 0, or a bug of ours. */
export function unaccounted(stats: Stats): number {
  const { invalid, untracked, skipped, dropped } = stats;
  return stats.packets - stats.tracked - total(invalid) - total(untracked) - total(skipped) - total(dropped);
}

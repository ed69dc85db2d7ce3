/** Every counter of a run as one plain object, in total and per shard. */
import { Outcome, REASONS } from '../common/reasons.ts';
import { Verdict } from '../shm/bits.ts';
import { Counter } from '../shm/counters.ts';

/** Packets by name of their reason; reasons without packets are left out. */
export type ReasonCounts = Readonly<Record<string, number>>;

export interface OutcomeStats {
  readonly tracked: number;
  readonly invalid: ReasonCounts;
  readonly untracked: ReasonCounts;
  readonly skipped: ReasonCounts;
  readonly dropped: ReasonCounts;
}

export interface ConnectionStats {
  readonly created: number;
  readonly ended: Readonly<Record<'timeout' | 'reset' | 'reopened' | 'evicted', number>>;
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
  /** Packets whose time lay before their predecessor's. */
  readonly timeBackward: number;
  readonly shards: readonly ShardStats[];
}

const VERDICT_NAMES: readonly (readonly [Verdict, string])[] = [
  [Verdict.NEW, 'NEW'],
  [Verdict.ESTABLISHED, 'ESTABLISHED'],
  [Verdict.ESTABLISHED_REPLY, 'ESTABLISHED/reply'],
  [Verdict.RELATED, 'RELATED'],
  [Verdict.RELATED_REPLY, 'RELATED/reply'],
];

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

function outcomes(blocks: Blocks): OutcomeStats {
  return {
    tracked: sum(blocks, Counter.TRACKED),
    invalid: reasonCounts(blocks, Outcome.INVALID),
    untracked: reasonCounts(blocks, Outcome.UNTRACKED),
    skipped: reasonCounts(blocks, Outcome.SKIPPED),
    dropped: reasonCounts(blocks, Outcome.DROPPED),
  };
}

function connections(blocks: Blocks): ConnectionStats {
  return {
    created: sum(blocks, Counter.CREATED),
    ended: {
      timeout: sum(blocks, Counter.ENDED_TIMEOUT),
      reset: sum(blocks, Counter.ENDED_RESET),
      reopened: sum(blocks, Counter.ENDED_REOPENED),
      evicted: sum(blocks, Counter.ENDED_EVICTED),
    },
    alive: sum(blocks, Counter.ALIVE),
  };
}

/** Adds up the counter blocks of the ingest thread and of the shards. */
export function collectStats(ingest: Float64Array, shards: Blocks): Stats {
  const all = [ingest, ...shards];
  return {
    packets: ingest[Counter.PACKETS],
    bytes: ingest[Counter.BYTES],
    ...outcomes(all),
    ignored: sum(shards, Counter.IGNORED),
    relatedErrors: sum(shards, Counter.RELATED_ERRORS),
    verdicts: Object.fromEntries(VERDICT_NAMES.map(([v, name]) => [name, sum(shards, Counter.VERDICT + v)])),
    connections: connections(shards),
    timeBackward: ingest[Counter.TIME_BACKWARD],
    shards: shards.map((block, shard) => ({
      shard,
      ...outcomes([block]),
      connections: connections([block]),
      probeMax: block[Counter.PROBE_MAX],
    })),
  };
}

export const total = (counts: ReasonCounts): number => Object.values(counts).reduce((a, b) => a + b, 0);

/** Packets that no counter accounts for: 0, or a bug of ours. */
export function unaccounted(stats: Stats): number {
  const { invalid, untracked, skipped, dropped } = stats;
  return stats.packets - stats.tracked - total(invalid) - total(untracked) - total(skipped) - total(dropped);
}

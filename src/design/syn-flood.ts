/**
 * A SYN flood on a full table. Half of the room is taken by TCP connections that are ASSURED; SYNs from anywhere, never
 * answered, take the rest and go on coming, among the packets of the connections. Nobody who is ASSURED may be lost, and the
 * packets of the connections may not become slower by half.
 */
import { assuredUpTo } from '../shm/assured.ts';
import { trafficOptions } from '../traffic/options.ts';
import { type DesignRequest, designOf } from './design.ts';
import {
  type Criterion,
  establishedPerSecond,
  framesOf,
  middle,
  runOf,
  type ScenarioHooks,
  type ScenarioResult,
  type ScenarioRun,
} from './scenario.ts';

export interface FloodRequest extends DesignRequest {
  readonly rounds: number;
  /** SYNs for each packet of the connections. Absent: as a full line of SYNs is to the packets that pass without it. */
  readonly perPacket?: number;
}

/** A new SYN comes again after so many times the room that it may take: it was evicted long before. */
const FLOOD_TURNS = 4;
/** A sweep, which follows a refusal, goes on until a twentieth is free; and of several shards each has its own share. */
const FULL = 0.9;
/** What a line of 1 Gbit/s carries of the smallest frames. Source: IEEE 802.3, 64 bytes and 20 between frames */
const LINE_SYNS_PER_SECOND = 1e9 / ((64 + 20) * 8);
const PER_PACKET_MIN = 0.05;
const PER_PACKET_MAX = 1;
const TCP_ONLY = { tcp: 1, udp: 0, icmp: 0, sctp: 0, gre: 0 };

/** Errors: OptionError, Interrupted */
export async function synFlood(request: FloodRequest, hooks: ScenarioHooks = {}): Promise<ScenarioResult> {
  const { rounds } = request;
  const asked = { ...request, mix: TCP_ONLY, newPerSecond: 0 };
  const calm = designOf(asked);
  const calmFrames = await framesOf(calm, hooks);
  const runCalm = (round: number) => runOf(`round ${round}, no flood`, calm, calmFrames, hooks, () => null);
  const first = await runCalm(1);
  const offered = LINE_SYNS_PER_SECOND / Math.max(1, establishedPerSecond(first.figures));
  const perPacket = request.perPacket ?? Math.min(PER_PACKET_MAX, Math.max(PER_PACKET_MIN, offered));
  const flooded = designOf(asked, {
    perPacket,
    traffic: trafficOptions({ seed: request.seed, packetsPerSecond: 0, synFlood: 1_000_000 }),
  });
  const floodPackets = Math.max(1, (flooded.max - flooded.flows) * FLOOD_TURNS);
  const floodFrames = await framesOf(flooded, hooks, Math.ceil(floodPackets / perPacket));

  const runs: ScenarioRun[] = [];
  let lost = 0;
  let isFull = true;
  let refused = 0;
  let evicted = 0;
  const rates: { calm: number[]; flooded: number[]; syns: number[] } = { calm: [], flooded: [], syns: [] };
  for (let round = 1; round <= rounds; round++) {
    const without = round === 1 ? first : await runCalm(round);
    const during = await runOf(
      `round ${round}, flood`,
      flooded,
      floodFrames,
      hooks,
      ({ segments, end, design }) => ({
        // Each connection was made in the prologue; who was lost and came again is younger.
        assured: assuredUpTo(segments, floodFrames.prologue),
        filled: end.alive.reduce((sum, n) => sum + n, 0) / design.max,
      }),
    );
    runs.push({ name: 'no flood', round, figures: without.figures });
    runs.push({ name: 'flood', round, figures: during.figures });
    rates.calm.push(establishedPerSecond(without.figures));
    rates.flooded.push(establishedPerSecond(during.figures));
    rates.syns.push((during.figures.packets - during.figures.established) / during.figures.seconds);
    lost = Math.max(lost, flooded.flows - during.found.assured);
    isFull &&= during.found.filled > FULL;
    refused += during.figures.refusedFull;
    evicted += during.figures.evicted;
  }
  // Rounds differ by more than half where a machine is shared: each round's two runs are held against each other.
  const shares = rates.calm.map((rate, i) => rates.flooded[i] / rate);
  const share = middle(shares);
  const round = shares.indexOf(share);
  const without = rates.calm[round];
  const during = rates.flooded[round];
  const syns = rates.syns[round];
  const criteria: Criterion[] = [
    {
      name: 'the table is full',
      holds: isFull && evicted + refused > 0,
      words: `${evicted} connections were evicted and ${refused} SYNs refused; without that there is nothing to see`,
    },
    {
      name: 'no ASSURED connection is lost',
      holds: lost === 0,
      words: `${lost} of ${flooded.flows} lost`,
    },
    {
      name: 'established packets keep more than half of their rate',
      holds: share > 0.5,
      words: `${(during / 1e6).toFixed(2)} of ${(without / 1e6).toFixed(2)} million/s, ${(100 * share).toFixed(0)} % in the middle one of ${shares.length} rounds, beside ${(syns / 1e6).toFixed(2)} million SYNs/s, ${perPacket.toFixed(2)} for each packet`,
    },
  ];
  return {
    scenario: 'syn-flood',
    runs,
    criteria,
    figures: {
      establishedPerSecond: Math.round(without),
      establishedPerSecondInFlood: Math.round(during),
      share,
      synsPerPacket: perPacket,
      synsPerSecond: Math.round(syns),
      nsPerEstablished: 1e9 / without,
      // What is left of the time, shared among the SYNs.
      nsPerSyn: (1e9 / during - 1e9 / without) / perPacket,
      lost,
      evicted,
      refused,
    },
    interrupted: false,
  };
}

/**
 * A ladder of table sizes, for established, new and mixed traffic: ns per packet from memory through ingest thread, ring and one
 * shard. The sizes are those that published tests of the field use, 63 of 64 parts of a power of two. Then more shards, and how full the
 * table is. Each rung in a process of its own.
 */
import { grouped } from '../../src/common/grouped.ts';
import { Counter } from '../../src/shm/counters.ts';
import { LOAD_MAX } from '../../src/shm/segment.ts';
import {
  MIX,
  MIX_UDP,
  mixedTraffic,
  newTraffic,
  type Traffic,
  tcpTraffic,
  udpTraffic,
  withLaps,
} from '../lib/blocks.ts';
import { runPart } from '../lib/child.ts';
import { type Context, type Figure, type RunBench, scaled } from '../lib/figure.ts';
import { createInThread, FULL, trackAll } from '../lib/in-thread.ts';
import { checksumOf, nsPerPacket, runPipeline } from '../lib/pipeline-run.ts';

export type TrafficKind = 'established' | 'new' | 'mixed';
export const TRAFFIC_KINDS: readonly TrafficKind[] = ['established', 'new', 'mixed'];
export const LADDER_SIZES = [64_512, 258_048, 1_032_192, 4_128_768, 16_515_072] as const;
const TINY_SIZES = [64, 128, 256, 512, 1024] as const;
/** The handshakes of so many connections do not fit into a block: the largest tables get UDP. */
const TCP_MAX = 5_000_000;
export const SHARDS = [1, 2, 4] as const;
export const LOADS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1] as const;

export const ladderName = (kind: TrafficKind, size: number): string =>
  `ladder: ${kind}, table of ${grouped(size)}`;
export const shardsName = (shards: number): string =>
  `established TCP, ${shards} shard${shards === 1 ? '' : 's'}`;
export const loadName = (kind: TrafficKind, load: number): string =>
  `tracker alone, ${kind} at ${Math.round(load * 100)} % load`;

export async function run(context: Context): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const part of Object.keys(LADDER_PARTS)) {
    if (!isWanted(context, part)) continue;
    context.say(part);
    figures.push(...(await runPart(context, `ladder-${part}`)));
  }
  return figures;
}

/** The largest tables are for full runs; in tests the ends of the ladder are enough. */
function isWanted({ scale }: Context, part: string): boolean {
  if (scale === 'full' || !/-\d$/.test(part)) return true;
  return scale === 'quick' ? !part.endsWith('-5') : /-[15]$/.test(part);
}

/** Full tables of established connections; of the others a little less, since those that are due are still in the table. */
function trafficFor(kind: TrafficKind, size: number, seed: number): Traffic {
  if (kind === 'established') return size > TCP_MAX ? udpTraffic(size, seed) : tcpTraffic(size, seed, 2);
  if (kind === 'new') return newTraffic(Math.floor(size * 0.9));
  return mixedTraffic(Math.floor(size * 0.95), seed, size > TCP_MAX ? MIX_UDP : MIX);
}

const rung =
  (kind: TrafficKind, step: number): RunBench =>
  async (context) => {
    const size = scaled(context, LADDER_SIZES[step], LADDER_SIZES[step], TINY_SIZES[step]);
    const packets = scaled(context, 10e6, 3e6, 2000);
    const traffic = trafficFor(kind, size, context.seed);
    // So many are alive before it is measured; then as many as are wanted, to the end of a lap.
    const from = traffic.prologue + (kind === 'new' ? traffic.connections : traffic.loop / 10);
    const laps = Math.max(1, Math.ceil((from - traffic.prologue + packets) / traffic.loop));
    const result = await runPipeline({ block: withLaps(traffic, laps), maxConnections: size, from });
    const name = ladderName(kind, size);
    return [
      {
        name,
        unit: 'ns/packet',
        values: nsPerPacket(result),
        checksum: result.checksum,
        at: { connections: size, shards: 1 },
      },
    ];
  };

const sharded =
  (shards: number): RunBench =>
  async (context) => {
    const connections = scaled(context, 258_048, 258_048, 256);
    const packets = scaled(context, 12e6, 3e6, 2000);
    const traffic = tcpTraffic(connections, context.seed);
    const result = await runPipeline({
      block: withLaps(traffic, Math.ceil(packets / traffic.loop) + 1),
      // Shards do not get exactly the same share.
      maxConnections: connections * 2,
      from: traffic.prologue + traffic.loop / 2,
      shards,
    });
    const { checksum } = result;
    const at = { connections, shards };
    return [{ name: shardsName(shards), unit: 'ns/packet', values: nsPerPacket(result), checksum, at }];
  };

/** Packet time between two loads: all of the last one have expired. */
const PHASE_S = 1000;

/** The tracker alone, with every load of one table, whose index has grown to its full size before. */
const loads =
  (kind: 'established' | 'new'): RunBench =>
  (context) => {
    const max = Math.floor(scaled(context, 1 << 19, 1 << 18, 1 << 12) * LOAD_MAX);
    const thread = createInThread({
      maxEntries: max,
      ringSlots: scaled(context, 1 << 13, 1 << 13, 1 << 9),
    });
    const make = (load: number, phase: number): Traffic => {
      const count = Math.floor(max * Math.min(load, FULL));
      const laterSec = phase * PHASE_S;
      return kind === 'new' ? newTraffic(count, laterSec) : udpTraffic(count, context.seed, laterSec);
    };
    trackAll(thread, make(0.9, 0), max, 0);
    const figures = LOADS.map((load, i) => {
      const traffic = make(load, i + 1);
      const from = kind === 'new' ? traffic.connections * 1.1 : traffic.prologue + traffic.loop * 0.5;
      const values = trackAll(thread, traffic, from, scaled(context, 1e6, 5e5, 2000));
      return { name: loadName(kind, load), unit: 'ns/packet', values, checksum: 0, at: { load } };
    });
    const { counters } = thread.segment;
    const checksum = checksumOf([counters[Counter.TRACKED], counters[Counter.CREATED]]);
    return Promise.resolve(figures.map((figure) => ({ ...figure, checksum })));
  };

export const LADDER_PARTS: Readonly<Record<string, RunBench>> = {
  ...Object.fromEntries(
    TRAFFIC_KINDS.flatMap((kind) =>
      LADDER_SIZES.map((_, step): [string, RunBench] => [`${kind}-${step + 1}`, rung(kind, step)]),
    ),
  ),
  ...Object.fromEntries(SHARDS.map((shards): [string, RunBench] => [`shards-${shards}`, sharded(shards)])),
  'load-established': loads('established'),
  'load-new': loads('new'),
};

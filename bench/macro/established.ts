/**
 * Packets of established TCP connections at random, from memory through ingest thread, ring and shard: lengths, checksums, state,
 * window, accounting. Beside it the same work in C (limit.c), where there is a compiler.
 */

import { grouped } from '../../src/common/grouped.ts';
import { tcpTraffic, withLaps } from '../lib/blocks.ts';
import { limitIn } from '../lib/c-limit.ts';
import { type Context, type Figure, scaled } from '../lib/figure.ts';
import { nsPerPacket, runPipeline } from '../lib/pipeline-run.ts';

const ROUNDS = 2;

export const establishedName = (connections: number): string =>
  `established TCP, ${grouped(connections)} resident`;
export const limitName = (connections: number): string => `${establishedName(connections)}, in C`;

export async function run(context: Context): Promise<Figure[]> {
  const figures: Figure[] = [];
  const sizes = scaled(context, [10_000, 1_000_000], [10_000, 1_000_000], [100]);
  const packets = scaled(context, 24e6, 8e6, 2000);
  const limit = limitIn(context);
  for (const connections of sizes) {
    const traffic = tcpTraffic(connections, context.seed);
    const laps = Math.ceil(packets / traffic.loop) + 1;
    const ours: number[] = [];
    const theirs: number[] = [];
    const sums = new Set<number>();
    for (let round = 1; round <= ROUNDS; round++) {
      context.say(`${grouped(connections)} connections, round ${round} of ${ROUNDS}`);
      const result = await runPipeline({
        block: withLaps(traffic, laps),
        maxConnections: Math.ceil(connections * 1.2),
        from: traffic.prologue + traffic.loop,
      });
      ours.push(...nsPerPacket(result));
      sums.add(result.checksum);
      if (limit !== null) theirs.push(...limit(traffic, Math.ceil(laps / 2)));
    }
    if (sums.size !== 1) throw new Error('two rounds of the same packets gave different results');
    const at = { connections, shards: 1 };
    figures.push({
      name: establishedName(connections),
      unit: 'ns/packet',
      values: ours,
      checksum: [...sums][0],
      at,
    });
    if (theirs.length > 0)
      figures.push({
        name: limitName(connections),
        unit: 'ns/packet',
        values: theirs,
        checksum: traffic.prologue,
        at,
      });
  }
  return figures;
}

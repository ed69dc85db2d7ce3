/** Established UDP with a table that fills gigabytes, beside one of a million, from memory through ingest thread, ring and shard. */
import { grouped } from '../../src/common/grouped.ts';
import { udpTraffic, withLaps } from '../lib/blocks.ts';
import { type Context, type Figure, scaled } from '../lib/figure.ts';
import { nsPerPacket, runPipeline } from '../lib/pipeline-run.ts';

export const hugeName = (connections: number): string => `established UDP, ${grouped(connections)} resident`;

export async function run(context: Context): Promise<Figure[]> {
  const figures: Figure[] = [];
  const packets = scaled(context, 32e6, 6e6, 1000);
  for (const connections of scaled(context, [1_000_000, 16_000_000], [1_000_000, 4_000_000], [100, 300])) {
    context.say(`${grouped(connections)} connections`);
    const traffic = udpTraffic(connections, context.seed);
    const result = await runPipeline({
      block: withLaps(traffic, Math.ceil(packets / traffic.loop) + 1),
      maxConnections: Math.ceil(connections * 1.04),
      from: traffic.prologue + traffic.loop / 2,
    });
    figures.push({
      name: hugeName(connections),
      unit: 'ns/packet',
      values: nsPerPacket(result),
      checksum: result.checksum,
      at: { connections, shards: 1 },
    });
  }
  return figures;
}

/**
 * Memory per connection, all in: what the process has more when its table is as full as it gets, index, wheel and all, than with
 * hardly a connection. Each of the two in a process of its own.
 */

import { LOAD_MAX } from '../../src/shm/segment.ts';
import { udpTraffic } from '../lib/blocks.ts';
import { runPart } from '../lib/child.ts';
import { type Context, type Figure, scaled } from '../lib/figure.ts';
import { runPipeline } from '../lib/pipeline-run.ts';

export const MEMORY = 'memory per connection, full table';

const maxOf = (context: Context): number => Math.floor(scaled(context, 1 << 22, 1 << 20, 1 << 16) * LOAD_MAX);
const fewOf = (context: Context): number => Math.floor(maxOf(context) / 1000);

export async function run(context: Context): Promise<Figure[]> {
  const [few, many] = [fewOf(context), maxOf(context)];
  const values: number[] = [];
  let checksum = 0;
  for (let round = 0; round < scaled(context, 3, 2, 1); round++) {
    const [[small], [large]] = [await runPart(context, 'memory-few'), await runPart(context, 'memory-many')];
    values.push((large.values[0] - small.values[0]) / (many - few));
    checksum = large.checksum;
  }
  return [{ name: MEMORY, unit: 'bytes', values, checksum, at: { connections: many } }];
}

/** Resident memory of this process with so many connections, in a table for `maxOf`. */
async function residentWith(context: Context, connections: number): Promise<Figure[]> {
  // The same frames in both processes; only how many of them are read differs.
  const { block } = udpTraffic(maxOf(context), context.seed);
  const words = block.words.subarray(0, (block.loopAt / maxOf(context)) * connections);
  const { last, checksum } = await runPipeline({
    block: { ...block, words, loopAt: words.length },
    maxConnections: maxOf(context),
    from: 0,
  });
  if (last.alive !== connections) throw new Error(`${last.alive} of ${connections} connections are alive`);
  return [{ name: 'resident', unit: 'bytes', values: [last.residentBytes], checksum }];
}

export const few = (context: Context): Promise<Figure[]> => residentWith(context, fewOf(context));
export const many = (context: Context): Promise<Figure[]> => residentWith(context, maxOf(context));

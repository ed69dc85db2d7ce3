/**
 * What a new connection costs the tracker when its table is a tenth full and when it is nearly full, and full: one table, whose
 * index has grown to its full size before, with as many expiring as come. The tracker alone, in one thread.
 */
import { Counter } from '../../src/shm/counters.ts';
import { LOAD_MAX } from '../../src/shm/segment.ts';
import { newTraffic } from '../lib/blocks.ts';
import { type Context, type Figure, scaled } from '../lib/figure.ts';
import { createInThread, FULL, type InThread, trackAll } from '../lib/in-thread.ts';
import { checksumOf } from '../lib/pipeline-run.ts';

/** Packet time between two phases: all of the last one have expired. */
const PHASE_S = 1000;
/** Connections, of those that the table holds: enough for its index to grow to its full size. */
const GROWN = 0.9;
const LOADS = [0.1, 0.8, 1] as const;

export const insertName = (load: number): string => `new connection at ${Math.round(load * 100)} % load`;

export function run(context: Context): Promise<Figure[]> {
  const max = Math.floor(scaled(context, 1 << 21, 1 << 20, 1 << 13) * LOAD_MAX);
  const rounds = scaled(context, 2, 2, 1);
  const measured = scaled(context, 3e6, 1e6, 2000);
  const thread = createInThread({
    maxEntries: max,
    ringSlots: scaled(context, 1 << 14, 1 << 14, 1 << 9),
  });
  const values = new Map<number, number[]>(LOADS.map((load) => [load, []]));
  let phase = 0;
  churn(thread, Math.floor(max * GROWN), phase++ * PHASE_S, 0);
  for (let round = 0; round < rounds; round++) {
    for (const [load, found] of values) {
      context.say(`load ${load}`);
      const alive = Math.floor(max * Math.min(load, FULL));
      found.push(...churn(thread, alive, phase++ * PHASE_S, measured));
    }
  }
  const { counters } = thread.segment;
  const checksum = checksumOf([counters[Counter.CREATED], counters[Counter.ENDED_TIMEOUT]]);
  return Promise.resolve(
    [...values].map(([load, found]) => ({
      name: insertName(load),
      unit: 'ns/connection',
      values: found,
      checksum,
      at: { load },
    })),
  );
}

/** New connections, until so many are alive, and then `packets` more. Returns what those cost the tracker. Units: ns each */
function churn(thread: InThread, alive: number, laterSec: number, packets: number): number[] {
  return trackAll(thread, newTraffic(alive, laterSec), alive * 1.1, packets);
}

/**
 * Ingest alone: from frames in memory to descriptors in the ring (decode, checksums, hash), in one thread, with a reader of the
 * ring that does nothing. And the tracker alone, from descriptors to the table. Each in a process of its own.
 */
import { monotonicMs } from '../../src/common/clock.ts';
import { Counter } from '../../src/shm/counters.ts';
import { tcpTraffic, withLaps } from '../lib/blocks.ts';
import { runPart } from '../lib/child.ts';
import { type Context, type Figure, scaled } from '../lib/figure.ts';
import { createInThread, sourceOf } from '../lib/in-thread.ts';
import { checksumOf } from '../lib/pipeline-run.ts';

export const INGEST = 'ingest alone';
export const INGEST_UNCHECKED = 'ingest alone, checksums not verified';
export const TRACK = 'tracker alone';

export async function run(context: Context): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const part of ['ingest-verified', 'ingest-unchecked', 'track-alone']) {
    context.say(part);
    figures.push(...(await runPart(context, part)));
  }
  return figures;
}

type Stage = 'ingest' | 'track';

function measure(context: Context, name: string, stage: Stage, verifyChecksums: boolean): Promise<Figure[]> {
  const connections = scaled(context, 100_000, 100_000, 100);
  const packets = scaled(context, 30e6, 8e6, 2000);
  const traffic = tcpTraffic(connections, context.seed);
  const thread = createInThread({
    maxEntries: connections * 2,
    verifyChecksums,
    ringSlots: scaled(context, 1 << 13, 1 << 13, 1 << 9),
  });
  const source = sourceOf(withLaps(traffic, Math.ceil(packets / traffic.loop) + 1));
  const values: number[] = [];
  let done = 0;
  for (;;) {
    const beforeMs = monotonicMs();
    const count = thread.ingest(source);
    const betweenMs = monotonicMs();
    if (count === 0) break;
    if (stage === 'ingest') thread.discard();
    else thread.track();
    const ms = stage === 'ingest' ? betweenMs - beforeMs : monotonicMs() - betweenMs;
    // The first lap makes connections and warms up.
    if (done >= traffic.prologue + traffic.loop) values.push((ms * 1e6) / count);
    done += count;
  }
  const { counters } = thread.segment;
  const checksum = checksumOf([thread.counters[Counter.PACKETS], counters[Counter.TRACKED]]);
  return Promise.resolve([{ name, unit: 'ns/packet', values, checksum, at: { connections } }]);
}

export const verified = (context: Context): Promise<Figure[]> => measure(context, INGEST, 'ingest', true);
export const unchecked = (context: Context): Promise<Figure[]> =>
  measure(context, INGEST_UNCHECKED, 'ingest', false);
export const tracked = (context: Context): Promise<Figure[]> => measure(context, TRACK, 'track', true);

/**
 * Nothing but new connections for a minute: each is inserted, told as an event, expires, is told again and deleted; a million
 * are alive at a time. Events go into the log of a service. Does the rate hold, and the memory?
 */
import { newTraffic, withLaps } from '../lib/blocks.ts';
import { type Context, type Figure, scaled } from '../lib/figure.ts';
import { type Look, nsPerPacket, runPipeline } from '../lib/pipeline-run.ts';

export const FRESH = 'new connections, with events';
export const FRESH_STEADY = 'new connections: rate of the last sixth by that of the first';
export const FRESH_GROWTH = 'new connections: growth of memory';

export async function run(context: Context): Promise<Figure[]> {
  const alive = scaled(context, 1_000_000, 1_000_000, 100);
  const forMs = scaled(context, 60_000, 6000, 100);
  const traffic = newTraffic(alive);
  let startMs = 0;
  const result = await runPipeline({
    block: withLaps(traffic, Number.POSITIVE_INFINITY),
    maxConnections: Math.ceil(alive * 1.2),
    // By then all are alive that ever are, and everything that grows has grown.
    from: traffic.loop * 2,
    forMs,
    service: true,
    onLook({ atMs }) {
      startMs ||= atMs;
      context.say(`${Math.round((atMs - startMs) / 1000)} of ${Math.round(forMs / 1000)} s`);
    },
  });
  const { looks, last } = result;
  const sixth = Math.max(1, Math.floor((looks.length - 1) / 6));
  const rate = (from: Look, to: Look): number => (to.tracked - from.tracked) / (to.atMs - from.atMs);
  const early = rate(looks[0], looks[Math.min(sixth, looks.length - 1)]);
  const late = rate(looks[Math.max(0, looks.length - 1 - sixth)], looks[looks.length - 1]);
  if (early === 0 && context.scale !== 'tiny') throw new Error('nothing was tracked for a while');
  // How much is done depends on time; that what was made has ended or is alive does not.
  const checksum = last.created - last.ended - last.alive;
  if (checksum !== 0) throw new Error(`${checksum} connections were lost`);
  const grown = looks[looks.length - 1].residentBytes - looks[0].residentBytes;
  return [
    { name: FRESH, unit: 'ns/connection', values: nsPerPacket(result), checksum, at: { connections: alive } },
    { name: FRESH_STEADY, unit: 'times', values: [early === 0 ? 1 : late / early], checksum },
    { name: FRESH_GROWTH, unit: 'MB', values: [grown / 1e6], checksum },
  ];
}

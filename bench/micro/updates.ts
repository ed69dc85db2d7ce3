/**
 * What a packet of a known connection costs the tracker, of each protocol: from its descriptor to the table, which is in the
 * cache. Each in a process of its own.
 */
import { Counter } from '../../src/shm/counters.ts';
import { withLaps } from '../lib/blocks.ts';
import type { RunBench } from '../lib/figure.ts';
import { trafficOf } from '../lib/frame-list.ts';
import { createInThread, sourceOf } from '../lib/in-thread.ts';
import { measureTask } from '../lib/tiny.ts';
import { framesOf, PROTOCOLS, type ProtocolName } from './packets.ts';

const CONNECTIONS = 256;
const RING_SLOTS = 2048;
const PACKETS = (RING_SLOTS - 64) >> 1;

const update =
  (protocol: ProtocolName): RunBench =>
  (context) => {
    const { opening, loop } = framesOf(protocol, CONNECTIONS);
    const traffic = trafficOf(opening, loop, CONNECTIONS);
    const thread = createInThread({ maxEntries: CONNECTIONS * 2, ringSlots: RING_SLOTS });
    const source = sourceOf(withLaps(traffic, Number.POSITIVE_INFINITY));
    // The connections are made, and known to both sides.
    for (let n = 0; n < opening.length + loop.length; n += PACKETS) {
      thread.ingest(source);
      thread.track();
    }
    const figure = measureTask(context, {
      name: `update ${protocol}`,
      operations: PACKETS,
      run: thread.track,
      before: () => thread.ingest(source),
    });
    const { counters } = thread.segment;
    const created = counters[Counter.CREATED];
    const refused = thread.counters[Counter.PACKETS] - counters[Counter.TRACKED];
    if (created !== CONNECTIONS || refused > 0 || counters[Counter.IGNORED] > 0)
      throw new Error(`${protocol}: ${created} connections, ${refused} packets not tracked`);
    return Promise.resolve([{ ...figure, checksum: created }]);
  };

export const UPDATES: Readonly<Record<string, RunBench>> = Object.fromEntries(
  PROTOCOLS.map((protocol): [string, RunBench] => [`update-${protocol.toLowerCase()}`, update(protocol)]),
);

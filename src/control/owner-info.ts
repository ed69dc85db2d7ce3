/** How an owner of connections is doing, from its counters and cursors. Costs it nothing. */
import { Counter } from '../shm/counters.ts';
import type { LogReader } from '../shm/log.ts';
import { Desc } from '../shm/offsets.generated.ts';
import { createRingReader } from '../shm/ring.ts';
import type { Owner } from './control.ts';
import { latencyOf } from './latency.ts';
import type { OwnerInfo } from './tracker-control.ts';

export function ownerInfo(
  { segment, rings, latency }: Owner,
  number: number,
  kind: OwnerInfo['kind'],
  log: LogReader,
): OwnerInfo {
  const { counters } = segment;
  const entries = counters[Counter.ALIVE];
  const indexSlots = counters[Counter.INDEX_SLOTS];
  // Made anew: each begins at the cursor where the real reader is.
  const depth = rings.reduce((sum, ring) => sum + createRingReader(ring, Desc.WORDS).available(), 0);
  return {
    owner: number,
    kind,
    entries,
    entriesMax: segment.maxEntries,
    indexSlots,
    load: indexSlots === 0 ? 0 : entries / indexSlots,
    probeMax: counters[Counter.PROBE_MAX],
    wheelBacklog: counters[Counter.WHEEL_BACKLOG],
    expiryLagMs: counters[Counter.WHEEL_LAG_MS],
    ringDepth: depth,
    ringSlots: rings.reduce((sum, ring) => sum + ring.slots.length / Desc.WORDS, 0),
    nextEvent: log.head(),
    bytes: segment.buffer.byteLength,
    latencyNs: latency === null ? null : latencyOf(latency),
  };
}

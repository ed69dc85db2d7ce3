/** What counts as having come through our tap, beside the kernel's router. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Reason } from '../../src/common/reasons.ts';
import { collectStats } from '../../src/export/stats.ts';
import { Counter } from '../../src/shm/counters.ts';
import { tapCounts } from '../../src/workers/tap-service.ts';

test('after a lost packet later ones may be INVALID: every packet is judged or lost all the same', () => {
  const ingest = new Float64Array(Counter.WORDS);
  ingest[Counter.LIVE_SOCKETS] = 1;
  ingest[Counter.PACKETS] = 95;
  ingest[Counter.KERNEL_DROPS] = 5;
  ingest[Counter.REASON + Reason.RING_FULL] = 3;
  // ARP and the like is no packet of ours.
  ingest[Counter.REASON + Reason.NOT_IP] = 2;
  const shard = new Float64Array(Counter.WORDS);
  shard[Counter.TRACKED] = 80;
  shard[Counter.REASON + Reason.TCP_STATE] = 10;
  shard[Counter.CREATED] = 7;
  assert.deepEqual(tapCounts(collectStats(ingest, [shard], null)), { judged: 90, lost: 8, connections: 7 });
});

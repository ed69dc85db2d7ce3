/** Generated traffic in the tracker, with real threads: it makes of it what the generator meant. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Connection } from '../../src/export/connection.ts';
import { collectStats, type Stats, total } from '../../src/export/stats.ts';
import { Counter } from '../../src/shm/counters.ts';
import { type CollisionOptions, type TrafficOptions, trafficOptions } from '../../src/traffic/options.ts';
import { type PipelineOptions, startPipeline } from '../../src/workers/pipeline.ts';
import { until } from '../support/until.ts';

const ASSURED = 4;

interface Tracked {
  readonly stats: Stats;
  readonly alive: readonly Connection[];
}

async function track(given: Partial<TrafficOptions>, more: Partial<PipelineOptions> = {}): Promise<Tracked> {
  const traffic = trafficOptions(given);
  const pipeline = startPipeline({ files: [], traffic, shards: 2, ...more });
  try {
    await pipeline.finished;
    assert.deepEqual(pipeline.errors(), []);
    const stats = collectStats(pipeline.ingestCounters(), pipeline.shardCounters, pipeline.masterCounters);
    return { stats, alive: pipeline.connections() };
  } finally {
    await pipeline.close();
  }
}

const only = (protocol: string): TrafficOptions['mix'] => ({
  tcp: 0,
  udp: 0,
  icmp: 0,
  sctp: 0,
  gre: 0,
  [protocol]: 1,
});

describe('every packet is tracked, and each connection is NEW once', () => {
  const given: Partial<TrafficOptions> = {
    packets: 40_000,
    concurrent: 400,
    lifetimeS: 0.05,
    ipv6Share: 0.3,
  };
  for (const protocol of ['tcp', 'udp', 'icmp', 'sctp', 'gre']) {
    test(protocol, async () => {
      const { stats } = await track({ ...given, mix: only(protocol) });
      assert.equal(stats.packets, 40_000);
      assert.equal(stats.tracked, 40_000);
      assert.ok(stats.connections.created > 1000);
      assert.equal(stats.verdicts.NEW, stats.connections.created);
    });
  }

  test('with segments that are late and segments that come again, some of them long after', async () => {
    const { stats } = await track({ ...given, reordering: 0.2, retransmission: 0.2, roundTripMs: 4 });
    assert.equal(stats.tracked, 40_000);
    assert.equal(stats.verdicts.NEW, stats.connections.created);
  });
});

test('TCP connections become ASSURED with their handshake, and end in TIME_WAIT or CLOSE', async () => {
  const { alive } = await track({
    packets: 40_000,
    concurrent: 400,
    lifetimeS: 0.05,
    mix: only('tcp'),
    resetShare: 0.5,
  });
  const states = new Map<string, number>();
  for (const { status, state } of alive) {
    states.set(state ?? '', (states.get(state ?? '') ?? 0) + 1);
    if (state === 'ESTABLISHED') assert.ok((status & ASSURED) !== 0);
  }
  assert.ok((states.get('TIME_WAIT') ?? 0) > 500 && (states.get('CLOSE') ?? 0) > 500, [...states].join(' '));
  const underWay = alive.filter(({ status }) => (status & ASSURED) === 0).length;
  assert.ok(underWay < 200, `${underWay} of ${alive.length} without ASSURED`);
});

test('loss makes packets INVALID, and --one-way takes connections of one direction', async () => {
  const lossy = await track({ packets: 20_000, concurrent: 100, lifetimeS: 0.05, loss: 0.05 });
  assert.ok(total(lossy.stats.invalid) > 100);
  assert.equal(lossy.stats.tracked + total(lossy.stats.invalid), 20_000);
});

describe('attacks', () => {
  test('a SYN flood opens a connection with each packet', async () => {
    const { stats, alive } = await track({ packets: 10_000, packetsPerSecond: 0, synFlood: 10_000 });
    assert.equal(stats.verdicts.NEW, 10_000);
    assert.ok(alive.every(({ state }) => state === 'SYN_SENT'));
  });

  test('so does a UDP flood', async () => {
    const { stats } = await track({ packets: 10_000, packetsPerSecond: 0, udpFlood: 10_000 });
    assert.equal(stats.verdicts.NEW, 10_000);
  });

  test('a port scan is refused port by port', async () => {
    const { stats } = await track({ packets: 10_000, packetsPerSecond: 0, portScan: 10_000 });
    assert.equal(stats.connections.created, 5000);
    assert.equal(stats.connections.ended.reset, 5000);
  });

  test('fragments of a flood never make a datagram', async () => {
    const { stats } = await track({ packets: 10_000, packetsPerSecond: 0, fragmentFlood: 10_000 });
    assert.equal(stats.connections.created, 0);
    assert.equal(stats.tracked, 0);
    const reasons = Object.entries({ ...stats.dropped, ...stats.skipped, ...stats.invalid });
    assert.deepEqual(
      reasons.filter(([name, n]) => n > 0 && !name.startsWith('fragment-')),
      [],
    );
  });

  describe('chosen collisions', () => {
    const hashKey = { k0: 0x1234567, k1: 0x89abcde };
    const collisions: CollisionOptions = {
      packetsPerSecond: 10_000,
      connections: 3000,
      hashKey,
      shards: 2,
      slotBits: 16,
      slots: 64,
    };
    const given: Partial<TrafficOptions> = { packets: 3000, packetsPerSecond: 0, collisions };

    test('collide in a table with that key, up to the bound of its probes', async () => {
      const { stats } = await track(given, { hashKey });
      assert.ok(stats.shards[0].probeMax > 1000 && stats.shards[0].probeMax < 1024);
      assert.equal(stats.shards[1].connections.created, 0, 'all of them are meant for the first shard');
      assert.ok(stats.dropped['probe-limit'] > 1000);
      assert.equal(stats.connections.created + stats.dropped['probe-limit'], 3000);
    });

    test('do nothing to a table with another one', async () => {
      const { stats } = await track(given, { hashKey: { k0: hashKey.k0, k1: hashKey.k1 ^ 1 } });
      assert.ok(stats.shards[0].probeMax < 64, `${stats.shards[0].probeMax}`);
      assert.equal(stats.connections.created, 3000);
    });
  });
});

test('STOP ends traffic without an end', async () => {
  const pipeline = startPipeline({ files: [], traffic: trafficOptions(), shards: 1 });
  try {
    await until(() => pipeline.ingestCounters()[Counter.PACKETS] > 100_000, 'packets');
    pipeline.stop();
    await pipeline.finished;
    assert.equal(pipeline.wasStopped(), true);
    assert.equal(pipeline.shardCounters[0][Counter.TRACKED], pipeline.ingestCounters()[Counter.PACKETS]);
  } finally {
    await pipeline.close();
  }
});

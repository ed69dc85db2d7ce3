/** Designed runs through real threads, small. Nothing is said of how fast they are. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runCharts } from '../../src/design/charts.ts';
import { collision } from '../../src/design/collision.ts';
import { type DesignRequest, designOf } from '../../src/design/design.ts';
import { prepareFrames } from '../../src/design/frames.ts';
import { resultOf } from '../../src/design/result.ts';
import { runDesign } from '../../src/design/run.ts';
import type { ScenarioResult } from '../../src/design/scenario.ts';
import { synFlood } from '../../src/design/syn-flood.ts';
import { PROBE_LIMIT } from '../../src/shm/table.ts';
import { request } from './requests.ts';

async function ran(given: Partial<DesignRequest>, isStopped: () => boolean = () => false) {
  const design = designOf(request(given));
  const frames = await prepareFrames(design);
  assert.ok(frames !== null);
  // A lap goes before what is measured, so that going back to its start is seen.
  const warmupPackets = design.newPerSecond === 0 && design.rate === undefined ? frames.run : 0;
  const seen = await runDesign(design, frames, { isStopped, warmupPackets });
  return { seen, ...(await resultOf(seen)) };
}

describe('a designed run', () => {
  it('as fast as it goes: every packet is tracked, none opens a connection, laps or not', async () => {
    const { figures, latency } = await ran({ shards: 2 });
    assert.ok(figures.packets > 0);
    assert.deepEqual(figures.reasons, {});
    assert.deepEqual([figures.created, figures.evicted, figures.expired], [0, 0, 0]);
    assert.equal(figures.connections, 500);
    assert.ok(latency !== null && latency.count > 0);
    const ns = latency.percentiles.map((each) => each.ns);
    assert.deepEqual(
      ns,
      ns.toSorted((a, b) => a - b),
    );
    assert.ok(latency.maxNs >= ns[ns.length - 1] && latency.minNs <= ns[0]);
    assert.deepEqual(
      figures.garbage.map(({ thread }) => thread),
      ['ingest', 'shard 0', 'shard 1'],
    );
    assert.match(latency.hgrm, /Value +Percentile TotalCount 1\/\(1-Percentile\)/);
    assert.match(latency.hgrm, new RegExp(`Total count += +${latency.count}`));
  });

  it('at a rate: no packet is sent before it is due', async () => {
    const rate = 20_000;
    const { figures, seen } = await ran({ rate, durationS: 0.3 });
    assert.ok(figures.packets > 0);
    // From the first paced packet on; the looks begin after it.
    const most = ((seen.end.ms - seen.begin.ms) / 1000) * rate;
    assert.ok(figures.packets <= most + rate * 0.2, `${figures.packets} of ${most}`);
    assert.deepEqual(figures.reasons, {});
    assert.equal(figures.latency?.count !== 0, true);
  });

  it('where connections come and go they are created, at about the rate of packet time', async () => {
    const { figures } = await ran({ newPerSecond: 2000, rate: 40_000, durationS: 0.4, flows: 1000 });
    assert.ok(figures.created > 0);
    assert.deepEqual([figures.evicted, figures.refusedFull], [0, 0]);
  });

  it('without latencies has none, and nothing of what measures them', async () => {
    const { figures, latency, seen } = await ran({ latency: false });
    assert.equal(latency, null);
    assert.deepEqual([seen.histograms, figures.garbage], [[], []]);
    assert.ok(figures.packets > 0);
  });

  it('ends when it is told to, with what was measured', async () => {
    let looks = 0;
    const { figures } = await ran({ durationS: 60 }, () => ++looks > 20);
    assert.equal(figures.interrupted, true);
    assert.ok(figures.seconds < 30);
  });

  it('has pictures', async () => {
    const result = await ran({ shards: 2 });
    const svg = runCharts(result);
    for (const title of ['Latency by percentile', 'Connections over time', 'Packets per second over time'])
      assert.ok(svg.includes(`>${title}</text>`), title);
    assert.ok(svg.includes('>99.9%</text>') && svg.includes('>shard 1</text>'));
    assert.doesNotMatch(svg, /NaN/);
  });
});

/** All but those about time. */
function assertHolds({ criteria }: ScenarioResult): void {
  const about = criteria.filter(({ name }) => !/rate|fast/.test(name));
  assert.ok(about.length >= 2);
  for (const { name, holds, words } of about) assert.ok(holds, `${name}: ${words}`);
}

describe('attacks in small', () => {
  for (const shards of [1, 2]) {
    it(`a SYN flood on a full table loses nobody who is ASSURED, ${shards} shards`, async () => {
      const result = await synFlood({
        ...request({ shards, latency: false, max: 1000, warmupS: 0.3 }),
        rounds: 1,
        perPacket: 0.25,
      });
      assertHolds(result);
      assert.ok(result.figures.evicted > 0);
      assert.equal(result.criteria.length, 3);
    });
  }

  it('chosen collisions are bounded with the key known, and nothing with another key', async () => {
    const result = await collision({
      ...request({ latency: false, max: 8000, warmupS: 0.1 }),
      rounds: 1,
      perPacket: 0.1,
    });
    assertHolds(result);
    const { figures } = result;
    assert.equal(figures.probeMaxKnownKey, PROBE_LIMIT - 1);
    assert.ok(figures.refusedKnownKey > 0);
    assert.ok(figures.probeMaxRandomKey < 100);
  });

  it('collisions need room in one shard', async () => {
    await assert.rejects(
      collision({ ...request({ max: 2000 }), rounds: 1, perPacket: 0.1 }),
      /--max: "2000".*at least/,
    );
  });
});

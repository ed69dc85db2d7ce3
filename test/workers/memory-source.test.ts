/** The pipeline on frames in memory: real threads, and STOP. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Counter } from '../../src/shm/counters.ts';
import { createFrameBlockWriter } from '../../src/shm/frame-block.ts';
import { startPipeline } from '../../src/workers/pipeline.ts';
import { LINK_RAW, udpPacket } from '../support/frames.ts';
import { until } from '../support/until.ts';

const COUNT = 300;

/** One UDP packet of each of 300 connections, and before them one that comes only once. */
function packets() {
  const writer = createFrameBlockWriter((COUNT + 1) * 64);
  let loopAt = 0;
  for (let port = 0; port <= COUNT; port++) {
    const frame = udpPacket(
      { src: '10.0.0.1', dst: '10.0.0.2' },
      { sport: 1000 + port, dport: 9, payload: 8 },
    );
    writer.bytes.set(frame, writer.add(1_700_000_000, port * 1_000_000, frame.length));
    if (port === 0) loopAt = writer.used();
  }
  return { writer, loopAt };
}

test('laps reach the shards, later in time each', async () => {
  const { writer, loopAt } = packets();
  const memory = writer.block(LINK_RAW, { loopAt, laps: 200, lapMs: 1000 });
  const pipeline = startPipeline({ files: [], memory, shards: 2 });
  try {
    await pipeline.finished;
    const tracked = pipeline.shardCounters.reduce((sum, counters) => sum + counters[Counter.TRACKED], 0);
    assert.equal(tracked, 1 + 200 * COUNT);
    // The first one has expired meanwhile; the others were seen once a second.
    const alive = pipeline.connections();
    assert.equal(alive.length, COUNT);
    assert.deepEqual([...new Set(alive.map(({ original }) => original.packets))], [200]);
    assert.deepEqual(pipeline.errors(), []);
    assert.equal(pipeline.wasStopped(), false);
  } finally {
    await pipeline.close();
  }
});

test('STOP ends laps without an end; what was read is tracked', async () => {
  const { writer, loopAt } = packets();
  const memory = writer.block(LINK_RAW, { loopAt, laps: Number.POSITIVE_INFINITY, lapMs: 1000 });
  const pipeline = startPipeline({ files: [], memory, shards: 1 });
  try {
    const read = (): number => pipeline.ingestCounters()[Counter.PACKETS];
    await until(() => read() > 100_000, 'packets');
    pipeline.stop();
    await pipeline.finished;
    assert.equal(pipeline.wasStopped(), true);
    assert.equal(pipeline.shardCounters[0][Counter.TRACKED], read());
  } finally {
    await pipeline.close();
  }
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { designOf } from '../../src/design/design.ts';
import { prepareFrames } from '../../src/design/frames.ts';
import { createMemoryReader } from '../../src/ingest/memory-reader.ts';
import { ReadStatus, Rec } from '../../src/ingest/reader.ts';
import type { FrameBlock } from '../../src/shm/frame-block.ts';
import { trafficOptions } from '../../src/traffic/options.ts';
import { request } from './requests.ts';

/** Times of so many packets, in ns after `fromSec`. */
async function timesOf(block: FrameBlock, packets: number, fromSec: number): Promise<number[]> {
  const reader = createMemoryReader(block);
  const times: number[] = [];
  while (times.length < packets) {
    const status = reader.next();
    if (status === ReadStatus.END) break;
    if (status === ReadStatus.NEED_BYTES) await reader.fill();
    else times.push((reader.record[Rec.SEC] - fromSec) * 1e9 + reader.record[Rec.NSEC]);
  }
  return times;
}

async function framesOf(given: Parameters<typeof request>[0], attackPerPacket = 0) {
  const attack = {
    perPacket: attackPerPacket,
    traffic: trafficOptions({ packetsPerSecond: 0, synFlood: 1000 }),
  };
  const frames = await prepareFrames(designOf(request(given), attackPerPacket > 0 ? attack : null));
  assert.ok(frames !== null);
  return frames;
}

describe('prepared frames', () => {
  it('are the same for the same design', async () => {
    const [a, b, c] = [await framesOf({}), await framesOf({}), await framesOf({ seed: 2 })];
    assert.ok(
      Buffer.from(a.block.words.buffer, 0, 40_000).equals(Buffer.from(b.block.words.buffer, 0, 40_000)),
    );
    assert.deepEqual([a.prologue, a.run, a.block.loopAt], [b.prologue, b.run, b.block.loopAt]);
    assert.ok(
      !Buffer.from(a.block.words.buffer, 0, 40_000).equals(Buffer.from(c.block.words.buffer, 0, 40_000)),
    );
  });

  it('are due at the rate from a whole second on, without a leap where a lap begins', async () => {
    const { block, prologue, run, originSec } = await framesOf({
      rate: 8000,
      mix: { tcp: 0, udp: 1, icmp: 0, sctp: 0, gre: 0 },
    });
    const times = await timesOf(block, prologue + run + 100, originSec);
    assert.equal(times.length, prologue + run + 100);
    assert.ok(times[prologue - 1] < 0);
    assert.equal(times[prologue], 0);
    for (let i = prologue + 1; i < times.length; i++) {
      const gap = times[i] - times[i - 1];
      assert.ok(Math.abs(gap - 125_000) < 3, `${gap} ns before packet ${i - prologue}`);
    }
  });

  it('come once where connections come and go', async () => {
    const { block, run } = await framesOf({ newPerSecond: 200, rate: 10_000, durationS: 1 });
    assert.equal(block.laps, 1);
    assert.ok(run >= 20_000, String(run));
  });

  it('have an attack between them, and none before', async () => {
    const { run, attack } = await framesOf({}, 0.25);
    assert.equal(attack, Math.floor((run - attack) * 0.25));
  });

  it('are given up when stopped', async () => {
    assert.equal(await prepareFrames(designOf(request({ flows: 100_000 })), { isStopped: () => true }), null);
  });
});

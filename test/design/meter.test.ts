/** Latency counts from when a packet was due, or from when it was handed over: never from when somebody got around to it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createSharedClock } from '../../src/common/clock.ts';
import { Task } from '../../src/shm/bits.ts';
import { FINE_UNIT_NS, FINE_WORDS, fineValueOf } from '../../src/shm/fine-histogram.ts';
import { Desc } from '../../src/shm/offsets.generated.ts';
import { createRingReader, createRingWriter } from '../../src/shm/ring.ts';
import { createRingMemory, createSharedF64, createSharedI32 } from '../../src/shm/segment.ts';
import { Control, Measured, type MeasureMemory } from '../../src/workers/messages.ts';
import { createMeter, stampArrivals } from '../../src/workers/meter.ts';

const SLOTS = 8;
const ORIGIN_SEC = 1_700_000_000;

function measureOf(pacedFrom: number | null): MeasureMemory {
  return {
    words: createSharedF64(Measured.WORDS),
    pacedFrom,
    originSec: ORIGIN_SEC,
    arrivals: pacedFrom === null ? [createSharedF64(SLOTS)] : [],
    histograms: [createSharedI32(FINE_WORDS)],
  };
}

/** Latencies that were counted, in whole ms, smallest first. */
function countedMs({ histograms }: MeasureMemory): number[] {
  return [...histograms[0].entries()].flatMap(([bucket, count]) =>
    Array.from({ length: count }, () => Math.round((fineValueOf(bucket) * FINE_UNIT_NS) / 1e6)),
  );
}

const control = (): Int32Array => {
  const words = createSharedI32(Control.WORDS);
  words[Control.MEASURING] = 1;
  return words;
};

describe('the meter', () => {
  it('counts a paced packet from when it was due, across the end of the ring, and no word of the clock', () => {
    const measure = measureOf(0);
    const slots = new Int32Array(SLOTS * Desc.WORDS);
    // The packets of times 0, 100, 200, 300 ms were due 1000, 900, 800, 700 ms ago.
    for (let k = 0; k < 4; k++) {
      const o = ((6 + k) % SLOTS) * Desc.WORDS;
      slots[o + Desc.META] = k === 1 ? Task.CLOCK : Task.TCP;
      slots[o + Desc.SEC] = ORIGIN_SEC;
      slots[o + Desc.NSEC] = k * 100e6;
    }
    measure.words[Measured.ORIGIN] = createSharedClock()() - 1000;
    createMeter(slots, measure, control(), 0)(6 * Desc.WORDS, 4);
    const counted = countedMs(measure);
    assert.equal(counted.length, 3);
    for (const [i, least] of [700, 800, 1000].entries())
      assert.ok(counted[i] >= least - 10 && counted[i] < least + 5000, `${counted}`);
  });

  it('counts another packet from when it was handed over', () => {
    const measure = measureOf(null);
    const memory = createRingMemory(SLOTS, Desc.WORDS);
    const ring = createRingWriter(memory, Desc.WORDS);
    const reader = createRingReader(memory, Desc.WORDS);
    const stamped = stampArrivals(ring, measure.arrivals[0]);
    const beforeMs = createSharedClock()();
    stamped.publish(6);
    reader.release(6);
    const between = measure.arrivals[0].slice();
    stamped.publish(4);
    assert.equal(reader.available(), 4);
    const { arrivals } = measure;
    assert.ok(between.subarray(0, 6).every((ms) => ms >= beforeMs - 1) && between[6] === 0);
    // The slots 6, 7, 0 and 1 are newer than 2 to 5.
    assert.deepEqual([...arrivals[0].subarray(2, 6)], [...between.subarray(2, 6)]);
    assert.ok(arrivals[0][0] >= between[0] && arrivals[0][7] === arrivals[0][0]);
    createMeter(memory.slots.fill(Task.UDP), measure, control(), 0)(6 * Desc.WORDS, 4);
    assert.equal(countedMs(measure).length, 4);
  });

  it('counts nothing outside of the measured part', () => {
    const measure = measureOf(0);
    const off = createSharedI32(Control.WORDS);
    createMeter(new Int32Array(SLOTS * Desc.WORDS), measure, off, 0)(0, 4);
    assert.deepEqual(countedMs(measure), []);
  });
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createMemoryReader } from '../../src/ingest/memory-reader.ts';
import { type CaptureReader, ReadStatus, Rec } from '../../src/ingest/reader.ts';
import { createFrameBlockWriter, type FrameBlock, frameRecordBytes } from '../../src/shm/frame-block.ts';
import fc from '../support/fast-check.ts';

interface Frame {
  readonly sec: number;
  readonly nsec: number;
  readonly data: Uint8Array;
  readonly extra: number;
}

const frames = fc.array(
  fc.record({
    sec: fc.nat({ max: 2 ** 31 }),
    nsec: fc.nat({ max: 999_999_999 }),
    data: fc.uint8Array({ maxLength: 90 }),
    extra: fc.nat({ max: 1500 }),
  }),
  { maxLength: 40 },
);

function blockOf(
  list: readonly Frame[],
  { loopFrom = 0, laps = 1, lapMs = 0 }: { loopFrom?: number; laps?: number; lapMs?: number } = {},
): FrameBlock {
  const writer = createFrameBlockWriter(
    list.reduce((sum, { data }) => sum + frameRecordBytes(data.length), 0),
  );
  let loopAt = 0;
  list.forEach(({ sec, nsec, data, extra }, i) => {
    if (i === loopFrom) loopAt = writer.used();
    writer.bytes.set(data, writer.add(sec, nsec, data.length, data.length + extra));
  });
  if (loopFrom >= list.length) loopAt = writer.used();
  return writer.block(113, { loopAt, laps, lapMs });
}

/** Every packet as text, and how many packets came between two breaths at most. */
async function readAll(reader: CaptureReader, most = Number.POSITIVE_INFINITY) {
  const packets: string[] = [];
  let breathless = 0;
  let breathlessMax = 0;
  for (;;) {
    const status = reader.next();
    if (status === ReadStatus.END) break;
    if (status === ReadStatus.NEED_BYTES) {
      breathless = 0;
      await reader.fill();
      continue;
    }
    breathlessMax = Math.max(breathlessMax, ++breathless);
    const r = reader.record;
    const data = reader.bytes.subarray(r[Rec.OFFSET], r[Rec.OFFSET] + r[Rec.CAPTURE_LENGTH]);
    packets.push(
      `${r[Rec.SEC] >>> 0}.${r[Rec.NSEC]} ${r[Rec.WIRE_LENGTH]} ${r[Rec.LINK_TYPE]} ${Buffer.from(data).toString('hex')}`,
    );
    if (packets.length >= most) break;
  }
  return { packets, breathlessMax };
}

/** The same, worked out in floating point and without any reader. */
function expected(list: readonly Frame[], loopFrom: number, laps: number, lapMs: number): string[] {
  const told = (frame: Frame, lap: number): string => {
    const nsec = BigInt(frame.sec) * 1_000_000_000n + BigInt(frame.nsec) + BigInt(lap * lapMs) * 1_000_000n;
    const hex = Buffer.from(frame.data).toString('hex');
    return `${nsec / 1_000_000_000n}.${nsec % 1_000_000_000n} ${frame.data.length + frame.extra} 113 ${hex}`;
  };
  const rest = list.slice(loopFrom);
  const first = list.slice(0, loopFrom).map((frame) => told(frame, 0));
  return [...first, ...Array.from({ length: laps }, (_, lap) => rest.map((f) => told(f, lap))).flat()];
}

describe('frames in memory', () => {
  test('come in order, the loop in every lap, each lap later, whatever the breath', async () => {
    await fc.assert(
      fc.asyncProperty(
        frames,
        fc.nat({ max: 45 }),
        fc.integer({ min: 1, max: 5 }),
        fc.nat({ max: 100_000 }),
        fc.integer({ min: 1, max: 300 }),
        async (list, from, laps, lapMs, breath) => {
          const loopFrom = Math.min(from, list.length);
          const reader = createMemoryReader(blockOf(list, { loopFrom, laps, lapMs }), breath);
          assert.deepEqual((await readAll(reader)).packets, expected(list, loopFrom, laps, lapMs));
        },
      ),
    );
  });

  test('pause within a bounded number of packets, also where a lap is short', async () => {
    const frame = { sec: 1, nsec: 0, data: new Uint8Array(40), extra: 0 };
    for (const count of [1, 7, 1000]) {
      const list = Array.from({ length: count }, () => frame);
      const reader = createMemoryReader(blockOf(list, { laps: 5000 / count }), 14 * 50);
      const { packets, breathlessMax } = await readAll(reader);
      assert.equal(packets.length, Math.ceil(5000 / count) * count);
      assert.equal(breathlessMax, 50);
    }
  });

  test('never end when the laps do not, and end at once when closed or without a loop', async () => {
    const list = [1, 2].map((sec) => ({ sec, nsec: 999_999_999, data: new Uint8Array(3), extra: 0 }));
    const endless = createMemoryReader(blockOf(list, { laps: Number.POSITIVE_INFINITY, lapMs: 3000 }));
    const { packets } = await readAll(endless, 1001);
    assert.equal(packets.at(-1)?.split(' ')[0], '1501.999999999');
    assert.equal(endless.bytesTotal, 0);
    await endless.close();
    assert.equal(endless.next(), ReadStatus.END);
    const once = createMemoryReader(blockOf(list, { loopFrom: 2, laps: Number.POSITIVE_INFINITY }));
    assert.equal((await readAll(once)).packets.length, 2);
  });

  test('tell how far they are', async () => {
    const list = Array.from({ length: 10 }, () => ({ sec: 1, nsec: 0, data: new Uint8Array(5), extra: 0 }));
    const reader = createMemoryReader(blockOf(list, { loopFrom: 5, laps: 3 }), 6 * 4);
    assert.equal(reader.bytesTotal, 20 * 24);
    const seen: number[] = [];
    for (;;) {
      const status = reader.next();
      if (status === ReadStatus.END) break;
      if (status !== ReadStatus.NEED_BYTES) continue;
      await reader.fill();
      seen.push(reader.bytesConsumed);
    }
    assert.deepEqual(
      seen,
      [4, 8, 12, 16].map((records) => records * 24),
    );
  });
});

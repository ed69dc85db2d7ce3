/**
 * Damaged capture files through the readers. A find is written to test/fixtures/fuzz/captures, where it
 * is replayed for ever.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { CaptureError } from '../../src/common/errors.ts';
import { openCapture, openCaptureSource } from '../../src/ingest/open-capture.ts';
import { type CaptureReader, ReadStatus, Rec } from '../../src/ingest/reader.ts';
import * as files from '../ingest/capture-files.ts';
import { createRandom, operations, type Random, seedOf } from '../support/random.ts';
import { loadScratch, mutate, type Scratch } from './mutate.ts';
import { captureFiles, handMadeSeeds, readCaptureFile } from './seeds.ts';

const FINDS = 'test/fixtures/fuzz/captures';
const SEED_BYTES_MAX = 6000;
const SCRATCH_BYTES = 8192;
const WINDOW_BYTES = 4096;
/** The readers buffer a record of 16 MiB and a little at most, and double their buffer at most once more. */
const MEMORY_BYTES_MAX = 34 * 1024 * 1024;

function seedFiles(): Uint8Array[] {
  const packets = handMadeSeeds()
    .filter((_, i) => i % 97 === 0)
    .map(({ bytes }, i) => ({
      sec: 1_700_000_000 + i,
      nsec: i * 1000,
      wireLength: bytes.length + i,
      data: bytes,
    }));
  const seeds: Uint8Array[] = [];
  for (const littleEndian of [true, false]) {
    for (const nano of [true, false]) seeds.push(files.pcapFile(packets, { littleEndian, nano }));
    seeds.push(
      files.concat(
        files.sectionBlock(littleEndian),
        files.interfaceBlock({ resolution: 9, offsetSec: 5n, snapLen: 200 }, littleEndian),
        files.interfaceBlock({ linkType: 113, resolution: 0x8a }, littleEndian),
        ...packets.map(({ data }, i) =>
          files.enhancedBlock({ interfaceId: i % 2, time: BigInt(i) * 1_000_000n, data }, littleEndian),
        ),
        files.oldPacketBlock({ time: 7n, data: packets[0].data }, littleEndian),
        files.simpleBlock(packets[1].data, packets[1].data.length, littleEndian),
        files.sectionBlock(!littleEndian),
        files.interfaceBlock({}, !littleEndian),
        files.simpleBlock(packets[2].data, 2000, !littleEndian),
      ),
    );
  }
  for (const path of captureFiles()) seeds.push(readCaptureFile(path, SEED_BYTES_MAX));
  return seeds.filter((bytes) => bytes.length > 0).map((bytes) => bytes.subarray(0, SEED_BYTES_MAX));
}

function checkRecord(reader: CaptureReader): void {
  const { record, bytes, view } = reader;
  const offset = record[Rec.OFFSET];
  const captured = record[Rec.CAPTURE_LENGTH];
  assert.ok(
    offset >= 0 && captured >= 0 && offset + captured <= bytes.length,
    'a packet outside of the memory',
  );
  assert.ok(record[Rec.WIRE_LENGTH] >= captured, 'more captured than was on the wire');
  assert.ok(record[Rec.NSEC] >= 0 && record[Rec.NSEC] < 1_000_000_000, `${record[Rec.NSEC]} nanoseconds`);
  assert.ok(record[Rec.LINK_TYPE] >= 0);
  assert.equal(view.buffer, bytes.buffer);
}

/** Reads to the end, which must come: every packet takes bytes, and every refill gives some or is the last. */
async function readAll(reader: CaptureReader, sizeMax: number): Promise<number> {
  let packets = 0;
  let fills = 0;
  for (;;) {
    const status = reader.next();
    if (status === ReadStatus.END) break;
    if (status === ReadStatus.PACKET) {
      packets++;
      checkRecord(reader);
    } else {
      fills++;
      await reader.fill();
    }
    assert.ok(packets <= sizeMax / 16 + 1 && fills <= sizeMax + 16, 'reading comes to no end');
    assert.ok(reader.bytes.length <= MEMORY_BYTES_MAX, `${reader.bytes.length} bytes of memory`);
  }
  // It stays at its end, and says what was wrong where the file ends or before.
  assert.equal(reader.next(), ReadStatus.END);
  const { error } = reader;
  if (error !== null) {
    assert.ok(error instanceof CaptureError);
    assert.ok(error.offset >= 0 && error.offset <= sizeMax, `an error at byte ${error.offset} of ${sizeMax}`);
    assert.match(error.message, /: at byte \d+: expected \S.*, found \S/);
  }
  await reader.close();
  return packets;
}

async function keepingFinds<T>(bytes: Uint8Array, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (cause) {
    mkdirSync(FINDS, { recursive: true });
    const path = join(FINDS, `find-${Date.now()}.bin`);
    writeFileSync(path, bytes);
    throw new Error(`kept as ${path}`, { cause });
  }
}

function damaged(seeds: readonly Uint8Array[], scratch: Scratch, random: Random): Uint8Array {
  loadScratch(scratch, random.pick(seeds));
  mutate(scratch, random, seeds);
  return scratch.bytes.slice(0, scratch.length);
}

const readMemory = async (bytes: Uint8Array, step: number, bufferBytes: number): Promise<number> =>
  readAll(await openCaptureSource(files.memorySource(bytes, step), { bufferBytes }), bytes.length);

describe('damaged capture files', () => {
  test('end, without an exception and within bounds', async (t) => {
    const random = createRandom(seedOf(t));
    const seeds = seedFiles();
    const scratch: Scratch = { bytes: new Uint8Array(SCRATCH_BYTES), length: 0 };
    let packets = 0;
    for (let i = 0, count = operations(2000, 100_000); i < count; i++) {
      const bytes = damaged(seeds, scratch, random);
      const step = random.pick([1, 7, 100, 4096]);
      packets += await keepingFinds(bytes, () => readMemory(bytes, step, WINDOW_BYTES));
    }
    t.diagnostic(`${seeds.length} seeds, ${packets} packets`);
    assert.ok(packets > operations(2000, 100_000), `only ${packets} packets`);
  });

  test('give the same packets however the bytes arrive', async (t) => {
    const random = createRandom(seedOf(t));
    const seeds = seedFiles();
    const scratch: Scratch = { bytes: new Uint8Array(SCRATCH_BYTES), length: 0 };
    for (let i = 0; i < operations(100); i++) {
      const bytes = damaged(seeds, scratch, random);
      const whole = await files.readBytes(bytes);
      const pieces = await files.readBytes(bytes, 1 + random.below(20), 64);
      assert.deepEqual(pieces.packets, whole.packets);
      assert.equal(pieces.error, whole.error);
    }
  });

  test('on disk, gzipped before or after the damage, likewise', async (t) => {
    const random = createRandom(seedOf(t));
    const seeds = seedFiles();
    const zipped = seeds.map((bytes) => new Uint8Array(gzipSync(bytes)));
    const scratch: Scratch = { bytes: new Uint8Array(SCRATCH_BYTES), length: 0 };
    const folder = mkdtempSync(join(tmpdir(), 'flowshard-fuzz-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const path = join(folder, 'capture');
    for (let i = 0; i < operations(300); i++) {
      const bytes = damaged(i % 3 === 0 ? seeds : zipped, scratch, random);
      writeFileSync(path, i % 3 === 1 ? gzipSync(bytes) : bytes);
      // A damaged stream may decompress to more than was compressed.
      await keepingFinds(bytes, async () => readAll(await openCapture(path), 1 << 20));
    }
  });

  test('that are cut anywhere give the packets before the cut', async () => {
    for (const bytes of seedFiles().slice(0, 6)) {
      const whole = await files.readBytes(bytes);
      for (let length = 0; length < bytes.length; length += 3) {
        const cut = await files.readBytes(bytes.subarray(0, length));
        assert.deepEqual(cut.packets, whole.packets.slice(0, cut.packets.length));
      }
    }
  });

  test('found earlier are replayed', async () => {
    const names = readdirSync(FINDS);
    assert.ok(names.length >= 10);
    for (const name of names) {
      const bytes = new Uint8Array(readFileSync(join(FINDS, name)));
      for (const step of [1, 13, 1 << 20]) await readMemory(bytes, step, WINDOW_BYTES);
      await readAll(await openCapture(join(FINDS, name)), 1 << 20);
    }
  });
});

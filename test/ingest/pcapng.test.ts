import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from '../support/fast-check.ts';
import {
  Bytes,
  block,
  bytesOf,
  concat,
  enhancedBlock,
  interfaceBlock,
  oldPacketBlock,
  option,
  readBytes,
  sectionBlock,
  simpleBlock,
} from './capture-files.ts';

const DATA = bytesOf(37);
const NOW = 1_700_000_000_123_456n;

describe('pcapng files', () => {
  for (const littleEndian of [true, false]) {
    test(`every packet block, ${littleEndian ? 'little' : 'big'}-endian`, async () => {
      const file = concat(
        sectionBlock(littleEndian),
        interfaceBlock({ linkType: 113, snapLen: 20 }, littleEndian),
        interfaceBlock({ linkType: 1, resolution: 9, offsetSec: -5n }, littleEndian),
        enhancedBlock({ interfaceId: 1, time: NOW * 1000n + 789n, data: DATA, wireLength: 99 }, littleEndian),
        simpleBlock(DATA.subarray(0, 20), 37, littleEndian),
        block(0x0000_0bad, bytesOf(9), littleEndian),
        oldPacketBlock({ interfaceId: 0, time: NOW, data: DATA, wireLength: 5 }, littleEndian),
      );
      const { packets, error } = await readBytes(file);
      assert.equal(error, null);
      assert.deepEqual(
        packets.map(({ sec, nsec, linkType, wireLength, data }) => [sec, nsec, linkType, wireLength, data]),
        [
          [1_699_999_995, 123_456_789, 1, 99, DATA],
          [1_699_999_995, 123_456_789, 113, 37, DATA.subarray(0, 20)],
          [1_700_000_000, 123_456_000, 113, 37, DATA],
        ],
      );
    });
  }

  test('a simple packet before any other has the time 0, and without snap length fills its block', async () => {
    const file = concat(
      sectionBlock(),
      interfaceBlock(),
      simpleBlock(DATA, 37),
      simpleBlock(DATA, 0xffff_ffff),
    );
    const { packets } = await readBytes(file);
    assert.deepEqual([packets[0].sec, packets[0].nsec, packets[0].data], [0, 0, DATA]);
    assert.equal(packets[1].wireLength, 40, 'the padding cannot be told from the packet');
  });

  test('sections have their own byte order and interfaces', async () => {
    const file = concat(
      sectionBlock(true),
      interfaceBlock({ linkType: 1 }, true),
      enhancedBlock({ time: NOW, data: DATA }, true),
      sectionBlock(false),
      interfaceBlock({ linkType: 101, resolution: 0 }, false),
      enhancedBlock({ time: 77n, data: DATA }, false),
    );
    const { packets, error } = await readBytes(file);
    assert.equal(error, null);
    assert.deepEqual(
      packets.map(({ sec, linkType }) => [sec, linkType]),
      [
        [1_700_000_000, 1],
        [77, 101],
      ],
    );
  });

  test('an interface of an earlier section is unknown in a later one', async () => {
    const first = concat(sectionBlock(), interfaceBlock(), enhancedBlock({ data: DATA }), sectionBlock());
    const { packets, reader } = await readBytes(concat(first, enhancedBlock({ data: DATA })));
    assert.equal(packets.length, 1);
    assert.equal(reader.error?.offset, first.length);
    assert.equal(reader.error?.expected, 'an interface description before any packet');
    assert.equal(reader.error?.found, 'a packet of interface 0');
  });

  test('a packet of an unknown interface ends the file', async () => {
    const start = concat(sectionBlock(), interfaceBlock(), enhancedBlock({ data: DATA }));
    for (const bad of [
      enhancedBlock({ interfaceId: 1, data: DATA }),
      oldPacketBlock({ interfaceId: 9, data: DATA }),
    ]) {
      const { packets, reader } = await readBytes(concat(start, bad));
      assert.equal(packets.length, 1);
      assert.equal(reader.error?.offset, start.length);
      assert.equal(reader.error?.expected, 'an interface below 1');
    }
  });

  test('times before 1970 and after 32 bits are clamped', async () => {
    const file = concat(
      sectionBlock(),
      interfaceBlock({ offsetSec: -2_000_000_000n }),
      interfaceBlock({ offsetSec: 1n << 62n }),
      interfaceBlock({ offsetSec: -(1n << 63n) }),
      enhancedBlock({ interfaceId: 0, time: NOW, data: DATA }),
      enhancedBlock({ interfaceId: 1, time: NOW, data: DATA }),
      enhancedBlock({ interfaceId: 2, time: NOW, data: DATA }),
    );
    const { packets } = await readBytes(file);
    assert.deepEqual(
      packets.map(({ sec, nsec }) => [sec, nsec]),
      [
        [0, 0],
        [0xffff_ffff, 999_999_999],
        [0, 0],
      ],
    );
  });

  test('damaged options end the options, not the file', async () => {
    const unknown = option(4242, bytesOf(5));
    const resolution = option(9, Uint8Array.of(9));
    const tooLong = new Bytes(true).u16(9, 60_000).u32(3).done();
    const wrongSize = option(9, Uint8Array.of(3, 3));
    const end = option(0, bytesOf(0));
    const cases: [Uint8Array, number][] = [
      [concat(unknown, resolution, end), 9],
      [concat(resolution, tooLong), 9],
      [concat(tooLong, resolution), 6],
      [concat(wrongSize, end, resolution), 6],
      [concat(resolution, new Bytes(true).u16(9, 1).done()), 9],
    ];
    for (const [rawOptions, decades] of cases) {
      const time = 1234n * 10n ** BigInt(decades);
      const file = concat(
        sectionBlock(),
        interfaceBlock({ rawOptions }),
        enhancedBlock({ time, data: DATA }),
      );
      const { packets, error } = await readBytes(file);
      assert.equal(error, null);
      assert.equal(packets[0].sec, 1234);
    }
  });

  test('a capture length beyond its block ends the file', async () => {
    const start = concat(sectionBlock(), interfaceBlock());
    for (const captureLength of [41, 0xffff_ffff]) {
      const { reader } = await readBytes(concat(start, enhancedBlock({ data: DATA, captureLength })));
      assert.equal(reader.error?.offset, start.length);
      assert.equal(reader.error?.expected, 'a capture length of at most the 40 bytes in its block');
      assert.equal(reader.error?.found, `capture length ${captureLength}`);
    }
  });

  test('absurd block lengths end the file', async () => {
    const start = concat(sectionBlock(), interfaceBlock(), enhancedBlock({ data: DATA }));
    for (const length of [0, 8, 11, 13, 0x7fff_fffc, 0xffff_fffc]) {
      const bad = new Bytes(true).u32(6, length, length, 0, 0).done();
      const { packets, reader } = await readBytes(concat(start, bad));
      assert.equal(packets.length, 1);
      assert.equal(reader.error?.offset, start.length);
      assert.match(reader.error.expected, /^a block length of 12 to \d+ bytes, a multiple of 4$/);
      assert.equal(reader.error.found, `block length ${length}`);
    }
  });

  test('blocks too short for what they are end the file', async () => {
    const start = concat(sectionBlock(), interfaceBlock());
    for (const [type, expected] of [
      [6, 'a packet block of at least 32 bytes'],
      [2, 'a packet block of at least 32 bytes'],
      [3, 'a packet block of at least 16 bytes'],
      [1, 'an interface block of at least 20 bytes'],
    ] as const) {
      const { reader } = await readBytes(concat(start, block(type, bytesOf(0))));
      assert.equal(reader.error?.offset, start.length);
      assert.equal(reader.error?.expected, expected);
    }
    const section = block(0x0a0d0d0a, new Bytes(true).u32(0x1a2b3c4d).done());
    assert.match((await readBytes(section)).error ?? '', /a section header of at least 28 bytes/);
  });

  test('a length that is not repeated after the block ends the file', async () => {
    const start = concat(sectionBlock(), interfaceBlock());
    const bad = enhancedBlock({ data: DATA });
    bad[bad.length - 4] ^= 4;
    const { reader } = await readBytes(concat(start, bad, enhancedBlock({ data: DATA })));
    assert.equal(reader.error?.offset, start.length);
    assert.equal(reader.error?.expected, 'the block length 72 again after the block');
    assert.equal(reader.error?.found, '76');
  });

  test('a section of an unknown version or byte order ends the file', async () => {
    const start = concat(sectionBlock(), interfaceBlock(), enhancedBlock({ data: DATA }));
    const version = await readBytes(concat(start, sectionBlock(true, [2, 0])));
    assert.equal(version.packets.length, 1);
    assert.match(version.error ?? '', /expected pcapng version 1, found version 2\.0$/);
    const magic = sectionBlock();
    magic[8] = 0;
    const order = await readBytes(concat(start, magic));
    assert.equal(order.reader.error?.offset, start.length);
    assert.match(order.error ?? '', /byte-order magic/);
    assert.equal((await readBytes(sectionBlock(true, [1, 2]))).error, null);
  });

  test('cut off at every byte: the packets before it, and an error that names the block', async () => {
    const parts = [
      sectionBlock(),
      interfaceBlock({ resolution: 9 }),
      enhancedBlock({ time: 5n, data: DATA }),
      simpleBlock(DATA, 37),
      block(99, bytesOf(3)),
      oldPacketBlock({ time: 6n, data: DATA }),
    ];
    const whole = concat(...parts);
    const starts = [0];
    for (const part of parts) starts.push(starts[starts.length - 1] + part.length);
    for (let length = 4; length <= whole.length; length++) {
      const { packets, reader } = await readBytes(whole.subarray(0, length));
      const complete = starts.filter((start) => start <= length).length - 1;
      const expected = [0, 0, 0, 1, 2, 2, 3][complete];
      assert.equal(packets.length, expected, `cut at ${length}`);
      assert.ok(packets.every((packet) => packet.data.join() === DATA.join()));
      const rest = length - starts[complete];
      if (rest === 0) {
        assert.equal(reader.error, null);
        continue;
      }
      assert.equal(reader.error?.offset, starts[complete], `cut at ${length}`);
      assert.equal(reader.error.found, `the end of the file after ${rest} bytes`);
      const wanted = rest < 12 ? 'at least 12' : `${parts[complete].length}`;
      assert.equal(reader.error.expected, `a block of ${wanted} bytes`);
    }
  });

  test('tiny buffers and one byte at a time give the same packets', async () => {
    const blocks = [sectionBlock(), interfaceBlock({ resolution: 9 })];
    for (let at = 0; at < 30; at++) {
      blocks.push(enhancedBlock({ time: BigInt(at) * 1_000_000_007n, data: bytesOf(7 * at, at) }));
      if (at % 7 === 0) blocks.push(block(5, bytesOf(at)));
    }
    const whole = concat(...blocks);
    const reference = (await readBytes(whole)).packets;
    assert.equal(reference.length, 30);
    for (const [step, buffer] of [
      [1, 1 << 20],
      [1, 16],
      [3, 300],
      [1 << 20, 12],
    ]) {
      const { packets, error } = await readBytes(whole, step, buffer);
      assert.equal(error, null);
      assert.deepEqual(packets, reference);
    }
  });

  test('any packets come back the same, in any byte order, buffer and step', async () => {
    const packet = fc.record({
      sec: fc.nat({ max: 0xffff_ffff }),
      nsec: fc.nat({ max: 999_999_999 }),
      data: fc.uint8Array({ maxLength: 200 }),
      interfaceId: fc.constantFrom(0, 1),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(packet, { maxLength: 10 }),
        fc.boolean(),
        fc.integer({ min: 1, max: 500 }),
        fc.integer({ min: 1, max: 500 }),
        async (packets, littleEndian, step, bufferBytes) => {
          const file = concat(
            sectionBlock(littleEndian),
            interfaceBlock({ resolution: 9, linkType: 1 }, littleEndian),
            interfaceBlock({ resolution: 9, linkType: 101, offsetSec: 100n }, littleEndian),
            ...packets.map(({ sec, nsec, data, interfaceId }) => {
              const shown = interfaceId === 1 ? BigInt(Math.max(sec - 100, 0)) : BigInt(sec);
              return enhancedBlock(
                { interfaceId, data, time: shown * 1_000_000_000n + BigInt(nsec) },
                littleEndian,
              );
            }),
          );
          const result = await readBytes(file, step, bufferBytes);
          assert.equal(result.error, null);
          assert.deepEqual(
            result.packets.map(({ sec, nsec, linkType, data }) => ({ sec, nsec, linkType, data })),
            packets.map(({ sec, nsec, data, interfaceId }) => ({
              sec: interfaceId === 1 ? Math.max(sec, 100) : sec,
              nsec,
              linkType: interfaceId === 1 ? 101 : 1,
              data,
            })),
          );
        },
      ),
    );
  });

  test('any damage ends in an error or the end, never in an exception', async () => {
    const whole = concat(
      sectionBlock(),
      interfaceBlock(),
      enhancedBlock({ time: NOW, data: DATA }),
      simpleBlock(DATA, 37),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat({ max: whole.length - 1 }), fc.nat({ max: 255 })), { maxLength: 6 }),
        async (damage) => {
          const bytes = whole.slice();
          for (const [at, value] of damage) bytes[at] = value;
          const { packets } = await readBytes(bytes, 50, 64);
          for (const packet of packets) assert.ok(packet.wireLength >= packet.data.length);
        },
      ),
      { numRuns: 500 },
    );
  });
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from '../support/fast-check.ts';
import {
  bytesOf,
  concat,
  type Packet,
  pcapFile,
  pcapHeader,
  pcapRecord,
  readBytes,
} from './capture-files.ts';

const THREE: Packet[] = [
  { sec: 1_700_000_000, nsec: 123_456_000, wireLength: 60, data: bytesOf(60) },
  { sec: 1_700_000_000, nsec: 999_999_000, wireLength: 1514, data: bytesOf(33, 7) },
  { sec: 0xffff_fff0, nsec: 0, wireLength: 0, data: bytesOf(0) },
];

const packetArbitrary = fc.record({
  sec: fc.nat({ max: 0xffff_ffff }),
  nsec: fc.nat({ max: 999_999 }).map((usec) => usec * 1000),
  data: fc.uint8Array({ maxLength: 300 }),
  extra: fc.nat({ max: 70_000 }),
});

function withWireLength(fields: { sec: number; nsec: number; data: Uint8Array; extra: number }): Packet {
  const { sec, nsec, data, extra } = fields;
  return { sec, nsec, data, wireLength: data.length + extra };
}

function plain(packets: readonly Packet[]): Packet[] {
  return packets.map(({ sec, nsec, wireLength, data }) => ({ sec, nsec, wireLength, data }));
}

describe('pcap files', () => {
  for (const littleEndian of [true, false]) {
    for (const nano of [true, false]) {
      test(`${littleEndian ? 'little' : 'big'}-endian, ${nano ? 'nanoseconds' : 'microseconds'}`, async () => {
        const { packets, error } = await readBytes(pcapFile(THREE, { littleEndian, nano, network: 113 }));
        assert.equal(error, null);
        assert.deepEqual(plain(packets), THREE);
        assert.ok(packets.every((packet) => packet.linkType === 113));
      });
    }
  }

  test('nanoseconds are kept to the last digit', async () => {
    const one = [{ sec: 1, nsec: 999_999_999, wireLength: 4, data: bytesOf(4) }];
    assert.deepEqual(plain((await readBytes(pcapFile(one, { nano: true }))).packets), one);
  });

  test('a fraction of a second or more is carried, at most to the last second of 32 bits', async () => {
    const file = concat(
      pcapHeader(),
      pcapRecord([10, 2_500_000, 0, 0], bytesOf(0)),
      pcapRecord([10, 0xffff_ffff, 0, 0], bytesOf(0)),
      pcapRecord([0xffff_ffff, 1_000_000, 0, 0], bytesOf(0)),
    );
    const { packets, error } = await readBytes(file);
    assert.equal(error, null);
    assert.deepEqual(
      packets.map(({ sec, nsec }) => [sec, nsec]),
      [
        [12, 500_000_000],
        [10 + 4294, 967_295_000],
        [0xffff_ffff, 999_999_999],
      ],
    );
  });

  test('a wire length below the capture length, or absurd, becomes the capture length', async () => {
    const file = concat(
      pcapHeader(),
      pcapRecord([0, 0, 8, 3], bytesOf(8)),
      pcapRecord([0, 0, 8, 0xffff_ffff], bytesOf(8)),
    );
    const { packets } = await readBytes(file);
    assert.deepEqual(
      packets.map((packet) => packet.wireLength),
      [8, 8],
    );
  });

  test('the link type is told from the frame check sequence and the reserved bits', async () => {
    for (const [network, linkType] of [
      [0x1000_0001, 1],
      [0x3400_0071, 113],
      [0x0030_0000, 0],
      [0x0224_0018, 0x0224_0018],
      [0xf400_0093, 147],
    ]) {
      const { packets } = await readBytes(pcapFile(THREE, { network }));
      assert.equal(packets[0].linkType, linkType, network.toString(16));
    }
  });

  test('old versions have the lengths the other way round', async () => {
    const data = bytesOf(20);
    for (const version of [
      [2, 2],
      [543, 0],
      [2, 3],
    ] as const) {
      const file = concat(pcapHeader({ version }), pcapRecord([5, 6, 90, 20], data));
      const { packets, error } = await readBytes(file);
      assert.equal(error, null);
      assert.deepEqual(plain(packets), [{ sec: 5, nsec: 6000, wireLength: 90, data }]);
    }
    const unswapped = concat(pcapHeader({ version: [2, 3] }), pcapRecord([5, 6, 20, 90], data));
    assert.deepEqual(plain((await readBytes(unswapped)).packets), [
      { sec: 5, nsec: 6000, wireLength: 90, data },
    ]);
  });

  test('an unknown version is refused', async () => {
    const { error } = await readBytes(pcapFile(THREE, { version: [3, 1] }));
    assert.equal(error, 'memory: at byte 4: expected pcap version 2, found version 3.1');
  });

  test('a record longer than the limit ends the file there', async () => {
    for (const length of [262_145, 0x8000_0000, 0xffff_ffff]) {
      const file = concat(pcapFile(THREE), pcapRecord([0, 0, length, 0x7fff_ffff], bytesOf(100)));
      const { packets, reader } = await readBytes(file);
      assert.deepEqual(plain(packets), THREE);
      assert.equal(reader.error?.offset, pcapFile(THREE).length);
      assert.equal(reader.error?.expected, 'a record length of at most 262144 bytes');
      assert.equal(reader.error?.found, `record length ${length}`);
    }
  });

  test('a snap length in the header raises the limit, to 16 MiB at most', async () => {
    const data = new Uint8Array(300_000).fill(9);
    const file = pcapFile([{ sec: 1, nsec: 0, wireLength: 300_000, data }], { snapLen: 300_000 });
    const { packets, error } = await readBytes(file, 4096, 512);
    assert.equal(error, null);
    assert.deepEqual(packets[0].data, data);
    const huge = concat(
      pcapHeader({ snapLen: 0xffff_ffff }),
      pcapRecord([0, 0, 16_777_217, 16_777_217], data),
    );
    assert.match((await readBytes(huge)).error ?? '', /at most 16777216 bytes, found record length 16777217/);
  });

  test('cut off at every byte: the packets before it, and an error that names the place', async () => {
    const whole = pcapFile(THREE);
    const starts = [24, 24 + 16 + 60, 24 + 16 + 60 + 16 + 33, whole.length];
    for (let length = 1; length <= whole.length; length++) {
      const { packets, reader } = await readBytes(whole.subarray(0, length));
      const complete = starts.filter((start) => start <= length).length - 1;
      assert.deepEqual(plain(packets), THREE.slice(0, Math.max(complete, 0)), `cut at ${length}`);
      const rest = length - (starts[complete] ?? 0);
      if (complete >= 0 && rest === 0) {
        assert.equal(reader.error, null, `cut at ${length}`);
        continue;
      }
      assert.equal(reader.error?.offset, starts[complete] ?? 0, `cut at ${length}`);
      if (length < 4) assert.match(reader.error.expected, /magic number/);
      else if (length < 24) assert.equal(reader.error.expected, 'a pcap file header of 24 bytes');
      else if (rest < 16) assert.equal(reader.error.expected, 'a record header of 16 bytes');
      else assert.equal(reader.error.expected, `${THREE[complete].data.length} bytes of packet`);
      const shown = length < 24 || rest < 16 ? rest : rest - 16;
      if (length >= 4) assert.equal(reader.error.found, `the end of the file after ${shown} bytes`);
    }
  });

  test('the end stays the end', async () => {
    for (const bytes of [pcapFile(THREE), pcapFile(THREE).subarray(0, 50)]) {
      const { reader } = await readBytes(bytes);
      const error = reader.error;
      assert.equal(reader.next(), 2);
      await reader.fill();
      assert.equal(reader.next(), 2);
      assert.equal(reader.error, error);
    }
  });

  test('any packets, byte order, buffer and step come back the same', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(packetArbitrary.map(withWireLength), { maxLength: 12 }),
        fc.boolean(),
        fc.boolean(),
        fc.integer({ min: 1, max: 600 }),
        fc.integer({ min: 1, max: 700 }),
        async (packets, littleEndian, nano, step, bufferBytes) => {
          const file = pcapFile(packets, { littleEndian, nano });
          const result = await readBytes(file, step, bufferBytes);
          assert.equal(result.error, null);
          assert.deepEqual(plain(result.packets), packets);
          assert.equal(result.reader.bytesConsumed, file.length);
        },
      ),
    );
  });

  test('any bytes after a header end in an error or the end, never in an exception', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.boolean(), async (bytes, littleEndian) => {
        const { packets } = await readBytes(concat(pcapHeader({ littleEndian }), bytes), 7, 64);
        for (const packet of packets) {
          assert.ok(packet.nsec >= 0 && packet.nsec < 1e9);
          assert.ok(packet.wireLength >= packet.data.length);
        }
      }),
    );
  });
});

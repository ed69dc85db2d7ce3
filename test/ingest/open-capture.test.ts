import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { decompressed, openByteSource } from '../../src/ingest/byte-source.ts';
import { openCapture, openCaptureSource } from '../../src/ingest/open-capture.ts';
import { ReadStatus } from '../../src/ingest/reader.ts';
import {
  bytesOf,
  concat,
  drain,
  memorySource,
  type Packet,
  pcapFile,
  sectionBlock,
} from './capture-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'flowshard-ingest-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function fileOf(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

/** Packets whose bytes gzip cannot shrink to nothing. */
function manyPackets(count: number): Packet[] {
  let seed = 1;
  return Array.from({ length: count }, (_, at) => {
    const data = Uint8Array.from({ length: 100 }, () => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      return seed >>> 24;
    });
    return { sec: at, nsec: 0, wireLength: 100, data };
  });
}

async function foundIn(bytes: Uint8Array): Promise<string> {
  const reader = await openCaptureSource(memorySource(bytes));
  assert.equal(reader.next(), ReadStatus.END);
  assert.equal(reader.error?.offset, 0);
  assert.equal(reader.error.expected, 'a pcap or pcapng magic number');
  return reader.error.found;
}

describe('opening a capture', () => {
  test('a plain file: size, consumed bytes, packets', async () => {
    const packets = manyPackets(50);
    const bytes = pcapFile(packets);
    const reader = await openCapture(fileOf('plain.pcap', bytes), { bufferBytes: 300 });
    assert.equal(reader.bytesTotal, bytes.length);
    const result = await drain(reader);
    assert.equal(result.error, null);
    assert.equal(reader.bytesConsumed, bytes.length);
    assert.deepEqual(
      result.packets.map(({ data }) => data),
      packets.map(({ data }) => data),
    );
  });

  test('what cannot be opened gives a reader that says why', async () => {
    for (const [path, found] of [
      [join(folder, 'absent.pcap'), 'no such file'],
      [folder, 'a directory'],
      [
        join(fileOf('file', bytesOf(1)), 'below'),
        'a path that leads through something that is not a directory',
      ],
    ]) {
      const reader = await openCapture(path);
      assert.equal(reader.next(), ReadStatus.END);
      assert.equal(reader.error?.message, `${path}: at byte 0: expected a capture file, found ${found}`);
      await reader.fill();
      await reader.close();
    }
  });

  test('a file without permission', { skip: process.getuid?.() === 0 }, async () => {
    const path = fileOf('secret.pcap', bytesOf(30));
    chmodSync(path, 0);
    assert.equal((await openCapture(path)).error?.found, 'a file that this user may not read');
  });

  test('other formats are refused by name', async () => {
    const text = (value: string) => Uint8Array.from(value, (char) => char.charCodeAt(0));
    assert.equal(await foundIn(bytesOf(0)), 'an empty file');
    assert.equal(await foundIn(bytesOf(3)), 'a file of 3 bytes (00 01 02)');
    assert.equal(await foundIn(bytesOf(40)), 'the bytes 00 01 02 03 04 05 06 07');
    assert.match(
      await foundIn(text('snoop\0\0\0\0\0\0\x02')),
      /^a Solaris snoop capture \(73 6e 6f 6f 70 00 00 00\)$/,
    );
    assert.match(await foundIn(text('btsnoop\0....')), /btsnoop/);
    assert.match(await foundIn(text('iptrace 2.0')), /iptrace/);
    assert.match(await foundIn(text('GMBU')), /Network Monitor/);
    assert.match(await foundIn(text('\xfd7zXZ\0')), /xz -dc/);
    for (const littleEndian of [true, false]) {
      assert.match(await foundIn(pcapFile([], { magic: 0xa1b2cd34, littleEndian })), /Kuznetzov/);
      assert.match(await foundIn(pcapFile([], { magic: 0xa1b234cd, littleEndian })), /Mesquita/);
      assert.match(await foundIn(pcapFile([], { magic: 0xa12b3c4d, littleEndian })), /Navtel/);
    }
  });

  test('a pcapng section of a pipe is told from four bytes', async () => {
    const reader = await openCaptureSource(memorySource(sectionBlock(), 4));
    assert.equal((await drain(reader)).error, null);
  });
});

describe('gzip', () => {
  const packets = manyPackets(3000);
  const bytes = pcapFile(packets);
  const zipped = gzipSync(bytes);

  test('is unpacked, also in several members and followed by zeros', async () => {
    const members = concat(
      gzipSync(bytes.subarray(0, 1000)),
      gzipSync(bytes.subarray(1000)),
      new Uint8Array(64),
    );
    for (const stored of [zipped, members]) {
      const reader = await openCapture(fileOf('some.gz', stored), { bufferBytes: 1000 });
      const result = await drain(reader);
      assert.equal(result.error, null);
      assert.equal(result.packets.length, packets.length);
      assert.deepEqual(result.packets[2999].data, packets[2999].data);
      assert.equal(reader.bytesConsumed, stored.length);
      assert.equal(reader.bytesTotal, stored.length);
    }
  });

  test('from a pipe of one byte at a time', async () => {
    const small = gzipSync(pcapFile(packets.slice(0, 5)));
    const reader = await openCaptureSource(await decompressed(memorySource(small, 1)));
    const result = await drain(reader);
    assert.equal(result.error, null);
    assert.equal(result.packets.length, 5);
  });

  test('cut off at every byte: an error, and packets in order before it', async () => {
    const small = gzipSync(pcapFile(packets.slice(0, 5)));
    for (let length = 2; length < small.length; length++) {
      const reader = await openCaptureSource(await decompressed(memorySource(small.subarray(0, length))));
      const result = await drain(reader);
      assert.equal(result.reader.error?.expected, 'the rest of the gzip data', `cut at ${length}`);
      assert.equal(result.reader.error.found, `the end of the file after ${length} bytes of gzip data`);
      assert.deepEqual(
        result.packets.map(({ data }) => data),
        packets.slice(0, result.packets.length).map(({ data }) => data),
      );
    }
    const almost = await drain(
      await openCaptureSource(await decompressed(memorySource(small.subarray(0, -8)))),
    );
    assert.equal(almost.packets.length, 5, 'only the checksum is missing');
  });

  test('cut off in the middle of a larger file: all that was there is read', async () => {
    const half = zipped.subarray(0, zipped.length >> 1);
    const result = await drain(await openCapture(fileOf('half.gz', half)));
    const unpacked = result.reader.error?.offset ?? 0;
    assert.ok(unpacked > bytes.length / 3);
    assert.equal(result.packets.length, Math.floor((unpacked - 24) / 116));
  });

  test('damaged data: an error, and packets in order before it', async () => {
    const bad = Uint8Array.from(zipped);
    bad.fill(0xff, bad.length >> 1, (bad.length >> 1) + 200);
    const result = await drain(await openCapture(fileOf('bad.gz', bad)));
    // What the damage unpacks to may already be no record.
    assert.notEqual(result.error, null);
    const sound = result.packets.findIndex(({ sec }, at) => sec !== at);
    assert.ok(Math.max(sound, result.packets.length) > 500);
  });

  test('a wrong checksum: an error, and no more than the last piece is lost', async () => {
    const bad = Uint8Array.from(zipped);
    bad[bad.length - 8] ^= 1;
    const { packets: read, reader } = await drain(await openCapture(fileOf('checksum.gz', bad)));
    assert.equal(reader.error?.expected, 'sound gzip data');
    assert.match(reader.error.found, /^"incorrect data check" within the first \d+ bytes of gzip data$/);
    assert.ok(read.length >= packets.length - Math.ceil(16_384 / 116) - 1);
    assert.deepEqual(read[100].data, packets[100].data);
  });

  test('closing in the middle ends quietly', async () => {
    const reader = await openCapture(fileOf('close.gz', zipped), { bufferBytes: 500 });
    await reader.fill();
    await reader.close();
    await reader.fill();
    assert.equal(reader.next(), ReadStatus.END);
  });
});

describe('pipes', () => {
  test('a named pipe is read as it is written, and does not block', async () => {
    const path = join(folder, 'pipe');
    execFileSync('mkfifo', [path]);
    const packets = manyPackets(40);
    const bytes = pcapFile(packets);
    const writer = spawn('sh', ['-c', 'cat > "$0"', path], { stdio: ['pipe', 'ignore', 'inherit'] });
    writer.stdin.write(bytes.subarray(0, 1234));
    const reader = await openCapture(path, { bufferBytes: 200 });
    assert.equal(reader.bytesTotal, 0);
    setTimeout(() => writer.stdin.end(bytes.subarray(1234)), 30);
    const result = await drain(reader);
    assert.equal(result.error, null);
    assert.equal(result.packets.length, 40);
    assert.equal(reader.bytesConsumed, bytes.length);
  });

  test('a read that waits ends when the source is closed', async () => {
    const path = join(folder, 'quiet');
    execFileSync('mkfifo', [path]);
    const keepOpen = openSync(path, 'r+');
    writeSync(keepOpen, bytesOf(2));
    const source = await openByteSource(path);
    const first = new Uint8Array(10);
    assert.equal(await source.read(first, 0, 10), 2);
    const waiting = source.read(first, 0, 10);
    await source.close();
    assert.equal(await waiting, 0);
  });
});

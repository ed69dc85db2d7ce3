import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { captureErrors, mergeCaptures } from '../../src/ingest/merge.ts';
import { createFileHeap } from '../../src/ingest/merge-heap.ts';
import { openCapture, openCaptureSource } from '../../src/ingest/open-capture.ts';
import { type CaptureReader, ReadStatus, Rec } from '../../src/ingest/reader.ts';
import fc from '../support/fast-check.ts';
import { bytesOf, drain, memorySource, type Packet, pcapFile, type ReadPacket } from './capture-files.ts';

function packetAt(sec: number, mark: number, nsec = 0): Packet {
  return { sec, nsec, wireLength: 2, data: bytesOf(2, mark) };
}

function open(packets: readonly Packet[], file: string, cut = 0): Promise<CaptureReader> {
  const bytes = pcapFile(packets, { nano: true });
  return openCaptureSource(memorySource(bytes.subarray(0, bytes.length - cut), 11, file), {
    bufferBytes: 40,
  });
}

function shown(packets: readonly ReadPacket[]): string[] {
  return packets.map((packet) => `${packet.file}${packet.data[0]}@${packet.sec}.${packet.nsec}`);
}

/** What a merge is: again and again the earliest of the first packets, the first file of equals. */
function model(files: readonly (readonly Packet[])[]): string[] {
  const rest = files.map((packets) => [...packets]);
  const merged: string[] = [];
  for (;;) {
    let best = -1;
    for (const [at, [packet]] of rest.entries()) {
      if (packet === undefined) continue;
      const other = best < 0 ? undefined : rest[best][0];
      const isEarlier =
        other === undefined ||
        packet.sec < other.sec ||
        (packet.sec === other.sec && packet.nsec < other.nsec);
      if (isEarlier) best = at;
    }
    const packet = best < 0 ? undefined : rest[best].shift();
    if (packet === undefined) return merged;
    merged.push(`f${best}:${packet.data[0]}@${packet.sec}.${packet.nsec}`);
  }
}

describe('merging captures', () => {
  test('one reader is given back as it is', async () => {
    const reader = await open([], 'a');
    assert.equal(mergeCaptures([reader]), reader);
    assert.deepEqual(captureErrors(reader), []);
  });

  test('no reader at all is the end', () => {
    assert.equal(mergeCaptures([]).next(), ReadStatus.END);
  });

  test('by time, then by the order of the files', async () => {
    const merged = mergeCaptures([
      await open([packetAt(5, 0), packetAt(9, 1)], 'a'),
      await open([], 'b'),
      await open([packetAt(1, 0), packetAt(5, 1), packetAt(5, 2), packetAt(0xffff_ffff, 3)], 'c'),
    ]);
    const { packets } = await drain(merged);
    assert.deepEqual(shown(packets), ['c0@1.0', 'a0@5.0', 'c1@5.0', 'c2@5.0', 'a1@9.0', 'c3@4294967295.0']);
  });

  test('a file whose times run backward keeps its own order', async () => {
    const merged = mergeCaptures([
      await open([packetAt(10, 0), packetAt(2, 1), packetAt(11, 2)], 'a'),
      await open([packetAt(1, 0), packetAt(3, 1), packetAt(12, 2)], 'b'),
    ]);
    const { packets } = await drain(merged);
    assert.deepEqual(shown(packets), ['b0@1.0', 'b1@3.0', 'a0@10.0', 'a1@2.0', 'a2@11.0', 'b2@12.0']);
  });

  test('a damaged file ends alone, and every error is kept', async () => {
    const merged = mergeCaptures([
      await open([packetAt(1, 0), packetAt(3, 1)], 'a', 1),
      await openCapture('/nonexistent/file.pcap'),
      await open([packetAt(2, 0), packetAt(4, 1)], 'c'),
    ]);
    const { packets } = await drain(merged);
    assert.deepEqual(shown(packets), ['a0@1.0', 'c0@2.0', 'c1@4.0']);
    const errors = captureErrors(merged);
    assert.deepEqual(
      errors.map(({ file, found }) => [file, found]),
      [
        ['a', 'the end of the file after 1 bytes'],
        ['/nonexistent/file.pcap', 'no such file'],
      ],
    );
    assert.equal(merged.error, errors[0]);
  });

  test('merged captures can be merged', async () => {
    const inner = mergeCaptures([
      await open([packetAt(1, 0), packetAt(4, 1)], 'a'),
      await open([packetAt(3, 0)], 'b'),
    ]);
    const { packets } = await drain(mergeCaptures([inner, await open([packetAt(2, 0)], 'c')]));
    assert.deepEqual(shown(packets), ['a0@1.0', 'c0@2.0', 'b0@3.0', 'a1@4.0']);
  });

  test('any files merge as the model says', async () => {
    const packet = fc.tuple(fc.nat({ max: 6 }), fc.nat({ max: 255 }), fc.nat({ max: 1 }));
    const file = fc.array(packet, { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(fc.array(file, { minLength: 2, maxLength: 6 }), async (files) => {
        const built = files.map((rows) => rows.map(([sec, mark, nsec]) => packetAt(sec, mark, nsec)));
        const readers = await Promise.all(built.map((packets, at) => open(packets, `f${at}:`)));
        const { packets, error } = await drain(mergeCaptures(readers));
        assert.equal(error, null);
        assert.deepEqual(shown(packets), model(built));
      }),
    );
  });

  test('the heap keeps its order through any steps', () => {
    const seconds = fc.array(fc.nat({ max: 9 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(seconds, fc.array(fc.option(fc.nat({ max: 9 })), { maxLength: 30 }), (starts, steps) => {
        const records = starts.map((sec) => {
          const record = new Int32Array(Rec.WORDS);
          record[Rec.SEC] = sec;
          return { record };
        });
        const heap = createFileHeap(records);
        for (const at of records.keys()) heap.add(at);
        heap.selfCheck();
        for (const step of steps) {
          if (heap.size() === 0) break;
          if (step === null) {
            heap.removeFirst();
          } else {
            records[heap.first()].record[Rec.SEC] = step;
            heap.sinkFirst();
          }
          heap.selfCheck();
        }
      }),
    );
  });
});

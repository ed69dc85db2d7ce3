/** The frames of `flowshard contrast throughput`: which connections they belong to, in which order, and the same in memory. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMemoryReader } from '../../src/ingest/memory-reader.ts';
import { ReadStatus, Rec } from '../../src/ingest/reader.ts';
import { createTraffic, FRAME_BYTES, type Part } from '../../src/kernel/router/frames.ts';
import { trafficInMemory } from '../../src/kernel/router/memory.ts';
import { LinkType } from '../../src/packet/link.ts';
import { createLab } from '../support/lab.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** A frame in words: its tuple, and its flags. */
function wordsOf(frame: Buffer): {
  readonly connection: string;
  readonly flags: string;
  readonly isReply: boolean;
} {
  const address = (at: number): string => [...frame.subarray(at, at + 4)].join('.');
  const [from, to] = [`${address(26)}:${frame.readUInt16BE(34)}`, `${address(30)}:${frame.readUInt16BE(36)}`];
  const isReply = frame.readUInt16BE(34) === 443;
  const flags = { 2: 'S', 18: 'SA', 16: 'A' }[frame[47]] ?? '?';
  return { connection: isReply ? `${to} ${from}` : `${from} ${to}`, flags, isReply };
}

function framesOf(connections: number): { all: Buffer[]; of: (part: Part) => Buffer[] } {
  const traffic = createTraffic(connections);
  const all = Array.from({ length: traffic.frames }, (_, i) => {
    const frame = Buffer.alloc(FRAME_BYTES);
    traffic.put(i, new DataView(frame.buffer, frame.byteOffset, FRAME_BYTES), 0);
    return frame;
  });
  return { all, of: ({ begin, end }) => all.slice(begin, end) };
}

describe('frames of a router', () => {
  // Fewer than open at a time, as many, and a last group that is smaller.
  for (const connections of [1, 7, 1000, 1024, 2500])
    it(`${connections} connections: each is opened, then speaks in both directions`, () => {
      const { opening, established } = createTraffic(connections);
      const { of } = framesOf(connections);
      const said = new Map<string, string>();
      for (const { connection, flags } of of(opening).map(wordsOf))
        said.set(connection, `${said.get(connection) ?? ''} ${flags}`);
      assert.equal(said.size, connections);
      assert.deepEqual([...new Set(said.values())], [' S SA A']);
      const later = of(established).map(wordsOf);
      assert.ok(later.every(({ flags }) => flags === 'A'));
      for (const isReply of [false, true]) {
        const half = later.filter((words) => words.isReply === isReply);
        assert.equal(new Set(half.map(({ connection }) => connection)).size, connections);
        assert.equal(half.length, connections);
      }
    });

  it('many open between a packet and its answer: no batch of the kernel has both', () => {
    const connections = 3 * 1024 + 5;
    const { opening } = createTraffic(connections);
    const last = new Map<string, number>();
    for (const [i, { connection }] of framesOf(connections).of(opening).map(wordsOf).entries()) {
      const before = last.get(connection);
      if (before !== undefined) assert.ok(i - before >= 256, `${connection}: ${before}, ${i}`);
      last.set(connection, i);
    }
  });

  it('our tracker finds every one of them valid', () => {
    const { all } = framesOf(300);
    const lab = createLab();
    const verdicts = all.map((frame, i) => lab.send(frame, i, LinkType.ETHERNET).verdict);
    assert.deepEqual([...new Set(verdicts)].sort(), ['ESTABLISHED', 'ESTABLISHED_REPLY', 'NEW']);
    assert.equal(verdicts.filter((verdict) => verdict === 'NEW').length, 300);
  });

  it('in memory they are the same, for so many laps', () => {
    const connections = 40;
    const { all } = framesOf(connections);
    const reader = createMemoryReader(trafficInMemory(connections, 200));
    const seen: string[] = [];
    for (let status = reader.next(); status === ReadStatus.PACKET; status = reader.next()) {
      const at = reader.record[Rec.OFFSET];
      seen.push(hex(reader.bytes.subarray(at, at + reader.record[Rec.CAPTURE_LENGTH])));
    }
    const frames = all.map(hex);
    const lap = frames.slice(3 * connections);
    assert.deepEqual(seen, [...frames, ...lap, ...lap]);
  });
});

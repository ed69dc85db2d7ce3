/** Fragments of many datagrams at once, right and wrong ones, against the model: reasons, bytes, counters, memory. */
import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import type { ReassemblyLimits } from '../../../src/ingest/reassembly/limits.ts';
import { headerBytesOf, type Piece, pieceOf, randomPieces } from '../../support/fragments.ts';
import { ipPacket } from '../../support/frames.ts';
import { createRandom, operations, type Random, seedOf } from '../../support/random.ts';
import { createModel, type ModelFragment } from './model.ts';
import { createReassembler, LINUX } from './reassembler.ts';

const EXPERIMENTAL = 253;
const CHECK_EVERY = 16;
const FRAGMENT_DATA_MAX = 65_000;
const OFFSET_MAX = 0x1fff * 8;

interface Stream {
  readonly packet: Uint8Array;
  readonly pieces: Piece[];
  readonly id: number;
  readonly zone: number;
}

function newStream(random: Random): Stream {
  const host = random.below(3);
  const isIpv4 = random.chance(0.5);
  const ip = isIpv4
    ? { src: `10.0.0.${host}`, dst: '10.9.9.9' }
    : { src: `2001:db8::${host}`, dst: '2001:db8::9' };
  const length = random.chance(0.02) ? 60_000 + random.below(6000) : 1 + random.below(300);
  const data = Array.from({ length }, () => random.below(256));
  const packet = ipPacket(ip, EXPERIMENTAL, data);
  return { packet, pieces: randomPieces(length, random), id: random.below(6), zone: random.below(2) };
}

/** What the model needs to know, taken from the fragment as it was made, not read from its bytes. */
function described({ packet, id, zone }: Stream, piece: Piece, frame: Uint8Array): ModelFragment {
  const version = packet[0] >>> 4 === 4 ? 4 : 6;
  const headerBytes = headerBytesOf(packet);
  const from = headerBytes + (version === 4 ? 0 : 8);
  const source = packet.subarray(version === 4 ? 12 : 8, version === 4 ? 16 : 24).join();
  const { start, more, ecn } = piece;
  return {
    version,
    key: `${source} ${id} ${zone}`,
    source,
    start,
    more,
    ecn,
    header: frame.subarray(0, headerBytes),
    data: frame.subarray(from),
    packetBytes: frame.length,
  };
}

/** Header fields that reassembly writes anew are taken out. */
function comparable(header: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(header);
  if (copy[0] >>> 4 === 4) for (const at of [2, 3, 6, 7, 10, 11]) copy[at] = 0;
  else for (const at of [4, 5, 6]) copy[at] = 0;
  return copy;
}

function run(t: TestContext, limits: ReassemblyLimits, steps: number): void {
  const random = createRandom(seedOf(t));
  const real = createReassembler(limits, random.word() | 0);
  const model = createModel(limits);
  const streams: Stream[] = [];
  let nowMs = random.word() >>> 8;
  for (let step = 0; step < steps; step++) {
    if (streams.length === 0 || (streams.length < 12 && random.chance(0.4))) streams.push(newStream(random));
    const stream = random.pick(streams);
    const piece = stream.pieces.shift();
    if (piece === undefined) {
      streams.splice(streams.indexOf(stream), 1);
      continue;
    }
    // No packet is as long as that, and no offset as great.
    if (piece.end - piece.start > FRAGMENT_DATA_MAX || piece.start > OFFSET_MAX) continue;
    nowMs += random.chance(0.01) ? random.below(40_000) : random.below(50);
    const frame = pieceOf(stream.packet, piece, stream.id);
    const expected = model.take(described(stream, piece, frame), nowMs);
    const taken = real.take(frame, nowMs | 0, stream.zone);
    const what = `step ${step}, ${JSON.stringify(piece)}`;
    assert.equal(taken.reason, expected.reason, what);
    if (expected.datagram !== null && taken.packet !== null) {
      const { header, data } = expected.datagram;
      assert.deepEqual(comparable(taken.packet.subarray(0, header.length)), comparable(header), what);
      assert.deepEqual(taken.packet.subarray(header.length), data, what);
    }
    assert.equal(real.reassembly.count(), model.count(), what);
    if (step % CHECK_EVERY !== 0) continue;
    assert.equal(real.reassembly.bytes(), model.bytes(), what);
    assert.deepEqual(real.counts(), model.counts, what);
    real.reassembly.selfCheck();
  }
  t.diagnostic(JSON.stringify(real.counts()));
  for (const reason of [
    'none',
    'fragment-duplicate',
    'fragment-overlap',
    'fragment-conflict',
    'fragment-ecn',
  ])
    assert.ok((real.counts()[reason] ?? 0) > 0, `no ${reason}`);
}

it('with the limits of Linux', (t) => run(t, LINUX, operations(20_000)));

it('with little memory and short times', (t) => {
  const limits = {
    ipv4: { timeoutMs: 500, bytesMax: 9000, distanceMax: 3 },
    ipv6: { timeoutMs: 700, bytesMax: 9000 },
  };
  run(t, limits, operations(20_000));
});

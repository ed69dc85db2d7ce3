/**
 * Damaged packets through the decoder. A find is printed as a line for test/fixtures/fuzz/packets.jsonl,
 * where it is replayed for ever.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { createHash4 } from '../../src/common/hash.ts';
import { REASONS, Reason } from '../../src/common/reasons.ts';
import type { Decode } from '../../src/packet/decode.ts';
import { TunnelKind } from '../../src/packet/tunnels/tunnel.ts';
import { Kind, Meta, Task } from '../../src/shm/bits.ts';
import { Desc } from '../../src/shm/offsets.generated.ts';
import { createRandom, operations, seedOf } from '../support/random.ts';
import { decapsulating } from './decap.ts';
import { decoderOf, KEY } from './decoded.ts';
import { LINK_FORMS } from './link-forms.ts';
import { hexOf, loadScratch, mutate, type Scratch } from './mutate.ts';
import { allSeeds, type Seed, tunnelSeeds } from './seeds.ts';

const PACKETS_FILE = 'test/fixtures/fuzz/packets.jsonl';
const SCRATCH_BYTES = 2048;
const GUARD = 0x5a5a5a5a;
const GUARD_WORDS = 8;
const TASKS_MAX = Task.GRE;

const hash4 = createHash4(KEY);
const DECODERS: readonly Decode[] = [
  decoderOf(),
  decoderOf({ verifyChecksums: false }),
  decoderOf({ verifyChecksums: false, zoneFromVlan: true }),
  decapsulating(['all']).decode,
  decapsulating(['all'], 'key', false).decode,
];
const LINK_TYPES = [...new Set([...LINK_FORMS.map((form) => form.linkType), 147])];
const out = new Int32Array(Desc.WORDS + 2 * GUARD_WORDS);
const again = new Int32Array(Desc.WORDS + 2 * GUARD_WORDS);

/** A packet as it is stored among the finds. */
interface Find {
  readonly linkType: number;
  readonly wireLength: number;
  readonly hex: string;
}

function hashOf(d: number): number {
  const [lo, hi, l4, kind] = out.subarray(d, d + 4);
  if ((kind & Kind.IPV6) === 0) return hash4(lo, hi, l4, kind);
  const [lo1, lo2, lo3, hi1, hi2, hi3] = out.subarray(d + Desc.LO1, d + Desc.WORDS);
  return hash4(hash4(lo, lo1, lo2, lo3), hash4(hi, hi1, hi2, hi3), l4, kind);
}

/** What any descriptor must be, whatever the packet was. */
function checkDescriptor(d: number, wireLength: number): void {
  const meta = out[d + Desc.META];
  assert.ok((meta & Meta.TASK_MASK) <= TASKS_MAX, `task ${meta & Meta.TASK_MASK}`);
  assert.ok(
    REASONS.has(meta >>> Meta.REASON_SHIFT),
    `reason ${meta >>> Meta.REASON_SHIFT} in the descriptor`,
  );
  assert.ok((out[d + Desc.KIND] & Kind.USED) !== 0);
  assert.ok(out[d + Desc.LO0] <= out[d + Desc.HI0], 'the endpoints are not in order');
  assert.equal(out[d + Desc.HASH], hashOf(d));
  assert.ok(out[d + Desc.BYTES] >= 20 && out[d + Desc.BYTES] <= wireLength, `${out[d + Desc.BYTES]} bytes`);
}

/** The view has the captured bytes and nothing else, so that any other read throws. */
function check(decode: Decode, packet: Uint8Array, wireLength: number, linkType: number): Reason {
  out.fill(GUARD);
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
  const reason = decode(view, 0, packet.length, wireLength, linkType, out, GUARD_WORDS);
  for (let i = 0; i < GUARD_WORDS; i++) {
    if (out[i] !== GUARD || out[GUARD_WORDS + Desc.WORDS + i] !== GUARD)
      assert.fail('wrote outside of its words');
  }
  assert.ok(REASONS.has(reason), `unknown reason ${reason}`);
  if (reason === Reason.NONE) checkDescriptor(GUARD_WORDS, wireLength);
  return reason;
}

/** The same packet among other bytes, after other packets, gives the same. */
function checkElsewhere(
  decode: Decode,
  packet: Uint8Array,
  wireLength: number,
  linkType: number,
  reason: Reason,
): void {
  const place = 13;
  const around = new Uint8Array(packet.length + 100).fill(0x45);
  around.set(packet, place);
  again.fill(GUARD);
  const view = new DataView(around.buffer);
  assert.equal(decode(view, place, packet.length, wireLength, linkType, again, GUARD_WORDS), reason);
  assert.deepEqual(again, out);
}

function describeFind(packet: Uint8Array, wireLength: number, linkType: number): string {
  const find: Find = { linkType, wireLength, hex: hexOf(packet) };
  return `add this to ${PACKETS_FILE}:\n${JSON.stringify(find)}`;
}

function withFind(packet: Uint8Array, wireLength: number, linkType: number, body: () => void): void {
  try {
    body();
  } catch (cause) {
    throw new Error(describeFind(packet, wireLength, linkType), { cause });
  }
}

describe('damaged packets', () => {
  test('are decoded without an exception, within their bytes, to a known reason', async (t) => {
    const random = createRandom(seedOf(t));
    const seeds: readonly Seed[] = [...(await allSeeds()), ...tunnelSeeds(random)];
    const others = seeds.map((seed) => seed.bytes);
    const scratch: Scratch = { bytes: new Uint8Array(SCRATCH_BYTES), length: 0 };
    const reasons = new Map<Reason, number>();
    for (let i = 0, count = operations(200_000, 10_000_000); i < count; i++) {
      const seed = random.pick(seeds);
      loadScratch(scratch, seed.bytes);
      mutate(scratch, random, others);
      const packet = scratch.bytes.subarray(0, scratch.length);
      const linkType = random.chance(0.7) ? seed.linkType : random.pick(LINK_TYPES);
      const wireLength = packet.length + (random.chance(0.3) ? random.below(2000) : 0);
      const decode = random.pick(DECODERS);
      withFind(packet, wireLength, linkType, () => {
        const reason = check(decode, packet, wireLength, linkType);
        if (i % 16 === 0) checkElsewhere(decode, packet, wireLength, linkType, reason);
        const judged = reason !== Reason.NONE ? reason : out[GUARD_WORDS + Desc.META] >>> Meta.REASON_SHIFT;
        reasons.set(judged, (reasons.get(judged) ?? 0) + 1);
      });
    }
    t.diagnostic(`${seeds.length} seeds, ${reasons.size} reasons`);
    assert.ok(reasons.size >= 28, `only ${reasons.size} different reasons`);
    assert.ok((reasons.get(Reason.NONE) ?? 0) > operations(10_000, 500_000), 'too few packets got through');
  });

  test('in damaged tunnels likewise', (t) => {
    const random = createRandom(seedOf(t));
    const seeds = tunnelSeeds(random);
    const others = seeds.map((seed) => seed.bytes);
    const { decode, counters } = decapsulating(['all'], 'vni', false);
    const scratch: Scratch = { bytes: new Uint8Array(2 * SCRATCH_BYTES), length: 0 };
    const reasons = new Map<Reason, number>();
    const count = operations(60_000, 2_000_000);
    for (let i = 0; i < count; i++) {
      const seed = random.pick(seeds);
      loadScratch(scratch, seed.bytes);
      mutate(scratch, random, others);
      const packet = scratch.bytes.subarray(0, scratch.length);
      const wireLength = packet.length + (random.chance(0.3) ? random.below(2000) : 0);
      withFind(packet, wireLength, seed.linkType, () => {
        const reason = check(decode, packet, wireLength, seed.linkType);
        reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
        if (i % 16 === 0) checkElsewhere(decode, packet, wireLength, seed.linkType, reason);
      });
    }
    const given = [...REASONS.keys()].filter((reason) => (reasons.get(reason) ?? 0) > 0);
    for (const reason of [
      Reason.TUNNEL_SHORT,
      Reason.TUNNEL_VERSION,
      Reason.TUNNEL_PAYLOAD,
      Reason.TUNNEL_DEPTH,
    ])
      assert.ok(given.includes(reason), `no packet was ${Reason[reason]}`);
    const peeled = counters.subarray(0, TunnelKind.COUNT);
    assert.ok(
      peeled.every((headers) => headers > count / 100),
      `${peeled} tunnels were taken off`,
    );
  });

  test('bytes without any sense likewise', (t) => {
    const random = createRandom(seedOf(t));
    const bytes = new Uint8Array(256);
    for (let i = 0, count = operations(50_000, 2_000_000); i < count; i++) {
      const packet = bytes.subarray(0, random.below(bytes.length + 1));
      for (let at = 0; at < packet.length; at++) packet[at] = random.chance(0.2) ? 0x45 : random.below(256);
      const linkType = random.pick(LINK_TYPES);
      withFind(packet, packet.length, linkType, () => {
        check(random.pick(DECODERS), packet, packet.length, linkType);
      });
    }
  });

  test('found earlier are replayed, with every link type and every cut', () => {
    const lines = readFileSync(PACKETS_FILE, 'utf8').trim().split('\n');
    assert.ok(lines.length >= 20);
    for (const line of lines) {
      const find: Find = JSON.parse(line);
      const whole = Uint8Array.from(Buffer.from(find.hex, 'hex'));
      for (let length = 0; length <= whole.length; length++) {
        // Bytes of a buffer that ends there.
        const packet = whole.slice(0, length);
        const linkTypes = length === whole.length ? LINK_TYPES : [find.linkType];
        for (const linkType of linkTypes) {
          for (const decode of DECODERS) {
            withFind(packet, find.wireLength, linkType, () => {
              check(decode, packet, find.wireLength, linkType);
            });
          }
        }
      }
    }
  });
});

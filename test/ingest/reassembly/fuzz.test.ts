/** Damaged fragments through the whole of it: no exception, books that balance, structures in order. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Reason } from '../../../src/common/reasons.ts';
import { ReportMode } from '../../../src/conntrack/reporter.ts';
import { Counter } from '../../../src/shm/counters.ts';
import { hexOf, loadScratch, mutate, type Scratch } from '../../packet/mutate.ts';
import { pieceOf, randomPieces } from '../../support/fragments.ts';
import { ethernet, icmpPacket, LINK_ETHERNET, tcpPacket, udpPacket } from '../../support/frames.ts';
import { createLab } from '../../support/lab.ts';
import { createRandom, operations, type Random, seedOf } from '../../support/random.ts';

const SEED_FRAMES = 3000;
const CHECK_EVERY = 5000;

function packets(random: Random): Uint8Array {
  const ip = random.chance(0.5)
    ? { src: `10.0.0.${random.below(4)}`, dst: '10.0.1.1' }
    : { src: `2001:db8::${random.below(4)}`, dst: '2001:db8:1::1' };
  const ports = { sport: 1 + random.below(3), dport: 53 };
  switch (random.below(3)) {
    case 0:
      return tcpPacket(ip, { ...ports, seq: 1, flags: 2, payload: random.below(200) });
    case 1:
      return icmpPacket(ip, { type: 8, code: 0, body: new Uint8Array(random.below(200)) });
    default:
      return udpPacket(ip, { ...ports, payload: random.below(400) });
  }
}

/** Good and odd fragments in Ethernet frames, some behind a VLAN tag. */
function seedFrames(random: Random): Uint8Array[] {
  const frames: Uint8Array[] = [];
  while (frames.length < SEED_FRAMES) {
    const packet = packets(random);
    const length = packet.length - (packet[0] >>> 4 === 4 ? 20 : 40);
    const id = random.below(500);
    const vlan = random.chance(0.3) ? random.below(3) : null;
    for (const piece of randomPieces(length, random)) frames.push(ethernet(pieceOf(packet, piece, id), vlan));
  }
  return frames;
}

it('damaged fragments', (t) => {
  const random = createRandom(seedOf(t));
  const seeds = seedFrames(random);
  const lab = createLab({
    mode: ReportMode.NOTHING,
    zoneFromVlan: true,
    set: ['checksum=0', 'ipfrag_high_thresh=200000', 'frag6_high_thresh=200000'],
    descriptorSlots: 1024,
  });
  const scratch: Scratch = { bytes: new Uint8Array(2048), length: 0 };
  const count = operations(100_000, 2_000_000);
  let nowMs = 0;
  for (let i = 0; i < count; i++) {
    // Mostly in the order in which they make datagrams.
    loadScratch(scratch, random.chance(0.8) ? seeds[i % seeds.length] : random.pick(seeds));
    if (random.chance(0.3)) mutate(scratch, random, seeds);
    const frame = scratch.bytes.subarray(0, scratch.length);
    const captured = random.chance(0.1) ? random.below(frame.length + 1) : frame.length;
    nowMs += random.chance(0.002) ? random.below(90_000) : random.below(3);
    try {
      lab.dispatch(frame, nowMs, LINK_ETHERNET, captured);
    } catch (cause) {
      throw new Error(`packet ${i}, ${captured} bytes of ${hexOf(frame)}`, { cause });
    }
    if (i % CHECK_EVERY === 0) lab.checkStructures();
  }
  lab.finish();
  lab.check();
  t.diagnostic(`${lab.counter(Counter.DATAGRAMS)} datagrams`);
  assert.ok(lab.counter(Counter.DATAGRAMS) > count / 100, 'hardly a datagram was whole');
  for (const reason of [
    Reason.FRAGMENT_TIMEOUT,
    Reason.FRAGMENT_OVERLAP,
    Reason.FRAGMENT_MEMORY,
    Reason.FRAGMENT_LENGTH,
  ])
    assert.ok(lab.reasonCount(reason) > 0, Reason[reason]);
});

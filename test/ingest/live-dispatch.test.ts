/** A live source and a full shard: packets wait while there is room elsewhere, and are dropped and counted when there is none. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Reason } from '../../src/common/reasons.ts';
import { createSettings, reassemblyLimits } from '../../src/conntrack/settings.ts';
import { createDispatcher } from '../../src/ingest/dispatcher.ts';
import { LinkType } from '../../src/packet/link.ts';
import { Meta, Task } from '../../src/shm/bits.ts';
import { Counter } from '../../src/shm/counters.ts';
import { Desc } from '../../src/shm/offsets.generated.ts';
import { createRingReader, createRingWriter } from '../../src/shm/ring.ts';
import { createRingMemory } from '../../src/shm/segment.ts';
import { udpPacket } from '../support/frames.ts';

const SLOTS = 256;
/** Kept free for what must not be lost. */
const RESERVE = 64;

/** A dispatcher whose shards read only when they are waited for, or asked to. */
function lab(shards: number, isBehind: () => boolean) {
  const memories = Array.from({ length: shards }, () => createRingMemory(SLOTS, Desc.WORDS));
  const readers = memories.map((memory) => createRingReader(memory, Desc.WORDS));
  const counters = new Float64Array(Counter.WORDS);
  const tasks = readers.map((): number[] => []);
  let waits = 0;
  function read(shard: number): void {
    const reader = readers[shard];
    const count = reader.available();
    for (let i = 0; i < count; i++) {
      const d = ((reader.tail() + i) & reader.mask) * Desc.WORDS;
      tasks[shard].push(reader.slots[d + Desc.META] & Meta.TASK_MASK);
    }
    reader.release(count);
  }
  const dispatcher = createDispatcher({
    rings: memories.map((memory) => createRingWriter(memory, Desc.WORDS)),
    hashKey: { k0: 1, k1: 2 },
    verifyChecksums: true,
    zoneFromVlan: false,
    reassembly: reassemblyLimits(createSettings()),
    counters,
    waitForShard(shard) {
      waits++;
      read(shard);
    },
    isBehind,
    onUndispatched: null,
  });
  return {
    dispatcher,
    counters,
    waits: () => waits,
    readAll() {
      for (const shard of readers.keys()) read(shard);
    },
    packets: () => tasks.flat().filter((task) => task === Task.UDP).length,
    clocks: () => tasks.map((list) => list.filter((task) => task === Task.CLOCK).length),
    finishes: () => tasks.map((list) => list.filter((task) => task === Task.FINISH).length),
    send(port: number, ms: number) {
      const packet = udpPacket({ src: '10.0.0.1', dst: '10.0.0.2' }, { sport: port, dport: 9, payload: 1 });
      const view = new DataView(packet.buffer);
      dispatcher.packet(view, 0, packet.length, packet.length, LinkType.RAW, 1000, ms * 1_000_000);
    },
  };
}

for (const shards of [1, 2]) {
  it(`${shards} shards: a source that is not behind waits, and loses nothing`, () => {
    const l = lab(shards, () => false);
    for (let port = 1; port <= 5000; port++) l.send(port, 0);
    l.dispatcher.flush();
    l.readAll();
    assert.equal(l.packets(), 5000);
    assert.equal(l.counters[Counter.REASON + Reason.RING_FULL], 0);
    assert.ok(l.waits() > 0);
  });

  it(`${shards} shards: one that is behind drops, counts, and keeps room for the clock and the end`, () => {
    let isBehind = true;
    const l = lab(shards, () => isBehind);
    const sent = 5000;
    for (let port = 1; port <= sent; port++) l.send(port, 0);
    const dropped = l.counters[Counter.REASON + Reason.RING_FULL];
    assert.ok(dropped >= sent - shards * SLOTS);
    assert.equal(l.waits(), 0, 'no packet is waited for');
    // Time goes on all the same, and no ring is waited for as long as its reserve lasts.
    for (let ms = 100; ms <= 900; ms += 100) l.dispatcher.clock(1000, ms * 1_000_000);
    assert.equal(l.waits(), 0);
    l.dispatcher.flush();
    l.readAll();
    assert.equal(l.packets() + dropped, sent);
    assert.equal(l.counters[Counter.PACKETS], sent);
    for (const clocks of l.clocks()) assert.ok(clocks >= 1 + 9 && clocks < RESERVE, `${clocks} clocks`);
    // There is room again: the next ones are taken, and those after that waited for.
    isBehind = false;
    for (let port = 1; port <= 1000; port++) l.send(port, 950);
    l.dispatcher.finish();
    l.readAll();
    assert.equal(l.counters[Counter.REASON + Reason.RING_FULL], dropped);
    assert.equal(l.packets() + dropped, sent + 1000);
    assert.deepEqual(
      l.finishes(),
      Array.from({ length: shards }, () => 1),
    );
  });
}

it('time that the clock has told is not gone back to by packets, nor by the clock', () => {
  const l = lab(1, () => false);
  l.send(1, 500);
  l.dispatcher.clock(1000, 400_000_000);
  assert.equal(l.counters[Counter.TIME_BACKWARD], 0);
  assert.deepEqual([l.dispatcher.nowSec(), l.dispatcher.nowNsec()], [1000, 500_000_000]);
  l.dispatcher.clock(1000, 600_000_000);
  l.send(2, 550);
  assert.equal(l.counters[Counter.TIME_BACKWARD], 1);
  assert.equal(l.dispatcher.nowNsec(), 600_000_000);
});

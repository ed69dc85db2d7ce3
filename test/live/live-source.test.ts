/** Several interfaces as one stream, in the order of time, through thick and thin. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Rec } from '../../src/ingest/reader.ts';
import type { InterfaceState } from '../../src/live/interface-watch.ts';
import { type LiveSource, mergeRings, openLiveSource } from '../../src/live/live-source.ts';
import type { PacketRing } from '../../src/live/packet-ring.ts';
import { openPacketSockets, type PacketSocket } from '../../src/live/packet-socket.ts';
import { openWaker } from '../../src/live/waiter.ts';
import { Counter } from '../../src/shm/counters.ts';
import { ethernet, udpPacket } from '../support/frames.ts';
import { addPair, enterOwnNetwork, ip, openSender } from '../support/own-network.ts';
import { SEED, withSeed } from '../support/random.ts';
import { libc, USUAL } from './rings.ts';

const skip = enterOwnNetwork();

/** A ring whose packets are numbers of ns, some of which come later. */
function pretend(packets: readonly number[]): { ring: PacketRing; arrive(count: number): void } {
  const record = new Int32Array(Rec.WORDS);
  let arrived = 0;
  let taken = 0;
  const next = (): boolean => {
    if (taken >= arrived) return false;
    record[Rec.SEC] = Math.floor(packets[taken] / 1e9);
    record[Rec.NSEC] = packets[taken++] % 1e9;
    return true;
  };
  const ring = { record, next } as unknown as PacketRing;
  return { ring, arrive: (count) => (arrived = Math.min(packets.length, arrived + count)) };
}

it('packets of several rings come in the order of time, as long as none is later than it may be', () => {
  withSeed(SEED, (random) => {
    for (let round = 0; round < 200; round++) {
      const lists = Array.from({ length: 1 + random.below(4) }, () =>
        Array.from({ length: random.below(30) }, () => 5e9 + random.below(100) * 1e8).sort((a, b) => a - b),
      );
      const pretended = lists.map(pretend);
      const merged = mergeRings(pretended.map(({ ring }) => ring));
      const given: number[] = [];
      const drain = (): void => {
        for (let ring = merged.next(); ring !== null; ring = merged.next())
          given.push((ring.record[Rec.SEC] >>> 0) * 1e9 + ring.record[Rec.NSEC]);
      };
      // Time passes; what is older than the time has come, and so has some that is not.
      for (let nowNs = 5e9; nowNs <= 16e9; nowNs += 5e8) {
        lists.forEach((list, i) => {
          pretended[i].arrive(list.filter((ns) => ns <= nowNs && ns > nowNs - 5e8).length);
        });
        merged.release(nowNs / 1e6);
        drain();
      }
      assert.deepEqual(
        given,
        lists.flat().sort((a, b) => a - b),
      );
      assert.equal(merged.isHolding(), false);
    }
  });
});

it('a packet is held while another ring is empty, until it is old enough', () => {
  const [one, other] = [pretend([2e9, 4e9]), pretend([1e9, 3e9])];
  const merged = mergeRings([one.ring, other.ring]);
  one.arrive(1);
  assert.equal(merged.next(), null);
  assert.equal(merged.isHolding(), true);
  other.arrive(1);
  assert.equal(merged.next(), other.ring);
  assert.equal(merged.next(), null);
  merged.release(2000);
  assert.equal(merged.next(), one.ring);
  assert.equal(merged.next(), null);
  assert.equal(merged.isHolding(), false);
});

const ADDRESSES = { src: '10.0.0.1', dst: '10.0.0.2' };
const frame = (port: number): Uint8Array =>
  ethernet(udpPacket(ADDRESSES, { sport: port, dport: 53, payload: 4 }));

interface Lab {
  readonly source: LiveSource;
  readonly counters: Float64Array;
  readonly changes: string[];
  /** Ports of the packets, until there are so many. */
  read(count: number): number[];
  /** Those that are there, or come soon. */
  some(): number[];
  /** Waits until a change was told. */
  until(change: string): void;
  close(): void;
}

const open = (...names: string[]): Lab =>
  openFor(names.flatMap((interfaceName) => openPacketSockets(libc, { ...USUAL, interfaceName })));

function openFor(sockets: readonly PacketSocket[]): Lab {
  const counters = new Float64Array(Counter.WORDS);
  const changes: string[] = [];
  const waker = openWaker(libc);
  const onChange = (name: string, state: InterfaceState): number => changes.push(`${name} ${state}`);
  const source = openLiveSource(libc, { sockets, waker, counters, onChange });
  const endMs = performance.now() + 15_000;
  function some(): number[] {
    const ports: number[] = [];
    for (let ring = source.next(); ring !== null; ring = source.next())
      ports.push(ring.view.getUint16(ring.record[Rec.OFFSET] + 34));
    if (ports.length === 0) source.wait(20);
    return ports;
  }
  return {
    source,
    counters,
    changes,
    some,
    read(count) {
      const ports: number[] = [];
      while (ports.length < count && performance.now() < endMs) ports.push(...some());
      return ports;
    },
    until(change) {
      while (changes.at(-1) !== change && performance.now() < endMs) source.wait(50);
      assert.equal(changes.at(-1), change);
    },
    close() {
      source.close();
      libc.close(waker);
    },
  };
}

describe('the packets of interfaces', { skip }, () => {
  it('come in the order in which they were sent at two', () => {
    addPair('out0', 'in0');
    addPair('out1', 'in1');
    const lab = open('in0', 'in1');
    const senders = [openSender('out0'), openSender('out1')];
    const count = 500;
    withSeed(SEED, (random) => {
      for (let i = 0; i < count; i++) random.pick(senders).send(frame(i));
    });
    assert.deepEqual(
      lab.read(count),
      Array.from({ length: count }, (_, i) => i),
    );
    // One alone, the other silent.
    senders[1].send(frame(7));
    assert.deepEqual(lab.read(1), [7]);
    assert.deepEqual(lab.changes, []);
    for (const sender of senders) sender.close();
    lab.close();
    ip('link del out0');
    ip('link del out1');
  });

  it('are all given after it was shut', () => {
    addPair('out0', 'in0');
    addPair('out1', 'in1');
    const lab = open('in0', 'in1');
    const senders = [openSender('out0'), openSender('out1')];
    for (let i = 0; i < 30; i++) senders[i % 2].send(frame(i));
    assert.equal(lab.source.isDrained(), false);
    while (lab.counters[Counter.KERNEL_PACKETS] < 30) lab.source.readStatistics();
    lab.source.shut();
    for (const sender of senders) sender.send(frame(99));
    const ports: number[] = [];
    while (!lab.source.isDrained()) {
      for (let ring = lab.source.next(); ring !== null; ring = lab.source.next())
        ports.push(ring.view.getUint16(ring.record[Rec.OFFSET] + 34));
      lab.source.wait(10);
    }
    for (let ring = lab.source.next(); ring !== null; ring = lab.source.next())
      ports.push(ring.view.getUint16(ring.record[Rec.OFFSET] + 34));
    assert.deepEqual(
      ports,
      Array.from({ length: 30 }, (_, i) => i),
    );
    assert.equal(lab.counters[Counter.KERNEL_PACKETS], 30);
    for (const sender of senders) sender.close();
    lab.close();
    ip('link del out0');
    ip('link del out1');
  });

  it('go on at one while the other is away, and at the other when it is back; each change is told once', () => {
    addPair('out0', 'in0');
    addPair('out1', 'in1');
    const lab = open('in0', 'in1');
    ip('link set in1 down');
    lab.until('in1 down');
    const sender = openSender('out0');
    sender.send(frame(1));
    assert.deepEqual(lab.read(1), [1]);
    ip('link del out1');
    lab.until('in1 gone');
    addPair('out1', 'in1');
    lab.until('in1 up');
    const other = openSender('out1');
    other.send(frame(2));
    sender.send(frame(3));
    assert.deepEqual(lab.read(2), [2, 3]);
    assert.deepEqual(lab.changes, ['in1 down', 'in1 gone', 'in1 up']);
    assert.equal(lab.counters[Counter.INTERFACE_LOST], 1);
    other.close();
    sender.close();
    lab.close();
    ip('link del out0');
    ip('link del out1');
  });

  it('are shared again when the interface has come back, all of them, each by one', () => {
    addPair('out0', 'in0');
    const options = { ...USUAL, interfaceName: 'in0', members: 3, filter: '' };
    const sockets = openPacketSockets(libc, options);
    const labs = sockets.map((socket) => openFor([socket]));
    const count = 60;
    for (let round = 0; round < 3; round++) {
      const sender = openSender('out0');
      for (let i = 1; i <= count; i++) sender.send(frame(round * 1000 + i));
      sender.close();
      const ports: number[] = [];
      const endMs = performance.now() + 10_000;
      while (ports.length < count && performance.now() < endMs)
        for (const lab of labs) ports.push(...lab.some());
      assert.deepEqual(
        ports.sort((a, b) => a - b),
        Array.from({ length: count }, (_, i) => round * 1000 + i + 1),
      );
      ip('link del out0');
      for (const lab of labs) lab.until('in0 gone');
      addPair('out0', 'in0');
      for (const lab of labs) lab.until('in0 up');
    }
    for (const lab of labs) {
      assert.equal(lab.counters[Counter.INTERFACE_LOST], 3);
      lab.close();
    }
    ip('link del out0');
  });

  it('cannot be shared again without the right to open sockets, which is said', () => {
    addPair('out0', 'in0');
    const [socket, other] = openPacketSockets(libc, { ...USUAL, interfaceName: 'in0', members: 2 });
    const lab = openFor([socket]);
    ip('link del out0');
    lab.until('in0 gone');
    addPair('out0', 'in0');
    process.seteuid?.(65_534);
    try {
      assert.throws(() => lab.until('in0 up'), /in0: receiving its packets needs root or CAP_NET_RAW/);
    } finally {
      process.seteuid?.(0);
    }
    lab.close();
    libc.close(other.fd);
    ip('link del out0');
  });

  it('do not keep it awake: neither when there are none, nor when an interface is down', () => {
    addPair('out0', 'in0');
    ip('link set in0 down');
    const lab = open('in0');
    lab.until('in0 down');
    for (const change of ['', 'up']) {
      if (change === 'up') {
        ip('link set in0 up');
        lab.until('in0 up');
      }
      let rounds = 0;
      for (const endMs = performance.now() + 500; performance.now() < endMs; rounds++) lab.source.wait(100);
      assert.ok(rounds <= 12, `${rounds} rounds in half a second`);
      assert.equal(lab.source.next(), null);
    }
    lab.close();
    ip('link del out0');
  });
});

/** The kernel's ring: what was sent is what is read, byte by byte, and what is not read is counted. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LinkType } from '../../src/packet/link.ts';
import { Counter } from '../../src/shm/counters.ts';
import { ethernet, udpPacket } from '../support/frames.ts';
import { framesOf } from '../support/frames-of.ts';
import { addPair, enterOwnNetwork, ip, openSender, openTun } from '../support/own-network.ts';
import { openRing, openRings, type Seen, settle } from './rings.ts';

const skip = enterOwnNetwork();
const CAPTURES = [
  'examples/captures/mixed-traffic.pcap',
  'test/fixtures/captures/l2/mercury__pppoe_double_vlan_tagging.pcap',
  'test/fixtures/captures/l2/zeek__mixed-vlan-mpls.pcap',
  'test/fixtures/captures/ftp/zeek__ipv6.pcap',
];
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const datagram = (port: number, bytes = 32, dst = '10.0.0.2'): Uint8Array =>
  ethernet(udpPacket({ src: '10.0.0.1', dst }, { sport: port, dport: 53, payload: bytes }));

/** Sends, reads as many, and gives what was read. */
function exchange(
  frames: readonly Uint8Array[],
  options: Parameters<typeof openRing>[1] = {},
  expected = frames.length,
): { seen: Seen[]; counters: Float64Array } {
  addPair('out0', 'in0');
  const test = openRing('in0', options);
  const sender = openSender('out0');
  for (const frame of frames) sender.send(frame);
  const seen = test.read(expected);
  test.ring.readStatistics();
  sender.close();
  test.close();
  ip('link del out0');
  return { seen, counters: test.counters };
}

describe('the ring of an interface', { skip }, () => {
  for (const name of CAPTURES)
    it(`gives the frames of ${name} as they were sent`, async () => {
      const frames = await framesOf(name);
      assert.ok(frames.length >= 20, `${frames.length} frames`);
      const { seen, counters } = exchange(frames);
      assert.deepEqual(
        seen.map(({ bytes }) => hex(bytes)),
        frames.map(hex),
      );
      for (const { bytes, wireLength, linkType } of seen) {
        assert.equal(wireLength, bytes.length);
        assert.equal(linkType, LinkType.ETHERNET);
      }
      assert.equal(counters[Counter.KERNEL_PACKETS], frames.length);
      assert.equal(counters[Counter.KERNEL_DROPS], 0);
    });

  it('stamps packets with the time of day, in order', () => {
    const before = BigInt(Date.now()) * BigInt(1e6);
    const { seen } = exchange(Array.from({ length: 200 }, (_, i) => datagram(i)));
    const after = BigInt(Date.now() + 1) * BigInt(1e6);
    assert.equal(seen.length, 200);
    assert.ok(seen.every(({ ns }, i) => ns >= (i === 0 ? before : seen[i - 1].ns) && ns <= after));
    assert.ok(
      seen.some(({ ns }) => ns % BigInt(1000) !== BigInt(0)),
      'in ns',
    );
  });

  it('cuts to the snap length and says how long packets were', () => {
    const frames = [datagram(1, 10), datagram(2, 500), datagram(3, 9000), datagram(4, 60_000)];
    const { seen, counters } = exchange(frames, { snaplen: 128 });
    assert.deepEqual(
      seen.map(({ bytes, wireLength }) => [hex(bytes), wireLength]),
      frames.map((frame) => [hex(frame.subarray(0, 128)), frame.length]),
    );
    assert.equal(counters[Counter.CUT_SHORT], 3);
  });

  it('gives jumbo frames whole, and takes long runs around its end', () => {
    const frames = Array.from({ length: 120 }, (_, i) => datagram(i, i % 2 === 0 ? 65_000 : i % 100));
    addPair('out0', 'in0');
    const test = openRing('in0', { ringMb: 2 });
    const sender = openSender('out0');
    // 4 MB through 2 MB, ten frames at a time.
    for (let i = 0; i < frames.length; i += 10) {
      for (const frame of frames.slice(i, i + 10)) sender.send(frame);
      const seen = test.read(10).map(({ bytes }) => hex(bytes));
      assert.deepEqual(seen, frames.slice(i, i + 10).map(hex));
    }
    sender.close();
    test.close();
    ip('link del out0');
  });

  it('puts VLAN tags back, one or two, of either kind', () => {
    const plain = datagram(7, 40);
    const tag = (frame: Uint8Array, type: number, tci: number): Uint8Array =>
      Uint8Array.of(
        ...frame.subarray(0, 12),
        type >> 8,
        type & 255,
        tci >> 8,
        tci & 255,
        ...frame.subarray(12),
      );
    const frames = [
      plain,
      tag(plain, 0x8100, 5),
      tag(plain, 0x8100, 0xe123),
      tag(plain, 0x88a8, 7),
      tag(tag(plain, 0x8100, 9), 0x88a8, 8),
      tag(tag(plain, 0x8100, 9), 0x8100, 4094),
      tag(plain, 0x8100, 0),
      plain,
    ];
    const { seen } = exchange(frames);
    assert.deepEqual(
      seen.map(({ bytes }) => hex(bytes)),
      frames.map(hex),
    );
    assert.deepEqual(
      seen.map(({ wireLength }) => wireLength),
      frames.map(({ length }) => length),
    );
    // The tag comes on top of the snap length, which counts what the kernel has.
    const cut = exchange(frames, { snaplen: 60 }).seen;
    assert.deepEqual(
      cut.map(({ bytes }) => hex(bytes.subarray(0, 60))),
      frames.map((frame) => hex(frame.subarray(0, 60))),
    );
  });

  it('drops when nobody reads, and counts: received and dropped are all that were sent', () => {
    addPair('out0', 'in0');
    const test = openRing('in0', { ringMb: 2 });
    const sender = openSender('out0');
    const sent = 5000;
    for (let i = 0; i < sent; i++) sender.send(datagram(i, 1400));
    const seen = test.rest(sent);
    const [kernel, drops] = [test.counters[Counter.KERNEL_PACKETS], test.counters[Counter.KERNEL_DROPS]];
    assert.ok(drops > 0 && seen.length > 0, `${drops} dropped, ${seen.length} read`);
    assert.equal(seen.length + drops, sent);
    assert.equal(kernel, sent);
    assert.ok(test.counters[Counter.KERNEL_FREEZES] > 0);
    assert.equal(test.ring.waiting(), 0);
    // What was read is the beginning, without a hole.
    assert.deepEqual(
      seen.map(({ bytes }) => (bytes[34] << 8) | bytes[35]),
      seen.map((_, i) => i),
    );
    // And there is room again.
    sender.send(datagram(9));
    assert.equal(test.read(1).length, 1);
    sender.close();
    test.close();
    ip('link del out0');
  });

  it('shuts: what was there is still read, what comes later is not', () => {
    addPair('out0', 'in0');
    const test = openRing('in0');
    const sender = openSender('out0');
    for (let i = 0; i < 100; i++) sender.send(datagram(i));
    settle([test.ring], [test.counters], 100);
    test.ring.shut();
    for (let i = 0; i < 100; i++) sender.send(datagram(i));
    test.ring.readStatistics();
    assert.equal(test.ring.waiting(), 100);
    assert.equal(test.rest(100).length, 100);
    assert.equal(test.ring.waiting(), 0);
    sender.close();
    test.close();
    assert.equal(test.ring.view.getInt32(0), 0, 'memory that was given back reads as zeros');
    ip('link del out0');
  });

  it('leaves away what the host itself sends', () => {
    addPair('out0', 'in0');
    const test = openRing('in0');
    const [away, back] = [openSender('out0'), openSender('in0')];
    for (let i = 0; i < 50; i++) {
      away.send(datagram(i));
      back.send(datagram(1000 + i));
    }
    assert.deepEqual(
      test.rest(50).map(({ bytes }) => (bytes[34] << 8) | bytes[35]),
      Array.from({ length: 50 }, (_, i) => i),
    );
    away.close();
    back.close();
    test.close();
    ip('link del out0');
  });

  it('gives each packet of the loopback interface once', () => {
    const test = openRing('lo');
    const sender = openSender('lo');
    const frames = Array.from({ length: 20 }, (_, i) => datagram(i));
    for (const frame of frames) sender.send(frame);
    assert.deepEqual(
      test.rest(frames.length).map(({ bytes }) => hex(bytes)),
      frames.map(hex),
    );
    sender.close();
    test.close();
  });

  it('gives packets of a TUN device from their IP header on', () => {
    const tun = openTun('tun7');
    const test = openRing('tun7');
    const packet = udpPacket({ src: '10.0.0.1', dst: '10.0.0.2' }, { sport: 1, dport: 2, payload: 9 });
    tun.send(packet);
    const [seen] = test.read(1);
    assert.equal(hex(seen.bytes), hex(packet));
    assert.equal(seen.linkType, LinkType.RAW);
    test.close();
    tun.close();
  });

  it('knows checksums that the sender left open', async () => {
    const { createSocket } = await import('node:dgram');
    ip('addr add 127.0.0.9/32 dev lo');
    const test = openRing('lo');
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.send('x', 9, '127.0.0.9', () => resolve()));
    const seen = test.read(1);
    assert.equal(seen[0].checksumsOpen, true);
    assert.ok(test.counters[Counter.CHECKSUMS_OPEN] > 0);
    socket.close();
    test.close();
    const raw = exchange([datagram(1)]);
    assert.equal(raw.seen[0].checksumsOpen, false);
    assert.equal(raw.counters[Counter.CHECKSUMS_OPEN], 0);
  });

  it('may be opened by several that do not share, each of which sees all', () => {
    addPair('out0', 'in0');
    const rings = [openRing('in0'), ...openRings('in0', { promiscuous: false })];
    const sender = openSender('out0');
    for (let i = 0; i < 10; i++) sender.send(datagram(i));
    for (const test of rings) assert.equal(test.read(10).length, 10);
    sender.close();
    for (const test of rings) test.close();
    ip('link del out0');
  });
});

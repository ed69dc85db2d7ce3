/**
 * Several sockets that share the packets of an interface: both directions of a connection, whichever side speaks,
 * and all fragments of a datagram come to the same socket. This is the kernel's doing; here is what we rely on.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Counter } from '../../src/shm/counters.ts';
import { splitAt } from '../support/fragments.ts';
import { ethernet, icmpPacket, ipPacket, tcpPacket, udpPacket } from '../support/frames.ts';
import { addPair, enterOwnNetwork, ip, openSender } from '../support/own-network.ts';
import { createRandom } from '../support/random.ts';
import { openRings, settle } from './rings.ts';

const skip = enterOwnNetwork();
const MEMBERS = 3;
const FLOWS = 60;
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Sends groups of frames, and gives for each group the sockets that got them. */
function socketsOf(groups: readonly (readonly Uint8Array[])[]): Set<number>[] {
  addPair('out0', 'in0');
  const rings = openRings('in0', { members: MEMBERS });
  const sender = openSender('out0');
  for (const frame of groups.flat()) sender.send(frame);
  sender.close();
  const found = new Map<string, number>();
  settle(
    rings.map(({ ring }) => ring),
    rings.map(({ counters }) => counters),
    groups.flat().length,
  );
  rings.forEach((test, i) => {
    for (const { bytes } of test.rest(0)) {
      assert.ok(!found.has(hex(bytes)), 'a packet comes to one socket');
      found.set(hex(bytes), i);
    }
  });
  const kernel = rings.reduce((sum, test) => sum + test.counters[Counter.KERNEL_PACKETS], 0);
  assert.equal(kernel, groups.flat().length);
  for (const test of rings) test.close();
  ip('link del out0');
  return groups.map(
    (group) =>
      new Set(
        group.map((frame) => {
          const socket = found.get(hex(frame));
          assert.ok(socket !== undefined, 'every packet comes');
          return socket;
        }),
      ),
  );
}

describe('sockets that share an interface', { skip }, () => {
  const random = createRandom(4);
  const port = (): number => 1 + random.below(65_535);
  const host4 = (i: number, side: number): string => `10.${random.below(256)}.${i}.${side}`;
  const host6 = (i: number, side: number): string =>
    `2001:db8:${random.below(65_536).toString(16)}::${i}:${side}`;
  const both = (
    make: (src: string, dst: string, sport: number, dport: number) => Uint8Array,
    host: typeof host4,
  ) =>
    Array.from({ length: FLOWS }, (_, i) => {
      const [a, b, p, q] = [host(i, 1), host(i, 2), port(), port()];
      return [ethernet(make(a, b, p, q)), ethernet(make(b, a, q, p))];
    });
  const tcp = (src: string, dst: string, sport: number, dport: number): Uint8Array =>
    tcpPacket({ src, dst }, { sport, dport, seq: 1, flags: 0x10, payload: 3 });
  const udp = (src: string, dst: string, sport: number, dport: number): Uint8Array =>
    udpPacket({ src, dst }, { sport, dport, payload: 3 });
  const icmp = (src: string, dst: string, id: number): Uint8Array => {
    const [request, answer] = src.includes(':') ? [128, 129] : [8, 0];
    return icmpPacket({ src, dst }, { type: id & 1 ? request : answer, code: 0, rest: id << 16 });
  };
  const sctp = (src: string, dst: string, sport: number, dport: number): Uint8Array => {
    const ports = [sport >> 8, sport & 255, dport >> 8, dport & 255];
    return ipPacket({ src, dst }, 132, [...ports, 0, 0, 0, 0, 0, 0, 0, 0]);
  };
  const kinds = { tcp, udp, icmp, sctp };
  for (const [name, make] of Object.entries(kinds))
    for (const [family, host] of [
      ['IPv4', host4],
      ['IPv6', host6],
    ] as const)
      it(`both directions of ${name} over ${family} meet, and connections are spread`, () => {
        const sockets = socketsOf(both(make, host));
        assert.deepEqual([...new Set(sockets.map((of) => of.size))], [1]);
        assert.equal(new Set(sockets.flatMap((of) => [...of])).size, MEMBERS);
      });

  it('both directions meet behind a VLAN tag, and with different IPv6 flow labels', () => {
    const tagged = both(tcp, host4).map((pair) =>
      pair.map((frame, i) => ethernet(frame.subarray(14), 10 + i)),
    );
    const labelled = both(udp, host6).map((pair, i) =>
      pair.map((frame, side) => {
        const copy = frame.slice();
        copy.set([0x60, side, i, 7], 14);
        return copy;
      }),
    );
    for (const of of socketsOf([...tagged, ...labelled])) assert.equal(of.size, 1);
  });

  it('all fragments of a datagram meet', () => {
    const groups = Array.from({ length: FLOWS }, (_, i) => {
      const host = i % 2 === 0 ? host4 : host6;
      const payload = Uint8Array.from({ length: 100 }, () => random.below(256));
      const whole = udpPacket(
        { src: host(i, 1), dst: host(i, 2) },
        { sport: port(), dport: port(), payload },
      );
      return splitAt(whole, [24, 64], { id: i }).map((packet) => ethernet(packet));
    });
    const sockets = socketsOf(groups);
    assert.deepEqual([...new Set(sockets.map((of) => of.size))], [1]);
    assert.equal(new Set(sockets.flatMap((of) => [...of])).size, MEMBERS);
  });

  it('get the same connections on every interface, so that directions may come on two', () => {
    const flows = both(tcp, host4);
    const first = socketsOf(flows.map(([there]) => [there]));
    const second = socketsOf(flows.map(([, back]) => [back]));
    assert.deepEqual(first, second);
  });

  it('leave away what the host itself sends', () => {
    addPair('out0', 'in0');
    const rings = openRings('in0', { members: MEMBERS });
    const sender = openSender('in0');
    for (const [frame] of both(tcp, host4)) sender.send(frame);
    sender.close();
    for (const test of rings) {
      assert.equal(test.rest(0).length, 0);
      test.close();
    }
    ip('link del out0');
  });
});

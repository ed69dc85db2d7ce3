/** Fragments from the frame to the connection: the verdict, the counters, and what is lost. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Reason } from '../../src/common/reasons.ts';
import { fragmentOf, splitAt } from '../support/fragments.ts';
import { ethernet, icmpPacket, LINK_ETHERNET, tcpPacket, udpPacket } from '../support/frames.ts';
import { createLab } from '../support/lab.ts';

const PORTS = { sport: 5000, dport: 53 };
const FAMILIES = {
  ipv4: { src: '10.0.0.1', dst: '10.0.0.2' },
  ipv6: { src: '2001:db8::1', dst: '2001:db8::2' },
};
const swapped = ({ src, dst }: { src: string; dst: string }) => ({ src: dst, dst: src });

for (const [family, ip] of Object.entries(FAMILIES)) {
  const packet = udpPacket(ip, { ...PORTS, payload: 1000 });
  const pieces = splitAt(packet, [504]);
  const outcome = ({ verdict, reason }: { verdict: string; reason: string }) => `${verdict} ${reason}`;

  describe(`fragments (${family})`, () => {
    for (const order of [
      [0, 1],
      [1, 0],
    ])
      it(`110: a datagram in two, ${order.join(' then ')}`, () => {
        const lab = createLab({ selfCheck: true });
        const [first, last] = order.map((i) => lab.send(pieces[i], i));
        assert.equal(outcome(first), 'NULL fragment');
        assert.equal(first.connection, null);
        assert.equal(outcome(last), 'NEW none');
        assert.deepEqual(last.events, ['NEW']);
        assert.equal(last.connection?.original.packets, 1);
        assert.equal(last.connection?.original.bytes, packet.length);
        assert.equal(lab.table().length, 1);
      });

    it('111: only the first, or the second too late', () => {
      const lab = createLab({ selfCheck: true });
      lab.send(pieces[0], 0);
      const late = lab.send(pieces[1], family === 'ipv4' ? 31_000 : 61_000);
      assert.equal(outcome(late), 'NULL fragment');
      assert.equal(lab.reasonCount(Reason.FRAGMENT_TIMEOUT), 1);
      assert.deepEqual(lab.table(), []);
      lab.finish();
      assert.equal(lab.reasonCount(Reason.FRAGMENT_UNFINISHED), 1);
      lab.check();
    });

    it('111: the timeouts are settings', () => {
      const set = family === 'ipv4' ? ['net.ipv4.ipfrag_time=2'] : ['nf_conntrack_frag6_timeout=2'];
      for (const [ms, expected] of [
        [1999, 'NEW none'],
        [2000, 'NULL fragment'],
      ] as const) {
        const lab = createLab({ set });
        lab.send(pieces[0], 0);
        assert.equal(outcome(lab.send(pieces[1], ms)), expected);
      }
    });

    it('112: a duplicate is no harm, an overlap is', () => {
      const lab = createLab({ selfCheck: true });
      lab.send(pieces[0], 0);
      assert.equal(outcome(lab.send(pieces[0], 1)), 'NULL fragment-duplicate');
      assert.equal(outcome(lab.send(pieces[1], 2)), 'NEW none');
      lab.send(pieces[0], 3);
      assert.equal(outcome(lab.send(fragmentOf(packet, 496, 1008), 4)), 'NULL fragment-overlap');
      assert.equal(outcome(lab.send(pieces[1], 5)), 'NULL fragment');
      assert.equal(lab.table().length, 1);
    });

    it('the answer may be in fragments as well', () => {
      const lab = createLab({ selfCheck: true });
      lab.send(udpPacket(ip, { ...PORTS, payload: 4 }), 0);
      const back = udpPacket(swapped(ip), { sport: 53, dport: 5000, payload: 3000 });
      const seen = splitAt(back, [1480, 2960]).map((piece, i) => lab.send(piece, i));
      assert.deepEqual(seen.map(outcome), ['NULL fragment', 'NULL fragment', 'ESTABLISHED_REPLY none']);
      assert.equal(seen[2].connection?.reply.bytes, back.length);
    });

    it('checksums are those of the whole', () => {
      const wrong = udpPacket(ip, { ...PORTS, payload: 1000, checksum: 'wrong' });
      const [first, second] = splitAt(wrong, [504]);
      const lab = createLab();
      lab.send(first, 0);
      assert.equal(outcome(lab.send(second, 0)), 'INVALID udp-checksum');
      // Unless the capture has not all bytes.
      const cut = createLab();
      cut.dispatch(first, 0, undefined, first.length - 8);
      cut.collect();
      assert.equal(outcome(cut.send(second, 1)), 'NEW none');
    });

    it('ports that were not captured cannot be known', () => {
      const lab = createLab();
      lab.dispatch(pieces[0], 0, undefined, family === 'ipv4' ? 22 : 50);
      lab.collect();
      assert.equal(outcome(lab.send(pieces[1], 1)), 'NULL snap-length');
    });

    it('of TCP and ICMP', () => {
      const lab = createLab({ selfCheck: true });
      const syn = tcpPacket(ip, { sport: 1, dport: 2, seq: 1, flags: 2, payload: 40 });
      const echo = icmpPacket(ip, {
        type: family === 'ipv4' ? 8 : 128,
        code: 0,
        rest: 7 << 16,
        body: new Uint8Array(64),
      });
      for (const whole of [syn, echo]) {
        const [first, second] = splitAt(whole, [24]);
        assert.equal(outcome(lab.send(first, 0)), 'NULL fragment');
        assert.equal(outcome(lab.send(second, 0)), 'NEW none');
      }
    });

    it('of different VLANs meet only where VLANs are no zones', () => {
      for (const [zoneFromVlan, expected] of [
        [true, 'NULL fragment'],
        [false, 'NEW none'],
      ] as const) {
        const lab = createLab({ zoneFromVlan });
        lab.send(ethernet(pieces[0], 5), 0, LINK_ETHERNET);
        assert.equal(outcome(lab.send(ethernet(pieces[1], 6), 0, LINK_ETHERNET)), expected);
        lab.send(ethernet(pieces[0], 7), 1, LINK_ETHERNET);
        const seen = lab.send(ethernet(pieces[1], 7), 1, LINK_ETHERNET);
        assert.equal(seen.connection?.zone, zoneFromVlan ? 7 : 0);
      }
    });

    it('are forgotten across a gap of many years', () => {
      const lab = createLab();
      lab.send(pieces[0], 0);
      lab.send(pieces[1], 50 * 365 * 86_400_000);
      assert.equal(lab.reasonCount(Reason.FRAGMENT_TIMEOUT), 1);
      lab.finish();
      lab.check();
    });
  });
}

/** Time that leaps, goes back or wraps; and zones. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TIMEOUT_MAX_S } from '../../src/conntrack/settings.ts';
import { Counter } from '../../src/shm/counters.ts';
import { eventLines } from '../support/event-lines.ts';
import { ethernet, icmpPacket, LINK_ETHERNET, tcpPacket, udpPacket } from '../support/frames.ts';
import { createLab, type Lab, type LabOptions } from '../support/lab.ts';
import { type Family, HOSTS, type Sequence, sequence } from '../support/script.ts';

const IP = { src: HOSTS.IPv4.c, dst: HOSTS.IPv4.s };
const BACK = { src: HOSTS.IPv4.s, dst: HOSTS.IPv4.c };
const query = (port = 1): Uint8Array => udpPacket(IP, { sport: port, dport: 53 });
const answer = (port = 1): Uint8Array => udpPacket(BACK, { sport: 53, dport: port });
const DAY_MS = 86_400_000;

const START_S = 1_700_000_000;

describe('time', () => {
  it('leaps of days and years end everything in order', () => {
    for (const days of [1, 24, 25, 49, 50, 365, 3650]) {
      const lab = createLab({ selfCheck: true, shards: 2, set: [`udp_timeout=${TIMEOUT_MAX_S}`] });
      lab.send(icmpPacket(IP, { type: 8, code: 0, rest: 7 << 16 }), 0);
      lab.send(query(), 1);
      const seen = lab.send(query(2), days * DAY_MS);
      const survives = days * DAY_MS < TIMEOUT_MAX_S * 1000;
      const expected = [30_000, ...(survives ? [] : [TIMEOUT_MAX_S * 1000 + 1])];
      assert.deepEqual(
        seen.ends.map(({ atMs }) => atMs).sort((a, b) => a - b),
        expected,
        `${days} days`,
      );
      assert.equal(lab.table().length, survives ? 2 : 1);
    }
  });

  it('a time before the last one counts as the last one', () => {
    const lab = createLab({ selfCheck: true });
    lab.send(query(), 50_000);
    const seen = lab.send(query(), 10_000);
    assert.equal(seen.connection?.original.packets, 2);
    assert.equal(seen.remainingMs, 30_000);
    assert.equal(seen.connection?.lastNs, BigInt(START_S + 50) * 1_000_000_000n);
    assert.equal(lab.counter(Counter.TIME_BACKWARD), 1);
    assert.equal(lab.send(query(), 79_999).connection?.original.packets, 3);
    assert.equal(lab.send(query(), 79_998.5).connection?.original.packets, 4);
    assert.equal(lab.counter(Counter.TIME_BACKWARD), 2);
  });

  /** A life with everything that depends on time, as text without absolute times. */
  function life(options: LabOptions): string[] {
    const lab: Lab = createLab({ ...options, selfCheck: true });
    let at = 0;
    const seen: string[] = [];
    const scripts: readonly [Sequence, Family][] = [
      [sequence('', LIFE), 'IPv4'],
      [sequence('', LIFE), 'IPv6'],
    ];
    for (const [{ steps }, family] of scripts) {
      for (const step of steps) {
        at += step.afterMs;
        const { verdict, reason, events, connection, remainingMs, ends } = lab.send(step.frame(family), at);
        const gone = ends.map((end) => `${end.reason} at ${end.atMs}`).join();
        seen.push([verdict, reason, events.join('+'), connection?.state, remainingMs, gone].join(' '));
      }
    }
    const last = eventLines(lab.finish(), options.startS ?? START_S);
    return [...seen, ...last];
  }
  const LIFE = `
    HS
    c P. 1001:5001 len 10 +7s          -> EST ESTABLISHED 300 A
    c udp +2s                          -> NEW 30 U
    s . 5001:1011 +1s                  -> REP ESTABLISHED 432000 A
    s udp +4s                          -> REP 30 R
    c udp +3s                          -> EST 120 A
    c echo 7 +90s                      -> NEW 30 U
    c udp +40s                         -> NEW 30 U
    c F. 1011:5001 +400000s            -> EST FIN_WAIT 120 A
    c S 77 +120s                       -> NEW SYN_SENT 120 U
    s R. 0:78 +0.25s                   -> REP RESET CLOSE 120 U
    c udp +2000000s                    -> NEW 30 U`;

  /** Seconds just before the tick of ms wraps at 2^32, or passes 2^31 and turns negative. */
  const WRAPS = [0, 1, 399, 399.5, 400, 400.5].map((wraps) => Math.floor((wraps * 2 ** 32) / 1000));
  const reference = life({});
  assert.ok(reference.length > 30);
  for (const wrapS of [...WRAPS, 2 ** 31]) {
    for (const before of [0, 1, 15, 100, 400_000, 1_000_000]) {
      if (wrapS < before) continue;
      it(`starts ${before} s before second ${wrapS}, where a counter wraps`, () => {
        assert.deepEqual(life({ startS: wrapS - before }), reference);
      });
    }
  }
  it('ring cursors wrap, too', () => {
    for (const cursors of [-1, -2, -5, 0x7ffffffe])
      assert.deepEqual(life({ cursors, descriptorSlots: 4, reportSlots: 2, shards: 2 }), reference);
  });
});

describe('zones', () => {
  const send = (lab: Lab, frame: Uint8Array, vlan: number | null, ms: number) =>
    lab.send(ethernet(frame, vlan), ms, LINK_ETHERNET);
  const v6 = tcpPacket({ src: HOSTS.IPv6.c, dst: HOSTS.IPv6.s }, { sport: 1, dport: 2, seq: 1, flags: 2 });

  for (const [name, frame] of [['UDP over IPv4', query()] as const, ['TCP over IPv6', v6] as const]) {
    it(`from VLANs keep connections apart: ${name}`, () => {
      const lab = createLab({ zoneFromVlan: true, shards: 2, selfCheck: true });
      for (const vlan of [null, 5, 6, 4094]) {
        const seen = send(lab, frame, vlan, 0);
        assert.equal(seen.verdict, 'NEW');
        assert.equal(seen.connection?.zone, vlan ?? 0);
      }
      assert.equal(lab.table().length, 4);
      assert.equal(send(lab, frame, 0, 1).connection?.zone, 0, 'priority tags are no VLAN');
      assert.equal(lab.table().length, 4);
    });

    it(`without the option a VLAN is nothing: ${name}`, () => {
      const lab = createLab({ selfCheck: true });
      for (const vlan of [null, 5, 6]) assert.equal(send(lab, frame, vlan, 0).connection?.zone, 0);
      assert.equal(lab.table().length, 1);
    });
  }

  it('answers and ICMP errors stay in their zone', () => {
    const lab = createLab({ zoneFromVlan: true, selfCheck: true });
    send(lab, query(), 5, 0);
    const error = icmpPacket(BACK, { type: 3, code: 3, body: query() });
    assert.equal(send(lab, error, 6, 1).reason, 'icmp-quote-unknown');
    assert.equal(send(lab, error, 5, 1).verdict, 'RELATED_REPLY');
    assert.equal(send(lab, answer(), 6, 1).verdict, 'NEW');
    assert.equal(send(lab, answer(), 5, 1).verdict, 'ESTABLISHED_REPLY');
  });
});

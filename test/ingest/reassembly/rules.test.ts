/** What becomes of fragments, one rule at a time; live/fragments.ts asks the kernel about the same. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Counter } from '../../../src/shm/counters.ts';
import { type FragmentOptions, fragmentOf, splitAt } from '../../support/fragments.ts';
import { ipPacket, udpPacket } from '../../support/frames.ts';
import { createReassembler, LINUX, type Reassembler } from './reassembler.ts';

const V4 = { src: '10.0.0.1', dst: '10.0.0.2' };
const V6 = { src: '2001:db8::1', dst: '2001:db8::2' };
const FAMILIES = [
  { name: 'IPv4', ip: V4, timeoutMs: 30_000 },
  { name: 'IPv6', ip: V6, timeoutMs: 60_000 },
];
const PORTS = { sport: 5000, dport: 53 };
const HELD = 'fragment';

type Step = readonly [start: number, end: number, more?: boolean, options?: FragmentOptions];

/** Gives fragments of one datagram of 48 bytes and returns what became of each. */
function story(r: Reassembler, packet: Uint8Array, steps: readonly Step[], nowMs = 0): string[] {
  return steps.map(([start, end, more, options]) => {
    const said = more === undefined ? {} : { more };
    return r.take(fragmentOf(packet, start, end, { ...said, ...options }), nowMs).reason;
  });
}

for (const { name, ip, timeoutMs } of FAMILIES) {
  const isIpv4 = name === 'IPv4';
  const packet = udpPacket(ip, { ...PORTS, payload: 40 });

  describe(`fragments of ${name}`, () => {
    it('become the packet that they were', () => {
      for (const cuts of [[], [8], [24], [8, 16, 24, 32, 40]]) {
        if (cuts.length === 0 && isIpv4) continue;
        for (const turned of [false, true]) {
          const r = createReassembler();
          const pieces = splitAt(packet, cuts);
          if (turned) pieces.reverse();
          const taken = pieces.map((piece) => r.take(piece, 0));
          const last = taken.pop();
          assert.deepEqual(last?.packet, expected(packet, isIpv4));
          assert.equal(last.captured, packet.length);
          assert.ok(taken.every(({ reason }) => reason === HELD));
          assert.equal(r.reassembly.count(), 0);
          assert.equal(r.reassembly.bytes(), 0);
          assert.equal(r.counter(Counter.DATAGRAMS), 1);
          assert.ok(r.counter(Counter.FRAGMENT_BYTES_MAX) > 0 || taken.length === 0);
          r.reassembly.selfCheck();
        }
      }
    });

    it('that are duplicates change nothing', () => {
      const r = createReassembler();
      const steps: Step[] = [
        [0, 24],
        [0, 24],
        [8, 16],
        [24, 48],
      ];
      const duplicate = 'fragment-duplicate';
      assert.deepEqual(story(r, packet, steps), [HELD, duplicate, duplicate, 'none']);
      assert.deepEqual(r.counts(), { none: 1, fragment: 1, [duplicate]: 2 });
    });

    it('that overlap take the datagram with them, and are counted anew', () => {
      const r = createReassembler();
      const steps: Step[] = [
        [0, 16],
        [24, 48],
        [8, 24],
        [0, 16],
      ];
      assert.deepEqual(story(r, packet, steps), [HELD, HELD, 'fragment-overlap', HELD]);
      assert.deepEqual(r.counts(), { fragment: 1, 'fragment-overlap': 3 });
    });

    it('that contradict the end are a conflict', () => {
      const r = createReassembler();
      const got = story(r, packet, [
        [24, 48],
        [24, 40, false],
        [0, 24],
      ]);
      assert.deepEqual(got, [HELD, 'fragment-conflict', isIpv4 ? HELD : 'none']);
      const lost = { fragment: 1, 'fragment-conflict': 2 };
      assert.deepEqual(r.counts(), isIpv4 ? lost : { none: 1, fragment: 1, 'fragment-conflict': 1 });
    });

    it('without data are of no use', () => {
      const r = createReassembler();
      assert.deepEqual(
        story(r, packet, [
          [0, 24],
          [24, 24, true],
        ]),
        [HELD, 'fragment-length'],
      );
      assert.deepEqual(r.counts(), isIpv4 ? { 'fragment-length': 2 } : { fragment: 1, 'fragment-length': 1 });
    });

    it('with and without ECN do not fit together', () => {
      const r = createReassembler();
      const steps: Step[] = [
        [0, 24, true, { ecn: 0 }],
        [24, 48, false, { ecn: 2 }],
      ];
      assert.deepEqual(story(r, packet, steps), [HELD, 'fragment-ecn']);
      assert.deepEqual(r.counts(), { 'fragment-ecn': 2 });
      assert.equal(r.counter(Counter.DATAGRAMS), 0);
    });

    it('of different zones, identifications or hosts do not meet', () => {
      const r = createReassembler();
      const [first, second] = splitAt(packet, [24]);
      const [, otherId] = splitAt(packet, [24], { id: 2 });
      const [, otherHost] = splitAt(udpPacket({ ...ip, src: ip.dst }, { ...PORTS, payload: 40 }), [24]);
      assert.equal(r.take(first, 0, 7).reason, HELD);
      for (const [piece, zone] of [
        [second, 0],
        [second, 8],
        [otherId, 7],
        [otherHost, 7],
      ] as const)
        assert.equal(r.take(piece, 0, zone).reason, HELD);
      assert.equal(r.reassembly.count(), 5);
      assert.equal(r.take(second, 0, 7).reason, 'none');
    });

    it(`wait for ${timeoutMs / 1000} s from the first on, to the millisecond`, () => {
      for (const [lateMs, expect] of [
        [timeoutMs - 1, 'none'],
        [timeoutMs, HELD],
      ] as const) {
        const r = createReassembler();
        // Not renewed by what comes in between.
        assert.deepEqual(story(r, packet, [[0, 8]], 1000), [HELD]);
        assert.deepEqual(story(r, packet, [[8, 24]], 1000 + timeoutMs - 2), [HELD]);
        assert.deepEqual(story(r, packet, [[24, 48]], 1000 + lateMs), [expect]);
        const lost = { fragment: 1, 'fragment-timeout': 2 };
        assert.deepEqual(r.counts(), expect === HELD ? lost : { none: 1, fragment: 2 });
      }
    });

    it('wait across the wrap of the clock', () => {
      const r = createReassembler();
      const nearMs = 0x7fffffff - 1000;
      assert.deepEqual(story(r, packet, [[0, 24]], nearMs), [HELD]);
      r.reassembly.advance((nearMs + timeoutMs - 1) | 0);
      assert.equal(r.reassembly.count(), 1);
      r.reassembly.advance((nearMs + timeoutMs) | 0);
      assert.equal(r.reassembly.count(), 0);
    });

    it('that wait at the end of the capture are counted for that', () => {
      const r = createReassembler();
      assert.deepEqual(
        story(r, packet, [
          [0, 24],
          [32, 48],
        ]),
        [HELD, HELD],
      );
      r.reassembly.finish(1);
      assert.deepEqual(r.counts(), { 'fragment-unfinished': 2 });
      assert.equal(r.reassembly.bytes(), 0);
    });

    it('are held up to the limit, and no further until memory comes free', () => {
      const limits = { ipv4: { ...LINUX.ipv4, bytesMax: 5000 }, ipv6: { ...LINUX.ipv6, bytesMax: 5000 } };
      const r = createReassembler(limits);
      const [first, second] = splitAt(packet, [24]);
      const got = Array.from(
        { length: 7 },
        (_, id) => r.take(splitAt(packet, [24], { id: 9 + id })[0], 0).reason,
      );
      assert.deepEqual(got, [...Array.from({ length: 5 }, () => HELD), 'fragment-memory', 'fragment-memory']);
      // Even what would complete a datagram is refused.
      assert.equal(r.take(splitAt(packet, [24], { id: 9 })[1], 0).reason, 'fragment-memory');
      r.reassembly.selfCheck();
      assert.equal(r.take(first, timeoutMs).reason, HELD);
      assert.equal(r.take(second, timeoutMs).reason, 'none');
      assert.deepEqual(r.counts(), { none: 1, fragment: 1, 'fragment-timeout': 5, 'fragment-memory': 3 });
    });

    it('are not taken in at all with a limit of 0', () => {
      const none = { bytesMax: 0 };
      const r = createReassembler({ ipv4: { ...LINUX.ipv4, ...none }, ipv6: { ...LINUX.ipv6, ...none } });
      assert.deepEqual(
        story(r, packet, [
          [0, 24],
          [24, 48],
        ]),
        ['fragment-memory', 'fragment-memory'],
      );
    });

    it('that were cut off by the capture are not held against the datagram', () => {
      const header = isIpv4 ? 20 : 48;
      const [first, second] = splitAt(packet, [24]);
      const r = createReassembler();
      assert.equal(r.take(first, 0, 0, header + 10).reason, HELD);
      const { reason, packet: whole, captured } = r.take(second, 0, 0, header);
      assert.equal(reason, 'none');
      assert.equal(whole?.length, packet.length);
      assert.equal(captured, packet.length - 48 + 10);
      assert.deepEqual(whole.subarray(0, captured), expected(packet, isIpv4).subarray(0, captured));
    });
  });
}

/** The packet as reassembly leaves it: identification of the fragments, no flags. */
function expected(packet: Uint8Array, isIpv4: boolean): Uint8Array {
  if (!isIpv4) return packet;
  // A whole packet written as a fragment has the same header, checksum included.
  return fragmentOf(packet, 0, packet.length - 20, { id: 1, more: false });
}

describe('fragments of IPv4 alone', () => {
  const packet = udpPacket(V4, { ...PORTS, payload: 40 });

  it('lose what is more than a multiple of 8 bytes', () => {
    const r = createReassembler();
    assert.deepEqual(
      story(r, packet, [
        [0, 31, true],
        [24, 48],
      ]),
      [HELD, 'none'],
    );
  });

  it('of different protocols do not meet', () => {
    const r = createReassembler();
    assert.deepEqual(
      story(r, packet, [
        [0, 24],
        [24, 48, false, { protocol: 6 }],
      ]),
      [HELD, HELD],
    );
  });

  it('beyond 65,535 bytes are given up when the datagram is complete', () => {
    for (const [bytes, expect] of [
      [65_515, 'none'],
      [65_516, 'fragment-oversize'],
    ] as const) {
      const r = createReassembler();
      const empty = ipPacket(V4, 253, []);
      const got = story(r, empty, [
        [0, 40_000, true],
        [40_000, bytes, false],
      ]);
      assert.deepEqual(got, [HELD, expect]);
    }
  });

  it('begin anew when too many of the same source came in between', () => {
    for (const [others, expect] of [
      [63, 'none'],
      [64, HELD],
    ] as const) {
      const r = createReassembler();
      assert.deepEqual(story(r, packet, [[0, 24]]), [HELD]);
      for (let id = 0; id < others; id++)
        assert.deepEqual(story(r, packet, [[0, 24, true, { id: 100 + id }]]), [HELD]);
      assert.deepEqual(story(r, packet, [[24, 48]], 5), [expect]);
      assert.equal(r.counts()['fragment-distance'], expect === HELD ? 1 : undefined);
      // Its time begins anew, too.
      r.reassembly.advance(30_004);
      assert.equal(r.reassembly.count(), expect === HELD ? 1 : 0);
      r.reassembly.advance(30_005);
      assert.equal(r.reassembly.count(), 0);
      r.reassembly.selfCheck();
    }
  });

  it('wait for any number of others with ipfrag_max_dist=0', () => {
    const r = createReassembler({ ...LINUX, ipv4: { ...LINUX.ipv4, distanceMax: 0 } });
    assert.deepEqual(story(r, packet, [[0, 24]]), [HELD]);
    for (let id = 0; id < 200; id++)
      assert.deepEqual(story(r, packet, [[0, 24, true, { id: 100 + id }]]), [HELD]);
    assert.deepEqual(story(r, packet, [[24, 48]]), ['none']);
  });
});

describe('fragments of IPv6 alone', () => {
  const packet = udpPacket(V6, { ...PORTS, payload: 40 });

  it('of an odd length end the datagram, and go on to the tracker as they are', () => {
    const r = createReassembler();
    const odd = fragmentOf(packet, 0, 20, { more: true });
    assert.deepEqual(story(r, packet, [[24, 48]]), [HELD]);
    assert.deepEqual(r.take(odd, 0).packet, odd);
    assert.deepEqual(r.counts(), { none: 1, 'fragment-length': 1 });
    assert.equal(r.reassembly.count(), 0);
    assert.equal(r.counter(Counter.DATAGRAMS), 0);
  });

  it('that end before their upper header go on as they are', () => {
    const r = createReassembler();
    const short = fragmentOf(packet, 0, 7, { more: true });
    assert.deepEqual(r.take(short, 0).packet, short);
    assert.equal(r.reassembly.count(), 0);
  });

  it('beyond 65,535 bytes are dropped alone', () => {
    const r = createReassembler();
    const got = story(r, packet, [
      [0xfff0, 0x1_0020, false],
      [0, 24],
      [24, 48],
    ]);
    assert.deepEqual(got, ['fragment-oversize', HELD, 'none']);
  });

  it('that end within their fragment header are dropped, or cannot be read', () => {
    const r = createReassembler();
    // A later fragment, of which 6 bytes of the header are there.
    const cut = fragmentOf(packet, 8, 16).subarray(0, 46);
    const short = Uint8Array.from(cut);
    short.set([0, 6], 4);
    assert.equal(r.take(short, 0).reason, 'fragment-header');
    assert.equal(r.take(fragmentOf(packet, 8, 16), 0, 0, 46).reason, 'snap-length');
  });
});

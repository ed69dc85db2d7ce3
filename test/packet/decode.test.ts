import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Outcome, REASONS, Reason } from '../../src/common/reasons.ts';
import { LinkType } from '../../src/packet/link.ts';
import { Kind, Meta, Task, TcpClass } from '../../src/shm/bits.ts';
import { Desc } from '../../src/shm/offsets.generated.ts';
import * as b from './build.ts';
import { SAMPLES, SYN_OPTIONS } from './corpus.ts';
import { decoded, decoderOf } from './decoded.ts';

/** Reasons that only a shard, which knows connections, can give. */
const OF_THE_SHARD: ReadonlySet<Reason> = new Set([
  Reason.NONE,
  Reason.TCP_NOT_OPENING,
  Reason.TCP_NOT_LOOSE,
  Reason.TCP_STATE,
  Reason.TCP_SEQ_OVER,
  Reason.TCP_ACK_OVER,
  Reason.TCP_RST_SEQ,
  Reason.ICMP_UNSOLICITED,
  Reason.SCTP_NOT_OPENING,
  Reason.SCTP_TAG,
  Reason.SCTP_STATE,
  Reason.SCTP_INITIATE_TAG,
  Reason.SCTP_HEARTBEAT,
  Reason.ICMP_QUOTE_UNKNOWN,
  Reason.ICMP_QUOTE_DESTINATION,
  Reason.ONE_WAY_RESET,
  Reason.ONE_WAY_ERROR,
  Reason.TABLE_FULL,
  Reason.PROBE_LIMIT,
  Reason.HELPER_PARTIAL,
  Reason.HELPER_REFUSED,
  Reason.RING_FULL,
]);

describe('hand-made packets', () => {
  for (const { name, frame, linkType, reason } of SAMPLES) {
    test(`${name}: ${Reason[reason]}`, () => {
      assert.equal(Reason[decoded(frame, linkType).reason], Reason[reason]);
    });
  }

  test('give every reason that does not need to know connections', () => {
    const given = new Set<Reason>(SAMPLES.map((sample) => sample.reason));
    // The tests of the snap length make this one; those of reassembly the reasons of fragments.
    given.add(Reason.SNAP_LENGTH);
    // And those of the tunnels these.
    for (const reason of REASONS.keys()) if (Reason[reason].startsWith('TUNNEL_')) given.add(reason);
    const missing = [...REASONS.keys()].filter(
      (reason) => !given.has(reason) && !OF_THE_SHARD.has(reason) && !/^FRAGMENT_/.test(Reason[reason]),
    );
    assert.deepEqual(
      missing.map((reason) => Reason[reason]),
      [],
    );
  });

  test('without verification no checksum counts', () => {
    const decode = decoderOf({ verifyChecksums: false });
    const wrong = SAMPLES.filter(({ reason }) => /_CHECKSUM$/.test(Reason[reason]));
    assert.equal(wrong.length, 11);
    for (const { name, frame, linkType } of wrong) {
      assert.equal(Reason[decoded(frame, linkType, decode).reason], 'NONE', name);
    }
    // A checksum of zero is a rule of UDP-Lite, not a wrong sum.
    const zero = SAMPLES.filter(({ reason }) => reason === Reason.UDPLITE_CHECKSUM_ZERO);
    for (const { frame } of zero)
      assert.equal(decoded(frame, LinkType.RAW, decode).reason, Reason.UDPLITE_CHECKSUM_ZERO);
  });

  test('bytes after the end of the IP packet change nothing', () => {
    // Those whose lengths are held against the frame, and the one whose length is that of the frame.
    const depends: ReadonlySet<Reason> = new Set([
      Reason.IP_SHORT,
      Reason.IP_HEADER_LENGTH,
      Reason.IP_LENGTH,
      Reason.LINK_SHORT,
    ]);
    for (const { name, frame, linkType, reason } of SAMPLES) {
      if (depends.has(reason) || name.includes('jumbogram')) continue;
      assert.deepEqual(
        decoded([...frame, 1, 2, 3, 4, 5], linkType).words,
        decoded(frame, linkType).words,
        name,
      );
    }
  });

  test('an invalid packet whose tuple can be read has a descriptor, so that its connection is known', () => {
    for (const { name, frame, linkType, reason } of SAMPLES) {
      const isInvalid = REASONS.get(reason)?.outcome === Outcome.INVALID;
      const hasPorts = /TCP|UDP/.test(name) && !/of [23] bytes/.test(name);
      if (isInvalid && hasPorts) assert.equal(decoded(frame, linkType).returned, Reason.NONE, name);
    }
  });
});

describe('the descriptor', () => {
  const A = 0x0a000001;
  const B = 0x0a000002;

  test('of a TCP segment over IPv4', () => {
    const segment = b.tcp({
      flags: b.SYN | b.ACK,
      options: SYN_OPTIONS,
      payload: b.text('abc'),
      window: 0xfffe,
    });
    const { words, task, meta, returned } = decoded(b.ipv4(segment));
    assert.equal(returned, Reason.NONE);
    assert.equal(task, Task.TCP);
    assert.deepEqual([words[Desc.LO0], words[Desc.HI0]], [A, B]);
    assert.equal(words[Desc.L4], (40_000 << 16) | 443);
    assert.equal(words[Desc.KIND], Kind.USED | 6);
    assert.equal(words[Desc.BYTES], 20 + 20 + SYN_OPTIONS.length + 3);
    assert.deepEqual([words[Desc.SEQ], words[Desc.ACK] >>> 0], [0x01020304, 0xf1f2f3f4]);
    assert.equal(words[Desc.WINDOW], (0xfffe << 16) | 3);
    assert.equal(words[Desc.SACK], words[Desc.ACK]);
    const expected = Meta.SYN | Meta.ACK | Meta.OPTIONS | Meta.SACK_PERM | Meta.WINDOW_SCALE;
    assert.equal(meta, expected | (TcpClass.SYNACK << Meta.CLASS_SHIFT) | (7 << Meta.SCALE_SHIFT));
  });

  test('of a UDP datagram over IPv6, from the higher address', () => {
    const frame = b.ipv6(b.udp(), { source: b.B6, destination: b.A6 });
    const { words, meta } = decoded(frame);
    assert.equal(meta, Task.UDP | Meta.FROM_HI);
    assert.deepEqual([...words.subarray(Desc.LO1, Desc.HI3 + 1)], [0, 0, 1, 0, 0, 2]);
    assert.deepEqual([words[Desc.LO0], words[Desc.HI0]], [b.A6[0], b.B6[0]]);
    assert.equal(words[Desc.L4], (53 << 16) | 5353);
    assert.equal(words[Desc.KIND], Kind.USED | Kind.IPV6 | 17);
    assert.equal(words[Desc.BYTES], frame.length);
  });

  test('counts the bytes of layer 3, however the lengths are given', () => {
    const padded = [...b.ipv4(b.udp()), ...b.zeros(20)];
    assert.equal(decoded(padded).words[Desc.BYTES], 33);
    const jumbo = b.ipv6(b.udp(), { extensions: [b.hopByHop()], payloadBytes: 0 });
    assert.equal(decoded(jumbo).words[Desc.BYTES], jumbo.length);
  });

  test('of an echo has id, type and code', () => {
    const { words, task } = decoded(b.ipv4(b.icmp(8, 5)));
    assert.equal(task, Task.ICMP);
    assert.equal(words[Desc.L4], (0x1122 << 16) | (8 << 8) | 5);
  });

  test('of a protocol without ports has nothing but the protocol', () => {
    const { words, task } = decoded(b.ipv4({ protocol: 200, bytes: b.text('abcdefgh') }));
    assert.equal(task, Task.GENERIC);
    assert.deepEqual([words[Desc.L4], words[Desc.KIND]], [0, Kind.USED | 200]);
  });

  test('of an ICMP error is the tuple of the answer to the packet that it quotes', () => {
    const quoted = b.ipv4(b.udp(), { source: A, destination: B });
    const direct = decoded(quoted);
    const error = b.icmp(3, 3, b.zeros(4), quoted.slice(0, 28));
    const { words, meta, task } = decoded(b.ipv4(error, { source: 0x0a0000fe, destination: A }));
    assert.equal(task, Task.ICMP_ERROR);
    assert.deepEqual(words.slice(0, Desc.META), direct.words.slice(0, Desc.META));
    assert.equal((meta ^ direct.meta) & Meta.FROM_HI, Meta.FROM_HI);
    assert.equal(meta & Meta.QUOTE_ELSEWHERE, 0);
    const elsewhere = decoded(b.ipv4(error, { source: 0x0a0000fe, destination: A + 7 }));
    assert.equal(elsewhere.meta & Meta.QUOTE_ELSEWHERE, Meta.QUOTE_ELSEWHERE);
    assert.equal(elsewhere.words[Desc.HASH], direct.words[Desc.HASH]);
  });

  test('of an ICMPv6 error and of a redirect likewise, whatever word of the address differs', () => {
    const quoted = b.ipv6(b.tcp(), { source: b.A6, destination: b.B6 });
    const direct = decoded(quoted);
    const error = b.icmpv6(1, 4, b.zeros(4), quoted.slice(0, 44));
    const moved = b.redirect(quoted.slice(0, 44));
    for (const [segment, fields] of [
      [error, {}],
      [moved, { source: b.LINK_LOCAL, hopLimit: 255 }],
    ] as const) {
      const here = decoded(b.ipv6(segment, { ...fields, destination: b.A6 }));
      assert.equal(here.task, Task.ICMP_ERROR);
      assert.equal(here.words[Desc.HASH], direct.words[Desc.HASH]);
      assert.equal(here.meta & Meta.QUOTE_ELSEWHERE, 0);
      for (let word = 0; word < 4; word++) {
        const changed = (i: number): number => (i === word ? 0x77 : b.A6[i]);
        const other: b.Address6 = [changed(0), changed(1), changed(2), changed(3)];
        const elsewhere = decoded(b.ipv6(segment, { ...fields, destination: other }));
        assert.equal(elsewhere.meta & Meta.QUOTE_ELSEWHERE, Meta.QUOTE_ELSEWHERE);
      }
    }
  });

  test('of a quoted SCTP packet has its ports, although SCTP itself is left for later', () => {
    const sctp = b.ipv4({ protocol: 132, bytes: [...b.u16(1000), ...b.u16(2000), ...b.zeros(4)] });
    const { words, task } = decoded(b.ipv4(b.icmp(3, 2, b.zeros(4), sctp)));
    assert.equal(task, Task.ICMP_ERROR);
    assert.equal(words[Desc.L4], (1000 << 16) | 2000);
  });
});

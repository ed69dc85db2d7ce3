/** Canonical tuples: both directions of a connection give the same one, and the opposite bit. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createHash4 } from '../../src/common/hash.ts';
import { Reason } from '../../src/common/reasons.ts';
import { ICMP_INVERSE, ICMPV6_INVERSE, NOT_INVERTIBLE } from '../../src/packet/icmp-types.ts';
import { Meta, Task } from '../../src/shm/bits.ts';
import { Desc } from '../../src/shm/offsets.generated.ts';
import fc from '../support/fast-check.ts';
import { operations, seedOf } from '../support/random.ts';
import * as b from './build.ts';
import { type Decoded, decoded, KEY, tupleText } from './decoded.ts';

const word = fc.oneof(
  fc.constantFrom(0, 1, -1, 0x7fffffff, -0x80000000),
  fc.integer({ min: -0x80000000, max: 0x7fffffff }),
);
const port = fc.oneof(fc.constantFrom(0, 1, 53, 0x7fff, 0x8000, 0xffff), fc.nat({ max: 0xffff }));
/** Often equal in the first words, so that the later ones decide. */
const address6 = fc.tuple(
  fc.constantFrom(0, 0x20010db8),
  fc.oneof(fc.constant(0), word),
  fc.oneof(fc.constant(0), word),
  word,
);

interface Ends {
  readonly sourcePort: number;
  readonly destinationPort: number;
}
const PORT_PROTOCOLS: readonly ((ends: Ends) => b.Segment)[] = [b.tcp, b.udp, b.udpLite];
const swapped = ({ sourcePort, destinationPort }: Ends): Ends => ({
  sourcePort: destinationPort,
  destinationPort: sourcePort,
});

function checkPair(there: Decoded, back: Decoded): void {
  assert.deepEqual([there.returned, back.returned], [Reason.NONE, Reason.NONE]);
  assert.equal(tupleText(there), tupleText(back));
  assert.notEqual(there.words[Desc.HASH], 0);
  assert.equal(there.meta & Meta.SELF, back.meta & Meta.SELF);
  if ((there.meta & Meta.SELF) === 0) assert.equal((there.meta ^ back.meta) & Meta.FROM_HI, Meta.FROM_HI);
  // The lower endpoint comes first.
  const [lo, hi] = [Desc.LO0, Desc.HI0].map((at) => there.words[at]);
  assert.ok(lo <= hi);
}

/** An ICMP error about a packet names the tuple of its answer. */
function checkQuote(there: Decoded, back: Decoded, error: Decoded): void {
  assert.equal(error.task, Task.ICMP_ERROR);
  assert.equal(tupleText(error), tupleText(there));
  if ((there.meta & Meta.SELF) === 0) {
    assert.equal(error.meta & Meta.FROM_HI, back.meta & Meta.FROM_HI);
  }
}

describe('canonical tuples', () => {
  const ends = fc.record({ sourcePort: port, destinationPort: port });
  const protocol = fc.constantFrom(...PORT_PROTOCOLS);

  test('of TCP, UDP and UDP-Lite over IPv4', (t) => {
    const property = fc.property(word, word, ends, protocol, (source, destination, e, segment) => {
      const packet = b.ipv4(segment(e), { source, destination });
      const there = decoded(packet);
      const back = decoded(b.ipv4(segment(swapped(e)), { source: destination, destination: source }));
      checkPair(there, back);
      const isSelf = source === destination && e.sourcePort === e.destinationPort;
      assert.equal((there.meta & Meta.SELF) !== 0, isSelf);
      checkQuote(there, back, decoded(b.ipv4(b.icmp(11, 0, b.zeros(4), packet.slice(0, 28)))));
      const { words } = there;
      const expected = createHash4(KEY)(words[Desc.LO0], words[Desc.HI0], words[Desc.L4], words[Desc.KIND]);
      assert.equal(words[Desc.HASH], expected);
    });
    fc.assert(property, { numRuns: operations(4000), seed: seedOf(t) });
  });

  test('of TCP, UDP and UDP-Lite over IPv6', (t) => {
    const property = fc.property(address6, address6, ends, protocol, (source, destination, e, segment) => {
      const packet = b.ipv6(segment(e), { source, destination });
      const there = decoded(packet);
      const back = decoded(b.ipv6(segment(swapped(e)), { source: destination, destination: source }));
      checkPair(there, back);
      const isSelf = source.join() === destination.join() && e.sourcePort === e.destinationPort;
      assert.equal((there.meta & Meta.SELF) !== 0, isSelf);
      checkQuote(there, back, decoded(b.ipv6(b.icmpv6(3, 0, b.zeros(4), packet.slice(0, 44)))));
    });
    fc.assert(property, { numRuns: operations(4000), seed: seedOf(t) });
  });

  test('of ICMP and ICMPv6 queries and their answers', (t) => {
    const pairs = fc.constantFrom(
      ...[0, 8, 13, 14, 15, 16, 17, 18].map((type) => [b.icmp, type, ICMP_INVERSE[type]] as const),
      ...[128, 129, 139, 140].map((type) => [b.icmpv6, type, ICMPV6_INVERSE[type]] as const),
    );
    const property = fc.property(
      word,
      word,
      address6,
      address6,
      pairs,
      fc.nat({ max: 0xffff }),
      (s4, d4, s6, d6, pair, id) => {
        const [segment, type, answer] = pair;
        const rest = [...b.u16(id), 0, 1];
        const is4 = segment === b.icmp;
        const wrap = (t: number, back: boolean): b.Bytes =>
          is4
            ? b.ipv4(
                segment(t, 0, rest),
                back ? { source: d4, destination: s4 } : { source: s4, destination: d4 },
              )
            : b.ipv6(
                segment(t, 0, rest),
                back ? { source: d6, destination: s6 } : { source: s6, destination: d6 },
              );
        const there = decoded(wrap(type, false));
        const back = decoded(wrap(answer, true));
        checkPair(there, back);
        assert.equal(there.meta & Meta.SELF, 0);
        assert.equal(there.words[Desc.L4] >>> 16, id);
        const outer = is4
          ? b.ipv4(b.icmp(3, 1, b.zeros(4), wrap(type, false)))
          : b.ipv6(b.icmpv6(1, 0, b.zeros(4), wrap(type, false)));
        checkQuote(there, back, decoded(outer));
      },
    );
    fc.assert(property, { numRuns: operations(4000), seed: seedOf(t) });
  });

  test('of other protocols are the two addresses', (t) => {
    const property = fc.property(
      word,
      word,
      fc.integer({ min: 140, max: 255 }),
      (source, destination, number) => {
        const segment: b.Segment = { protocol: number, bytes: b.text('payload') };
        const there = decoded(b.ipv4(segment, { source, destination }));
        checkPair(there, decoded(b.ipv4(segment, { source: destination, destination: source })));
        assert.equal((there.meta & Meta.SELF) !== 0, source === destination);
      },
    );
    fc.assert(property, { numRuns: operations(1000), seed: seedOf(t) });
  });

  test('differ when anything of them differs', () => {
    const packets = [
      b.ipv4(b.udp()),
      b.ipv4(b.tcp({ sourcePort: 5353, destinationPort: 53 })),
      b.ipv4(b.udpLite()),
      b.ipv4(b.udp({ sourcePort: 53, destinationPort: 5353 })),
      b.ipv4(b.udp({ sourcePort: 5354 })),
      b.ipv4(b.udp(), { source: b.A4 + 7 }),
      b.ipv4(b.udp(), { destination: b.B4 + 7 }),
      b.ipv6(b.udp()),
      ...[1, 2, 3].map((i) =>
        b.ipv6(b.udp(), { source: [b.A6[0], i === 1 ? 9 : 0, i === 2 ? 9 : 0, i === 3 ? 9 : 1] }),
      ),
      b.ipv4(b.icmp(8, 0)),
      b.ipv4(b.icmp(8, 1)),
      b.ipv4(b.icmp(13)),
    ].map((packet) => decoded(packet));
    assert.equal(new Set(packets.map(tupleText)).size, packets.length);
    assert.equal(new Set(packets.map((d) => d.words[Desc.HASH])).size, packets.length);
  });
});

test('inverses of ICMP types go both ways, and only the pairs have one', () => {
  for (const [table, types] of [
    [ICMP_INVERSE, [0, 8, 13, 14, 15, 16, 17, 18]],
    [ICMPV6_INVERSE, [128, 129, 139, 140]],
  ] as const) {
    assert.equal(table.length, 256);
    for (let type = 0; type < 256; type++) {
      const inverse = table[type];
      assert.equal(
        inverse !== NOT_INVERTIBLE,
        types.some((known) => known === type),
      );
      if (inverse !== NOT_INVERTIBLE) assert.ok(inverse !== type && table[inverse] === type);
    }
  }
});

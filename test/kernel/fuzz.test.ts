/** The generator of traffic: the same from the same seed, of every kind, and mostly well-formed. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { it } from 'node:test';
import { REASONS } from '../../src/common/reasons.ts';
import { ReportMode } from '../../src/conntrack/reporter.ts';
import { packetFacts } from '../../src/kernel/compare/packet-facts.ts';
import { createStamper } from '../../src/kernel/compare/stamp.ts';
import { createFuzzSource, FUZZ_KINDS, type FuzzKind } from '../../src/kernel/fuzz/source.ts';
import { createTraffic } from '../../src/kernel/fuzz/traffic.ts';
import { openBytes } from '../conformance/open-bytes.ts';
import { tracedRows } from '../conformance/run-trace.ts';
import { LINK_RAW } from '../support/frames.ts';

const PACKETS = 20_000;

function digest(seed: number, mix: readonly FuzzKind[], count = 2000): string {
  const traffic = createTraffic(seed, mix);
  const hash = createHash('sha256');
  for (let i = 0; i < count; i++) hash.update(traffic());
  return hash.digest('hex');
}

it('depends on the seed and the kinds alone', () => {
  for (const mix of [FUZZ_KINDS, ...FUZZ_KINDS.map((kind) => [kind])]) {
    assert.equal(digest(1, mix), digest(1, mix));
    assert.notEqual(digest(1, mix), digest(2, mix), mix.join());
  }
});

it('a source gives as many as were asked for, numbered, in any portions', async () => {
  const whole = createFuzzSource({ packets: 100, seed: 3, mix: FUZZ_KINDS });
  const parts = createFuzzSource({ packets: 100, seed: 3, mix: FUZZ_KINDS });
  const all = await whole.next(1000);
  assert.deepEqual(
    all.map(({ n }) => n),
    Array.from({ length: 100 }, (_, i) => i + 1),
  );
  assert.deepEqual([...(await parts.next(33)), ...(await parts.next(1)), ...(await parts.next(99))], all);
  assert.equal(whole.progress(), 1);
  assert.deepEqual(await whole.next(1), []);
});

const NUMBERS: Readonly<Partial<Record<FuzzKind, readonly number[]>>> = {
  tcp: [6],
  udp: [17, 136],
  icmp: [1, 58],
  sctp: [132],
  gre: [47],
  other: [2, 33, 50, 51, 89, 103, 112, 253, 255],
};

it('every kind is of its protocols, in both families, and is nothing else', () => {
  for (const [kind, numbers] of Object.entries(NUMBERS)) {
    const traffic = createTraffic(5, [kind as FuzzKind]);
    const met = new Set<string>();
    for (let i = 0; i < 3000; i++) {
      const data = traffic();
      const facts = packetFacts({ n: 1, linkType: LINK_RAW, wireLength: data.length, data });
      assert.ok(facts !== null, kind);
      assert.ok(numbers.includes(facts.protocol), `${kind}: ${facts.protocol}`);
      met.add(`${facts.ipVersion} ${facts.protocol}`);
    }
    for (const version of [4, 6])
      assert.ok(
        [...met].some((key) => key.startsWith(`${version} `)),
        kind,
      );
    assert.ok(met.size >= numbers.length, kind);
  }
});

it('fragments are fragments, and headers are chains', () => {
  const share = (kind: FuzzKind, test: (data: Uint8Array) => boolean): number => {
    const traffic = createTraffic(5, [kind, 'udp']);
    let count = 0;
    for (let i = 0; i < PACKETS; i++) if (test(traffic())) count++;
    return count / PACKETS;
  };
  const isFragment = (data: Uint8Array): boolean =>
    packetFacts({ n: 1, linkType: LINK_RAW, wireLength: data.length, data })?.isFragment === true;
  assert.ok(share('fragments', isFragment) > 0.2);
  assert.ok(share('headers', (data) => data[0] >>> 4 === 6 && [0, 43, 51, 60].includes(data[6])) > 0.02);
  assert.ok(share('headers', (data) => data[0] === 0x46 || data[0] === 0x47) > 0.02);
});

/** Of our tracker, which the kernel agrees with: what the traffic is made of is seen from what it leads to. */
const VERDICTS = [
  'NEW',
  'ESTABLISHED',
  'ESTABLISHED/reply',
  'RELATED',
  'RELATED/reply',
  'INVALID',
  'UNTRACKED',
];
const REASONS_MET = [
  'tcp-flags',
  'tcp-checksum',
  'tcp-header-length',
  'tcp-not-opening',
  'tcp-state',
  'tcp-seq-over',
  'tcp-ack-over',
  'tcp-rst-seq',
  'udp-length',
  'udp-checksum',
  'udplite-coverage',
  'udplite-checksum',
  'udplite-checksum-zero',
  'icmp-checksum',
  'icmp-type',
  'icmp-not-a-query',
  'icmp-unsolicited',
  'icmp-family',
  'icmp-quote',
  'icmp-quote-unknown',
  'icmp-quote-destination',
  'icmpv6-redirect',
  'icmpv6-control',
  'ipv6-headers',
  'ipv6-no-next-header',
  'l4-short',
];
const TCP_STATES = [
  'SYN_SENT',
  'SYN_RECV',
  'ESTABLISHED',
  'FIN_WAIT',
  'CLOSE_WAIT',
  'LAST_ACK',
  'TIME_WAIT',
  'CLOSE',
  'SYN_SENT2',
];

it('leads to every verdict, every TCP state and nearly every reason; most of it is well-formed', async () => {
  const mix = FUZZ_KINDS.filter((kind) => !['fragments', 'damaged'].includes(kind));
  const source = createFuzzSource({ packets: PACKETS, seed: 7, mix });
  const stamped = (await source.next(PACKETS)).map((packet) => ({
    packet,
    t: 10n ** 18n + BigInt(packet.n) * 50_000n,
  }));
  const { bytes } = createStamper()(stamped);
  const rows = await tracedRows(await openBytes(bytes, 'made'), 0, ReportMode.PACKETS, { shards: 1 });
  assert.equal(rows.length, PACKETS);
  const verdicts = new Set(rows.map(({ ct }) => ct));
  for (const verdict of VERDICTS) assert.ok(verdicts.has(verdict), verdict);
  const reasons = new Set(rows.map(({ why }) => why));
  const known = new Set([...REASONS.values()].map(({ name }) => name));
  for (const reason of REASONS_MET) {
    assert.ok(known.has(reason), `${reason} is no reason any more`);
    assert.ok(reasons.has(reason), reason);
  }
  const events = rows.flatMap(({ ev }) => ev).join('\n');
  for (const state of TCP_STATES) assert.match(events, new RegExp(` tcp +6 \\d+ ${state} `), state);
  const wrong = rows.filter(({ why }) => why?.endsWith('checksum')).length;
  assert.ok(wrong < PACKETS * 0.02, `${wrong} wrong checksums`);
  const invalid = rows.filter(({ ct }) => ct === 'INVALID').length;
  assert.ok(invalid > PACKETS * 0.1 && invalid < PACKETS * 0.5, `${invalid} invalid`);
});

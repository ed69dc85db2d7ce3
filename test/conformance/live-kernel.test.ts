/** Packets made by hand, given to the kernel that runs here and to us. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import { ReportMode } from '../../src/conntrack/reporter.ts';
import type { CapturedPacket } from '../../src/kernel/compare/captures.ts';
import { compareWith, describe } from '../../src/kernel/compare/judge.ts';
import { stampCapture } from '../../src/kernel/compare/stamp.ts';
import { LINK_RAW } from '../support/frames.ts';
import { createRandom, IS_SOAK, type Random, seedOf } from '../support/random.ts';
import { type LiveCase, patched } from './live/cases.ts';
import { datagramCases } from './live/datagrams.ts';
import { distanceCases, fragmentCases, memoryCases, randomFragments } from './live/fragments.ts';
import { greCases } from './live/gre.ts';
import { hostCases } from './live/hosts.ts';
import { icmpCases } from './live/icmp.ts';
import { ipv6Cases } from './live/ipv6.ts';
import { askKernel, kernelMissing } from './live/kernel.ts';
import { randomSctp, sctpCases } from './live/sctp.ts';
import { tcpCases, tcpFlagCases } from './live/tcp.ts';
import { openBytes } from './open-bytes.ts';
import { addResult, createTally, diagnose, unusedClasses } from './report.ts';
import { tracedRows } from './run-trace.ts';

/** More than all connections of a list. */
const TABLE_LINES = 1000;

const all = createTally();

interface Made {
  readonly name: string;
  readonly data: Uint8Array;
}

const packetsOf = (cases: readonly LiveCase[]): Made[] =>
  cases.flatMap(({ name, packets }) => packets.map((data) => ({ name, data })));

/** A TCP header of zeroes: INVALID, without an event. While it passes, the events of earlier packets are collected. */
const LAST_PACKETS: readonly Made[] = Array.from({ length: 5 }, () => ({
  name: 'nothing',
  data: Uint8Array.from([
    ...[0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0x66, 0xce, 10, 0, 0, 1, 10, 0, 0, 2],
    ...new Array<number>(20).fill(0),
  ]),
}));

interface CompareOptions {
  readonly tableLines?: number;
  readonly ignoreChecksums?: boolean;
  /** Settings by the kernel's full names, in the order in which it takes them. */
  readonly set?: Readonly<Record<string, number>>;
}
const NOTHING_SET = {};

async function compare(
  t: TestContext,
  cases: readonly Made[],
  { tableLines = 0, ignoreChecksums = false, set = NOTHING_SET }: CompareOptions = {},
): Promise<void> {
  const made = [...cases, ...LAST_PACKETS];
  const packets = made.map(
    ({ data }, i): CapturedPacket => ({ n: i + 1, linkType: LINK_RAW, wireLength: data.length, data }),
  );
  const folder = mkdtempSync(join(tmpdir(), 'flowshard-kernel-'));
  try {
    const unstamped = stampCapture(packets.map((packet, i) => ({ packet, t: BigInt(i) })));
    const sysctls = Object.entries(set).flatMap(([name, value]) => ['--sysctl', `${name}=${value}`]);
    const options = [...(ignoreChecksums ? ['--no-checksums'] : []), ...sysctls];
    const kernel = askKernel(unstamped, folder, tableLines, options);
    assert.equal(kernel.length, packets.length);
    const stamped = stampCapture(packets.map((packet, i) => ({ packet, t: kernel[i].t })));
    const reader = await openBytes(stamped, 'made by hand');
    const ours = await tracedRows(reader, tableLines, ReportMode.PACKETS, {
      shards: 1,
      ignoreChecksums,
      set: Object.entries(set).map(([name, value]) => `${name}=${value}`),
    });
    const result = compareWith('live', kernel, ours, packets, null);
    const tally = createTally();
    addResult(tally, result);
    addResult(all, result);
    diagnose(t, tally);
    const told = result.unexplained.map((d) => {
      const { name, data } = made[d.n - 1];
      return `${name}: ${describe(d)}\n  bytes  ${Buffer.from(data).toString('hex')}`;
    });
    assert.equal(told.length, 0, `${told.length} differences from the kernel:\n${told.join('\n')}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const skip = kernelMissing();

const withTable = { tableLines: TABLE_LINES };
it('TCP', { skip }, (t) => compare(t, packetsOf(tcpCases), withTable));
it('TCP: every combination of flags', { skip }, (t) => compare(t, packetsOf(tcpFlagCases)));
it('UDP, UDP-Lite, others', { skip }, (t) => compare(t, packetsOf(datagramCases), withTable));
/** Packets at once: an association that opens lives for three seconds, and the kernel's clock ticks. */
const SCTP_CASES = 60;
for (let i = 0; i < sctpCases.length; i += SCTP_CASES)
  it(`SCTP, from case ${i} on`, { skip }, (t) =>
    compare(t, packetsOf(sctpCases.slice(i, i + SCTP_CASES)), withTable),
  );
it('GRE', { skip }, (t) => compare(t, packetsOf(greCases), withTable));
it('ICMP', { skip }, (t) => compare(t, packetsOf(icmpCases), withTable));
it('IPv6 and ICMPv6', { skip }, (t) => compare(t, packetsOf(ipv6Cases), withTable));
it('fragments', { skip }, (t) => compare(t, packetsOf(fragmentCases), withTable));
it('fragments with others in between', { skip }, (t) => compare(t, packetsOf(distanceCases)));
it('addresses and IPv4 options of a host', { skip }, (t) => compare(t, packetsOf(hostCases), withTable));

/** Bytes changed at random, in the headers mostly; the IPv4 header checksum is right again. */
function mutated({ name, data }: Made, random: Random): Made {
  let copy = data;
  for (let i = 0; i <= random.below(3); i++) {
    const at = random.below(Math.min(copy.length, random.chance(0.7) ? 64 : copy.length));
    const byte = random.chance(0.5) ? random.below(256) : copy[at] ^ (1 << random.below(8));
    copy = patched(copy, at, byte);
  }
  if (random.chance(0.1)) copy = copy.subarray(0, random.below(copy.length) + 1);
  return { name: `mutated: ${name}`, data: copy };
}

const MUTATED = IS_SOAK ? 6000 : 1500;
/** So that nothing of SCTP and GRE ends in a run of many seconds, and each state still has a timeout of its own. */
const PATIENCE = {
  'net.netfilter.nf_conntrack_sctp_timeout_closed': 311,
  'net.netfilter.nf_conntrack_sctp_timeout_cookie_wait': 312,
  'net.netfilter.nf_conntrack_sctp_timeout_cookie_echoed': 313,
  'net.netfilter.nf_conntrack_sctp_timeout_shutdown_sent': 314,
  'net.netfilter.nf_conntrack_sctp_timeout_shutdown_recd': 315,
  'net.netfilter.nf_conntrack_sctp_timeout_shutdown_ack_sent': 316,
  'net.netfilter.nf_conntrack_sctp_timeout_heartbeat_sent': 317,
  'net.netfilter.nf_conntrack_gre_timeout': 318,
};
const SCTP_RANDOM = IS_SOAK ? 10000 : 1500;

it('SCTP at random', { skip }, (t) => {
  const made = randomSctp(createRandom(seedOf(t)), SCTP_RANDOM).map((data) => ({ name: 'at random', data }));
  return compare(t, made, { set: PATIENCE });
});

it('mutated packets', { skip }, (t) => {
  const random = createRandom(seedOf(t));
  const originals = packetsOf([
    ...tcpCases,
    ...datagramCases,
    ...sctpCases,
    ...greCases,
    ...icmpCases,
    ...ipv6Cases,
  ]);
  const made = originals.concat(
    Array.from({ length: MUTATED }, () => mutated(random.pick(originals), random)),
  );
  return compare(t, made, { ignoreChecksums: true, set: PATIENCE });
});

const FRAGMENT_MEMORY = {
  'net.ipv4.ipfrag_low_thresh': 1,
  'net.ipv4.ipfrag_high_thresh': 40_000,
  'net.netfilter.nf_conntrack_frag6_low_thresh': 1,
  'net.netfilter.nf_conntrack_frag6_high_thresh': 40_000,
};
it('fragments when memory is short', { skip }, (t) =>
  compare(t, packetsOf(memoryCases), { set: FRAGMENT_MEMORY }),
);

const DATAGRAMS = IS_SOAK ? 1200 : 250;

it('fragments at random', { skip }, (t) => {
  return compare(t, packetsOf(randomFragments(DATAGRAMS, createRandom(seedOf(t)))));
});

it('every difference that only these packets show is shown', { skip }, () => {
  assert.deepEqual(unusedClasses(all, 'live'), []);
});

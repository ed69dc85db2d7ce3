/** Differences put together by cause, and packets in a line. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { causesOf } from '../../src/kernel/compare/causes.ts';
import type { Difference } from '../../src/kernel/compare/compare.ts';
import { packetFacts } from '../../src/kernel/compare/packet-facts.ts';
import { packetLine } from '../../src/kernel/compare/packet-line.ts';
import type { TraceRow } from '../../src/kernel/compare/trace.ts';
import { sysctlOf } from '../../src/kernel/sysctls.ts';
import { icmpPacket, LINK_RAW, option, TCP_FLAGS, tcpPacket, udpPacket } from '../support/frames.ts';

const ip = { src: '10.0.0.1', dst: '10.0.0.2' };
const factsOf = (data: Uint8Array) =>
  packetFacts({ n: 1, linkType: LINK_RAW, wireLength: data.length, data });
const line = (data: Uint8Array): string => packetLine(factsOf(data));

it('a packet in a line', () => {
  const flags = TCP_FLAGS.S | TCP_FLAGS['.'];
  const options = option.windowScale(7);
  assert.equal(
    line(
      tcpPacket(ip, { sport: 1, dport: 80, seq: 4294967295, ack: 5, flags, window: 9, options, payload: 3 }),
    ),
    '10.0.0.1:1 > 10.0.0.2:80 TCP [SA] seq 4294967295 ack 5 win 9 len 3 options 4',
  );
  const v6 = { src: '2001:db8::1', dst: '2001:db8::2' };
  const udp = udpPacket(v6, { sport: 5, dport: 53, payload: 4 });
  assert.equal(line(udp), '[2001:db8::1]:5 > [2001:db8::2]:53 UDP len 12');
  assert.equal(
    line(icmpPacket({ src: v6.dst, dst: v6.src }, { type: 1, code: 4, body: udp })),
    '2001:db8::2 > 2001:db8::1 ICMPv6 type 1 code 4 id 0, quotes UDP 2001:db8::1:5 > 2001:db8::2:53',
  );
  assert.equal(packetLine(null), 'not IP');
});

const row: TraceRow = { n: 1, t: 0n, ct: 'NEW', why: null, ev: [], tab: null };
const verdict = (n: number, kernel: string, ours: string, why: string | null = null): Difference => ({
  kind: 'verdict',
  n,
  kernel,
  ours,
  why,
  row,
});
const packets = [1, 1, 2, 3].map((sport) => factsOf(udpPacket(ip, { sport, dport: 53 })));

it('what looks alike is one cause, and what follows on the same connection is a consequence', () => {
  const causes = causesOf(
    [
      verdict(1, 'NEW', 'INVALID', 'udp-length'),
      verdict(2, 'ESTABLISHED', 'NEW'),
      verdict(3, 'NEW', 'INVALID', 'udp-length'),
      verdict(4, 'NEW', 'UNTRACKED'),
    ],
    (n) => packets[n - 1],
  );
  assert.deepEqual(
    causes.map(({ name, differences, consequences }) => [name, differences.map((d) => d.n), consequences]),
    [
      ['verdict, udp: kernel NEW, ours INVALID (udp-length)', [1, 3], 1],
      ['verdict, udp: kernel NEW, ours UNTRACKED', [4], 0],
    ],
  );
});

it('events are named by what is different in them', () => {
  const key = (port: number): string => `17 0a000001:${port} 0a000002:53`;
  const event = (n: number, kernel: string | null, ours: string | null): Difference => ({
    kind: 'event',
    n,
    key: key(n),
    kernel,
    ours,
  });
  const SYN = '[NEW] tcp 6 120 SYN_SENT src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2';
  const names = causesOf(
    [
      event(1, SYN, null),
      event(2, null, SYN),
      event(3, SYN, SYN.replace('120', '60')),
      event(4, SYN, SYN.replace('SYN_SENT', 'ESTABLISHED')),
      event(5, `${SYN} [ASSURED]`, SYN),
    ],
    () => null,
  ).map(({ name }) => name);
  assert.deepEqual(names, [
    'event, udp: only the kernel has [NEW] SYN_SENT',
    'event, udp: only we have [NEW] SYN_SENT',
    'event, udp [NEW] SYN_SENT: timeout 120 and 60',
    'event, udp: kernel [NEW] SYN_SENT, ours [NEW] ESTABLISHED',
    'event, udp [NEW] SYN_SENT: [ASSURED]',
  ]);
});

it('settings have the full names of sysctls', () => {
  for (const given of ['tcp_loose=0', 'nf_conntrack_tcp_loose=0', 'net.netfilter.nf_conntrack_tcp_loose = 0'])
    assert.deepEqual(sysctlOf(given), ['net.netfilter.nf_conntrack_tcp_loose', '0']);
  assert.deepEqual(sysctlOf('ipfrag_time=5'), ['net.ipv4.ipfrag_time', '5']);
  assert.deepEqual(sysctlOf('frag6_timeout=5'), ['net.netfilter.nf_conntrack_frag6_timeout', '5']);
});

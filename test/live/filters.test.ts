/** Filters that the kernel runs for us: tcpdump expressions, compiled by libpcap. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compileFilter, dropAll } from '../../src/live/filter.ts';
import type { Libc } from '../../src/live/libc.ts';
import { LiveError } from '../../src/live/live-error.ts';
import { LinkType } from '../../src/packet/link.ts';
import { ethernet, icmpPacket, tcpPacket, udpPacket } from '../support/frames.ts';
import { addPair, enterOwnNetwork, ip, openSender, openTun } from '../support/own-network.ts';
import { libc, openRing } from './rings.ts';

const skip = enterOwnNetwork() || pcapMissing();

/** False, or why expressions cannot be compiled here. */
function pcapMissing(): string | false {
  try {
    const request = { expression: 'ip', snaplen: 100, interfaceName: 'lo', linkType: LinkType.RAW } as const;
    compileFilter(libc, request);
    return false;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const V4 = { src: '10.0.0.1', dst: '10.0.0.2' };
const V6 = { src: 'fd00::1', dst: 'fd00::2' };
const PACKETS: Readonly<Record<string, Uint8Array>> = {
  'tcp 80': tcpPacket(V4, { sport: 1000, dport: 80, seq: 1, flags: 2 }),
  'udp 53': udpPacket(V4, { sport: 1000, dport: 53, payload: 4 }),
  'udp 53 v6': udpPacket(V6, { sport: 1000, dport: 53, payload: 4 }),
  ping: icmpPacket(V4, { type: 8, code: 0, rest: 0x10001 }),
};
const FRAMES = new Map([
  ...Object.entries(PACKETS).map(([name, packet]) => [name, ethernet(packet)] as const),
  ['vlan 5', ethernet(PACKETS['udp 53'], 5)] as const,
]);

/** Names of the packets that a filter lets in. */
function letIn(expression: string, count: number): string[] {
  addPair('out0', 'in0');
  const test = openRing('in0', { filter: expression });
  const sender = openSender('out0');
  for (const frame of FRAMES.values()) sender.send(frame);
  sender.close();
  const seen = test.rest(count).map(({ bytes }) => Buffer.from(bytes).toString('hex'));
  test.close();
  ip('link del out0');
  return [...FRAMES].flatMap(([name, frame]) =>
    seen.includes(Buffer.from(frame).toString('hex')) ? [name] : [],
  );
}

describe('a filter', { skip }, () => {
  const expected: readonly (readonly [expression: string, names: readonly string[]])[] = [
    ['', [...FRAMES.keys()]],
    ['tcp port 80', ['tcp 80']],
    ['udp', ['udp 53', 'udp 53 v6', 'vlan 5']],
    ['ip6 or icmp', ['udp 53 v6', 'ping']],
    ['vlan 5', ['vlan 5']],
    ['udp and not vlan', ['udp 53', 'udp 53 v6']],
    ['host 10.0.0.9', []],
  ];
  for (const [expression, names] of expected)
    it(`"${expression}" lets in: ${names.join(', ') || 'nothing'}`, () => {
      assert.deepEqual(letIn(expression, names.length), names);
    });

  it('works for packets without a link layer', () => {
    const tun = openTun('tun8');
    const test = openRing('tun8', { filter: 'icmp', snaplen: 24 });
    for (const packet of Object.values(PACKETS)) tun.send(packet);
    const seen = test.rest(1);
    assert.deepEqual(
      seen.map(({ bytes }) => [...bytes]),
      [[...PACKETS.ping.subarray(0, 24)]],
    );
    test.close();
    tun.close();
  });

  it('needs libpcap, and says which package has it', () => {
    const without: Libc = { ...libc, ffi: { ...libc.ffi, library: () => null } };
    const request = { snaplen: 100, interfaceName: 'lo', linkType: LinkType.ETHERNET } as const;
    assert.throws(
      () => compileFilter(without, { ...request, expression: 'tcp' }),
      (error) =>
        error instanceof LiveError &&
        /^--filter: libpcap.*not installed; install.*libpcap0\.8/.test(error.message),
    );
    assert.equal(compileFilter(without, { ...request, expression: ' ' }).length, dropAll().length);
  });
});

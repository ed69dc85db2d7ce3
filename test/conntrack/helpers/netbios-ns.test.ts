/** NetBIOS names: whom a question goes to, and who may answer. The running kernel cannot be asked: it helps its own host only. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HelperNumber } from '../../../src/common/helpers.ts';
import { prefixOf } from '../../../src/conntrack/helpers/netbios-ns.ts';
import { expectationLine } from '../../../src/export/expectation.ts';
import { bytesOf, createDialogues } from '../../support/dialogue.ts';
import { addressBytes, udpPacket } from '../../support/frames.ts';
import { fuzzHelper } from '../../support/helper-fuzz.ts';
import { createLab } from '../../support/lab.ts';

const word = (address: string): number => addressBytes(address).reduce((sum, byte) => (sum << 8) | byte, 0);

const NETWORKS: readonly (readonly [host: string, all: string, prefix: number])[] = [
  ['10.9.8.7', '10.9.8.255', 24],
  ['192.168.5.200', '192.168.5.255', 24],
  ['192.168.4.200', '192.168.5.255', 23],
  ['10.9.8.7', '10.9.11.255', 22],
  ['172.16.130.5', '172.16.255.255', 16],
  ['10.200.1.1', '10.255.255.255', 8],
  ['172.20.1.1', '172.31.255.255', 11],
  ['10.0.0.1', '10.0.0.127', 25],
  ['10.0.0.100', '10.0.0.127', 25],
  ['10.0.0.193', '10.0.0.255', 24],
  ['10.0.0.129', '10.0.0.131', 30],
  ['10.0.0.130', '10.0.0.131', 30],
  ['10.0.0.132', '10.0.0.131', 0],
  ['10.0.0.1', '10.0.0.2', 0],
  ['10.0.0.129', '10.0.0.127', 0],
  ['10.0.1.1', '10.0.0.255', 0],
  ['10.0.0.1', '255.255.255.255', 0],
  ['128.0.0.1', '127.255.255.255', 0],
  ['10.0.0.255', '10.0.0.255', 24],
];

describe('the subnet of a question', () => {
  for (const [host, all, prefix] of NETWORKS)
    it(`${host} to ${all}: ${prefix}`, () => assert.equal(prefixOf(word(host), word(all)), prefix));
});

const HOST = '10.9.8.7';
const QUESTION = bytesOf('\0\x01\x01\x10\0\x01');
const ANSWER = bytesOf('\0\x01\x85\x90\0\0');
const UNICAST = bytesOf('\0\x01\x01\0\0\x01');
const question = (dst: string, payload = QUESTION): Uint8Array =>
  udpPacket({ src: HOST, dst }, { sport: 137, dport: 137, payload });
const answer = (src: string, sport = 137): Uint8Array =>
  udpPacket({ src, dst: HOST }, { sport, dport: 137, payload: ANSWER });
const lines = (lab: ReturnType<typeof createLab>): string[] => lab.expectations().map(expectationLine);

describe('NetBIOS names', () => {
  it('are expected as the kernel expects them', () => {
    const lab = createLab({ helpers: 'netbios-ns', selfCheck: true });
    lab.send(question('10.9.11.255'), 0);
    // The line of a 6.18 kernel whose interface has 10.9.8.7/22.
    assert.deepEqual(lines(lab), [
      '3 proto=17 src=10.9.11.255 dst=10.9.8.7 sport=137 dport=137 mask-src=255.255.252.0 mask-dst=255.255.255.255 sport=65535 dport=65535 master-src=10.9.8.7 master-dst=10.9.11.255 sport=137 dport=137 PERMANENT class=0 helper=netbios-ns',
    ]);
    assert.deepEqual(lab.remainingMs(), [3000]);
  });

  for (const shards of [1, 2, 4, 8])
    it(`any host of the subnet may answer within 3 s, with ${shards} shards`, () => {
      const lab = createLab({ helpers: 'netbios-ns', selfCheck: true, shards });
      lab.send(question('10.9.11.255'), 0);
      for (const host of ['10.9.8.1', '10.9.9.1', '10.9.11.254'])
        assert.equal(lab.send(answer(host), 10).verdict, 'RELATED', host);
      assert.equal(lab.send(answer('10.9.12.1'), 20).verdict, 'NEW', 'another subnet');
      assert.equal(lab.send(answer('10.9.9.2', 138), 20).verdict, 'NEW', 'another port');
      assert.equal(lab.send(answer('10.9.9.3'), 2999).verdict, 'RELATED');
      assert.equal(lab.send(answer('10.9.9.4'), 3000).verdict, 'NEW', 'too late');
      assert.deepEqual(lines(lab), []);
    });

  it('asked again', () => {
    const lab = createLab({ helpers: 'netbios-ns', selfCheck: true });
    lab.send(question('10.9.8.255'), 0);
    lab.send(question('10.9.8.255'), 2500);
    assert.equal(lab.send(answer('10.9.8.1'), 5000).verdict, 'RELATED');
    assert.equal(lab.send(answer('10.9.8.2'), 5500).verdict, 'NEW');
  });

  it('asked of one host, or of no subnet, foretell nothing and keep their timeout', () => {
    for (const [dst, payload] of [
      ['10.9.8.8', QUESTION],
      ['10.9.8.15', UNICAST],
      ['10.9.8.15', QUESTION.subarray(0, 3)],
      ['255.255.255.255', QUESTION],
      ['10.9.7.255', QUESTION],
    ] as const) {
      const lab = createLab({ helpers: 'netbios-ns', selfCheck: true });
      lab.send(question(dst, payload), 0);
      assert.deepEqual(lines(lab), [], dst);
      assert.deepEqual(lab.remainingMs(), [30_000], dst);
    }
  });

  it('in a subnet that is smaller than 256 addresses the question must say that it is for all', () => {
    const lab = createLab({ helpers: 'netbios-ns', selfCheck: true });
    lab.send(question('10.9.8.15', QUESTION), 0);
    assert.match(lines(lab)[0], /^3 proto=17 src=10\.9\.8\.15 .* mask-src=255\.255\.255\.240 /);
  });

  it('the answer of the broadcast address itself belongs to the question', () => {
    const lab = createLab({ helpers: 'netbios-ns', selfCheck: true });
    lab.send(question('10.9.8.255'), 0);
    assert.equal(lab.send(answer('10.9.8.255'), 1).verdict, 'ESTABLISHED_REPLY');
    assert.deepEqual(lab.remainingMs(), [30_000]);
  });

  it('is off unless asked for', () => {
    const lab = createLab({ selfCheck: true });
    lab.send(question('10.9.8.255'), 0);
    assert.deepEqual(lines(lab), []);
  });
});

const dialogues = createDialogues(0x1600, 137, ['IPv4']);
dialogues.add('a question', (d) => {
  d.udp('c', 's', 137, 137, QUESTION);
});
const toAll = dialogues.dialogues.map((d) => ({ ...d, hosts: { ...d.hosts, s: '10.22.3.255' } }));
fuzzHelper('NetBIOS names', HelperNumber.NETBIOS_NS, toAll, 0.3);

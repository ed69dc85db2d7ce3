/** GRE: one connection for version 0, one for each key of PPTP. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { procLine } from '../../src/export/proc.ts';
import { ipPacket } from '../support/frames.ts';
import { createLab } from '../support/lab.ts';
import { HOSTS, sequence } from '../support/script.ts';
import { testSequences } from '../support/sequence-runner.ts';

testSequences('GRE', [
  sequence(
    '95: version 0 is one connection',
    `c proto 47 len 8          -> NEW 30 U 1/0
     c gre len 40              -> NEW 30 U 2/0
     s gre len 8 +1s           -> REP 30 R 2/1
     s proto 47 len 2 +1s      -> REP 180 A 2/2
     c gre len 8 +100s         -> EST 180 A 3/2`,
  ),
  sequence(
    '95: so are packets without a whole header',
    `c proto 47                -> NEW 30 U 1/0
     c proto 47 len 3          -> NEW 30 U 2/0
     s gre                     -> REP 30 R
     c gre                     -> EST 180 A`,
  ),
  sequence(
    'PPTP: each key is a connection, and nobody answers one that was not foretold',
    `c gre 7 len 4             -> NEW 30 U 1/0
     c gre 7                   -> NEW 30 U 2/0
     s gre 7                   -> NEW 30 U 1/0
     c gre 8                   -> NEW 30 U 1/0
     c gre                     -> NEW 30 U 1/0`,
  ),
  sequence(
    'PPTP: key 0 is answered by key 0',
    `c gre 0                   -> NEW 30 U
     s gre 0                   -> REP 30 R
     c gre                     -> EST 180 A`,
  ),
  sequence(
    'an error about GRE, and about a key',
    `c gre                     -> NEW 30 U
     c gre 7                   -> NEW 30 U
     s error 3/2 c gre +1s     -> RELR 29 U 1/0
     s error 3/2 c gre 7       -> RELR 29 U 1/0
     s error 3/2 cut 7 c gre 7 -> RELR 29 U 1/0
     s error 3/2 c gre 8       -> INV icmp-quote-unknown -`,
    { families: ['IPv4'] },
  ),
  sequence(
    'timeouts are those of the first packet',
    `c gre                     -> NEW 5 U
     s gre                     -> REP 5 R
     s gre                     -> REP 6 A`,
    { set: ['gre_timeout=5', 'gre_timeout_stream=6'] },
  ),
]);

const IP = { src: HOSTS.IPv4.c, dst: HOSTS.IPv4.s };
const header = (flags: number, version: number, protocol: number): number[] => [
  ...[flags, version, protocol >>> 8, protocol & 0xff],
  ...[0, 0, 0x12, 0x34],
];

it('version 1 carries PPP or is INVALID; the other versions have no keys', () => {
  const lab = createLab({ maxEntries: 16 });
  const send = (...args: Parameters<typeof header>) => lab.send(ipPacket(IP, 47, header(...args)), 0);
  assert.equal(send(0x20, 1, 0x0800).reason, 'gre-protocol');
  assert.equal(send(0x20, 1, 0x0800).connection, null);
  const ppp = send(0x20, 1, 0x880b);
  assert.deepEqual(
    [ppp.connection?.original.srckey, ppp.connection?.original.dstkey, ppp.connection?.reply.srckey],
    [0, 0x1234, 0x1234],
  );
  // Only the three bits of the version count: 9 is 1 with a flag.
  assert.equal(send(0x20, 9, 0x880b).connection?.id, ppp.connection?.id);
  for (const version of [0, 2, 3, 7, 8, 0xf8])
    assert.deepEqual(
      [send(0x20, version, 0x0800).reason, send(0x20, version, 0x880b).connection?.original.dstkey],
      ['none', 0],
      `version ${version}`,
    );
});

it('/proc shows the timeouts that the connection has', () => {
  const lab = createLab({ set: ['gre_timeout=5', 'gre_timeout_stream=6'] });
  const seen = lab.send(ipPacket(IP, 47, header(0x20, 1, 0x880b)), 0);
  assert.ok(seen.connection !== null);
  const tuples = [
    `src=${IP.src} dst=${IP.dst} srckey=0x0 dstkey=0x1234`,
    `src=${IP.dst} dst=${IP.src} srckey=0x1234 dstkey=0x0`,
  ];
  assert.equal(
    procLine(seen.connection),
    `ipv4     2 gre      47 5 timeout=5, stream_timeout=6 ${tuples[0]} packets=1 bytes=28 [UNREPLIED] ${tuples[1]} packets=0 bytes=0 mark=0 zone=0 use=2`,
  );
});

/** Filters that name one tuple. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Connection } from '../../src/export/connection.ts';
import { parseFilterText } from '../../src/query/filter.ts';
import { matchesConnection } from '../../src/query/match-connection.ts';
import { tupleOf } from '../../src/query/tuple.ts';
import { Cold, Hot } from '../../src/shm/offsets.generated.ts';
import { SEED, withSeed } from '../support/random.ts';
import { connectionAt, NOW_NS, writeEntry } from './samples.ts';

const of = (text: string, zone?: number) => tupleOf(parseFilterText(text), zone);

describe('a filter that names a tuple', () => {
  it('gives it', () => {
    const tuple = {
      family: 'ipv4',
      protocol: 6,
      src: '10.0.0.1',
      dst: '10.0.0.2',
      sport: 1,
      dport: 80,
      zone: 0,
    };
    assert.deepEqual(of('tcp src 10.0.0.1 dst 10.0.0.2 sport 1 dport 80 zone 0'), tuple);
    assert.deepEqual(of('tcp src 10.0.0.1 dst 10.0.0.2 sport 1 dport 80', 0), tuple);
    assert.deepEqual(of('tcp src 10.0.0.1 dst 10.0.0.2 sport 1 dport 80 zone 5', 0), { ...tuple, zone: 5 });
    assert.deepEqual(of('tcp src 10.0.0.1/32 dst 10.0.0.2 sport =1 dport 80-80 assured', 0), tuple);
    assert.deepEqual(of('tcp reply-dst 10.0.0.1 reply-src 10.0.0.2 reply-dport 1 reply-sport 80', 0), tuple);
    assert.deepEqual(of('icmpv6 src ::1 dst 2001:DB8::0:2 icmp-type 128 icmp-code 0 icmp-id 7', 0), {
      family: 'ipv6',
      protocol: 58,
      src: '::1',
      dst: '2001:db8::2',
      type: 128,
      code: 0,
      id: 7,
      zone: 0,
    });
  });

  for (const text of [
    '',
    'src 10.0.0.1 dst 10.0.0.2 sport 1 dport 80',
    'tcp,udp src 10.0.0.1 dst 10.0.0.2 sport 1 dport 80',
    'tcp src 10.0.0.0/31 dst 10.0.0.2 sport 1 dport 80',
    'tcp src 10.0.0.1,10.0.0.3 dst 10.0.0.2 sport 1 dport 80',
    'tcp not src 10.0.0.1 dst 10.0.0.2 sport 1 dport 80',
    'tcp host 10.0.0.1 dst 10.0.0.2 sport 1 dport 80',
    'tcp src 10.0.0.1 dst ::1 sport 1 dport 80',
    'tcp src 10.0.0.1 dst 10.0.0.2 dport 80',
    'tcp src 10.0.0.1 dst 10.0.0.2 sport 1-2 dport 80',
    'tcp src 10.0.0.1 dst 10.0.0.2 sport 1 dport !80',
    'icmp src 10.0.0.1 dst 10.0.0.2 icmp-type 8 icmp-id 1',
    'gre src 10.0.0.1 dst 10.0.0.2 src-key 1',
  ]) {
    it(`is not: ${text}`, () => assert.equal(of(text, 0), null));
  }

  it('is not when the zone is open', () =>
    assert.equal(of('tcp src 10.0.0.1 dst 10.0.0.2 sport 1 dport 80'), null));

  it('is the one of the connection that was described', () => {
    const textOf = ({ protocol, original, zone }: Connection): string => {
      const { src, dst, sport, dport, type, code, id, srckey, dstkey } = original;
      const parts = { protocol, src, dst, sport, dport, 'src-key': srckey, 'dst-key': dstkey, zone };
      const icmp = { 'icmp-type': type, 'icmp-code': code, 'icmp-id': id };
      return Object.entries({ ...parts, ...icmp })
        .filter(([, value]) => value !== undefined)
        .map((pair) => pair.join(' '))
        .join(' ');
    };
    withSeed(SEED, (random) => {
      const hot = new Int32Array(Hot.WORDS);
      const cold = new Int32Array(Cold.WORDS);
      for (let run = 0; run < 2000; run++) {
        writeEntry(random, hot, 0, cold, 0);
        const connection = connectionAt(hot, 0, cold, 0);
        const filter = parseFilterText(textOf(connection));
        const { packets: _p, bytes: _b, ...tuple } = connection.original;
        const { family, protocol, zone } = connection;
        assert.deepEqual(tupleOf(filter), { family, protocol, ...tuple, zone });
        assert.ok(matchesConnection(filter, connection, NOW_NS));
      }
    });
  });
});

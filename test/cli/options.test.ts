/** What the options of `track` change. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pcapFile } from '../ingest/capture-files.ts';
import { ethernet, TCP_FLAGS, tcpPacket, udpPacket } from '../support/frames.ts';
import { linesOf, MIXED, statsOf, sum, tempFile, track, tracked } from './cli.ts';

const CLIENT = { src: '192.0.2.1', dst: '198.51.100.1' };

/** A capture of Ethernet frames, one each second. */
function capture(name: string, frames: readonly Uint8Array[], startS = 1000): string {
  const packets = frames.map((data, i) => ({ sec: startS + i, nsec: 0, wireLength: data.length, data }));
  return tempFile(name, pcapFile(packets));
}

const udp = (sport: number, vlan: number | null = null): Uint8Array =>
  ethernet(udpPacket(CLIENT, { sport, dport: 53, payload: 8 }), vlan);

describe('-e', () => {
  const types = async (...args: readonly string[]): Promise<Set<string>> => {
    const lines = linesOf(await tracked('-r', MIXED, '--print', 'events', ...args));
    return new Set(lines.map((line) => /\[(\w+)\]/.exec(line)?.[1] ?? ''));
  };

  it('selects the types of events', async () => {
    assert.deepEqual(await types('-e', 'NEW'), new Set(['NEW']));
    assert.deepEqual(await types('-e', 'NEW,DESTROY'), new Set(['NEW', 'DESTROY']));
    assert.deepEqual(await types('-e', 'updates', '-e', 'NEW'), new Set(['NEW', 'UPDATE']));
    assert.deepEqual(await types('-e', 'ALL'), await types());
  });
});

describe('counters and settings', () => {
  it('--no-acct leaves the counters out', async () => {
    const table = await tracked('-r', MIXED, '--no-acct');
    assert.doesNotMatch(table, /packets=|bytes=/);
    const counted = await tracked('-r', MIXED);
    assert.equal(counted.replace(/packets=\d+ bytes=\d+ /g, ''), table);
  });

  it('--set changes a timeout and a switch; the prefix of the kernel is understood', async () => {
    const file = capture('udp.pcap', [udp(1)]);
    assert.match(await tracked('-r', file), /^udp {6}17 30 /);
    assert.match(await tracked('-r', file, '--set', 'udp_timeout=7'), /^udp {6}17 7 /);
    assert.match(await tracked('-r', file, '--set', 'nf_conntrack_udp_timeout=8'), /^udp {6}17 8 /);
    const { ACK } = { ACK: TCP_FLAGS['.'] };
    const midStream = ethernet(tcpPacket(CLIENT, { sport: 5, dport: 80, seq: 9, ack: 9, flags: ACK }));
    const tcp = capture('midstream.pcap', [midStream]);
    assert.match(await tracked('-r', tcp), /ESTABLISHED/);
    const strict = await statsOf('-r', tcp, '--set', 'tcp_loose=0');
    assert.deepEqual(strict.invalid, { 'tcp-not-loose': 1 });
  });

  it('--timeouts classic', async () => {
    const stream = [
      udp(1),
      ethernet(udpPacket({ src: CLIENT.dst, dst: CLIENT.src }, { sport: 53, dport: 1 })),
    ];
    const file = capture('stream.pcap', [...stream, udp(1), udp(1), udp(1)]);
    assert.match(await tracked('-r', file), /^udp {6}17 120 /);
    assert.match(await tracked('-r', file, '--timeouts', 'classic'), /^udp {6}17 180 /);
    const both = await tracked('-r', file, '--timeouts', 'classic', '--set', 'udp_timeout_stream=99');
    assert.match(both, /^udp {6}17 99 /);
  });

  it('--checksum ignore accepts what verify calls invalid', async () => {
    const frame = udp(1);
    frame[frame.length - 1] ^= 1;
    const file = capture('checksum.pcap', [frame]);
    assert.deepEqual((await statsOf('-r', file)).invalid, { 'udp-checksum': 1 });
    assert.equal((await statsOf('-r', file, '--checksum', 'ignore')).tracked, 1);
  });
});

describe('--one-way', () => {
  const server = { src: CLIENT.dst, dst: CLIENT.src };
  const segment = (flags: number, seq: number): Uint8Array =>
    ethernet(tcpPacket(server, { sport: 80, dport: 40000, seq, ack: 1001, flags }), null);
  const half = capture('half.pcap', [
    segment(TCP_FLAGS.S | TCP_FLAGS['.'], 5000),
    segment(TCP_FLAGS['.'], 5001),
  ]);

  it('tracks a half that is INVALID without it', async () => {
    assert.equal((await statsOf('-r', half)).invalid['tcp-not-opening'], 1);
    const stats = await statsOf('-r', half, '--one-way');
    assert.deepEqual(stats.invalid, {});
    assert.equal(stats.tracked, 2);
  });

  it('says in the record which half was seen; in other text with -o halves', async () => {
    const [flow] = linesOf(await tracked('-r', half, '--one-way', '--print', 'flows', '-o', 'json'));
    assert.equal(JSON.parse(flow).halves, 'reply');
    assert.match(await tracked('-r', half, '--one-way', '--print', 'flows'), / halves=reply$/m);
    const line =
      /^tcp {6}6 \d+ ESTABLISHED src=192\.0\.2\.1 .* packets=0 .* packets=2 .* \[ASSURED\] mark=0 use=1/;
    assert.match(await tracked('-r', half, '--one-way'), new RegExp(`${line.source}\n$`));
    const table = await tracked('-r', half, '--one-way', '-o', 'halves,id');
    assert.match(table, new RegExp(`${line.source} id=\\d+ halves=reply\n$`));
    const events = await tracked('-r', half, '--one-way', '--print', 'events', '-o', 'halves');
    assert.match(events, /^ {4}\[NEW\] tcp {6}6 60 SYN_RECV src=192\.0\.2\.1 .* halves=reply$/m);
  });

  it('prints the same for any number of shards', async () => {
    const trace = async (...more: readonly string[]): Promise<string> =>
      tracked('-r', half, MIXED, '--print', 'flows', ...more);
    for (const shards of ['2', '4', '8'])
      assert.equal(await trace('--one-way', '--shards', shards), await trace('--one-way', '--shards', '1'));
  });
});

describe('--max', () => {
  const many = Array.from({ length: 200 }, (_, i) => udp(1000 + i));

  it('evicts, and says so', async () => {
    // In the same second, so that nothing times out.
    const packets = many.map((data, i) => ({ sec: 1000, nsec: i, wireLength: data.length, data }));
    const file = tempFile('many.pcap', pcapFile(packets, { nano: true }));
    // Who is evicted, and so how many, depends on the key.
    const args = ['-r', file, '--max', '16', '--hash-key', '0123456789abcdef'];
    const stats = await statsOf(...args);
    const { created, ended, alive } = stats.connections;
    assert.ok(alive <= 16);
    assert.ok(ended.evicted > 0);
    assert.equal(created + sum(stats.dropped), 200);
    assert.equal(created, sum(ended) + alive);
    const flows = await tracked(...args, '--print', 'flows', '-o', 'json');
    const reasons = linesOf(flows).map((line) => JSON.parse(line).endReason);
    assert.equal(reasons.length, created);
    assert.equal(reasons.filter((reason) => reason === 'evicted').length, ended.evicted);
    const { stderr } = await track(...args, '--print', 'none');
    assert.match(stderr, /evicted \d+/);
  });

  it('--hash-key makes evictions the same in every run', async () => {
    const args = ['-r', MIXED, '--max', '20', '--print', 'events', '--hash-key', '0123456789abcdef'];
    const first = await tracked(...args);
    assert.equal(await tracked(...args), first);
  });
});

describe('--zone-from vlan', () => {
  it('keeps equal tuples of two VLANs apart and shows the zone', async () => {
    const file = capture('vlan.pcap', [udp(1, 10), udp(1, 20), udp(1)]);
    assert.equal(linesOf(await tracked('-r', file)).length, 1);
    const lines = linesOf(await tracked('-r', file, '--zone-from', 'vlan'));
    assert.equal(lines.length, 3);
    assert.match(lines[0], / mark=0 zone=10 use=1$/);
    assert.match(lines[1], / mark=0 zone=20 use=1$/);
    assert.match(lines[2], / mark=0 use=1$/);
  });
});

describe('--trace-table', () => {
  it('adds the table while it is small enough', async () => {
    const file = capture('three.pcap', [udp(1), udp(2), udp(3)]);
    const trace = async (...args: readonly string[]): Promise<(string[] | undefined)[]> =>
      linesOf(await tracked('-r', file, '--print', 'trace', ...args)).map((line) => JSON.parse(line).tab);
    assert.deepEqual(await trace(), [undefined, undefined, undefined]);
    const [first, second, third] = await trace('--trace-table', '2');
    assert.equal(first?.length, 1);
    assert.match(first?.[0] ?? '', /^ipv4 {5}2 udp {6}17 \d+ src=192\.0\.2\.1 .* zone=0 use=2$/);
    assert.equal(second?.length, 2);
    assert.equal(third, undefined);
  });
});

describe('--shards', () => {
  for (const print of ['table', 'events', 'flows', 'trace']) {
    it(`the same ${print} for 1, 2, 3, 4 and 8`, async () => {
      const args = ['-r', MIXED, '--print', print, '-o', 'id', '--shards'];
      const one = await tracked(...args, '1');
      for (const shards of ['2', '3', '4', '8']) assert.equal(await tracked(...args, shards), one, shards);
    });
  }

  it('an id stays the same over the life of a connection', async () => {
    const events = linesOf(await tracked('-r', MIXED, '--print', 'events', '-o', 'id'));
    const alive = new Map<string, string>();
    for (const line of events) {
      const [, type, src, id] =
        /\[(\w+)\] .*?(src=.*?dport=\d+|src=.*?type=\d+ code=\d+ id=\d+) .* id=(\d+)$/.exec(line) ?? [];
      assert.ok(type !== undefined, line);
      if (type === 'NEW') alive.set(src, id);
      else assert.equal(id, alive.get(src), line);
    }
  });

  it('--self-check-every 1 passes', async () => {
    for (const shards of ['1', '4']) {
      const stdout = await tracked('-r', MIXED, '--self-check-every', '1', '--shards', shards);
      assert.equal(stdout, await tracked('-r', MIXED));
    }
  });
});

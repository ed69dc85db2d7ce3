/**
 * Connections with helpers beside shards: what a helper foretold reaches the right packet, whatever the
 * number of shards and however the threads take turns.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HelperNumber } from '../../src/common/helpers.ts';
import { ExpectAnswer, ExpectRequest } from '../../src/conntrack/expectations.ts';
import { ExpectFlag, Kind, Verdict } from '../../src/shm/bits.ts';
import { Counter } from '../../src/shm/counters.ts';
import { Expect, Hot } from '../../src/shm/offsets.generated.ts';
import { eventOf, type OrderedReport } from '../../src/workers/report-order.ts';
import { tcpPacket, udpPacket } from '../support/frames.ts';
import { createLab, type Lab } from '../support/lab.ts';
import { createRandom, SEED } from '../support/random.ts';

const CLIENT = '10.0.0.1';
const SERVER = '10.0.0.2';
const CLIENT_WORD = 0x0a000001;
const SERVER_WORD = 0x0a000002;
const SYN = 0x02;
const SYN_ACK = 0x12;
const RST = 0x04;

const segment = (sport: number, dport: number, flags: number, seq = 1000, ack = 0): Uint8Array =>
  tcpPacket({ src: CLIENT, dst: SERVER }, { sport, dport, seq, ack, flags });
const answer = (sport: number, dport: number, flags: number): Uint8Array =>
  tcpPacket({ src: SERVER, dst: CLIENT }, { sport, dport, seq: 5000, ack: 1001, flags });

const TCP = Kind.USED | 6;

/** Opens the control connection and has it foretell client:any -> server:port. */
function foretell(lab: Lab, port: number, more: Partial<ExpectRequest> = {}): void {
  const [master] = lab.table().filter((c) => c.helper === 'ftp');
  assert.ok(master !== undefined, 'no master');
  const r = new ExpectRequest();
  r.kind = TCP;
  r.source[0] = CLIENT_WORD;
  r.mask[0] = -1;
  r.destination[0] = SERVER_WORD;
  r.destinationPort = port;
  r.helper = HelperNumber.FTP;
  r.master = 1;
  r.classMax = 0;
  r.timeoutMs = 300_000;
  Object.assign(r, more);
  assert.equal(lab.masters.expectations.add(r, lab.tick()), ExpectAnswer.ADDED);
  lab.masters.watch[0] = 1;
}

function connected(options: Parameters<typeof createLab>[0] = {}): Lab {
  const lab = createLab({ selfCheck: true, ...options });
  lab.send(segment(40_000, 21, SYN), 0);
  lab.send(answer(21, 40_000, SYN_ACK), 1);
  return lab;
}

describe('a foretold connection', () => {
  it('is RELATED, EXPECTED, knows its master, and takes the expectation', () => {
    const lab = connected();
    const [master] = lab.table();
    foretell(lab, 1025);
    const first = lab.send(segment(50_000, 1025, SYN), 10);
    assert.equal(first.verdict, 'RELATED');
    assert.deepEqual(first.events, ['RELATED', 'PROTOINFO']);
    assert.equal(first.connection?.master, master.id);
    assert.equal((first.connection?.status ?? 0) & 1, 1);
    assert.equal(lab.send(segment(50_000, 1025, SYN), 20).verdict, 'RELATED', 'until it is answered');
    assert.equal(lab.send(answer(1025, 50_000, SYN_ACK), 30).verdict, 'ESTABLISHED_REPLY');
    assert.equal(lab.send(segment(50_001, 1025, SYN), 40).verdict, 'NEW', 'only once');
    assert.equal(lab.counter(Counter.EXPECT_MATCHED), 1);
  });

  it('is not what was there before', () => {
    const lab = connected();
    lab.send(segment(50_000, 1025, SYN), 5);
    foretell(lab, 1025);
    assert.equal(lab.send(segment(50_000, 1025, SYN), 10).verdict, 'NEW');
    assert.equal(
      lab.send(segment(50_001, 1025, SYN), 11).verdict,
      'RELATED',
      'the expectation is still there',
    );
  });

  it('may not be opened by a packet that opens nothing, but the expectation is gone', () => {
    const lab = connected();
    foretell(lab, 1025);
    assert.equal(lab.send(segment(50_000, 1025, RST), 10).verdict, 'INVALID');
    assert.equal(lab.send(segment(50_000, 1025, SYN), 11).verdict, 'NEW');
  });

  it('is foretold for ever by a permanent expectation, not at all by an inactive one', () => {
    const lab = connected();
    foretell(lab, 1025, { flags: ExpectFlag.PERMANENT });
    foretell(lab, 1026, { flags: ExpectFlag.INACTIVE });
    for (let port = 1; port <= 3; port++)
      assert.equal(lab.send(segment(50_000 + port, 1025, SYN), 10).verdict, 'RELATED');
    assert.equal(lab.send(segment(50_000, 1026, SYN), 11).verdict, 'NEW');
  });

  it('is not foretold any more when the expectation has expired', () => {
    const lab = connected();
    foretell(lab, 1025, { timeoutMs: 20_000 });
    foretell(lab, 1026, { timeoutMs: 20_000 });
    assert.equal(lab.send(segment(50_000, 1025, SYN), 20_000).verdict, 'RELATED');
    assert.equal(lab.send(segment(50_001, 1026, SYN), 20_001).verdict, 'NEW');
  });

  it('is not foretold any more when the master is gone', () => {
    const lab = connected();
    foretell(lab, 1025);
    lab.send(segment(40_000, 21, RST, 1001), 10);
    // SYN_RECV, 60 s; after the RST 10 s.
    assert.equal(lab.send(segment(50_000, 1025, SYN), 60_002).verdict, 'NEW');
    assert.equal(lab.masters.expectations.count(), 0);
  });

  it('lives on without its master', () => {
    const lab = connected();
    foretell(lab, 1025);
    lab.send(segment(50_000, 1025, SYN), 59_000);
    const later = lab.send(answer(1025, 50_000, SYN_ACK), 70_000);
    assert.equal(later.verdict, 'ESTABLISHED_REPLY');
    assert.equal(lab.table().length, 1);
  });

  it('with a helper of its own is tracked with the masters, unless a shard has it already', () => {
    for (const shards of [1, 3]) {
      const lab = connected({ shards });
      lab.send(segment(50_001, 1025, SYN), 5);
      foretell(lab, 1025, { assign: HelperNumber.FTP, flags: ExpectFlag.PERMANENT });
      assert.equal(lab.send(segment(50_000, 1025, SYN), 10).connection?.helper, 'ftp');
      assert.equal(lab.send(answer(1025, 50_000, SYN_ACK), 11).verdict, 'ESTABLISHED_REPLY');
      assert.equal(lab.send(segment(50_001, 1025, SYN), 12).connection?.helper, null);
      assert.equal(lab.masters.tracker.count(), 2);
    }
  });

  it('inherits the mark', () => {
    const lab = connected();
    foretell(lab, 1025);
    const { hot } = lab.masters;
    hot[Hot.WORDS + Hot.MARK] = 0x1234;
    assert.equal(lab.send(segment(50_000, 1025, SYN), 10).connection?.mark, 0x1234);
  });

  it('may be of any protocol, and of the masters themselves', () => {
    const lab = connected();
    foretell(lab, 53, { kind: Kind.USED | 17 });
    foretell(lab, 21, {});
    const datagram = udpPacket({ src: CLIENT, dst: SERVER }, { sport: 9, dport: 53 });
    assert.equal(lab.send(datagram, 10).verdict, 'RELATED');
    const control = lab.send(segment(40_001, 21, SYN), 11);
    assert.equal(control.verdict, 'RELATED');
    assert.equal(control.connection?.helper, 'ftp');
    assert.equal(lab.masters.expectations.count(), 0);
  });
});

/** What can be seen of a run: verdicts by packet, and events. */
function seen(reports: readonly OrderedReport[]): string[] {
  return reports.map((r) => {
    const event = eventOf(r);
    return `${r.number} ${Verdict[r.verdict]} ${event?.type ?? ''} ${event?.connection.id ?? ''} ${event?.connection.master ?? ''}`;
  });
}

/** Packets that race for expectations; shards take turns as the random numbers say. */
function race(shards: number, seed: number): string[] {
  const lab = connected({ shards, descriptorSlots: 16, selfCheck: false });
  const packets = createRandom(seed);
  const turns = createRandom(seed + shards);
  for (let i = 0; i < 600; i++) {
    const port = 2000 + packets.below(12);
    const isOffer = packets.chance(0.15);
    const client = 50_000 + packets.below(40);
    const flags = packets.chance(0.1) ? RST : SYN;
    if (isOffer) foretell(lab, port, packets.chance(0.2) ? { flags: ExpectFlag.PERMANENT } : {});
    else lab.dispatch(segment(client, port, flags), 10 + i);
    for (let n = turns.below(4); n > 0; n--) lab.runShard(turns.below(shards), 1 + turns.below(8));
    if (turns.chance(0.2)) lab.flush();
    lab.collect();
  }
  const reports = lab.finish();
  lab.check();
  return seen(reports);
}

it('any number of shards, however they take turns, gives every expectation to the same packet', (t) => {
  const seed = SEED;
  t.diagnostic(`FLOWSHARD_SEED=${seed}`);
  for (let round = 0; round < 12; round++) {
    const one = race(1, seed + round);
    assert.ok(one.filter((line) => / RELATED NEW /.test(line)).length > 20, 'the race is about something');
    for (const shards of [2, 4, 8])
      assert.deepEqual(race(shards, seed + round), one, `${shards} shards, round ${round}`);
  }
});

it('an expectation names its master and its helper', () => {
  const lab = connected();
  foretell(lab, 1025);
  const { words } = lab.masters;
  const e = lab.masters.expectations.added() * Expect.WORDS;
  assert.equal(words[e + Expect.MASTER], 1);
  assert.equal(words[e + Expect.HELPER], HelperNumber.FTP);
});

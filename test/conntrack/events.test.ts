/** Events and ends: which, when, in what order. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ReportMode } from '../../src/conntrack/reporter.ts';
import { Counter } from '../../src/shm/counters.ts';
import { eventLines } from '../support/event-lines.ts';
import { icmpPacket, tcpPacket, udpPacket } from '../support/frames.ts';
import { createLab } from '../support/lab.ts';
import { HOSTS, sequence } from '../support/script.ts';
import { testSequences } from '../support/sequence-runner.ts';

const IP = { src: HOSTS.IPv4.c, dst: HOSTS.IPv4.s };
const BACK = { src: HOSTS.IPv4.s, dst: HOSTS.IPv4.c };
const query = (port = 1): Uint8Array => udpPacket(IP, { sport: port, dport: 53 });
const answer = (port = 1): Uint8Array => udpPacket(BACK, { sport: 53, dport: port });

testSequences('which packet makes which event', [
  sequence(
    'a TCP connection from SYN to TIME_WAIT',
    `c S 1000                  -> NEW SYN_SENT 120 U [NEW PROTOINFO]
     c S 1000                  -> NEW ign SYN_SENT 120 U []
     s S. 5000:1001            -> REP SYN_RECV 60 R [REPLY PROTOINFO]
     c . 1001:5001             -> EST ESTABLISHED 432000 A [ASSURED PROTOINFO]
     c P. 1001:5001 len 10     -> EST ESTABLISHED 300 A []
     s . 5001:1011             -> REP ESTABLISHED 432000 A []
     c F. 1011:5001            -> EST FIN_WAIT 120 A [PROTOINFO]
     s . 5001:1012             -> REP CLOSE_WAIT 60 A [PROTOINFO]
     s F. 5001:1012            -> REP LAST_ACK 30 A [PROTOINFO]
     c . 1012:5002             -> EST TIME_WAIT 120 A [PROTOINFO]
     c . 1012:5002             -> EST TIME_WAIT 120 A []`,
  ),
  sequence(
    'a picked-up connection',
    `c . 1000:5000             -> NEW ESTABLISHED 300 U [NEW PROTOINFO]
     s . 5000:1000             -> REP ESTABLISHED 300 R [REPLY]
     c . 1000:5000             -> EST ESTABLISHED 432000 A [ASSURED]`,
  ),
  sequence(
    'what is let through makes REPLY, and nothing else',
    `c S 1000                  -> NEW SYN_SENT 120 U [NEW PROTOINFO]
     s . 7000:555              -> REP ign SYN_SENT 120 R [REPLY]
     s . 7000:555              -> REP ign SYN_SENT 120 R []`,
  ),
  sequence(
    'simultaneous open',
    `c S 1000                  -> NEW SYN_SENT 120 U [NEW PROTOINFO]
     s S 5000                  -> REP ign SYN_SENT2 120 R [REPLY PROTOINFO]`,
  ),
  sequence(
    'INVALID packets make none',
    `HS
     s S 7000                  -> INV tcp-state ESTABLISHED 432000 A []
     s R 1                     -> INV tcp-rst-seq ESTABLISHED 432000 A []`,
  ),
  sequence(
    'UDP',
    `c udp                     -> NEW 30 U [NEW]
     c udp                     -> NEW 30 U []
     s udp                     -> REP 30 R [REPLY]
     c udp +3s                 -> EST 120 A [ASSURED]
     s udp                     -> REP 120 A []`,
  ),
  sequence(
    'ICMP',
    `c echo 7                  -> NEW 30 U [NEW]
     s echoreply 7             -> REP 30 R [REPLY]
     c echo 7                  -> EST 30 R []`,
  ),
]);

const START_S = 1_700_000_000;

describe('events in order', () => {
  it('NEW, UPDATE and DESTROY of connections that are refused, reopened, left alone', () => {
    const lab = createLab({ selfCheck: true });
    const send = (flags: number, seq: number, ack: number, ms: number, back = false): void => {
      const fields = { sport: back ? 80 : 9, dport: back ? 9 : 80, seq, ack, flags };
      lab.send(tcpPacket(back ? BACK : IP, fields), ms);
    };
    send(0x02, 1000, 0, 0);
    send(0x14, 0, 1001, 10, true);
    send(0x02, 2000, 0, 20);
    send(0x12, 5000, 2001, 30, true);
    send(0x10, 2001, 5001, 40);
    send(0x04, 2001, 0, 50);
    send(0x02, 9000, 0, 60);
    lab.send(query(), 100);
    lab.send(icmpPacket(IP, { type: 8, code: 0, rest: 7 << 16 }), 200_000);
    assert.deepEqual(eventLines(lab.finish(), START_S), [
      '0 #1 NEW NEW+PROTOINFO SYN_SENT',
      '10 #2 DESTROY reset CLOSE',
      '20 #3 NEW NEW+PROTOINFO SYN_SENT',
      '30 #4 UPDATE REPLY+PROTOINFO SYN_RECV',
      '40 #5 UPDATE ASSURED+PROTOINFO ESTABLISHED',
      '50 #6 UPDATE PROTOINFO CLOSE',
      '60 #7 DESTROY reopened CLOSE',
      '60 #7 NEW NEW+PROTOINFO SYN_SENT',
      '100 #8 NEW NEW',
      '30100 #0 DESTROY timeout',
      '120060 #0 DESTROY timeout SYN_SENT',
      '200000 #9 NEW NEW',
    ]);
  });

  it('expiries of one moment come by the age of their connections, before the packets of that moment', () => {
    const lab = createLab({ shards: 4, selfCheck: true });
    for (let port = 1; port <= 40; port++) lab.send(query(port), 0);
    lab.send(query(99), 30_000);
    const ends = lab.finish().filter((report) => report.endCode >= 0 && report.sec === START_S + 30);
    assert.deepEqual(
      ends.map(({ created }) => created),
      Array.from({ length: 40 }, (_, i) => i + 1),
    );
    const all = eventLines(lab.reports, START_S);
    assert.equal(all.at(-1), '30000 #41 NEW NEW');
  });

  it('a mode that asks for less gets less, of the same', () => {
    const run = (mode: ReportMode): string[] => {
      const lab = createLab({ mode });
      lab.dispatch(query(), 0);
      lab.dispatch(answer(), 1);
      lab.dispatch(answer(), 2);
      lab.dispatch(query(7), 40_000);
      return eventLines(lab.finish(), START_S);
    };
    const all = run(ReportMode.PACKETS | ReportMode.EVENTS);
    assert.deepEqual(all, [
      '0 #1 NEW NEW',
      '1 #2 UPDATE REPLY',
      '30002 #0 DESTROY timeout',
      '40000 #4 NEW NEW',
    ]);
    assert.deepEqual(run(ReportMode.PACKETS), all);
    assert.deepEqual(run(ReportMode.EVENTS), all);
    assert.deepEqual(run(ReportMode.ENDS), ['30002 #0 DESTROY timeout']);
    assert.deepEqual(run(ReportMode.NOTHING), []);
  });

  it('every packet is reported in PACKETS, and only those with events in EVENTS', () => {
    const count = (mode: ReportMode): number => {
      const lab = createLab({ mode });
      for (let i = 0; i < 10; i++) lab.dispatch(query(), i);
      return lab.finish().length;
    };
    assert.equal(count(ReportMode.PACKETS), 10);
    assert.equal(count(ReportMode.EVENTS), 1);
  });
});

describe('expiry', () => {
  it('a lookup one millisecond before the deadline finds the connection, one at the deadline does not', () => {
    for (const after of [29_000, 29_999, 29_999.999999]) {
      const lab = createLab({ selfCheck: true });
      lab.send(query(), 0);
      const seen = lab.send(query(), after);
      assert.deepEqual([seen.connection?.original.packets, seen.ends], [2, []], `${after} ms`);
    }
    for (const after of [30_000, 30_001, 31_000]) {
      const lab = createLab({ selfCheck: true });
      lab.send(query(), 0);
      const seen = lab.send(query(), after);
      assert.deepEqual([seen.verdict, seen.connection?.original.packets], ['NEW', 1], `${after} ms`);
      assert.deepEqual(
        seen.ends.map(({ reason, number, atMs }) => [reason, number, atMs]),
        [['timeout', 0, 30_000]],
      );
    }
  });

  it('in every millisecond of a wheel tick', () => {
    for (let offset = 0; offset < 33; offset++) {
      const lab = createLab({ selfCheck: true });
      lab.send(query(), offset);
      assert.equal(lab.send(query(), offset + 29_999).connection?.original.packets, 2);
      assert.equal(lab.send(query(), offset + 59_999).connection?.original.packets, 1);
      assert.equal(lab.counter(Counter.ENDED_TIMEOUT), 1);
    }
  });

  it('is reported with the deadline though nothing of the connection came', () => {
    const lab = createLab({ selfCheck: true });
    lab.send(query(1), 5.5);
    const seen = lab.send(query(2), 100_000);
    assert.deepEqual(
      seen.ends.map(({ reason, number, atMs }) => [reason, number, atMs]),
      [['timeout', 0, 30_005]],
    );
    assert.equal(lab.table().length, 1);
  });

  it('what is due at the end of the capture ends, what is not stays', () => {
    const lab = createLab({ selfCheck: true });
    lab.send(query(1), 0);
    lab.send(query(2), 1);
    lab.send(icmpPacket(IP, { type: 3, code: 3, body: query(9) }), 30_000);
    lab.finish();
    assert.equal(lab.counter(Counter.ENDED_TIMEOUT), 1);
    assert.deepEqual(lab.remainingMs(), [1]);
  });

  it('a timeout of 0 ends after the packet of its moment', () => {
    for (const atMs of [0.5, 1000]) {
      const lab = createLab({ set: ['udp_timeout=0'], selfCheck: true });
      lab.send(query(1), atMs);
      lab.send(query(2), 2000.5);
      assert.deepEqual(eventLines(lab.finish(), START_S), [
        `${atMs} #1 NEW NEW`,
        `${atMs} #${0xffffffff} DESTROY timeout`,
        '2000.5 #2 NEW NEW',
        `2000.5 #${0xffffffff} DESTROY timeout`,
      ]);
    }
  });
});

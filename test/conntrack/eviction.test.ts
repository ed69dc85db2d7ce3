/** A full table: who goes, who is refused, and what is counted. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createHash4 } from '../../src/common/hash.ts';
import { Reason } from '../../src/common/reasons.ts';
import { createDecoder } from '../../src/packet/decode.ts';
import { Status } from '../../src/shm/bits.ts';
import { Counter } from '../../src/shm/counters.ts';
import { Desc, Hot } from '../../src/shm/offsets.generated.ts';
import { icmpPacket, LINK_RAW, tcpPacket, udpPacket } from '../support/frames.ts';
import { createLab, LAB_KEY, type Lab } from '../support/lab.ts';
import { createRandom } from '../support/random.ts';
import { HOSTS } from '../support/script.ts';
import { chunksOf, sctpPacket } from '../support/sctp-frames.ts';
import { flagsOf } from '../support/sequence-runner.ts';

const CLIENT = { src: HOSTS.IPv4.c, dst: HOSTS.IPv4.s };
const SERVER = { src: HOSTS.IPv4.s, dst: HOSTS.IPv4.c };
const SYN = 0x02;
const SYN_ACK = 0x12;
const ACK = 0x10;
const FIN_ACK = 0x11;

const query = (port: number): Uint8Array => udpPacket(CLIENT, { sport: port, dport: 53 });
const answer = (port: number): Uint8Array => udpPacket(SERVER, { sport: 53, dport: port });
const segment = (port: number, flags: number, seq: number, ack: number, fromServer = false): Uint8Array =>
  tcpPacket(fromServer ? SERVER : CLIENT, {
    sport: fromServer ? 80 : port,
    dport: fromServer ? port : 80,
    seq,
    ack,
    flags,
  });

/** Streams: all three packets of each, the last one 2002 ms after the first. */
function assuredUdp(lab: Lab, ports: readonly number[], ms: number): void {
  for (const port of ports) lab.send(query(port), ms);
  for (const port of ports) lab.send(answer(port), ms + 1);
  for (const port of ports) assert.equal(flagsOf(required(lab.send(query(port), ms + 2002))), 'A');
}
const ports = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

function assuredTcp(lab: Lab, port: number, ms: number): void {
  lab.send(segment(port, SYN, 1000, 0), ms);
  lab.send(segment(port, SYN_ACK, 5000, 1001, true), ms);
  lab.send(segment(port, ACK, 1001, 5001), ms);
}

function closingTcp(lab: Lab, port: number, ms: number): void {
  assuredTcp(lab, port, ms);
  lab.send(segment(port, FIN_ACK, 1001, 5001), ms);
}

function required(seen: { connection: Parameters<typeof flagsOf>[0] | null }): Parameters<typeof flagsOf>[0] {
  assert.ok(seen.connection !== null);
  return seen.connection;
}

const { frame: decode } = createDecoder({
  hash4: createHash4(LAB_KEY),
  verifyChecksums: true,
  zoneFromVlan: false,
});
function hashOf(frame: Uint8Array): number {
  const out = new Int32Array(Desc.WORDS);
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  assert.equal(decode(view, 0, frame.length, frame.length, LINK_RAW, out, 0), Reason.NONE);
  return out[Desc.HASH];
}

/** What early drop must delete for a packet: the first of eight groups of four slots that has anything which may go. */
function victimsFor(lab: Lab, frame: Uint8Array): Set<number> {
  const [{ index, hot }] = lab.segments;
  const slots = index.length / 2;
  const home = hashOf(frame) & (slots - 1) & ~3;
  for (let group = 0; group < 8; group++) {
    const victims = new Set<number>();
    for (let i = 0; i < 4; i++) {
      const entry = index[2 * ((home + group * 4 + i) & (slots - 1)) + 1];
      if (entry === 0 || (hot[entry * Hot.WORDS + Hot.STATUS] & Status.ASSURED) !== 0) continue;
      victims.add(hot[entry * Hot.WORDS + Hot.CREATED] >>> 0);
    }
    if (victims.size > 0) return victims;
  }
  return new Set();
}

const createdNumbers = (lab: Lab): Set<number> => {
  const [{ index, hot }] = lab.segments;
  const numbers = new Set<number>();
  for (let slot = 1; slot < index.length; slot += 2)
    if (index[slot] !== 0) numbers.add(hot[index[slot] * Hot.WORDS + Hot.CREATED] >>> 0);
  return numbers;
};

describe('a full table', () => {
  it('121: of ASSURED connections refuses the new one and evicts nobody', () => {
    const lab = createLab({ helpers: 'none', maxEntries: 8, selfCheck: true });
    assuredUdp(lab, ports(1, 8), 0);
    const before = lab.table().map(({ id }) => id);
    for (let port = 100; port < 120; port++) {
      const seen = lab.send(segment(port, SYN, 1, 0), 30_000);
      assert.deepEqual([seen.verdict, seen.reason, seen.connection], ['NULL', 'table-full', null]);
      assert.deepEqual(seen.ends, []);
      assert.deepEqual(seen.events, []);
    }
    assert.deepEqual(
      lab.table().map(({ id }) => id),
      before,
    );
    assert.equal(lab.reasonCount(Reason.TABLE_FULL), 20);
    assert.equal(lab.counter(Counter.ENDED_EVICTED), 0);
    assert.equal(lab.send(query(3), 30_001).verdict, 'ESTABLISHED', 'who is in stays in');
  });

  it('122: of unreplied connections deletes all of the first group near the new one', () => {
    const lab = createLab({ helpers: 'none', maxEntries: 50, selfCheck: true });
    for (let port = 1; port <= 50; port++) lab.send(query(port), 0);
    let evicted = 0;
    for (let port = 1000; evicted < 100; port++) {
      if (lab.table().length < 50) {
        assert.equal(lab.send(query(port), 1).ends.length, 0, 'nobody goes while there is room');
        continue;
      }
      const frame = query(port);
      const victims = victimsFor(lab, frame);
      const before = createdNumbers(lab);
      const seen = lab.send(frame, 1);
      for (const { reason, connection, number } of seen.ends) {
        assert.equal(reason, 'evicted');
        assert.equal(number, seen.number);
        assert.notEqual(flagsOf(connection), 'A');
      }
      const after = createdNumbers(lab);
      assert.deepEqual(new Set([...before].filter((n) => !after.has(n))), victims);
      assert.equal(seen.ends.length, victims.size);
      assert.ok(victims.size > 0, 'nearly all slots are taken, so there is a victim');
      assert.equal(seen.verdict, 'NEW');
      evicted += victims.size;
      assert.equal(lab.counter(Counter.ENDED_EVICTED), evicted);
    }
    assert.equal(lab.reasonCount(Reason.TABLE_FULL), 0);
    assert.equal(lab.counter(Counter.EVICTED_SWEEP), 0);
  });

  it('mixed: only what is not ASSURED goes, and otherwise the new one is refused', () => {
    const lab = createLab({ helpers: 'none', maxEntries: 40, selfCheck: true });
    const random = createRandom(7);
    for (let port = 1; port <= 39; port++) assuredTcp(lab, port, 0);
    let refused = 0;
    let evictions = 0;
    for (let i = 0; i < 400; i++) {
      const frame = query(2000 + random.below(5000));
      const isFull = lab.table().length === 40;
      const victims = isFull ? victimsFor(lab, frame) : new Set<number>();
      const seen = lab.send(frame, 1);
      if (seen.verdict === 'NULL') {
        assert.ok(isFull && victims.size === 0, 'refused though there was room');
        assert.equal(seen.reason, 'table-full');
        refused++;
      } else {
        evictions += victims.size;
        // A sweep that a refusal before set off may have deleted others, too.
        assert.ok(seen.ends.length >= victims.size || !isFull);
      }
      for (const { connection } of seen.ends) assert.notEqual(flagsOf(connection), 'A');
    }
    assert.ok(refused > 20 && evictions > 20, `${refused} refused, ${evictions} evicted`);
    assert.equal(lab.reasonCount(Reason.TABLE_FULL), refused);
    const assured = lab.table().filter((connection) => flagsOf(connection) === 'A');
    assert.equal(assured.length, 39);
  });

  it('an evicted connection is gone: its next packet is NEW again', () => {
    const lab = createLab({ helpers: 'none', maxEntries: 1, selfCheck: true });
    lab.send(query(1), 0);
    // One connection in 64 slots: look for a tuple that lies near it.
    let port = 2;
    while (victimsFor(lab, query(port)).size === 0) port++;
    assert.deepEqual(
      lab.send(query(port), 1).ends.map(({ reason }) => reason),
      ['evicted'],
    );
    assert.equal(lab.send(query(port), 2).connection?.original.packets, 2);
    assert.equal(lab.table().length, 1);
  });
});

describe('the sweep after a refusal', () => {
  /** 100 connections: 70 ASSURED, 30 ASSURED but closing; nothing that early drop may delete. */
  function fullLab(): Lab {
    const lab = createLab({ helpers: 'none', maxEntries: 100, selfCheck: true });
    for (let port = 1; port <= 70; port++) assuredTcp(lab, port, 0);
    for (let port = 71; port <= 100; port++) closingTcp(lab, port, 0);
    assert.equal(lab.table().length, 100);
    return lab;
  }

  it('deletes what is closing until the table is less than 95 % full', () => {
    const lab = fullLab();
    assert.equal(lab.send(query(1), 1).reason, 'table-full');
    assert.equal(lab.counter(Counter.ENDED_EVICTED), 0, 'the refusal itself deletes nothing');
    const gone: string[] = [];
    for (let i = 0; i < 20; i++)
      for (const { reason, connection } of lab.send(segment(1, ACK, 1001, 5001), 2 + i).ends) {
        assert.equal(reason, 'evicted');
        gone.push(connection.state ?? '');
      }
    assert.deepEqual(gone, new Array(6).fill('FIN_WAIT'));
    assert.equal(lab.table().length, 94);
    assert.equal(lab.counter(Counter.EVICTED_SWEEP), 6);
    assert.equal(lab.counter(Counter.ENDED_EVICTED), 6);
    assert.equal(lab.send(query(1), 50).verdict, 'NEW');
  });

  it('takes a slice with each packet, INVALID ones included', () => {
    const lab = fullLab();
    lab.send(query(1), 1);
    const perPacket = Array.from(
      { length: 6 },
      () => lab.send(segment(1, ACK, 9_000_000, 5001), 2).ends.length,
    );
    // Sixteen entries each: the closing ones start at the 71st, in the fifth slice.
    assert.deepEqual(perPacket, [0, 0, 0, 0, 6, 0]);
  });

  it('happens once', () => {
    const lab = createLab({ helpers: 'none', maxEntries: 100, selfCheck: true });
    for (let port = 1; port <= 100; port++) assuredTcp(lab, port, 0);
    assert.equal(lab.send(query(1), 1).reason, 'table-full');
    for (let i = 0; i < 10; i++) assert.deepEqual(lab.send(segment(1, ACK, 1001, 5001), 2).ends, []);
    lab.send(segment(1, FIN_ACK, 1001, 5001), 3);
    lab.send(segment(1, ACK, 1002, 5001), 3);
    assert.equal(lab.table().length, 100, 'the sweep is over, so a closing connection stays');
    assert.equal(lab.send(query(1), 4).reason, 'table-full');
    assert.equal(lab.send(segment(2, ACK, 1001, 5001), 5).ends.length, 1, 'until the next refusal');
  });

  it('deletes ASSURED connections in FIN_WAIT to CLOSE, and others never', () => {
    const lab = createLab({ helpers: 'none', maxEntries: 8, selfCheck: true });
    for (let port = 1; port <= 5; port++) assuredTcp(lab, port, 0);
    lab.send(segment(2, FIN_ACK, 1001, 5001), 0);
    lab.send(segment(2, ACK, 5001, 1002, true), 0);
    lab.send(segment(3, FIN_ACK, 1001, 5001), 0);
    lab.send(segment(3, FIN_ACK, 5001, 1002, true), 0);
    lab.send(segment(4, FIN_ACK, 1001, 5001), 0);
    lab.send(segment(4, FIN_ACK, 5001, 1002, true), 0);
    lab.send(segment(4, ACK, 1002, 5002), 0);
    lab.send(segment(5, 0x04, 1001, 0), 0);
    assuredUdp(lab, ports(6, 8), 0);
    assert.equal(lab.send(query(9), 6000).reason, 'table-full');
    // Less than 95 % of 8 is 7: one of them goes, the oldest entry first.
    const ends = Array.from({ length: 3 }, () => lab.send(query(6), 6000).ends).flat();
    assert.deepEqual(
      ends.map(({ connection }) => connection.state),
      ['CLOSE_WAIT'],
    );
  });
});

describe('associations at a full table', () => {
  const OPENING = [
    ['c', 0, 'init:1'],
    ['s', 1, 'init-ack:2'],
    ['c', 2, 'cookie-echo'],
    ['s', 1, 'cookie-ack'],
  ] as const;
  const CLOSING = [
    ['c', 2, 'shutdown'],
    ['s', 1, 'shutdown-ack'],
    ['c', 2, 'shutdown-complete'],
  ] as const;
  const set = ['closed', 'shutdown_sent', 'shutdown_ack_sent'].map((name) => `sctp_timeout_${name}=500`);

  it('the sweep deletes those that are shutting down, and others never', () => {
    const lab = createLab({ maxEntries: 4, selfCheck: true, set });
    for (let port = 1; port <= 4; port++)
      for (const [from, tag, chunks] of [...OPENING, ...CLOSING.slice(0, port - 1)]) {
        const [ip, sport, dport] = from === 'c' ? [CLIENT, port, 80] : [SERVER, 80, port];
        lab.send(sctpPacket(ip, { sport, dport, tag, chunks: chunksOf(chunks) }), 0);
      }
    const gone: (string | null)[] = [];
    for (let i = 0; i < 8; i++)
      gone.push(...lab.send(query(9), i).ends.map(({ connection }) => connection.state));
    assert.ok(gone.includes('SHUTDOWN_SENT') || gone.includes('SHUTDOWN_ACK_SENT'));
    assert.deepEqual(
      gone.filter((state) => state === 'ESTABLISHED' || state === 'CLOSED'),
      [],
    );
  });
});

describe('room at a full table', () => {
  it('what has expired makes room, at the very deadline, and is not counted as evicted', () => {
    const lab = createLab({ helpers: 'none', maxEntries: 4, selfCheck: true });
    assuredUdp(lab, ports(1, 4), 0);
    // All got their last packet at 2002 ms and 120 s from then.
    assert.equal(lab.send(query(9), 122_001).reason, 'table-full');
    const seen = lab.send(query(9), 122_002);
    assert.equal(seen.verdict, 'NEW');
    assert.deepEqual(
      seen.ends.map(({ reason, atMs }) => [reason, atMs]),
      new Array(4).fill(['timeout', 122_002]),
    );
    assert.equal(lab.counter(Counter.ENDED_EVICTED), 0);
    assert.equal(lab.table().length, 1);
  });

  it('an INVALID packet without a connection needs room first, as in the kernel', () => {
    const full = createLab({ helpers: 'none', maxEntries: 8, selfCheck: true });
    assuredUdp(full, ports(1, 8), 0);
    const flags = segment(77, 0, 1, 0);
    const opening = segment(78, SYN_ACK, 1, 1);
    const checksum = tcpPacket(CLIENT, { sport: 79, dport: 80, seq: 1, flags: SYN, badChecksum: true });
    const unsolicited = icmpPacket(SERVER, { type: 0, code: 0, rest: 0x70001 });
    for (const frame of [flags, opening, checksum, unsolicited])
      assert.equal(full.send(frame, 30_000).reason, 'table-full');
    const type = icmpPacket(SERVER, { type: 9, code: 0 });
    assert.equal(full.send(type, 30_000).reason, 'icmp-not-a-query', 'refused before a place is needed');
    const known = udpPacket(CLIENT, { sport: 3, dport: 53, payload: 2, checksum: 'wrong' });
    assert.equal(full.send(known, 30_000).reason, 'udp-checksum', 'who has a connection needs no room');
  });

  it('an INVALID packet may even evict, as in the kernel', () => {
    const lab = createLab({ helpers: 'none', maxEntries: 50, selfCheck: true });
    for (let port = 1; port <= 50; port++) lab.send(query(port), 0);
    const frame = segment(77, 0, 1, 0);
    const victims = victimsFor(lab, frame);
    assert.ok(victims.size > 0);
    const seen = lab.send(frame, 1);
    assert.equal(seen.reason, 'tcp-flags');
    assert.equal(seen.ends.length, victims.size);
    assert.equal(lab.table().length, 50 - victims.size);
  });

  it('ICMP errors need none', () => {
    const lab = createLab({ helpers: 'none', maxEntries: 1, selfCheck: true });
    lab.send(query(1), 0);
    const about = (port: number): Uint8Array => icmpPacket(SERVER, { type: 3, code: 3, body: query(port) });
    assert.equal(lab.send(about(1), 1).verdict, 'RELATED_REPLY');
    assert.equal(lab.send(about(2), 1).reason, 'icmp-quote-unknown');
    assert.equal(lab.table().length, 1);
  });

  it('a reopened connection takes the place of the old one', () => {
    const lab = createLab({ helpers: 'none', maxEntries: 4, selfCheck: true });
    for (let port = 1; port <= 4; port++) assuredTcp(lab, port, 0);
    lab.send(segment(2, 0x04, 1001, 0), 1);
    const seen = lab.send(segment(2, SYN, 90_000, 0), 2);
    assert.equal(seen.verdict, 'NEW');
    assert.deepEqual(
      seen.ends.map(({ reason }) => reason),
      ['reopened'],
    );
    assert.equal(lab.table().length, 4);
  });
});

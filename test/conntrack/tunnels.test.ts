/**
 * What PPTP foretells and ends: tunnels among the masters, other GRE connections in the shards. The same for any
 * number of shards, however the threads take turns.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createHash4 } from '../../src/common/hash.ts';
import { createGreKeys } from '../../src/conntrack/gre-keys.ts';
import { EndCode, Verdict } from '../../src/shm/bits.ts';
import { Counter } from '../../src/shm/counters.ts';
import { eventOf, type OrderedReport } from '../../src/workers/report-order.ts';
import { icmpPacket, ipPacket, tcpPacket } from '../support/frames.ts';
import { createLab, LAB_KEY, type Lab } from '../support/lab.ts';
import { createRandom, SEED } from '../support/random.ts';
import { control } from './helpers/pptp-dialogues.ts';

const SYN = 0x02;
const SYN_ACK = 0x12;
const ACK = 0x10;
const RST_ACK = 0x14;
const DATA = 0x18;
const GRE = 47;

const u16 = (value: number): number[] => [value >>> 8, value & 255];
const host = (last: number): string => `10.0.0.${last}`;

/** GRE of version 1; the plain one of a key of null. */
function gre(from: number, to: number, key: number | null): Uint8Array {
  const rest = [1, 2, 3, 4];
  const header = key === null ? [0, 0, 8, 0] : [0x30, 1, 0x88, 0x0b, 0, 4, ...u16(key)];
  return ipPacket({ src: host(from), dst: host(to) }, GRE, [...header, ...rest]);
}

/** A control connection from a host to another one. */
function createControl(client: number, server: number, sport = 40_000) {
  const seq = [1000, 5000];
  function segment(dir: 0 | 1, flags: number, payload: Uint8Array = new Uint8Array(0)): Uint8Array {
    const [src, dst] = dir === 0 ? [host(client), host(server)] : [host(server), host(client)];
    const ports = dir === 0 ? { sport, dport: 1723 } : { sport: 1723, dport: sport };
    const ack = (flags & 0x10) === 0 ? 0 : seq[1 - dir];
    const frame = tcpPacket({ src, dst }, { ...ports, seq: seq[dir], ack, flags, payload });
    seq[dir] += payload.length + ((flags & SYN) === 0 ? 0 : 1);
    return frame;
  }
  return {
    /** Another sequence number, so that a connection that was closed opens again. */
    syn: () => {
      seq[0] += 1_000_000;
      return segment(0, SYN);
    },
    session: () => [
      segment(0, SYN),
      segment(1, SYN_ACK),
      segment(0, ACK),
      segment(0, DATA, control(1, [1, 0])),
      segment(1, DATA, control(2, [1, 0, 1])),
    ],
    start: () => [segment(0, DATA, control(1, [1, 0])), segment(1, DATA, control(2, [1, 0, 1]))],
    call: (id: number, peer: number) => [
      segment(0, DATA, control(7, u16(id))),
      segment(1, DATA, control(8, [...u16(peer), ...u16(id), 1])),
    ],
    disconnect: () => segment(1, DATA, control(13, u16(1))),
    synAck: () => segment(1, SYN_ACK),
    ack: () => segment(0, ACK),
    reset: () => segment(0, RST_ACK),
  };
}

function withTunnel(options: Parameters<typeof createLab>[0] = {}) {
  const lab = createLab({ helpers: 'pptp', selfCheck: true, ...options });
  const c = createControl(1, 2);
  for (const frame of [...c.session(), ...c.call(7, 8)]) lab.send(frame, 0);
  lab.send(c.ack(), 0);
  assert.equal(lab.send(gre(1, 2, 8), 10).verdict, 'RELATED');
  assert.equal(lab.send(gre(2, 1, 7), 20).verdict, 'ESTABLISHED_REPLY');
  assert.equal(lab.send(gre(1, 2, 8), 30).verdict, 'ESTABLISHED');
  return { lab, c };
}

const keysOf = (lab: Lab): string[] =>
  lab
    .table()
    .filter(({ protocol }) => protocol === GRE)
    .map(({ original: o }) => `${o.srckey} ${o.dstkey}`);

describe('a tunnel', () => {
  it('knows its master, has the usual timeouts of GRE, no helper, and no claims', () => {
    const { lab } = withTunnel({ shards: 4 });
    const [master, tunnel] = lab.table();
    assert.equal(tunnel.master, master.id);
    assert.equal(tunnel.helper, null);
    assert.deepEqual(tunnel.greTimeouts, { timeoutS: 30, streamTimeoutS: 180 });
    assert.deepEqual(lab.remainingMs()[1], 180_000);
    assert.equal(lab.masters.tracker.count(), 2);
  });

  it('takes its keys along when it expires', () => {
    const { lab } = withTunnel();
    assert.equal(lab.send(gre(2, 1, 7), 180_029).verdict, 'ESTABLISHED_REPLY');
    const late = lab.send(gre(2, 1, 7), 360_100);
    assert.equal(late.verdict, 'NEW');
    assert.deepEqual(
      late.ends.map(({ reason, atMs }) => [reason, atMs]),
      [['timeout', 360_029]],
    );
    assert.deepEqual(keysOf(lab), ['0 7']);
    assert.equal(lab.masters.greKeys.count(), 0);
  });

  it('ends with its control connection, at the moment when that is seen to have expired', () => {
    const set = ['tcp_timeout_established=50'];
    const { lab } = withTunnel({ set, shards: 2 });
    const after = lab.send(gre(1, 2, 8), 60_000);
    assert.equal(after.verdict, 'NEW');
    assert.deepEqual(
      after.ends.map(({ reason, number }) => [reason, number]),
      [
        ['timeout', 0],
        ['helper', after.number],
      ],
    );
    assert.deepEqual(keysOf(lab), ['0 8']);
    assert.equal(lab.counter(Counter.ENDED_KILLED), 1);
  });

  it('ends with its control connection at the end of the capture, too, here and in a shard', () => {
    for (const id of [null, 7]) {
      const lab = createLab({ helpers: 'pptp', set: ['tcp_timeout_established=50'], shards: 3 });
      const c = createControl(1, 2);
      for (const frame of c.session()) lab.send(frame, 0);
      if (id === null) lab.send(gre(1, 2, null), 45_000);
      else {
        for (const frame of c.call(id, 8)) lab.send(frame, 0);
        for (const ms of [10, 25_000, 45_000]) lab.send(gre(1, 2, 8), ms);
      }
      // In the midst of a tick of the wheel, just when the control connection has expired.
      lab.send(gre(3, 4, null), 50_000);
      const ends = lab.finish().filter((r) => eventOf(r)?.type === 'DESTROY');
      const alive = lab.table().length;
      assert.deepEqual(
        ends.map(({ endCode }) => endCode),
        [EndCode.TIMEOUT, EndCode.KILLED],
      );
      assert.equal(alive, 1);
      lab.check();
    }
  });

  it('gets the ICMP errors that quote it', () => {
    const { lab } = withTunnel({ shards: 4 });
    const quoted = gre(1, 2, 8);
    const error = icmpPacket({ src: host(9), dst: host(1) }, { type: 3, code: 1, body: quoted });
    const seen = lab.send(error, 40);
    assert.equal(seen.verdict, 'RELATED_REPLY');
    assert.equal(seen.connection?.original.srckey, 7);
  });

  it('costs packets with its keys as ports nothing but a look', () => {
    const { lab } = withTunnel({ shards: 4 });
    const other = tcpPacket(
      { src: host(1), dst: host(2) },
      { sport: 7, dport: 8, seq: 1, ack: 0, flags: SYN },
    );
    assert.equal(lab.send(other, 40).verdict, 'NEW');
    assert.equal(lab.masters.tracker.count(), 2, 'it is in a shard');
    assert.notEqual(lab.masters.ports[0] & 0x180, 0);
    lab.send(gre(1, 2, 8), 200_000);
    assert.equal(lab.masters.ports[0] & 0x180, 0);
  });

  it('is told of in order: its control connection ends, then it, then the new one begins', () => {
    const { lab, c } = withTunnel({ shards: 2 });
    lab.send(c.reset(), 40);
    const { number } = lab.send(c.syn(), 50);
    const told = lab
      .finish()
      .map(eventOf)
      .filter((event) => event !== null)
      .slice(-3)
      .map(({ type, connection }) => `${type} ${connection.protocol}`);
    assert.ok(number > 0);
    assert.deepEqual(told, ['DESTROY 6', 'DESTROY 47', 'NEW 6']);
  });
});

describe('a GRE connection in a shard', () => {
  it('is ended by a disconnect of its hosts and keys', () => {
    for (const shards of [1, 2, 4, 8]) {
      const lab = createLab({ helpers: 'pptp', selfCheck: true, shards });
      const c = createControl(1, 2);
      for (const frame of [gre(2, 1, null), gre(3, 1, null), ...c.session()]) lab.send(frame, 0);
      const end = lab.send(c.disconnect(), 10);
      assert.deepEqual(
        end.ends.map(({ reason, number }) => [reason, number]),
        [['helper', end.number]],
      );
      assert.equal(lab.send(gre(3, 1, null), 20).verdict, 'NEW', 'not answered, but known');
      assert.equal(lab.send(gre(2, 1, null), 30).connection?.id !== end.ends[0].connection.id, true);
    }
  });
});

describe('keys', () => {
  const HASH = createHash4(LAB_KEY);
  const call = { source: 1, destination: 2, sourceKey: 7, destinationKey: 8, master: 5, dir: 0 };

  it('are found by addresses and destination key; the first who said them is right', () => {
    const keys = createGreKeys(HASH);
    assert.equal(keys.sourceKey4(1, 2, 8), 0);
    assert.ok(keys.add(call));
    assert.ok(keys.add({ ...call, sourceKey: 9, master: 6 }));
    assert.equal(keys.sourceKey4(1, 2, 8), 7);
    assert.equal(keys.sourceKey4(2, 1, 8), 0);
    assert.equal(keys.sourceKey4(1, 2, 7), 0);
    keys.removeOf(5);
    assert.equal(keys.sourceKey4(1, 2, 8), 9);
    keys.removeOf(5);
    keys.removeOf(6);
    assert.equal(keys.count(), 0);
    assert.equal(keys.sourceKey4(1, 2, 8), 0);
  });

  it('are one of each direction for a master', () => {
    const keys = createGreKeys(HASH);
    assert.ok(keys.add(call));
    assert.ok(keys.add({ ...call, sourceKey: 9 }), 'the same destination key is no news');
    assert.equal(keys.sourceKey4(1, 2, 8), 7);
    assert.ok(!keys.add({ ...call, destinationKey: 9 }));
    assert.ok(keys.add({ ...call, source: 2, destination: 1, dir: 1 }));
    assert.equal(keys.count(), 2);
  });

  it('are 65536 at most', () => {
    const keys = createGreKeys(HASH);
    for (let master = 1; master <= 65_536; master++) assert.ok(keys.add({ ...call, master }));
    assert.ok(!keys.add({ ...call, master: 70_000 }));
    keys.removeOf(9);
    assert.ok(keys.add({ ...call, master: 70_000 }));
  });
});

// ---- Races ----

/** What can be seen of a run. */
function seen(reports: readonly OrderedReport[]): string[] {
  return reports.map((r) => {
    const event = eventOf(r);
    const id = event === null ? '' : `${event.connection.protocol} ${event.connection.id}`;
    return `${r.number} ${Verdict[r.verdict]} ${event?.type ?? ''} ${id} ${event?.connection.master ?? ''}`;
  });
}

/** Control connections that come and go among three hosts, with few ids, and GRE of all sorts. */
function race(shards: number, seed: number): { readonly told: string[]; readonly killed: number } {
  const lab = createLab({ helpers: 'pptp', shards, descriptorSlots: 16 });
  const packets = createRandom(seed);
  const turns = createRandom(seed + shards);
  const controls = [0, 1, 2, 3, 4, 5].map((i) => createControl(1 + (i % 3), 1 + ((i + 1) % 3), 40_000 + i));
  let ms = 0;
  function dispatch(frame: Uint8Array): void {
    // Now and then long enough for GRE to expire.
    ms += packets.chance(0.02) ? 40_000 : packets.below(30);
    lab.dispatch(frame, ms);
    if (turns.chance(0.3)) lab.flush();
    for (let n = turns.below(4); n > 0; n--) lab.runShard(turns.below(shards), 1 + turns.below(8));
    if (turns.chance(0.5)) lab.collect();
  }
  for (const c of controls) for (const frame of c.session()) dispatch(frame);
  for (let i = 0; i < 700; i++) {
    const c = packets.pick(controls);
    const kind = packets.below(20);
    if (kind < 4) for (const frame of c.call(packets.below(2), packets.below(2))) dispatch(frame);
    else if (kind < 6) dispatch(c.disconnect());
    else if (kind < 7)
      for (const frame of [c.reset(), c.syn(), c.synAck(), c.ack(), ...c.start()]) dispatch(frame);
    else {
      const from = 1 + packets.below(3);
      const to = 1 + ((from + packets.below(2)) % 3);
      dispatch(gre(from, to, packets.chance(0.4) ? null : packets.below(2)));
    }
  }
  const reports = lab.finish();
  lab.check();
  return { told: seen(reports), killed: lab.counter(Counter.ENDED_KILLED) };
}

it('any number of shards, however they take turns, ends the same connections', (t) => {
  const seed = SEED;
  t.diagnostic(`FLOWSHARD_SEED=${seed}`);
  let killed = 0;
  for (let round = 0; round < 8; round++) {
    const one = race(1, seed + round);
    killed += one.killed;
    for (const shards of [2, 4, 8])
      assert.deepEqual(race(shards, seed + round).told, one.told, `${shards} shards, round ${round}`);
  }
  assert.ok(killed > 100, `the race is about something: ${killed} killed`);
});

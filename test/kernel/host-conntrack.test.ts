/** The kernel's own counters: the texts of /proc, and what they mean, seen in a namespace with packets of our own. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import {
  countersOfProc,
  type HostConntrack,
  ipPacketsOf,
  readHostConntrack,
  SCOPE_OF,
  slabOf,
} from '../../src/kernel/host-conntrack.ts';
import { openKernelTracker } from '../../src/kernel/linux/kernel-tracker.ts';
import { TCP_FLAGS, tcpPacket, udpPacket } from '../support/frames.ts';
import { kernelMissing } from './live.ts';

const skip = await kernelMissing();

it('columns are found by name, hexadecimal, and the rows of processors are added up', () => {
  const { counters, entries } = countersOfProc(
    [
      'entries  clashres found new invalid ignore delete chainlength insert insert_failed drop early_drop icmp_error  expect_new expect_create expect_delete search_restart',
      '0000001a  00000001 00000002 00000000 00000010 00000000 00000000 00000003 00000004 00000005 00000006 00000007 00000008  00000000 00000000 00000000 00000009',
      '0000001a  00000001 00000000 00000000 000000ff 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000  00000000 00000000 00000000 00000001',
      '',
    ].join('\n'),
  );
  assert.equal(entries, 26);
  assert.deepEqual(counters, {
    found: 2,
    invalid: 0x10f,
    insert: 4,
    insertFailed: 5,
    drop: 6,
    earlyDrop: 7,
    error: 8,
    searchRestart: 10,
    clashResolve: 2,
    chainTooLong: 3,
  });
  assert.equal(countersOfProc('').entries, 0);
});

it('a column that a kernel does not have counts nothing', () => {
  const { counters } = countersOfProc('entries found\n00000001 00000002\n');
  assert.equal(counters.found, 2);
  assert.equal(counters.chainTooLong, 0);
});

it('the slab: size of an object, and objects in use', () => {
  const text = [
    'slabinfo - version: 2.1',
    '# name            <active_objs> <num_objs> <objsize> <objperslab>',
    'nf_conntrack_expect   1    2    208   16    1 : tunables',
    'nf_conntrack        160    224    256   16    1 : tunables    0    0    0',
  ].join('\n');
  assert.deepEqual(slabOf(text), { bytes: 256, used: 160 });
  assert.equal(slabOf('slabinfo - version: 2.1\n'), null);
});

it('packets of the IP layer: received and sent, of both versions', () => {
  const snmp = 'Ip: Forwarding InReceives OutRequests\nIp: 2 7 40\nIcmp: InMsgs\nIcmp: 1000\n';
  const snmp6 = 'Ip6InReceives                   \t300\nIp6OutRequests \t2000\nIp6InReceivesX 9\n';
  assert.equal(ipPacketsOf(snmp, snmp6), 2347);
  assert.equal(ipPacketsOf(snmp, ''), 47);
});

it('what the counters mean: opened by packets is not inserted, looked up is not found', { skip }, () => {
  // The thread of this test leaves its namespace for good.
  const kernel = openKernelTracker({ sysctls: [], helpers: [] }, () => {});
  const read = (netlink: boolean): HostConntrack => {
    const reading = readHostConntrack({ netlink });
    assert.ok(reading.loaded);
    return reading;
  };
  const hosts = { src: '10.0.0.1', dst: '10.0.0.2' };
  const answer = { src: hosts.dst, dst: hosts.src };
  const before = read(true);
  kernel.packet(udpPacket(hosts, { sport: 1000, dport: 2000, payload: 8 }));
  kernel.packet(udpPacket(answer, { sport: 2000, dport: 1000, payload: 8 }));
  for (let i = 0; i < 5; i++) kernel.packet(udpPacket(hosts, { sport: 1000, dport: 2000, payload: 8 }));
  const bad = { sport: 5, dport: 6, seq: 1, flags: TCP_FLAGS.S | TCP_FLAGS.F };
  kernel.packet(tcpPacket(hosts, bad));
  kernel.packet(tcpPacket(hosts, bad));
  const after = read(true);
  const viaProc = read(false);
  const entries = kernel.connections().length;
  kernel.close();

  assert.equal(after.source, 'nfnetlink');
  assert.equal(viaProc.source, 'proc');
  assert.deepEqual(
    { ...viaProc, source: null, connectionsInSlab: null },
    {
      ...after,
      source: null,
      connectionsInSlab: null,
    },
  );
  assert.equal(after.counters.invalid - before.counters.invalid, 2);
  assert.equal(after.counters.insert, 0);
  assert.equal(after.counters.found, 0);
  assert.equal(before.entries, 0);
  assert.equal(after.entries, entries);
  assert.ok(entries >= 1);
  assert.ok((after.ipPackets ?? 0) - (before.ipPackets ?? 0) >= 9);
  assert.ok((after.max ?? 0) > 0 && (after.buckets ?? 0) > 0);
  assert.ok((after.connectionBytes ?? 0) >= 128);
  assert.deepEqual(
    Object.keys(SCOPE_OF).sort(),
    Object.keys(after)
      .filter((key) => key !== 'loaded' && key !== 'source')
      .sort(),
  );
});

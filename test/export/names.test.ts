import assert from 'node:assert/strict';
import { it } from 'node:test';
import { StatusBit } from '../../src/export/connection.ts';
import {
  endReasonWord,
  protocolName,
  SCTP_STATE_NAMES,
  statusNames,
  TCP_STATE_NAMES,
} from '../../src/export/names.ts';

it('protocols without a tracker are unknown', () => {
  const names = new Map(Array.from({ length: 256 }, (_, number) => [number, protocolName(number)] as const));
  const known = [...names].filter(([, name]) => name !== 'unknown');
  assert.deepEqual(known, [
    [1, 'icmp'],
    [6, 'tcp'],
    [17, 'udp'],
    [47, 'gre'],
    [58, 'icmpv6'],
    [132, 'sctp'],
    [136, 'udplite'],
  ]);
});

it('states are numbered as in the kernel', () => {
  assert.equal(TCP_STATE_NAMES[3], 'ESTABLISHED');
  assert.equal(TCP_STATE_NAMES[9], 'SYN_SENT2');
  assert.equal(TCP_STATE_NAMES.length, 10);
  assert.equal(SCTP_STATE_NAMES[4], 'ESTABLISHED');
  assert.equal(SCTP_STATE_NAMES[8], 'HEARTBEAT_SENT');
  assert.equal(SCTP_STATE_NAMES.length, 9);
});

it('every status bit has its name, and others are left out', () => {
  const bits = Object.values(StatusBit).filter((bit) => typeof bit === 'number');
  for (const bit of bits) assert.deepEqual(statusNames(bit), [StatusBit[bit]]);
  assert.deepEqual(
    statusNames(0x7fffffff),
    bits.map((bit) => StatusBit[bit]),
  );
  assert.deepEqual(statusNames(0x188), ['CONFIRMED']);
});

it('a reason is one word on a line', () => {
  assert.equal(endReasonWord('end of capture'), 'end-of-capture');
  assert.equal(endReasonWord('timeout'), 'timeout');
});

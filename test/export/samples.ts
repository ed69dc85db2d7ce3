/** Connections for the tests of src/export. Addresses are those that RFC 5737 and RFC 3849 set aside. */
import {
  type Connection,
  type ConnectionEvent,
  type Direction,
  type EventType,
  StatusBit,
} from '../../src/export/connection.ts';
import type { OutputOptions } from '../../src/export/text.ts';

export const START_NS = 1_700_000_000_000_123_456n;

export const PLAIN: OutputOptions = {
  format: 'text',
  extended: false,
  timestamp: false,
  id: false,
  halves: false,
};

export const SEEN = StatusBit.CONFIRMED | StatusBit.SEEN_REPLY;
export const ASSURED = SEEN | StatusBit.ASSURED;

const BASE = {
  family: 'ipv4',
  state: null,
  status: StatusBit.CONFIRMED,
  helper: null,
  master: null,
  expected: 0,
  halves: 'original',
  zone: 0,
  mark: 0,
  timeoutS: 29,
  startNs: START_NS,
  lastNs: START_NS,
  end: null,
} as const;

function direction(src: string, dst: string, rest: Partial<Direction>): Direction {
  return { src, dst, ...rest };
}

export const tcp: Connection = {
  ...BASE,
  id: 2178903612,
  protocol: 6,
  protocolName: 'tcp',
  original: direction('192.0.2.10', '198.51.100.5', { sport: 40000, dport: 443 }),
  reply: direction('198.51.100.5', '192.0.2.10', { sport: 443, dport: 40000 }),
  state: 'ESTABLISHED',
  status: ASSURED,
  halves: 'both',
  timeoutS: 431999,
  lastNs: START_NS + 12_000_000_000n,
};

export const udp: Connection = {
  ...BASE,
  id: 3467906340,
  protocol: 17,
  protocolName: 'udp',
  original: direction('192.0.2.10', '192.0.2.53', { sport: 5353, dport: 53 }),
  reply: direction('192.0.2.53', '192.0.2.10', { sport: 53, dport: 5353 }),
};

export const icmp: Connection = {
  ...BASE,
  id: 1,
  protocol: 1,
  protocolName: 'icmp',
  original: direction('192.0.2.10', '198.51.100.5', { type: 8, code: 0, id: 1226 }),
  reply: direction('198.51.100.5', '192.0.2.10', { type: 0, code: 0, id: 1226 }),
  status: SEEN,
  halves: 'both',
};

export const icmpv6: Connection = {
  ...BASE,
  id: 2,
  family: 'ipv6',
  protocol: 58,
  protocolName: 'icmpv6',
  original: direction('2001:db8::1', '2001:db8::2', { type: 128, code: 0, id: 7 }),
  reply: direction('2001:db8::2', '2001:db8::1', { type: 129, code: 0, id: 7 }),
  status: SEEN,
  halves: 'both',
};

export const sctp: Connection = {
  ...BASE,
  id: 3,
  protocol: 132,
  protocolName: 'sctp',
  original: direction('192.0.2.10', '198.51.100.5', { sport: 1000, dport: 2000 }),
  reply: direction('198.51.100.5', '192.0.2.10', { sport: 2000, dport: 1000 }),
  state: 'ESTABLISHED',
  status: ASSURED,
  halves: 'both',
  timeoutS: 209,
};

export const gre: Connection = {
  ...BASE,
  id: 4,
  protocol: 47,
  protocolName: 'gre',
  original: direction('192.0.2.10', '198.51.100.5', { srckey: 0, dstkey: 0xd80 }),
  reply: direction('198.51.100.5', '192.0.2.10', { srckey: 0xd80, dstkey: 0 }),
  greTimeouts: { timeoutS: 30, streamTimeoutS: 180 },
};

export const generic: Connection = {
  ...BASE,
  id: 0,
  protocol: 89,
  protocolName: 'unknown',
  original: direction('192.0.2.1', '224.0.0.5', {}),
  reply: direction('224.0.0.5', '192.0.2.1', {}),
  timeoutS: 599,
};

/** One of each kind of tuple. */
export const all: readonly Connection[] = [tcp, udp, icmp, icmpv6, sctp, gre, generic];

/** The same with accounting: packets and bytes of the original direction, then of the reply. */
export function counted(
  c: Connection,
  there: readonly [number, number],
  back: readonly [number, number],
): Connection {
  return {
    ...c,
    original: { ...c.original, packets: there[0], bytes: there[1] },
    reply: { ...c.reply, packets: back[0], bytes: back[1] },
  };
}

/** A UDP question with its answer after 20 ms, over by its timeout. */
export const endedUdp: Connection = {
  ...counted(udp, [1, 70], [1, 130]),
  status: SEEN | StatusBit.DYING,
  halves: 'both',
  timeoutS: 0,
  lastNs: START_NS + 20_000_000n,
  end: { atNs: START_NS + 30_020_000_000n, reason: 'timeout' },
};

export function event(
  type: EventType,
  connection: Connection,
  withState = connection.state !== null,
): ConnectionEvent {
  return { type, atNs: START_NS, withState, connection };
}

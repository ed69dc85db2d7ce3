/**
 * Whether a connection as data matches a filter: for a few of them, such as the answer to one question. Says the same as
 * the program of the filter, in the plainest way; tests hold the two against each other.
 */
import { addressWords } from '../common/address-words.ts';
import { HELPER_NAMES } from '../common/helpers.ts';
import { type Connection, StatusBit } from '../export/connection.ts';
import { SCTP_STATE_NAMES, TCP_STATE_NAMES } from '../export/names.ts';
import type { Filter } from './filter.ts';
import type { FilterKey } from './keys.ts';
import { type Alternative, NO_MASTER, stateNumber } from './values.ts';

const NS_PER_SEC = 1_000_000_000n;
const SCTP = 132;

/** What a test looks at: numbers or addresses, of which one must fit. */
type Subject = readonly (number | string)[];

/** Units: `nowNs` since 1970, for tests of age and idleness. */
export function matchesConnection(filter: Filter, connection: Connection, nowNs: bigint): boolean {
  return filter.tests.every(({ key, negated, alternatives }) => {
    const subject = subjectOf(key, connection, nowNs);
    return subject.some((value) => alternatives.some((a) => fits(a, value))) !== negated;
  });
}

function fits(alternative: Alternative, value: number | string): boolean {
  switch (alternative.kind) {
    case 'range':
      return typeof value === 'number' && value >= alternative.min && value <= alternative.max;
    case 'masked':
      return typeof value === 'number' && (value & alternative.mask) === alternative.value;
    case 'network': {
      const words = typeof value === 'string' ? (addressWords(value) ?? []) : [];
      const { mask, words: wanted } = alternative;
      return words.length === wanted.length && words.every((word, i) => (word & mask[i]) === wanted[i]);
    }
  }
}

const present = (...values: readonly (number | undefined)[]): number[] =>
  values.filter((value) => value !== undefined);

/** Both or none: without accounting there is no sum. */
const sum = (a: number | undefined, b: number | undefined): number[] =>
  a === undefined || b === undefined ? [] : [a + b];

const secondsSince = (atNs: bigint, nowNs: bigint): number =>
  nowNs > atNs ? Number((nowNs - atNs) / NS_PER_SEC) : 0;

function stateOf({ protocol, state }: Connection): number[] {
  if (state === null) return [];
  const names = protocol === SCTP ? SCTP_STATE_NAMES : TCP_STATE_NAMES;
  return [stateNumber(protocol, names.indexOf(state))];
}

const helperOf = (helper: string | null): number =>
  Number(Object.entries(HELPER_NAMES).find(([, name]) => name === (helper ?? ''))?.[0] ?? 0);

function subjectOf(key: FilterKey, connection: Connection, nowNs: bigint): Subject {
  const { original, reply } = connection;
  switch (key) {
    case 'family':
      return [connection.family === 'ipv6' ? 6 : 4];
    case 'protocol':
      return [connection.protocol];
    case 'src':
      return [original.src];
    case 'dst':
      return [original.dst];
    case 'host':
      return [original.src, original.dst];
    case 'reply-src':
      return [reply.src];
    case 'reply-dst':
      return [reply.dst];
    case 'sport':
      return present(original.sport);
    case 'dport':
      return present(original.dport);
    case 'port':
      return present(original.sport, original.dport);
    case 'reply-sport':
      return present(reply.sport);
    case 'reply-dport':
      return present(reply.dport);
    case 'icmp-type':
      return present(original.type);
    case 'icmp-code':
      return present(original.code);
    case 'icmp-id':
      return present(original.id);
    case 'src-key':
      return present(original.srckey);
    case 'dst-key':
      return present(original.dstkey);
    case 'state':
      return stateOf(connection);
    case 'status':
      return [connection.status];
    case 'zone':
      return [connection.zone];
    case 'mark':
      return [connection.mark];
    case 'helper':
      return [helperOf(connection.helper)];
    case 'master':
      return [(connection.status & StatusBit.EXPECTED) === 0 ? NO_MASTER : (connection.master ?? NO_MASTER)];
    case 'age':
      return [secondsSince(connection.startNs, nowNs)];
    case 'idle':
      return [secondsSince(connection.lastNs, nowNs)];
    case 'timeout':
      return [connection.timeoutS];
    case 'bytes':
      return sum(original.bytes, reply.bytes);
    case 'packets':
      return sum(original.packets, reply.packets);
    case 'orig-bytes':
      return present(original.bytes);
    case 'orig-packets':
      return present(original.packets);
    case 'reply-bytes':
      return present(reply.bytes);
    case 'reply-packets':
      return present(reply.packets);
    case 'id':
      return [connection.id];
  }
}

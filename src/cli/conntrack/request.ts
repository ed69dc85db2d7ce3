/** From the options of `flowshard conntrack` to what the control API is asked for. */
import type { ChangeForm, NewConnectionForm, NewExpectationForm } from '../../api/forms.ts';
import type { Query } from '../../client/client.ts';
import { TIMEOUT_MAX_S } from '../../conntrack/settings.ts';
import type { Tuple } from '../../export/connection.ts';
import { present } from '../control/present.ts';
import { ConntrackError } from './errors.ts';
import type { OptionId } from './options.ts';
import { demand, type Given } from './parse.ts';
import {
  type Family,
  familyOf,
  markOf,
  type Network,
  networkOf,
  type StatusWord,
  statusesOf,
  wholeNumber,
} from './values.ts';

const PORT_MAX = 0xffff;
const WORD_MAX = 0xffffffff;

/** Options that ask for what is not there. */
const REFUSED: Readonly<Partial<Record<OptionId, string>>> = {
  zero: 'counters of a running tracker are not set back; flowshard stats has totals that only grow',
  secmark: 'there are no security marks: packets on a mirror have none',
  label: 'there are no labels: rules of a firewall give them, and here are none',
  'label-add': 'there are no labels',
  'label-del': 'there are no labels',
  'orig-vtag': 'verification tags of SCTP are not shown',
  'reply-vtag': 'verification tags of SCTP are not shown',
  role: 'connections of DCCP have no states here: they are tracked by addresses alone',
};

const VTAGS: readonly OptionId[] = ['orig-vtag', 'reply-vtag'];
const NAT: readonly OptionId[] = ['src-nat', 'dst-nat', 'any-nat'];

export const hasNat = ({ values }: Given): boolean => NAT.some((id) => values.has(id));

/** Errors: ConntrackError for options that have no meaning here */
export function checkMeaning({ command, values, names, protocol }: Given): void {
  // What conntrack needs to make a connection of SCTP, and what it saves: taken, and not kept.
  const isNew = command === 'I' || command === 'A';
  for (const id of values.keys()) {
    const why = isNew && VTAGS.includes(id) ? undefined : REFUSED[id];
    if (why !== undefined) throw new ConntrackError(`${names.get(id)}: ${why}`);
  }
  if (protocol === 33 && values.has('state')) throw new ConntrackError(`--state: ${REFUSED.role}`);
}

const ADDRESSES = [
  ['src', 'src'],
  ['dst', 'dst'],
  ['reply-src', 'reply-src'],
  ['reply-dst', 'reply-dst'],
] as const;

/** Of a number option: its key in the filter language. Reply keys of GRE are the original ones, swapped. */
const NUMBERS: readonly (readonly [id: OptionId, key: string, max: number])[] = [
  ['sport', 'sport', PORT_MAX],
  ['dport', 'dport', PORT_MAX],
  ['reply-port-src', 'reply-sport', PORT_MAX],
  ['reply-port-dst', 'reply-dport', PORT_MAX],
  ['icmp-type', 'icmp-type', 0xff],
  ['icmp-code', 'icmp-code', 0xff],
  ['icmp-id', 'icmp-id', PORT_MAX],
  ['srckey', 'src-key', PORT_MAX],
  ['dstkey', 'dst-key', PORT_MAX],
  ['reply-key-src', 'dst-key', PORT_MAX],
  ['reply-key-dst', 'src-key', PORT_MAX],
  ['zone', 'zone', PORT_MAX],
  ['orig-zone', 'zone', PORT_MAX],
  ['reply-zone', 'zone', PORT_MAX],
];

function addressOf({ values, names }: Given, id: OptionId, isNetwork: boolean): Network | null {
  const text = values.get(id);
  if (text === undefined) return null;
  const mask = id === 'src' || id === 'dst' ? (values.get(`mask-${id}`) ?? null) : null;
  return networkOf(names.get(id) ?? id, text, isNetwork, isNetwork ? mask : null);
}

/** The one family of all addresses and of -f; null where nothing says which. */
function familyOfAll(given: Given, networks: readonly (Network | null)[]): Family | null {
  const asked = given.values.get('family');
  const families = new Set(networks.flatMap((network) => (network === null ? [] : [network.family])));
  if (asked !== undefined) families.add(familyOf(asked));
  if (families.size > 1) throw new ConntrackError('addresses of IPv4 and of IPv6 do not go together');
  return [...families][0] ?? null;
}

type Tests = Record<string, string[]>;

function numberTests({ values, names }: Given, add: (key: string, value: string) => void): void {
  for (const [id, key, max] of NUMBERS) {
    const text = values.get(id);
    if (text !== undefined) add(key, String(wholeNumber(names.get(id) ?? id, text, max)));
  }
}

/**
 * Which connections are meant, as keys of a query. `values.status` and `values.mark` count only where they are
 * filters and not what is to be set.
 *
 * Errors: ConntrackError
 */
export function filterOf(given: Given, areValuesTests: boolean): Query {
  const { values, protocol } = given;
  const tests: Tests = {};
  const add = (key: string, value: string): void => {
    tests[key] = [...(tests[key] ?? []), value];
  };
  const networks = ADDRESSES.map(([id, key]) => {
    const network = addressOf(given, id, id === 'src' || id === 'dst');
    if (network !== null) add(key, network.text);
    return network;
  });
  const family = familyOfAll(given, networks);
  if (values.has('family') && family !== null) add('family', family);
  if (protocol !== null) add('protocol', String(protocol));
  numberTests(given, add);
  const state = values.get('state');
  if (state !== undefined) add('state', state);
  if (areValuesTests) valueTests(given, add);
  // No connection has two families: this matches nothing.
  if (hasNat(given)) tests.family = ['ipv4', 'ipv6'];
  return tests;
}

function valueTests({ values }: Given, add: (key: string, value: string) => void): void {
  const mark = values.get('mark');
  if (mark !== undefined) {
    const { value, mask } = markOf(mark);
    add('mark', mask === null ? String(value) : `${value}/${mask}`);
  }
  const status = values.get('status');
  for (const word of status === undefined ? [] : statusesOf(status)) {
    if (word === 'UNSET') throw new ConntrackError('-u UNSET: no connection has no status', 1);
    if (word === 'OFFLOAD') {
      add('family', 'ipv4');
      add('family', 'ipv6');
    } else add('status', word);
  }
}

const SETTABLE = ['SEEN_REPLY', 'ASSURED', 'FIXED_TIMEOUT'] as const;
type Settable = (typeof SETTABLE)[number];

function statusToSet(words: readonly StatusWord[]): Settable[] {
  return words
    .filter((word) => word !== 'UNSET')
    .map((word) => {
      const found = SETTABLE.find((one) => one === word);
      if (found === undefined) throw new ConntrackError(`-u ${word}: only ${SETTABLE.join(', ')} can be set`);
      return found;
    });
}

/** Seconds, cut to what a tracker keeps, as the kernel cuts to what it keeps. */
const timeoutOf = (text: string): number => Math.min(wholeNumber('-t', text, WORD_MAX), TIMEOUT_MAX_S);

/** What -U changes; null where nothing is to be changed. */
export function changeOf({ values }: Given): ChangeForm | null {
  const mark = values.get('mark');
  const timeout = values.get('timeout');
  const status = values.get('status');
  const bits = status === undefined ? [] : statusToSet(statusesOf(status));
  const { value, mask } = mark === undefined ? { value: 0, mask: null } : markOf(mark);
  const change: ChangeForm = {
    ...(mark === undefined ? {} : { mark: { value, mask: mask ?? WORD_MAX } }),
    ...(timeout === undefined ? {} : { timeoutS: timeoutOf(timeout) }),
    // What every connection has been given by packets cannot be given anew.
    ...(bits.length === 0 ? {} : { status: bits.filter((bit) => bit !== 'SEEN_REPLY') }),
  };
  return Object.keys(change).length === 0 ? null : change;
}

const TUPLE_NUMBERS: readonly (readonly [id: OptionId, key: keyof Tuple, max: number])[] = [
  ['sport', 'sport', PORT_MAX],
  ['dport', 'dport', PORT_MAX],
  ['icmp-type', 'type', 0xff],
  ['icmp-code', 'code', 0xff],
  ['icmp-id', 'id', PORT_MAX],
  ['srckey', 'srckey', PORT_MAX],
  ['dstkey', 'dstkey', PORT_MAX],
];

const SWAPPED: Readonly<Partial<Record<OptionId, OptionId>>> = {
  src: 'reply-dst',
  dst: 'reply-src',
  sport: 'reply-port-dst',
  dport: 'reply-port-src',
  srckey: 'reply-key-dst',
  dstkey: 'reply-key-src',
};

/** The original direction, given as it is or by the reply direction. */
export function tupleOf(given: Given): Tuple & { readonly protocol: number } {
  demand(given, ['protonum']);
  const protocol = given.protocol ?? 0;
  const { values } = given;
  const valueGiven = (id: OptionId): readonly [OptionId, string] | null => {
    for (const one of [id, SWAPPED[id]]) {
      const text = one === undefined ? undefined : values.get(one);
      if (one !== undefined && text !== undefined) return [one, text];
    }
    return null;
  };
  const address = (id: 'src' | 'dst'): Network => {
    const found = valueGiven(id);
    if (found === null) throw new ConntrackError('--src and --dst: both are needed');
    return networkOf(given.names.get(found[0]) ?? found[0], found[1]);
  };
  const src = address('src');
  const dst = address('dst');
  familyOfAll(given, [src, dst]);
  const numbers = TUPLE_NUMBERS.flatMap(([id, key, max]) => {
    const found = valueGiven(id);
    return found === null ? [] : [[key, wholeNumber(found[0], found[1], max)] as const];
  });
  const tuple = { protocol, src: src.text, dst: dst.text, ...Object.fromEntries(numbers) };
  checkTransport(given, tuple);
  return tuple;
}

const hasPorts = (protocol: number): boolean => [6, 17, 33, 132, 136].includes(protocol);

function checkTransport(given: Given, tuple: Tuple & { readonly protocol: number }): void {
  const { protocol } = tuple;
  if (hasPorts(protocol) && (tuple.sport === undefined || tuple.dport === undefined))
    throw new ConntrackError('--sport and --dport: both are needed');
  if (protocol !== 1 && protocol !== 58) return;
  demand(given, ['icmp-type', 'icmp-code']);
}

/** What -I and -A make. */
export function newConnectionOf(given: Given): NewConnectionForm {
  const { values } = given;
  demand(given, ['protonum', 'timeout']);
  const { protocol, ...original } = tupleOf(given);
  if (protocol === 6 || protocol === 132) demand(given, ['state']);
  if (hasNat(given))
    throw new ConntrackError('-n, -g: a mirror sees no NAT, so that no entry can have it', 1);
  const isIcmp = protocol === 1 || protocol === 58;
  const status = values.get('status');
  const mark = values.get('mark');
  const zone = values.get('zone') ?? values.get('orig-zone') ?? values.get('reply-zone');
  const bits = status === undefined ? [] : statusToSet(statusesOf(status));
  return present({
    protocol,
    original: isIcmp ? { id: 0, ...original } : original,
    timeoutS: timeoutOf(values.get('timeout') ?? ''),
    // The kernel had that name once, and conntrack takes both.
    state: values.get('state') === 'LISTEN' ? 'SYN_SENT2' : values.get('state'),
    mark: mark === undefined ? undefined : markOf(mark).value,
    zone: zone === undefined ? undefined : wholeNumber('-w', zone, PORT_MAX),
    status: bits.length === 0 ? undefined : bits,
  }) as NewConnectionForm;
}

/** What -I expect makes. */
export function newExpectationOf(given: Given): NewExpectationForm {
  const { values } = given;
  demand(given, ['src', 'dst', 'protonum', 'timeout', 'tuple-src', 'tuple-dst', 'mask-src', 'mask-dst']);
  const { protocol, ...master } = tupleOf(given);
  const address = (id: OptionId): string => networkOf(`--${id}`, values.get(id) ?? '').text;
  const ports: readonly OptionId[] = hasPorts(protocol)
    ? ['tuple-port-src', 'tuple-port-dst', 'mask-port-src', 'mask-port-dst']
    : [];
  demand(given, ports);
  const port = (id: OptionId): number => wholeNumber(`--${id}`, values.get(id) ?? '0', PORT_MAX);
  const transport = (kind: 'tuple' | 'mask'): Partial<Tuple> =>
    ports.length === 0 ? {} : { sport: port(`${kind}-port-src`), dport: port(`${kind}-port-dst`) };
  return {
    protocol,
    tuple: { src: address('tuple-src'), dst: address('tuple-dst'), ...transport('tuple') },
    mask: { src: address('mask-src'), dst: address('mask-dst'), ...transport('mask') },
    master,
    timeoutS: timeoutOf(values.get('timeout') ?? ''),
  };
}

/** Which expectations -G and -D mean. */
export function expectationQueryOf(given: Given): Query {
  demand(given, ['src', 'dst', 'protonum']);
  const { protocol, src, dst, sport, dport } = tupleOf(given);
  return { protocol, src, dst, sport, dport };
}

/** From the JSON that makes connections and expectations to what the tracker is asked for. */
import { isIP } from 'node:net';
import { OptionError } from '../common/errors.ts';
import type { Change, NewConnection, NewExpectation, TupleQuery } from '../control/tracker-control.ts';
import { StatusBit, type Tuple } from '../export/connection.ts';
import { protocolName, SCTP_STATE_NAMES, TCP_STATE_NAMES } from '../export/names.ts';
import { ICMP_INVERSE, ICMPV6_INVERSE, NOT_INVERTIBLE } from '../packet/icmp-types.ts';
import { missing } from './errors.ts';
import type { ChangeForm, NewConnectionForm, NewExpectationForm } from './forms.ts';

const NUMBERS = new Map(
  [1, 6, 17, 47, 58, 132, 136].map((number): [string, number] => [protocolName(number), number]),
);
const TCP = 6;
const GRE = 47;
const SCTP = 132;
const PORTS: ReadonlySet<number> = new Set([TCP, 17, SCTP, 136]);
/** Types of the answer by type of the question. */
const ICMP: ReadonlyMap<number, Uint8Array> = new Map([
  [1, ICMP_INVERSE],
  [58, ICMPV6_INVERSE],
]);

/** Errors: OptionError for an unknown name */
export function protocolNumber(protocol: number | string): number {
  const number = typeof protocol === 'number' ? protocol : NUMBERS.get(protocol);
  if (number === undefined)
    throw new OptionError('protocol', String(protocol), `a number, or ${[...NUMBERS.keys()].join(', ')}`);
  return number;
}

type Family = 'ipv4' | 'ipv6';

/** Errors: OptionError for what is no address; a scope as in fe80::1%eth0 is none */
function familyOf(address: string, where: string): Family {
  const version = address.includes('%') ? 0 : isIP(address);
  if (version === 0) throw new OptionError(where, address, 'an IPv4 or IPv6 address');
  return version === 4 ? 'ipv4' : 'ipv6';
}

type TransportKey = Exclude<keyof Tuple, 'src' | 'dst'>;
const TRANSPORT_KEYS: readonly TransportKey[] = ['sport', 'dport', 'type', 'code', 'id', 'srckey', 'dstkey'];

function keysOf(protocol: number): readonly TransportKey[] {
  if (PORTS.has(protocol)) return ['sport', 'dport'];
  if (ICMP.has(protocol)) return ['type', 'code', 'id'];
  return protocol === GRE ? ['srckey', 'dstkey'] : [];
}

interface TupleParts {
  readonly tuple: Partial<Tuple>;
  readonly protocol: number;
  /** Where in the body it is, for errors; empty for the query. */
  readonly where: string;
}

const nameOf = (where: string, key: string): string => (where === '' ? key : `${where}.${key}`);

/** Errors: OptionError for a type that has no answer: no connection begins with it, neither here nor in the kernel */
function checkIcmpType({ tuple: { type }, protocol, where }: TupleParts): void {
  const inverse = ICMP.get(protocol);
  if (inverse === undefined || type === undefined || inverse[type] !== NOT_INVERTIBLE) return;
  const types = [...inverse.keys()].filter((one) => inverse[one] !== NOT_INVERTIBLE);
  throw new OptionError(
    nameOf(where, 'type'),
    String(type),
    `types of questions and answers: ${types.join(', ')}`,
  );
}

/** Errors: OptionError for a key that the protocol does not have; ApiError for one that is missing */
function checkTransport({ tuple, protocol, where }: TupleParts, isWhole: boolean): void {
  const keys = keysOf(protocol);
  const allowed = keys.length === 0 ? 'addresses only' : `${keys.join(', ')} with protocol ${protocol}`;
  for (const key of TRANSPORT_KEYS) {
    const isGiven = tuple[key] !== undefined;
    if (isGiven && !keys.includes(key))
      throw new OptionError(nameOf(where, key), String(tuple[key]), allowed);
    // GRE without keys is that of version 0.
    if (!isGiven && isWhole && keys.includes(key) && protocol !== GRE)
      throw missing(nameOf(where, key), allowed);
  }
}

function tupleQuery(
  parts: TupleParts & { readonly tuple: Tuple },
  family?: Family,
  zone?: number,
): TupleQuery {
  const { tuple, protocol, where } = parts;
  const found = familyOf(tuple.src, nameOf(where, 'src'));
  if (familyOf(tuple.dst, nameOf(where, 'dst')) !== found)
    throw new OptionError(nameOf(where, 'dst'), tuple.dst, `an ${found} address, as the source is one`);
  if (family !== undefined && family !== found)
    throw new OptionError('family', family, `${found}, as the addresses are`);
  checkTransport(parts, true);
  checkIcmpType(parts);
  return { family: found, protocol, ...tuple, ...(zone === undefined ? {} : { zone }) };
}

/** The tuple of a lookup. Errors: OptionError, ApiError */
export function lookupOf(
  form: Tuple & { readonly protocol: number | string; readonly family?: Family; readonly zone?: number },
): TupleQuery {
  const { protocol, family, zone, ...tuple } = form;
  return tupleQuery({ tuple, protocol: protocolNumber(protocol), where: '' }, family, zone);
}

/** Name by name, since enums have no keys that a type knows. */
const STATUS_BITS: Readonly<Record<string, StatusBit>> = {
  SEEN_REPLY: StatusBit.SEEN_REPLY,
  ASSURED: StatusBit.ASSURED,
  FIXED_TIMEOUT: StatusBit.FIXED_TIMEOUT,
};

const statusOf = (names: readonly string[]): number =>
  names.reduce((bits, name) => bits | STATUS_BITS[name], 0);

const WHOLE_MARK = 0xffffffff;

export function changeOf(form: ChangeForm): Change {
  const { mark, timeoutS, status } = form;
  const change = typeof mark === 'number' ? { value: mark, mask: WHOLE_MARK } : mark;
  return {
    ...(change === undefined ? {} : { mark: change }),
    ...(timeoutS === undefined ? {} : { timeoutS }),
    ...(status === undefined ? {} : { status: statusOf(status) }),
  };
}

/** Errors: OptionError for a state that the protocol does not have; ApiError where it is missing */
function checkState(protocol: number, state: string | undefined): void {
  const names = protocol === TCP ? TCP_STATE_NAMES : protocol === SCTP ? SCTP_STATE_NAMES : null;
  if (names === null) {
    if (state !== undefined) throw new OptionError('state', state, 'nothing: this protocol has no states');
  } else if (state === undefined) {
    throw missing('state', names.join(', '));
  } else if (!names.includes(state)) {
    throw new OptionError('state', state, names.join(', '));
  }
}

/** Errors: OptionError, ApiError */
export function newConnectionOf(form: NewConnectionForm): NewConnection {
  const protocol = protocolNumber(form.protocol);
  const { state, mark, status } = form;
  const tuple = tupleQuery({ tuple: form.original, protocol, where: 'original' }, form.family, form.zone);
  checkState(protocol, state);
  return {
    ...tuple,
    timeoutS: form.timeoutS,
    ...(state === undefined ? {} : { state }),
    ...(mark === undefined ? {} : { mark }),
    ...(status === undefined ? {} : { status: statusOf(status) }),
  };
}

const ALL_BITS = { ipv4: '255.255.255.255', ipv6: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff' } as const;
const FULL: Readonly<Record<TransportKey, number>> = {
  sport: 0xffff,
  dport: 0xffff,
  type: 0xff,
  code: 0xff,
  id: 0xffff,
  srckey: 0xffff,
  dstkey: 0xffff,
};

/** A mask with all bits where nothing is said. */
function maskOf(form: NewExpectationForm, tuple: TupleQuery): TupleQuery {
  const mask: Partial<Tuple> = form.mask ?? {};
  checkTransport({ tuple: mask, protocol: tuple.protocol, where: 'mask' }, false);
  const full = Object.fromEntries(keysOf(tuple.protocol).map((key) => [key, FULL[key]]));
  const addresses = { src: mask.src ?? ALL_BITS[tuple.family], dst: mask.dst ?? ALL_BITS[tuple.family] };
  for (const [key, address] of Object.entries(addresses))
    if (familyOf(address, `mask.${key}`) !== tuple.family)
      throw new OptionError(`mask.${key}`, address, `an ${tuple.family} mask`);
  return { ...full, ...mask, ...addresses, family: tuple.family, protocol: tuple.protocol };
}

/** Errors: OptionError, ApiError */
export function newExpectationOf(form: NewExpectationForm): NewExpectation {
  const protocol = protocolNumber(form.protocol);
  const { helper, permanent, zone } = form;
  const tuple = tupleQuery({ tuple: form.tuple, protocol, where: 'tuple' }, form.family, zone);
  const { protocol: masterProtocol = protocol, ...masterTuple } = form.master;
  const parts = { tuple: masterTuple, protocol: protocolNumber(masterProtocol), where: 'master' };
  return {
    tuple,
    mask: maskOf(form, tuple),
    master: tupleQuery(parts, undefined, zone),
    timeoutS: form.timeoutS,
    ...(helper === undefined ? {} : { helper }),
    ...(permanent === undefined ? {} : { permanent }),
  };
}

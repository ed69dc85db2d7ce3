/**
 * The keys of the filter language, declared once: the parser, the help of the commands, the schemas of the API and
 * docs/filters.md are made from this table.
 */

import { HELPER_NAMES } from '../common/helpers.ts';

/** How the value of a key is read; see values.ts. */
export type FilterValueKind =
  | 'family'
  | 'protocol'
  | 'network'
  | 'number'
  | 'count'
  | 'duration'
  | 'state'
  | 'status'
  | 'mark'
  | 'helper'
  | 'master';

export interface FilterKeyInfo {
  readonly name: FilterKey;
  /** Other names, for those who know conntrack(8) or tcpdump. */
  readonly aliases: readonly string[];
  /** Letter of the option of conntrack(8) that means the same; absent where there is none. */
  readonly flag?: string;
  readonly kind: FilterValueKind;
  /** Greatest number, of the kind `number`. */
  readonly max?: number;
  /** Word for the value in a list of options: ADDRESS. */
  readonly metavar: string;
  /** What is allowed, as an error says it. */
  readonly takes: string;
  readonly example: string;
  /** What it tests, as a phrase without a full stop. */
  readonly meaning: string;
}

export type FilterKey =
  | 'family'
  | 'protocol'
  | 'src'
  | 'dst'
  | 'host'
  | 'reply-src'
  | 'reply-dst'
  | 'sport'
  | 'dport'
  | 'port'
  | 'reply-sport'
  | 'reply-dport'
  | 'icmp-type'
  | 'icmp-code'
  | 'icmp-id'
  | 'src-key'
  | 'dst-key'
  | 'state'
  | 'status'
  | 'zone'
  | 'mark'
  | 'helper'
  | 'master'
  | 'age'
  | 'idle'
  | 'timeout'
  | 'bytes'
  | 'packets'
  | 'orig-bytes'
  | 'orig-packets'
  | 'reply-bytes'
  | 'reply-packets'
  | 'id';

const ADDRESS = 'addresses and networks: 192.0.2.1, 10.0.0.0/8, 2001:db8::/32';
const SECONDS = 'times as 30, 90s, 5m, 1h30m, 2d; ranges as 1m-5m; >, >=, <, <=';
const AMOUNT = 'numbers as 1500, 20k, 1M, 2G (thousands); ranges as 1k-5k, 1M-; >, >=, <, <=';
const numbers = (max: number): string => `numbers from 0 to ${max}; ranges as 5-9; >, >=, <, <=`;

const network = (
  name: FilterKey,
  aliases: readonly string[],
  flag: string | null,
  example: string,
  meaning: string,
): FilterKeyInfo => ({
  name,
  aliases,
  ...(flag === null ? {} : { flag }),
  kind: 'network',
  metavar: 'ADDRESS',
  takes: ADDRESS,
  example,
  meaning,
});

const number = (
  name: FilterKey,
  aliases: readonly string[],
  max: number,
  metavar: string,
  example: string,
  meaning: string,
): FilterKeyInfo => ({
  name,
  aliases,
  kind: 'number',
  max,
  metavar,
  takes: numbers(max),
  example,
  meaning,
});

const duration = (name: FilterKey, example: string, meaning: string): FilterKeyInfo => ({
  name,
  aliases: [],
  kind: 'duration',
  metavar: 'TIME',
  takes: SECONDS,
  example,
  meaning,
});

const count = (name: FilterKey, example: string, meaning: string): FilterKeyInfo => ({
  name,
  aliases: [],
  kind: 'count',
  metavar: 'COUNT',
  takes: AMOUNT,
  example,
  meaning,
});

/** As entries have them, without the empty name of none. */
const HELPERS = Object.values(HELPER_NAMES).filter((name) => name !== '');
const BYTE_MAX = 0xff;
const HALF_MAX = 0xffff;
const WORD_MAX = 0xffffffff;

export const FILTER_KEYS: readonly FilterKeyInfo[] = [
  {
    name: 'family',
    aliases: [],
    flag: 'f',
    kind: 'family',
    metavar: 'FAMILY',
    takes: 'ipv4, ipv6',
    example: 'ipv6',
    meaning: 'version of IP',
  },
  {
    name: 'protocol',
    aliases: ['proto', 'protonum'],
    flag: 'p',
    kind: 'protocol',
    metavar: 'PROTOCOL',
    takes:
      'names (tcp, udp, udplite, icmp, icmpv6, sctp, gre, dccp, esp, ah, igmp, ospf) and numbers from 0 to 255',
    example: 'tcp,udp',
    meaning: 'protocol above IP; names in any case',
  },
  network('src', ['source', 'orig-src'], 's', '10.0.0.0/8', 'source of the original direction'),
  network('dst', ['destination', 'orig-dst'], 'd', '192.0.2.80', 'destination of the original direction'),
  network('host', ['address'], null, '2001:db8::1', 'either endpoint'),
  network('reply-src', [], 'r', '192.0.2.80', 'source of the reply direction'),
  network('reply-dst', [], 'q', '10.0.0.0/8', 'destination of the reply direction'),
  number('sport', ['orig-port-src'], HALF_MAX, 'PORT', '1024-', 'source port of the original direction'),
  number(
    'dport',
    ['orig-port-dst'],
    HALF_MAX,
    'PORT',
    '80,443',
    'destination port of the original direction',
  ),
  number('port', [], HALF_MAX, 'PORT', '53,8000-8100', 'either port'),
  number('reply-sport', ['reply-port-src'], HALF_MAX, 'PORT', '443', 'source port of the reply direction'),
  number(
    'reply-dport',
    ['reply-port-dst'],
    HALF_MAX,
    'PORT',
    '1024-',
    'destination port of the reply direction',
  ),
  number(
    'icmp-type',
    ['icmpv6-type'],
    BYTE_MAX,
    'TYPE',
    '8',
    'ICMP or ICMPv6 type of the original direction',
  ),
  number(
    'icmp-code',
    ['icmpv6-code'],
    BYTE_MAX,
    'CODE',
    '0',
    'ICMP or ICMPv6 code of the original direction',
  ),
  number('icmp-id', ['icmpv6-id'], HALF_MAX, 'ICMP_ID', '7', 'ICMP or ICMPv6 identifier'),
  number('src-key', ['srckey'], HALF_MAX, 'KEY', '0', 'GRE key of the source, original direction'),
  number('dst-key', ['dstkey'], HALF_MAX, 'KEY', '1701', 'GRE key of the destination, original direction'),
  {
    name: 'state',
    aliases: [],
    kind: 'state',
    metavar: 'STATE',
    takes:
      'states of TCP and SCTP as conntrack prints them: ESTABLISHED, SYN_SENT, SYN_RECV, FIN_WAIT, CLOSE_WAIT, LAST_ACK, TIME_WAIT, CLOSE, SYN_SENT2 (LISTEN), CLOSED, COOKIE_WAIT, COOKIE_ECHOED, SHUTDOWN_SENT, SHUTDOWN_RECD, SHUTDOWN_ACK_SENT, HEARTBEAT_SENT, NONE',
    example: 'ESTABLISHED',
    meaning: 'state of a connection of TCP or SCTP; capital letters',
  },
  {
    name: 'status',
    aliases: [],
    flag: 'u',
    kind: 'status',
    metavar: 'STATUS',
    takes:
      'SEEN_REPLY, UNREPLIED, ASSURED, UNASSURED, EXPECTED, UNEXPECTED, CONFIRMED, UNCONFIRMED, FIXED_TIMEOUT, DYING',
    example: 'UNREPLIED',
    meaning: 'status bits; UNREPLIED is without SEEN_REPLY, and so on; names in any case',
  },
  { ...number('zone', [], HALF_MAX, 'ZONE', '0', 'conntrack zone'), flag: 'w' },
  {
    name: 'mark',
    aliases: [],
    flag: 'm',
    kind: 'mark',
    metavar: 'MARK',
    takes: 'VALUE or VALUE/MASK, decimal or hexadecimal, 32 bits: 5, 0x10/0xf0',
    example: '0x1/0xff',
    meaning: 'connection mark; with a mask only the bits in it',
  },
  {
    name: 'helper',
    aliases: [],
    kind: 'helper',
    metavar: 'HELPER',
    takes: `${HELPERS.join(', ')}, none, any`,
    example: 'ftp',
    meaning: 'helper that reads its packets',
  },
  {
    name: 'master',
    aliases: [],
    kind: 'master',
    metavar: 'MASTER',
    takes: 'ids of connections from 0 to 4294967295, none, any',
    example: 'any',
    meaning: 'connection that foretold this one',
  },
  duration('age', '>1h', 'whole seconds since the first packet'),
  duration('idle', '>30s', 'whole seconds since the last packet'),
  duration('timeout', '<10s', 'whole seconds until it expires'),
  count('bytes', '>1M', 'bytes of both directions; needs accounting'),
  count('packets', '1', 'packets of both directions; needs accounting'),
  count('orig-bytes', '>10k', 'bytes of the original direction'),
  count('orig-packets', '>=3', 'packets of the original direction'),
  count('reply-bytes', '0', 'bytes of the reply direction'),
  count('reply-packets', '<3', 'packets of the reply direction'),
  number('id', [], WORD_MAX, 'ID', '1234567890', 'id of the connection'),
];

const byName: ReadonlyMap<string, FilterKeyInfo> = new Map(
  FILTER_KEYS.flatMap((key) => [key.name, ...key.aliases].map((name) => [name, key] as const)),
);

/** The key of a name or an alias; null when there is none. */
export const filterKey = (name: string): FilterKeyInfo | null => byName.get(name) ?? null;

/** All names and aliases. */
export const filterKeyNames = (): readonly string[] => [...byName.keys()];

export interface FilterParameterSchema {
  readonly type: 'array';
  readonly items: { readonly type: 'string' };
  readonly description: string;
}

/**
 * Properties of a JSON schema for the parameters of a query, the pseudo key `filter` included. Each is an array since a
 * key may come more than once; a server that makes arrays of single values takes both.
 */
export function filterSchemaProperties(): Readonly<Record<string, FilterParameterSchema>> {
  const schema = (description: string): FilterParameterSchema => ({
    type: 'array',
    items: { type: 'string' },
    description,
  });
  const entries = FILTER_KEYS.flatMap((key) =>
    [key.name, ...key.aliases].map((name) => [
      name,
      schema(
        name === key.name
          ? `${key.meaning}; takes ${key.takes}; for example ${key.example}`
          : `the same as ${key.name}`,
      ),
    ]),
  );
  return Object.fromEntries([
    ...entries,
    ['filter', schema('tests as one text, for example: proto tcp dport 80,443 not assured')],
  ]);
}

/**
 * The command line of `flowshard conntrack`, as data: the commands, the options and their names, which belong together.
 * What conntrack(8) of conntrack-tools 1.4.7 takes was found out by running it. Help, completion and the manual page
 * are made from this table.
 */

export type CommandLetter = 'L' | 'G' | 'D' | 'I' | 'A' | 'U' | 'E' | 'F' | 'C' | 'S' | 'R' | 'V' | 'h';

export type Table = 'conntrack' | 'expect' | 'dying' | 'unconfirmed';
export const TABLES: readonly Table[] = ['conntrack', 'expect', 'dying', 'unconfirmed'];

export interface CommandSpec {
  readonly letter: CommandLetter;
  readonly name: string;
  /** What a word behind it is: the name of a table, or of a file. */
  readonly operand: 'table' | 'file' | null;
  readonly meaning: string;
}

export const COMMAND_SPECS: readonly CommandSpec[] = [
  { letter: 'L', name: 'dump', operand: 'table', meaning: 'list what is in the table' },
  { letter: 'G', name: 'get', operand: 'table', meaning: 'show one entry' },
  { letter: 'D', name: 'delete', operand: 'table', meaning: 'delete the entries that match, and show them' },
  { letter: 'I', name: 'create', operand: 'table', meaning: 'make an entry' },
  { letter: 'A', name: 'add', operand: 'table', meaning: 'make an entry where there is none' },
  { letter: 'U', name: 'update', operand: 'table', meaning: 'change the entries that match, and show them' },
  { letter: 'E', name: 'event', operand: 'table', meaning: 'show what happens, until Ctrl-C' },
  { letter: 'F', name: 'flush', operand: 'table', meaning: 'empty the table' },
  { letter: 'C', name: 'count', operand: 'table', meaning: 'how many entries there are' },
  { letter: 'S', name: 'stats', operand: 'table', meaning: 'counters, a line for each shard' },
  {
    letter: 'R',
    name: 'load-file',
    operand: 'file',
    meaning: 'run the lines of a file, as -o save prints them',
  },
  { letter: 'V', name: 'version', operand: null, meaning: 'the version' },
  { letter: 'h', name: 'help', operand: null, meaning: 'this help' },
];

/** Protocols that have options of their own. */
export type ProtocolGroup = 'ports' | 'tcp' | 'sctp' | 'dccp' | 'icmp' | 'icmpv6' | 'gre';

export interface OptionSpec {
  /** The first of its long names. */
  readonly id: OptionId;
  readonly letter?: string;
  readonly aliases?: readonly string[];
  /** What it takes; absent where it takes nothing. */
  readonly metavar?: string;
  /** The value may be left out. */
  readonly isOptional?: true;
  readonly meaning: string;
  /** Known only behind a -p of such a protocol. */
  readonly group?: ProtocolGroup;
}

export type OptionId = (typeof SPECS)[number]['id'];

const SPECS = [
  {
    id: 'src',
    letter: 's',
    aliases: ['orig-src'],
    metavar: 'ADDRESS[/LENGTH]',
    meaning: 'source, original direction',
  },
  {
    id: 'dst',
    letter: 'd',
    aliases: ['orig-dst'],
    metavar: 'ADDRESS[/LENGTH]',
    meaning: 'destination, original direction',
  },
  { id: 'reply-src', letter: 'r', metavar: 'ADDRESS', meaning: 'source, reply direction' },
  { id: 'reply-dst', letter: 'q', metavar: 'ADDRESS', meaning: 'destination, reply direction' },
  {
    id: 'protonum',
    letter: 'p',
    aliases: ['proto'],
    metavar: 'PROTOCOL',
    meaning: 'tcp, udp, udplite, icmp, icmpv6, sctp, dccp, gre, or a number',
  },
  { id: 'family', letter: 'f', metavar: 'FAMILY', meaning: 'ipv4 or ipv6; by default both' },
  { id: 'timeout', letter: 't', metavar: 'SECONDS', meaning: 'with -I and -U: time until it expires' },
  {
    id: 'status',
    letter: 'u',
    metavar: 'STATUS[,...]',
    meaning:
      'ASSURED, SEEN_REPLY, FIXED_TIMEOUT, EXPECTED, UNREPLIED: what it has; with -I and -U: what to set',
  },
  {
    id: 'mark',
    letter: 'm',
    metavar: 'MARK[/MASK]',
    meaning: 'mark; with -I and -U: the one to set',
  },
  { id: 'zone', letter: 'w', metavar: 'ZONE', meaning: 'zone' },
  { id: 'orig-zone', metavar: 'ZONE', meaning: 'the same: here a zone is one of both directions' },
  { id: 'reply-zone', metavar: 'ZONE', meaning: 'the same' },
  { id: 'mask-src', metavar: 'MASK', meaning: 'mask of -s' },
  { id: 'mask-dst', metavar: 'MASK', meaning: 'mask of -d' },
  {
    id: 'output',
    letter: 'o',
    metavar: 'FORM[,...]',
    meaning: 'extended, xml, save, timestamp, id; ktimestamp, labels and userspace change nothing',
  },
  {
    id: 'event-mask',
    letter: 'e',
    metavar: 'TYPE[,...]',
    meaning: 'with -E: NEW, UPDATES, DESTROY, ALL',
  },
  { id: 'buffer-size', letter: 'b', metavar: 'BYTES', meaning: 'with -E: changes nothing' },
  { id: 'zero', letter: 'z', meaning: 'refused: counters are not set back' },
  {
    id: 'src-nat',
    letter: 'n',
    metavar: 'ADDRESS',
    isOptional: true,
    meaning: 'matches nothing: a mirror sees no NAT',
  },
  {
    id: 'dst-nat',
    letter: 'g',
    metavar: 'ADDRESS',
    isOptional: true,
    meaning: 'matches nothing',
  },
  {
    id: 'any-nat',
    letter: 'j',
    metavar: 'ADDRESS',
    isOptional: true,
    meaning: 'matches nothing',
  },
  { id: 'secmark', letter: 'c', metavar: 'SECMARK', meaning: 'refused: there are none' },
  { id: 'label', letter: 'l', metavar: 'LABEL[,...]', meaning: 'refused: there are none' },
  { id: 'label-add', metavar: 'LABEL[,...]', meaning: 'refused' },
  { id: 'label-del', metavar: 'LABEL[,...]', isOptional: true, meaning: 'refused' },
  { id: 'tuple-src', metavar: 'ADDRESS', meaning: 'with -I expect: source that is expected' },
  { id: 'tuple-dst', metavar: 'ADDRESS', meaning: 'with -I expect: destination that is expected' },
  {
    id: 'sport',
    aliases: ['orig-port-src'],
    metavar: 'PORT',
    meaning: 'source port, original direction',
    group: 'ports',
  },
  {
    id: 'dport',
    aliases: ['orig-port-dst'],
    metavar: 'PORT',
    meaning: 'destination port, original direction',
    group: 'ports',
  },
  { id: 'reply-port-src', metavar: 'PORT', meaning: 'source port, reply direction', group: 'ports' },
  { id: 'reply-port-dst', metavar: 'PORT', meaning: 'destination port, reply direction', group: 'ports' },
  { id: 'tuple-port-src', metavar: 'PORT', meaning: 'with -I expect', group: 'ports' },
  { id: 'tuple-port-dst', metavar: 'PORT', meaning: 'with -I expect', group: 'ports' },
  { id: 'mask-port-src', metavar: 'MASK', meaning: 'with -I expect', group: 'ports' },
  { id: 'mask-port-dst', metavar: 'MASK', meaning: 'with -I expect', group: 'ports' },
  { id: 'state', metavar: 'STATE', meaning: 'state of TCP or SCTP, in capitals', group: 'tcp' },
  { id: 'orig-vtag', metavar: 'TAG', meaning: 'of SCTP; with -I and -A taken and not kept', group: 'sctp' },
  { id: 'reply-vtag', metavar: 'TAG', meaning: 'the same', group: 'sctp' },
  { id: 'role', metavar: 'ROLE', meaning: 'of DCCP; refused: its states are not tracked', group: 'dccp' },
  {
    id: 'icmp-type',
    aliases: ['icmpv6-type'],
    metavar: 'TYPE',
    meaning: 'ICMP type, a number',
    group: 'icmp',
  },
  {
    id: 'icmp-code',
    aliases: ['icmpv6-code'],
    metavar: 'CODE',
    meaning: 'ICMP code, a number',
    group: 'icmp',
  },
  { id: 'icmp-id', aliases: ['icmpv6-id'], metavar: 'ID', meaning: 'ICMP identifier', group: 'icmp' },
  {
    id: 'srckey',
    aliases: ['orig-key-src'],
    metavar: 'KEY',
    meaning: 'GRE key of the source, original direction',
    group: 'gre',
  },
  {
    id: 'dstkey',
    aliases: ['orig-key-dst'],
    metavar: 'KEY',
    meaning: 'GRE key of the destination',
    group: 'gre',
  },
  { id: 'reply-key-src', metavar: 'KEY', meaning: 'the same, reply direction', group: 'gre' },
  { id: 'reply-key-dst', metavar: 'KEY', meaning: 'the same, reply direction', group: 'gre' },
] as const;

export const OPTION_SPECS: readonly OptionSpec[] = SPECS;

/** Options of our own: which tracker. */
export const OWN_OPTIONS = [
  { id: 'socket', metavar: 'PATH', meaning: 'socket of the tracker' },
  { id: 'url', metavar: 'URL', meaning: 'a tracker that listens on TCP' },
  { id: 'token-file', metavar: 'FILE', meaning: 'with --url: the file that has the token' },
  { id: 'max-time', metavar: 'SECONDS', meaning: 'give up when nothing has come for so long' },
] as const;
export type OwnId = (typeof OWN_OPTIONS)[number]['id'];

/** Protocols by number, and which groups of options a `-p` of them makes known. */
const GROUPS: ReadonlyMap<number, readonly ProtocolGroup[]> = new Map([
  [1, ['icmp']],
  [6, ['ports', 'tcp']],
  [17, ['ports']],
  [33, ['ports', 'tcp', 'dccp']],
  [47, ['gre']],
  [58, ['icmp']],
  [132, ['ports', 'tcp', 'sctp']],
  [136, ['ports']],
]);

export const groupsOf = (protocol: number): readonly ProtocolGroup[] => GROUPS.get(protocol) ?? [];

const FILTER: readonly OptionId[] = [
  'src',
  'dst',
  'reply-src',
  'reply-dst',
  'protonum',
  'family',
  'mask-src',
  'mask-dst',
  'src-nat',
  'dst-nat',
  'mark',
  'label',
  'sport',
  'dport',
  'reply-port-src',
  'reply-port-dst',
  'state',
  'orig-vtag',
  'reply-vtag',
  'role',
  'icmp-type',
  'icmp-code',
  'icmp-id',
  'srckey',
  'dstkey',
  'reply-key-src',
  'reply-key-dst',
];
const ZONES: readonly OptionId[] = ['zone', 'orig-zone', 'reply-zone'];
const TUPLE: readonly OptionId[] = FILTER.filter(
  (id) => !['family', 'mask-src', 'mask-dst', 'src-nat', 'dst-nat', 'mark', 'label'].includes(id),
);
const NEW: readonly OptionId[] = [
  ...TUPLE,
  ...ZONES,
  'timeout',
  'status',
  'mark',
  'src-nat',
  'dst-nat',
  'label-add',
];
const LISTED: readonly OptionId[] = [...FILTER, ...ZONES, 'status', 'zero', 'output', 'any-nat', 'secmark'];
const EXPECTED: readonly OptionId[] = ['src', 'dst', 'protonum', 'sport', 'dport'];

/** Which options a command takes with a table. */
const ALLOWED: Readonly<Record<string, readonly OptionId[]>> = {
  'L conntrack': LISTED,
  'L dying': LISTED,
  'L unconfirmed': LISTED,
  'G conntrack': [...TUPLE, 'output'],
  'D conntrack': [...FILTER, ...ZONES, 'timeout', 'status', 'output'],
  'I conntrack': NEW,
  'A conntrack': NEW,
  'U conntrack': [...FILTER, 'timeout', 'status', 'output', 'label-add', 'label-del'],
  'E conntrack': [...FILTER, ...ZONES, 'event-mask', 'output', 'any-nat', 'secmark', 'buffer-size'],
  'F conntrack': ['family'],
  'C conntrack': [],
  'S conntrack': [],
  'L expect': ['family', 'output'],
  'G expect': [...EXPECTED, 'output'],
  'D expect': EXPECTED,
  'I expect': [
    ...EXPECTED,
    'timeout',
    'tuple-src',
    'tuple-dst',
    'mask-src',
    'mask-dst',
    'tuple-port-src',
    'tuple-port-dst',
    'mask-port-src',
    'mask-port-dst',
  ],
  'E expect': ['output'],
  'F expect': [],
  'C expect': [],
  'S expect': [],
  'R conntrack': [],
};

/** Null where there is no such command for the table. */
export const allowedOptions = (command: CommandLetter, table: Table): readonly OptionId[] | null =>
  ALLOWED[`${command} ${table}`] ?? null;

/**
 * What the nf_conntrack of this host counts, for the comparison beside a running tracker: through nfnetlink
 * where we may ask it, else from /proc, which anybody may read.
 *
 * "This host" is the network namespace of the calling thread; the table's buckets and its slab are one for
 * all namespaces (SCOPE_OF says which is which).
 *
 * Source: observed on Linux 6.18 (test/kernel/host-conntrack.test.ts); /proc/net/stat/nf_conntrack
 */
import { readFileSync } from 'node:fs';
import { loadLibc } from './linux/libc.ts';
import { type Attributes, attributesOf, createMessageWriter, Flag, numberOf } from './linux/netlink.ts';
import { NetlinkFamily, type NetlinkSocket, openNetlink } from './linux/netlink-socket.ts';
import { FAMILY_HEADER_BYTES, Family, familyHeader, Subsystem, typeOf } from './linux/nfnetlink.ts';

/** Of one namespace since it began, all processors together. The kernel counts in 32 bits on each of them. */
export interface HostCounters {
  /** Tuples that NAT wanted and found taken. Not packets whose connection was found: nobody counts these. */
  readonly found: number;
  /** Packets that conntrack could not make sense of. */
  readonly invalid: number;
  /** Connections made by hand, through ctnetlink. Not those that packets opened: nobody counts these. */
  readonly insert: number;
  /** Connections that were there already when theirs was to be confirmed; the packet is dropped. */
  readonly insertFailed: number;
  /** Packets dropped: the table was full, or two processors met and neither could give way. */
  readonly drop: number;
  /** Connections ended to make room. */
  readonly earlyDrop: number;
  /** ICMP errors whose quote made no sense. */
  readonly error: number;
  /** Lookups begun anew, since the table changed underneath. */
  readonly searchRestart: number;
  /** Two processors met with one connection, and one gave way. */
  readonly clashResolve: number;
  /** Connections refused, since their chain of the hash table was too long. */
  readonly chainTooLong: number;
}

export interface HostConntrack {
  readonly loaded: true;
  readonly source: 'nfnetlink' | 'proc';
  readonly counters: HostCounters;
  readonly entries: number;
  /** null: not readable. */
  readonly max: number | null;
  readonly buckets: number | null;
  /**
   * Packets that the IP layer of the namespace received and sent. Conntrack counts none; it sees at most these,
   * and only while rules need it.
   */
  readonly ipPackets: number | null;
  /**
   * Of one connection in the kernel's slab, without extensions (counters, helpers, labels: memory of their own that
   * is not told apart from other memory). null where /proc/slabinfo is for root only.
   */
  readonly connectionBytes: number | null;
  /** Connections in the slab, those of all namespaces. */
  readonly connectionsInSlab: number | null;
}

export interface HostConntrackMissing {
  readonly loaded: false;
  readonly why: string;
}

/** What a value is of. */
export const SCOPE_OF: Readonly<
  Record<keyof Omit<HostConntrack, 'loaded' | 'source'>, 'namespace' | 'host'>
> = {
  counters: 'namespace',
  entries: 'namespace',
  max: 'host',
  buckets: 'host',
  ipPackets: 'namespace',
  connectionBytes: 'host',
  connectionsInSlab: 'host',
};

/** Name here, number in nfnetlink, column of /proc/net/stat/nf_conntrack. */
const COUNTERS: readonly (readonly [keyof HostCounters, number, string])[] = [
  ['found', 2, 'found'],
  ['invalid', 4, 'invalid'],
  ['insert', 8, 'insert'],
  ['insertFailed', 9, 'insert_failed'],
  ['drop', 10, 'drop'],
  ['earlyDrop', 11, 'early_drop'],
  ['error', 12, 'icmp_error'],
  ['searchRestart', 13, 'search_restart'],
  ['clashResolve', 14, 'clashres'],
  ['chainTooLong', 15, 'chainlength'],
];

const STATISTICS_OF_CPUS = typeOf(Subsystem.CONNTRACK, 4);
const STATISTICS = typeOf(Subsystem.CONNTRACK, 5);

enum Statistic {
  ENTRIES = 1,
  MAX_ENTRIES = 2,
}

const NET = '/proc/thread-self/net';
const SYSCTLS = '/proc/sys/net/netfilter';

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

function sysctl(name: string): number | null {
  const text = textOf(`${SYSCTLS}/nf_conntrack_${name}`);
  return text === null ? null : Number(text);
}

function countersOf(value: (attribute: number, column: string) => number): HostCounters {
  const entries = COUNTERS.map(([name, attribute, column]) => [name, value(attribute, column)] as const);
  return Object.fromEntries(entries) as unknown as HostCounters;
}

/** Sums the rows of the processors. Units: the columns are hexadecimal, under a line of names */
export function countersOfProc(text: string): { readonly counters: HostCounters; readonly entries: number } {
  const [header = [], ...rows] = text
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
  const column = (name: string, row: readonly string[]): number =>
    Number.parseInt(row[header.indexOf(name)] ?? '0', 16);
  const counters = countersOf((_, name) => rows.reduce((sum, row) => sum + column(name, row), 0));
  // Each row has that of the namespace.
  return { counters, entries: rows.length === 0 ? 0 : column('entries', rows[0]) };
}

/** Size of an object, and objects in use. */
export function slabOf(text: string): { readonly bytes: number; readonly used: number } | null {
  const found = /^nf_conntrack\s+(\d+)\s+\d+\s+(\d+)\s/m.exec(text);
  return found === null ? null : { used: Number(found[1]), bytes: Number(found[2]) };
}

/** InReceives and OutRequests of both IP versions, from the texts of snmp and snmp6. */
export function ipPacketsOf(snmp: string, snmp6: string): number {
  const [names = [], values = []] = snmp
    .split('\n')
    .filter((line) => line.startsWith('Ip: '))
    .map((line) => line.split(' '));
  const v4 = (name: string): number => Number(values[names.indexOf(name)] ?? 0);
  const v6 = (name: string): number => Number(new RegExp(`^${name}\\s+(\\d+)`, 'm').exec(snmp6)?.[1] ?? 0);
  return v4('InReceives') + v4('OutRequests') + v6('Ip6InReceives') + v6('Ip6OutRequests');
}

/** Asks through nfnetlink. Errors: KernelError without CAP_NET_ADMIN */
function askNetlink(socket: NetlinkSocket): Pick<HostConntrack, 'counters' | 'entries' | 'max'> {
  const writer = createMessageWriter();
  const ask = (what: string, type: number, flags: number): Attributes[] => {
    writer.begin(type, Flag.REQUEST | flags, 1, familyHeader(Family.UNSPEC));
    writer.end();
    const answers = flags === Flag.DUMP ? socket.dump(what, writer.take()) : socket.get(what, writer.take());
    return answers.map(({ payload }) => attributesOf(payload, FAMILY_HEADER_BYTES));
  };
  const cpus = ask('counters of conntrack', STATISTICS_OF_CPUS, Flag.DUMP);
  const [all] = ask('size of conntrack', STATISTICS, Flag.ACK);
  const sum = (attribute: number): number =>
    cpus.reduce((total, cpu) => total + (numberOf(cpu, attribute) ?? 0), 0);
  return {
    counters: countersOf(sum),
    entries: numberOf(all, Statistic.ENTRIES) ?? 0,
    max: numberOf(all, Statistic.MAX_ENTRIES) ?? null,
  };
}

function throughNetlink(): Pick<HostConntrack, 'counters' | 'entries' | 'max'> | null {
  try {
    const socket = openNetlink(loadLibc(), NetlinkFamily.NETFILTER);
    try {
      return askNetlink(socket);
    } finally {
      socket.close();
    }
  } catch {
    // No right to ask, or no koffi for this machine: /proc has the same numbers.
    return null;
  }
}

/**
 * Reads what the kernel counts now. It never makes the kernel load a module.
 *
 * Thread:  any; it tells of that thread's namespace
 * Cost:    about a millisecond, synchronous; koffi is loaded at the first call
 * Errors:  none: what cannot be read is null, or `loaded` is false and says why
 */
export function readHostConntrack(
  options: { readonly netlink?: boolean } = {},
): HostConntrack | HostConntrackMissing {
  if (process.platform !== 'linux') return { loaded: false, why: `this is ${process.platform}, not Linux` };
  const stat = textOf(`${NET}/stat/nf_conntrack`);
  const count = sysctl('count');
  if (stat === null && count === null) return { loaded: false, why: 'nf_conntrack is not loaded' };
  const told = options.netlink === false ? null : throughNetlink();
  const read = countersOfProc(stat ?? '');
  const slab = slabOf(textOf('/proc/slabinfo') ?? '');
  const snmp = textOf(`${NET}/snmp`);
  return {
    loaded: true,
    source: told === null ? 'proc' : 'nfnetlink',
    counters: told?.counters ?? read.counters,
    entries: told?.entries ?? count ?? read.entries,
    max: told?.max ?? sysctl('max'),
    buckets: sysctl('buckets'),
    ipPackets: snmp === null ? null : ipPacketsOf(snmp, textOf(`${NET}/snmp6`) ?? ''),
    connectionBytes: slab?.bytes ?? null,
    connectionsInSlab: slab?.used ?? null,
  };
}

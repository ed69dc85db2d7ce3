/**
 * The differences from the kernel that are allowed, each as a predicate as tight as it can be made.
 * docs/differences.md says what each is and why. The classes that are `later` are work not done yet.
 *
 * Some classes last: once a connection was touched by one, the two trackers know different things of
 * it, so its further differences are consequences.
 */
import type { Difference, LineDifference } from './compare.ts';
import { connectionKey, endpointsOfLine, hostsKey } from './connection-key.ts';
import {
  hasDroppedOptions,
  hasRefusedHopByHop,
  isDroppedAfterTracking,
  isRefusedBeforeTracking,
} from './ip-layer.ts';
import type { PacketFacts } from './packet-facts.ts';
import type { TraceRow } from './trace.ts';

export interface Context {
  facts(n: number): PacketFacts | null;
  kernel(n: number): TraceRow | undefined;
  ours(n: number): TraceRow | undefined;
  /** How long a datagram waits for its fragments, by IP version. */
  readonly fragmentSeconds: Readonly<Record<4 | 6, number>>;
  /** Packets of the trace that our reader gave. */
  readonly packetsRead: number;
}

interface Case extends Context {
  readonly d: Difference;
  /** Of the packet at which the difference shows. */
  readonly packet: PacketFacts | null;
  /** Of a fragment: how long before it the earlier ones of its datagram came, in seconds. */
  readonly fragmentAges: () => readonly number[];
}

export interface DifferenceClass {
  /** A heading of docs/differences.md. */
  readonly name: string;
  /** Work not done yet, not a decision. */
  readonly later: boolean;
  /** Where it must turn up, else it is to be taken out: in the recorded traces, or in packets made by hand; `timing`: with a test of its own. */
  readonly shownBy: 'traces' | 'live' | 'timing';
  /** What comes later of the same connection may differ too. */
  readonly lasting: boolean;
  readonly allows: (c: Case) => boolean;
}

const NS_PER_S = 1e9;
/** The kernel's timers are late by at most this part of what they were set to. */
const TIMER_LATENESS = 8 / 63;

const TIMEOUT = /^(\[\w+\] \w+ \d+ )(\d+)( .*)$/;

/**
 * The kernel's clock ticks at 250 Hz here: an event whose timeout was set a tick before it was printed
 * shows a second less. A timeout that this packet did not set may be rounded to either side.
 */
function isTick(kernel: string, ours: string): boolean {
  const [k, o] = [TIMEOUT.exec(kernel), TIMEOUT.exec(ours)];
  if (k === null || o === null || k[1] !== o[1] || k[3] !== o[3]) return false;
  const seconds = Number(k[2]) - Number(o[2]);
  return seconds === -1 || (seconds === 1 && !kernel.startsWith('[NEW]'));
}

/** The conntrack command's library knows DCCP; the kernel tracks it like any protocol without a name. */
function isDccp(kernel: string, ours: string): boolean {
  const plain = kernel.replace(/(?<=^\[\w+\] )dccp(?= 33 )/, 'unknown').replaceAll(' sport=0 dport=0', '');
  return plain !== kernel && (plain === ours || isTick(plain, ours));
}

/** Pairs of events that differ by themselves; those that follow are still compared. */
export const sameBut = (kernel: string, ours: string): boolean =>
  isTick(kernel, ours) || isDccp(kernel, ours);

const pairs = (
  c: Case,
  kind: LineDifference['kind'],
  test: (kernel: string, ours: string) => boolean,
): boolean => c.d.kind === kind && c.d.kernel !== null && c.d.ours !== null && test(c.d.kernel, c.d.ours);

const isVerdict = (c: Case): boolean => c.d.kind === 'verdict';

/** Our event, where the kernel judged the packet as we did but has no event of that connection. */
function isEventHeldBack(c: Case): boolean {
  if (c.d.kind !== 'event' || c.d.ours === null || c.packet?.key !== c.d.key) return false;
  const { key } = c.d;
  const events = c.kernel(c.d.n)?.ev ?? [];
  return !events.some((line) => connectionKey(endpointsOfLine(line)) === key);
}

/**
 * The kernel's timer for a datagram is late: the fragment meets what had been given up here, or finds
 * memory full that had been freed here.
 */
function isFragmentTimer(c: Case): boolean {
  if (!isVerdict(c) || c.packet === null || !c.packet.isFragment) return false;
  const seconds = c.fragmentSeconds[c.packet.ipVersion];
  const latest = seconds * TIMER_LATENESS;
  if (c.fragmentAges().some((age) => age >= seconds && age <= seconds + latest)) return true;
  if (c.d.kernel !== null) return false;
  const now = c.kernel(c.d.n)?.t ?? 0n;
  for (let n = c.d.n - 1; n > 0; n--) {
    const row = c.ours(n);
    if (row === undefined || Number(now - row.t) / NS_PER_S > latest) return false;
    if (row.why === 'fragment-memory') return true;
  }
  return false;
}

export const CLASSES: readonly DifferenceClass[] = [
  {
    name: 'damaged-files',
    later: false,
    shownBy: 'traces',
    lasting: false,
    allows: (c) => c.d.n > c.packetsRead,
  },
  {
    name: 'timer-tick',
    later: false,
    shownBy: 'traces',
    lasting: false,
    allows: (c) => pairs(c, 'event', isTick) || pairs(c, 'end', isTick),
  },
  { name: 'fragment-timer', later: false, shownBy: 'timing', lasting: true, allows: isFragmentTimer },
  {
    name: 'link-layers',
    later: false,
    shownBy: 'traces',
    lasting: true,
    allows: (c) => isVerdict(c) && c.d.kernel === 'SKIP' && c.packet !== null && !c.packet.recorderReads,
  },
  {
    name: 'refused-addresses',
    later: false,
    shownBy: 'traces',
    lasting: true,
    allows: (c) =>
      isVerdict(c) && c.d.kernel === null && c.packet !== null && isRefusedBeforeTracking(c.packet.outer),
  },
  {
    name: 'dropped-addresses',
    later: false,
    shownBy: 'traces',
    lasting: true,
    allows: (c) => isEventHeldBack(c) && c.packet !== null && isDroppedAfterTracking(c.packet.outer),
  },
  {
    name: 'refused-options',
    later: false,
    shownBy: 'live',
    lasting: true,
    allows: (c) =>
      isVerdict(c) && c.d.kernel === null && c.packet !== null && hasRefusedHopByHop(c.packet.ip),
  },
  {
    name: 'dropped-options',
    later: false,
    shownBy: 'live',
    lasting: true,
    allows: (c) => isEventHeldBack(c) && c.packet !== null && hasDroppedOptions(c.packet.ip),
  },
  {
    name: 'dccp-name',
    later: false,
    shownBy: 'live',
    lasting: false,
    allows: (c) => pairs(c, 'event', isDccp) || pairs(c, 'end', isDccp),
  },
];

export interface Excused {
  readonly difference: Difference;
  readonly className: string;
  readonly isConsequence: boolean;
}

export interface Classified {
  readonly unexplained: readonly Difference[];
  readonly excused: readonly Excused[];
}

interface Datagram {
  /** Connections, learnt from the fragments that bear the ports. */
  readonly keys: Set<string>;
  /** When its fragments came, nanoseconds. */
  readonly times: bigint[];
}

/** What has been seen of datagrams, gathered when it is first asked for. */
function createDatagrams(context: Context) {
  const datagrams = new Map<string, Datagram>();
  let learnt = 0;

  function learnUpTo(n: number): void {
    while (learnt < n) {
      const facts = context.facts(++learnt);
      if (facts === null || !facts.isFragment) continue;
      const datagram = datagrams.get(facts.datagram) ?? { keys: new Set(), times: [] };
      datagrams.set(facts.datagram, datagram);
      if (facts.hasPorts) datagram.keys.add(facts.key);
      datagram.times.push(context.kernel(learnt)?.t ?? 0n);
    }
  }

  return {
    keysOf(facts: PacketFacts, n: number): readonly string[] {
      learnUpTo(n);
      const keys = [...(datagrams.get(facts.datagram)?.keys ?? [])];
      return keys.length > 0 ? keys : [hostsKey(facts.endpoints)];
    },
    agesOf(facts: PacketFacts, n: number): readonly number[] {
      learnUpTo(n);
      const now = context.kernel(n)?.t ?? 0n;
      const times = datagrams.get(facts.datagram)?.times ?? [];
      return times.filter((t) => t < now).map((t) => Number(now - t) / NS_PER_S);
    },
  };
}

type Datagrams = ReturnType<typeof createDatagrams>;

/** Remembers which connections of which datagrams a class has touched. */
function createTaint(context: Context, datagrams: Datagrams) {
  const byKey = new Map<string, string>();

  function keysOf(d: Difference): readonly string[] {
    if (d.kind !== 'verdict') return [d.key];
    const facts = context.facts(d.n);
    if (facts === null) return [];
    return facts.isFragment ? datagrams.keysOf(facts, d.n) : [facts.key];
  }

  return {
    spread(d: Difference, className: string): void {
      for (const key of keysOf(d)) if (!byKey.has(key)) byKey.set(key, className);
    },
    of(d: Difference): string | undefined {
      const key = keysOf(d).find((k) => byKey.has(k));
      return key === undefined ? undefined : byKey.get(key);
    },
  };
}

/** Differences must come in the order of packets. */
export function classify(differences: readonly Difference[], context: Context): Classified {
  const datagrams = createDatagrams(context);
  const taint = createTaint(context, datagrams);
  const unexplained: Difference[] = [];
  const excused: Excused[] = [];
  for (const d of differences) {
    const packet = context.facts(d.n);
    const fragmentAges = (): readonly number[] =>
      packet?.isFragment === true ? datagrams.agesOf(packet, d.n) : [];
    const found = CLASSES.find((c) => c.allows({ ...context, d, packet, fragmentAges }));
    if (found?.lasting === true) taint.spread(d, found.name);
    const className = found?.name ?? taint.of(d);
    if (className === undefined) unexplained.push(d);
    else excused.push({ difference: d, className, isConsequence: found === undefined });
  }
  return { unexplained, excused };
}

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
  /** Packets of the trace that our reader gave. */
  readonly packetsRead: number;
}

interface Case extends Context {
  readonly d: Difference;
  /** Of the packet at which the difference shows. */
  readonly packet: PacketFacts | null;
}

export interface DifferenceClass {
  /** A heading of docs/differences.md. */
  readonly name: string;
  /** Work not done yet, not a decision. */
  readonly later: boolean;
  /** Where it must turn up, else it is to be taken out: in the recorded traces, or in packets made by hand. */
  readonly shownBy: 'traces' | 'live';
  /** What comes later of the same connection may differ too. */
  readonly lasting: boolean;
  readonly allows: (c: Case) => boolean;
}

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

/** Remembers which connections of which datagrams a class has touched. */
function createTaint(context: Context) {
  const byKey = new Map<string, string>();
  /** Connections by datagram, learnt from the fragments that bear the ports. */
  const datagrams = new Map<string, Set<string>>();
  let learnt = 0;

  function learnUpTo(n: number): void {
    while (learnt < n) {
      const facts = context.facts(++learnt);
      if (facts === null || !facts.isFragment || !facts.hasPorts) continue;
      const keys = datagrams.get(facts.datagram) ?? new Set();
      datagrams.set(facts.datagram, keys.add(facts.key));
    }
  }

  function keysOf(d: Difference): string[] {
    if (d.kind !== 'verdict') return [d.key];
    const facts = context.facts(d.n);
    if (facts === null) return [];
    if (!facts.isFragment) return [facts.key];
    learnUpTo(d.n);
    return [...(datagrams.get(facts.datagram) ?? [hostsKey(facts.endpoints)])];
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
  const taint = createTaint(context);
  const unexplained: Difference[] = [];
  const excused: Excused[] = [];
  for (const d of differences) {
    const found = CLASSES.find((c) => c.allows({ ...context, d, packet: context.facts(d.n) }));
    if (found?.lasting === true) taint.spread(d, found.name);
    const className = found?.name ?? taint.of(d);
    if (className === undefined) unexplained.push(d);
    else excused.push({ difference: d, className, isConsequence: found === undefined });
  }
  return { unexplained, excused };
}

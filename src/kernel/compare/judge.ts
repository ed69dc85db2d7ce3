/** Two traces of the same packets: what differs, and which class of differences allows it. */
import type { CapturedPacket } from './captures.ts';
import { type ComparisonCounts, compareTraces, type Difference } from './compare.ts';
import { type Classified, type Context, classify, sameBut } from './differences.ts';
import { type PacketFacts, packetFacts } from './packet-facts.ts';
import { type TimeoutCounts, timeoutCounts } from './timeout-counts.ts';
import { rowsByNumber, type TraceRow } from './trace.ts';

export interface Judgement extends Classified {
  readonly counts: ComparisonCounts;
  /** For `tooManyTicks`, of many traces together: in one there may be few lines. */
  readonly timeouts: TimeoutCounts;
}

export interface TraceResult extends Judgement {
  readonly name: string;
  readonly packets: number;
  /** What was compared and equal: packets, events and lines of tables. */
  readonly passed: number;
}

/** Facts are worked out when a class asks for them, once: few packets differ. */
function factsOf(packets: readonly CapturedPacket[]): (n: number) => PacketFacts | null {
  const known: (PacketFacts | null | undefined)[] = [];
  return (n) => {
    const at = n - 1;
    if (packets[at] === undefined) return null;
    const facts = known[at] === undefined ? packetFacts(packets[at]) : known[at];
    known[at] = facts;
    return facts;
  };
}

/** Defaults of ipfrag_time and nf_conntrack_frag6_timeout. */
const FRAGMENT_SECONDS = { 4: 30, 6: 60 } as const;

/** `facts` of packets, and how many of them our reader gave. */
export function judge(
  kernel: readonly TraceRow[],
  ours: readonly TraceRow[],
  facts: (n: number) => PacketFacts | null,
  packetsRead: number,
  fragmentSeconds: Context['fragmentSeconds'] = FRAGMENT_SECONDS,
): Judgement {
  const { differences, counts } = compareTraces(kernel, ours, sameBut);
  const rows = { kernel: rowsByNumber(kernel), ours: rowsByNumber(ours) };
  const classified = classify(differences, { facts, ...rows, fragmentSeconds, packetsRead });
  return { ...classified, counts, timeouts: timeoutCounts(ours, classified.excused) };
}

/** The same, of packets in memory; `error` is why the capture was not read to its end. */
export function compareWith(
  name: string,
  kernel: readonly TraceRow[],
  ours: readonly TraceRow[],
  packets: readonly CapturedPacket[],
  error: string | null,
): TraceResult {
  const packetsRead = error === null ? kernel.length : packets.length;
  const judgement = judge(kernel, ours, factsOf(packets), packetsRead);
  const passed = Object.values(judgement.counts).reduce((sum, { equal }) => sum + equal, 0);
  return { name, packets: kernel.length, passed, ...judgement };
}

export function describe(d: Difference): string {
  const lines = `\n  kernel ${d.kernel}\n  ours   ${d.ours}`;
  return d.kind === 'verdict'
    ? `packet ${d.n}: verdict${lines} ${d.why ?? ''}`
    : `packet ${d.n}: ${d.kind}${lines}`;
}

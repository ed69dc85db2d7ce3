/** Two traces of the same packets: what differs, and which class of differences allows it. */
import type { CapturedPacket } from './captures.ts';
import { compareTraces, type Difference } from './compare.ts';
import { type Classified, classify, sameBut } from './differences.ts';
import { type PacketFacts, packetFacts } from './packet-facts.ts';
import type { TraceRow } from './trace.ts';

export interface TraceResult extends Classified {
  readonly name: string;
  readonly packets: number;
  /** What was compared and equal: packets, connections and tables. */
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

function rowsOf(rows: readonly TraceRow[]): (n: number) => TraceRow | undefined {
  const byNumber = new Map(rows.map((row) => [row.n, row]));
  return (n) => byNumber.get(n);
}

/** Compares and classifies; `error` is why the capture was not read to its end. */
export function compareWith(
  name: string,
  kernel: readonly TraceRow[],
  ours: readonly TraceRow[],
  packets: readonly CapturedPacket[],
  error: string | null,
): TraceResult {
  const { differences, passed } = compareTraces(kernel, ours, sameBut);
  const classified = classify(differences, {
    facts: factsOf(packets),
    kernel: rowsOf(kernel),
    packetsRead: error === null ? kernel.length : packets.length,
  });
  return { name, packets: kernel.length, passed, ...classified };
}

export function describe(d: Difference): string {
  const lines = `\n  kernel ${d.kernel}\n  ours   ${d.ours}`;
  return d.kind === 'verdict'
    ? `packet ${d.n}: verdict${lines} ${d.why ?? ''}`
    : `packet ${d.n}: ${d.kind}${lines}`;
}

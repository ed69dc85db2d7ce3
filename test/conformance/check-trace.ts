/** One kernel trace against our trace of the same packets. */
import { ReportMode } from '../../src/conntrack/reporter.ts';
import { type CapturedPacket, openBytes, readCapture } from './captures.ts';
import { compareTraces, type Difference } from './compare.ts';
import { type Classified, classify, sameBut } from './differences.ts';
import { packetFacts } from './packet-facts.ts';
import type { GoldenTrace } from './places.ts';
import { tracedRows } from './run-trace.ts';
import { stampCapture } from './stamp.ts';
import { readTrace, type TraceRow } from './trace.ts';

export interface TraceResult extends Classified {
  readonly name: string;
  readonly packets: number;
  readonly passed: number;
}

/** Tables are compared while the kernel's has few lines; ours may have some more for a known reason. */
const TABLE_LINES = 24;

export interface StampedCapture {
  readonly bytes: Uint8Array;
  readonly packets: readonly CapturedPacket[];
  /** Why the capture could not be read as far as the trace goes, or null. */
  readonly error: string | null;
}

/** The capture with the kernel's times, as far as the trace goes. */
export async function stampedCapture(
  golden: Pick<GoldenTrace, 'capture' | 'name'>,
  kernel: readonly TraceRow[],
): Promise<StampedCapture> {
  const { packets, error } = await readCapture(golden.capture, kernel.length);
  if (packets.length < kernel.length && error === null)
    throw new Error(`${golden.name}: ${packets.length} packets read, ${kernel.length} in the trace`);
  const times = new Map(kernel.map((row) => [row.n, row.t]));
  const bytes = stampCapture(packets.map((packet) => ({ packet, t: times.get(packet.n) ?? 0n })));
  return { bytes, packets, error: packets.length < kernel.length ? error : null };
}

export async function checkTrace(golden: GoldenTrace): Promise<TraceResult> {
  const kernel = readTrace(golden.trace);
  const { bytes, packets, error } = await stampedCapture(golden, kernel);
  const ours = await tracedRows(await openBytes(bytes, golden.capture), TABLE_LINES, ReportMode.PACKETS, {
    shards: 1,
    ignoreChecksums: golden.ignoresChecksums,
  });
  return compareWith(golden.name, kernel, ours, packets, error);
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
  const facts = packets.map(packetFacts);
  const classified = classify(differences, {
    facts: (n) => facts[n - 1] ?? null,
    kernel: rowsOf(kernel),
    packetsRead: error === null ? kernel.length : packets.length,
  });
  return { name, packets: kernel.length, passed, ...classified };
}

function rowsOf(rows: readonly TraceRow[]): (n: number) => TraceRow | undefined {
  const byNumber = new Map(rows.map((row) => [row.n, row]));
  return (n) => byNumber.get(n);
}

export function describe(d: Difference): string {
  const lines = `\n  kernel ${d.kernel}\n  ours   ${d.ours}`;
  return d.kind === 'verdict'
    ? `packet ${d.n}: verdict${lines} ${d.why ?? ''}`
    : `packet ${d.n}: ${d.kind}${lines}`;
}

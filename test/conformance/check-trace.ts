/** One kernel trace against our trace of the same packets. */
import { ReportMode } from '../../src/conntrack/reporter.ts';
import { type CapturedPacket, readCapture } from '../../src/kernel/compare/captures.ts';
import { compareWith, type TraceResult } from '../../src/kernel/compare/judge.ts';
import { stampCapture } from '../../src/kernel/compare/stamp.ts';
import { readTrace, type TraceRow } from '../../src/kernel/compare/trace.ts';
import { openBytes } from './open-bytes.ts';
import type { GoldenTrace } from './places.ts';
import { tracedRows } from './run-trace.ts';

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

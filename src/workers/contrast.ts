/**
 * The same packets through the running kernel and through our own threads, and what differs: first the
 * kernel, which sets the times, then ours, from a file that bears these times.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { monotonicMs } from '../common/clock.ts';
import { REASONS } from '../common/reasons.ts';
import type { HelperAt } from '../conntrack/helpers/registry.ts';
import { ReportMode } from '../conntrack/reporter.ts';
import { Setting } from '../conntrack/settings.ts';
import type { Connection } from '../export/connection.ts';
import { timeNs } from '../export/entry-view.ts';
import { VERDICT_NAMES } from '../export/names.ts';
import { connectionLine, eventLine, type OutputOptions } from '../export/text.ts';
import type { CapturedPacket } from '../kernel/compare/captures.ts';
import { type Judgement, judge } from '../kernel/compare/judge.ts';
import { type PacketFacts, packetFacts } from '../kernel/compare/packet-facts.ts';
import type { TraceRow } from '../kernel/compare/trace.ts';
import { kernelHelpers } from '../kernel/helpers.ts';
import { verdictText } from '../kernel/linux/kernel-tracker.ts';
import { createPacketFile, type PacketFile } from '../kernel/packet-file.ts';
import { ipPart, mended, type PacketSource } from '../kernel/packet-source.ts';
import { type BatchResult, eventsOf, type PacketBatch } from '../kernel/replay.ts';
import { ReportType } from '../shm/bits.ts';
import { type KernelRun, startKernelRun } from './kernel-run.ts';
import { startPipeline } from './pipeline.ts';
import { eventOf } from './report-order.ts';

/** Packets that go to the kernel at once: some hundredths of a second. */
const BATCH_PACKETS = 4096;
const MAX_CONNECTIONS = 1 << 18;

export interface ContrastOptions {
  readonly source: PacketSource;
  /** As made by createSettings and applySetting. */
  readonly settings: Int32Array;
  /** The same for the kernel. */
  readonly sysctls: readonly (readonly [name: string, value: string])[];
  readonly helpers: readonly HelperAt[];
  readonly ignoreChecksums: boolean;
  /** Where to keep the packets with their times; null for nowhere. */
  readonly write: string | null;
  readonly shards?: number;
  /** Asked before each batch. */
  readonly isStopped?: () => boolean;
  /** Packets that the kernel has had. */
  readonly onProgress?: (packets: number) => void;
}

export interface ContrastResult {
  readonly kernelRelease: string;
  readonly packets: number;
  readonly kernelSeconds: number;
  readonly ourSeconds: number;
  /** Packets during which the kernel's clock may have ticked. */
  readonly uncertainTicks: number;
  readonly judgement: Judgement;
  /** Of a packet by its number. */
  readonly facts: (n: number) => PacketFacts | null;
  readonly close: () => void;
}

const FORM: OutputOptions = { format: 'text', extended: false, timestamp: false, id: true };
const TABLE_FORM: OutputOptions = { ...FORM, extended: true, id: false };
const NO_EVENTS: readonly string[] = [];

/** Frames as IP packets end to end. */
function batchOf(packets: readonly CapturedPacket[], ignoreChecksums: boolean): PacketBatch {
  const parts = packets.map((packet) => {
    const ip = ipPart(packet);
    return ignoreChecksums && ip.length > 0 ? mended(ip) : ip;
  });
  const ends = new Uint32Array(parts.length);
  let length = 0;
  for (const [i, part] of parts.entries()) ends[i] = length += part.length;
  const bytes = new Uint8Array(length);
  for (const [i, part] of parts.entries()) bytes.set(part, ends[i] - part.length);
  return { bytes, ends };
}

/** The kernel's rows of a batch. */
function rowsOf(packets: readonly CapturedPacket[], result: BatchResult): TraceRow[] {
  const events = new Map<number, string[]>();
  for (const { packet, event } of eventsOf(result)) {
    const line = eventLine(event, FORM).trim();
    const list = events.get(packet);
    if (list === undefined) events.set(packet, [line]);
    else list.push(line);
  }
  return packets.map(({ n }, i) => ({
    n,
    t: result.times[i],
    ct: verdictText(result.verdicts[i]),
    why: null,
    ev: events.get(i) ?? NO_EVENTS,
    tab: null,
  }));
}

const tableOf = (connections: readonly Connection[]): string[] =>
  connections.map((c) => connectionLine(c, TABLE_FORM));

function withTable(rows: TraceRow[], connections: readonly Connection[]): TraceRow[] {
  const last = rows.pop();
  if (last !== undefined) rows.push({ ...last, tab: tableOf(connections) });
  return rows;
}

interface KernelSide {
  readonly rows: TraceRow[];
  readonly uncertainTicks: number;
}

/** Two batches are under way at a time: while the kernel has one, the other is decoded here. */
async function askKernel(run: KernelRun, file: PacketFile, options: ContrastOptions): Promise<KernelSide> {
  const rows: TraceRow[] = [];
  let uncertainTicks = 0;
  let pending: { packets: CapturedPacket[]; result: Promise<BatchResult> } | null = null;

  async function settle(): Promise<void> {
    if (pending === null) return;
    const { packets } = pending;
    const result = await pending.result;
    uncertainTicks += result.uncertain;
    for (const row of rowsOf(packets, result)) rows.push(row);
    file.append(packets.map((packet, i) => ({ packet, t: result.times[i] })));
    options.onProgress?.(rows.length);
  }

  for (;;) {
    const packets = options.isStopped?.() === true ? [] : await options.source.next(BATCH_PACKETS);
    if (packets.length === 0) break;
    const result = run.batch(batchOf(packets, options.ignoreChecksums));
    // Whoever settles it gets the error; until then it is nobody's.
    result.catch(() => {});
    await settle();
    pending = { packets, result };
    // Messages of the thread keep coming while they are handled: let signals and the progress bar in between.
    await setImmediate();
  }
  await settle();
  return { rows: withTable(rows, await run.end()), uncertainTicks };
}

/** Our rows of the same packets. */
async function track(file: PacketFile, options: ContrastOptions): Promise<TraceRow[]> {
  const pipeline = startPipeline({
    files: [file.path],
    shards: options.shards ?? 1,
    maxConnections: MAX_CONNECTIONS,
    settings: options.settings,
    helpers: options.helpers,
    mode: ReportMode.PACKETS,
  });
  const rows: TraceRow[] = [];
  let events: string[] = [];
  try {
    for (let reports = await pipeline.next(); reports !== null; reports = await pipeline.next()) {
      for (const report of reports) {
        const event = eventOf(report);
        if (event !== null) events.push(eventLine(event, FORM).trim());
        if (report.type !== ReportType.PACKET) continue;
        const why = report.reason === 0 ? null : (REASONS.get(report.reason)?.name ?? null);
        const t = timeNs(report.sec, report.nsec);
        const ev = events.length === 0 ? NO_EVENTS : events;
        rows.push({ n: report.number, t, ct: VERDICT_NAMES[report.verdict], why, ev, tab: null });
        if (events.length > 0) events = [];
      }
    }
    return withTable(rows, pipeline.connections());
  } finally {
    await pipeline.close();
  }
}

/**
 * Thread:  main; the kernel is asked in a thread of its own
 * Cost:    about 300 bytes of memory for each packet
 * Errors:  KernelError when the kernel cannot be asked; those of node:fs for the file of packets
 */
export async function runContrast(options: ContrastOptions): Promise<ContrastResult> {
  const kernel = await startKernelRun({ sysctls: options.sysctls, helpers: kernelHelpers(options.helpers) });
  const folder = options.write === null ? mkdtempSync(join(tmpdir(), 'flowshard-contrast-')) : null;
  const file = createPacketFile(options.write ?? join(folder ?? '', 'packets.pcapng'));
  const close = (): void => {
    file.close();
    if (folder !== null) rmSync(folder, { recursive: true, force: true });
  };
  const facts = (n: number): PacketFacts | null => {
    const packet = file.packet(n);
    return packet === null ? null : packetFacts(packet);
  };
  try {
    const startMs = monotonicMs();
    const { rows, uncertainTicks } = await askKernel(kernel, file, options);
    const kernelMs = monotonicMs();
    const ours = await track(file, options);
    const ourMs = monotonicMs();
    return {
      kernelRelease: release(),
      packets: rows.length,
      kernelSeconds: (kernelMs - startMs) / 1000,
      ourSeconds: (ourMs - kernelMs) / 1000,
      uncertainTicks,
      judgement: judge(rows, ours, facts, rows.length, {
        4: options.settings[Setting.FRAG4_TIME] / 1000,
        6: options.settings[Setting.FRAG6_TIME] / 1000,
      }),
      facts,
      close,
    };
  } catch (error) {
    close();
    throw error;
  } finally {
    await kernel.close();
  }
}

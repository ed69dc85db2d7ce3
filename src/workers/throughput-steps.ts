/**
 * The steps of a round of `flowshard contrast throughput`: the same frames through the router without and with conntrack, past our
 * tap, and from memory. Each checks that all frames went where they should, or the times say nothing.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { monotonicMs } from '../common/clock.ts';
import { grouped } from '../common/grouped.ts';
import { ReportMode } from '../conntrack/reporter.ts';
import { slabOf } from '../kernel/host-conntrack.ts';
import type { PartName } from '../kernel/router/frames.ts';
import type { Sent } from '../kernel/router/questions.ts';
import { Counter } from '../shm/counters.ts';
import type { FrameBlock } from '../shm/frame-block.ts';
import { ROOM } from './crowd-service.ts';
import { startPipeline } from './pipeline.ts';
import type { RouterRun } from './router-run.ts';
import type { StageFigures, StageTask } from './stage-thread.ts';
import { startTap } from './tap-service.ts';
import { threadFile } from './threads.ts';

/** What is measured. ns are of each packet. */
export const MEASURES = [
  /** Forwarding, and the same with conntrack, or with our tap: processor time of the one core that does it. */
  'forwardNs',
  'conntrackNs',
  'tapNs',
  /** What each adds to forwarding in the same round. */
  'conntrackAddedNs',
  'tapAddedNs',
  /** Time of all processors that our process needed, in its own threads. */
  'tapCpuNs',
  /** By the clock, until we had the last packet. */
  'tapPerS',
  'tapLost',
  /** From memory, all threads: wall time, and time of all processors. */
  'memoryPerS',
  'memoryCpuNs',
  /** In one thread, one stage after the other. */
  'decodeNs',
  'trackNs',
  'conntrackOpenedPerS',
  'tapOpenedPerS',
  'memoryOpenedPerS',
  'kernelBytes',
  'kernelSlabBytes',
  'ourBytes',
] as const;
export type Measure = (typeof MEASURES)[number];
export type Figures = Partial<Record<Measure, number>>;

export interface RoundInput {
  readonly router: RouterRun;
  readonly connections: number;
  readonly packets: number;
  readonly shards: number | null;
  /** The same frames. */
  readonly block: FrameBlock;
}

/** SYN, SYN/ACK, ACK. */
const OPENING = 3;
const MAX_MIN = 4096;
const POLL_MS = 1;

const maxOf = (connections: number): number => Math.max(MAX_MIN, Math.ceil(connections * ROOM));
const nsEach = (ms: number, packets: number): number => (ms * 1e6) / packets;
const perS = (count: number, ms: number): number => (count * 1000) / ms;

function check(what: string, found: number, wanted: number): void {
  if (found !== wanted) throw new Error(`${what}: ${grouped(found)} instead of ${grouped(wanted)}`);
}

/** Sends, and sees that every frame came out again. */
async function forward(router: RouterRun, part: PartName, packets: number, what: string): Promise<Sent> {
  const sent = await router.ask({ ask: 'send', part, packets });
  check(`${what}: frames at the router`, sent.received, packets);
  check(`${what}: frames behind it`, sent.forwarded, packets);
  return sent;
}

/** Bytes of all slabs of the kernel. */
function slabBytes(): number {
  const text = readFileSync('/proc/meminfo', 'utf8');
  return Number(/^Slab:\s+(\d+) kB/m.exec(text)?.[1] ?? Number.NaN) * 1024;
}

function connectionBytes(): number | undefined {
  try {
    return slabOf(readFileSync('/proc/slabinfo', 'utf8'))?.bytes;
  } catch {
    return undefined;
  }
}

/** Conntrack gets its connections, from packets as a router would. */
export async function openInKernel({ router, connections }: RoundInput): Promise<Figures> {
  await router.ask({ ask: 'track', on: true });
  await router.ask({ ask: 'flush' });
  const before = slabBytes();
  const { cpuMs } = await forward(router, 'opening', connections * OPENING, 'opening with conntrack');
  const table = await router.ask({ ask: 'table' });
  check('connections of the kernel', table.connections, connections);
  const figures = {
    conntrackOpenedPerS: perS(connections, cpuMs),
    kernelSlabBytes: (slabBytes() - before) / connections,
  };
  const kernelBytes = connectionBytes();
  return kernelBytes === undefined ? figures : { ...figures, kernelBytes };
}

export async function forwardOnly({ router, packets }: RoundInput): Promise<Figures> {
  await router.ask({ ask: 'track', on: false });
  const { cpuMs } = await forward(router, 'established', packets, 'forwarding');
  return { forwardNs: nsEach(cpuMs, packets) };
}

export async function forwardWithConntrack(input: RoundInput): Promise<Figures> {
  const { router, packets, connections } = input;
  await router.ask({ ask: 'track', on: true });
  const before = await router.ask({ ask: 'table' });
  const { cpuMs } = await forward(router, 'established', packets, 'forwarding with conntrack');
  const after = await router.ask({ ask: 'table' });
  check('connections of the kernel', after.connections, connections);
  check('packets that conntrack finds invalid', after.invalid - before.invalid, 0);
  check('packets and connections that conntrack refuses', after.refused - before.refused, 0);
  return { conntrackNs: nsEach(cpuMs, packets) };
}

export async function forwardWithTap(input: RoundInput): Promise<Figures> {
  const { router, packets, connections, shards } = input;
  await router.ask({ ask: 'track', on: false });
  const tap = await startTap(router, maxOf(connections), shards);
  try {
    const opening = await forward(router, 'opening', connections * OPENING, 'opening with our tap');
    const opened = await tap.settled(connections * OPENING);
    const startMs = monotonicMs();
    const { ms, cpuMs } = await forward(router, 'established', packets, 'forwarding with our tap');
    const all = connections * OPENING + packets;
    const settled = await tap.settled(all);
    check('packets that we judged or lost', settled.judged + settled.lost, all);
    if (settled.lost === 0) check('our connections', settled.connections, connections);
    return {
      tapNs: nsEach(cpuMs, packets),
      tapCpuNs: nsEach(settled.cpuMs - opened.cpuMs, packets),
      tapPerS: perS(settled.judged - opened.judged, Math.max(ms, settled.atMs - startMs)),
      tapLost: settled.lost,
      tapOpenedPerS: perS(connections, opening.cpuMs),
    };
  } finally {
    await tap.close();
  }
}

/** As the tap works, but for where the packets come from. */
export async function throughThreads({ connections, shards, block }: RoundInput): Promise<Figures> {
  const pipeline = startPipeline({
    files: [],
    memory: block,
    maxConnections: maxOf(connections),
    mode: ReportMode.NOTHING,
    ...(shards === null ? {} : { shards }),
  });
  try {
    let isOver = false;
    const over = pipeline.finished.finally(() => {
      isOver = true;
    });
    const tracked = (): number =>
      pipeline.shardCounters.reduce((sum, counters) => sum + counters[Counter.TRACKED], 0);
    const reach = async (count: number): Promise<number> => {
      while (!isOver && tracked() < count) await sleep(POLL_MS);
      return monotonicMs();
    };
    const beginMs = await reach(1);
    const openedMs = await reach(connections * OPENING);
    const already = tracked();
    const before = process.cpuUsage();
    await over;
    const ms = monotonicMs() - openedMs;
    const { user, system } = process.cpuUsage(before);
    const packets = tracked() - already;
    const created = pipeline.shardCounters.reduce((sum, counters) => sum + counters[Counter.CREATED], 0);
    check('our connections, from memory', created, connections);
    return {
      memoryPerS: perS(packets, ms),
      memoryCpuNs: nsEach((user + system) / 1000, packets),
      memoryOpenedPerS: perS(connections, Math.max(openedMs - beginMs, POLL_MS)),
    };
  } finally {
    await pipeline.close();
  }
}

export async function throughStages({ connections, block }: RoundInput): Promise<Figures> {
  const task: StageTask = { block, opening: connections * OPENING, maxEntries: connections };
  const worker = new Worker(threadFile('stage-thread'), { workerData: task });
  const figures = await new Promise<StageFigures>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('the thread of stages has ended')));
  });
  await worker.terminate();
  check('packets of one thread', figures.tracked, figures.packetsAll);
  return { decodeNs: figures.decodeNs, trackNs: figures.trackNs, ourBytes: figures.bytesPerConnection };
}

/** Sends prepared frames through the pipeline, and looks at the counters meanwhile. */
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '../common/clock.ts';
import { Counter } from '../shm/counters.ts';
import type { Segment } from '../shm/segment.ts';
import type { ThreadGarbage } from '../workers/measure.ts';
import { type Pipeline, startPipeline } from '../workers/pipeline.ts';
import type { Design } from './design.ts';
import type { PreparedFrames } from './frames.ts';

/** Between two looks. */
const LOOK_MS = 50;
/** The prologue shall be tracked by then, however slow the machine. */
const PATIENCE_MS = 300_000;

/** What was there at a moment. */
export interface Look {
  /** Since the measured part began; before it below 0. */
  readonly ms: number;
  readonly counters: Float64Array;
  /** Connections, of each shard. */
  readonly alive: readonly number[];
}

/** What a run left: to be made into figures. */
export interface Seen {
  readonly design: Design;
  readonly frames: PreparedFrames;
  readonly looks: readonly Look[];
  /** Looks at the begin and at the end of the measured part. */
  readonly begin: Look;
  readonly end: Look;
  /** Of all threads together, at the end of all. */
  readonly totals: Float64Array;
  readonly histograms: readonly Int32Array[];
  readonly garbage: readonly ThreadGarbage[];
  readonly behindMs: number;
  readonly segments: readonly Segment[];
  /** By how much the memory of the process grew while the connections were opened. */
  readonly residentBytes: number;
  readonly aliveAfterPrologue: number;
  /** All frames were run before the time was over. */
  readonly ranOut: boolean;
  readonly interrupted: boolean;
}

export interface RunHooks {
  /** Packets that go before the measured part at least, whatever the time. */
  readonly warmupPackets?: number;
  readonly isStopped?: () => boolean;
  /** Called at each look: the phase, how much of it is done, packets so far. */
  readonly onLook?: (phase: string, share: number, packets: number) => void;
}

/** Of all threads, added up. */
function countersOf(pipeline: Pipeline): Float64Array {
  const sum = Float64Array.from(pipeline.ingestCounters());
  const { shardCounters, masterCounters } = pipeline;
  for (const counters of masterCounters === null ? shardCounters : [...shardCounters, masterCounters])
    for (let i = 0; i < sum.length; i++) sum[i] += counters[i];
  return sum;
}

/** Packets that are done with: tracked, or with a reason. */
export function doneOf(counters: Float64Array): number {
  let done = counters[Counter.TRACKED];
  for (let i: number = Counter.REASON; i < counters.length; i++) done += counters[i];
  return done;
}

/** Errors: what a thread threw. */
export async function runDesign(design: Design, frames: PreparedFrames, hooks: RunHooks = {}): Promise<Seen> {
  const isStopped = hooks.isStopped ?? ((): boolean => false);
  const residentBefore = process.memoryUsage.rss();
  const pipeline = startPipeline({
    files: [],
    memory: frames.block,
    shards: design.shards,
    maxConnections: design.max,
    settings: design.settings,
    ...(design.hashKey === undefined ? {} : { hashKey: design.hashKey }),
    ...(design.latency || design.rate !== undefined
      ? {
          measure: {
            pacedFrom: design.rate === undefined ? null : frames.prologue,
            originSec: frames.originSec,
          },
        }
      : {}),
  });
  const { measurement } = pipeline;
  let isOver = false;
  const over = pipeline.finished.finally(() => {
    isOver = true;
  });
  over.catch(() => {});
  let beginMs = 0;
  const looks: Look[] = [];
  const look = (): Look => ({
    ms: monotonicMs() - beginMs,
    counters: countersOf(pipeline),
    alive: pipeline.shardCounters.map((counters) => counters[Counter.ALIVE]),
  });

  /** Looks until `isDone` says so, or nothing more will come. */
  async function until(phase: string, isDone: (now: Look) => number): Promise<Look> {
    for (;;) {
      const now = look();
      const share = isDone(now);
      hooks.onLook?.(phase, Math.min(share, 1), doneOf(now.counters));
      if (share >= 1 || isOver || isStopped()) return now;
      await Promise.race([sleep(LOOK_MS), over]);
    }
  }

  try {
    beginMs = monotonicMs();
    const opened = await until('opening the connections', (now) =>
      now.ms > PATIENCE_MS ? 1 : doneOf(now.counters) / frames.prologue,
    );
    const aliveAfterPrologue = opened.alive.reduce((sum, n) => sum + n, 0);
    const residentBytes = process.memoryUsage.rss() - residentBefore;
    beginMs = monotonicMs();
    const { warmupPackets = 0 } = hooks;
    const warmFrom = doneOf(opened.counters);
    await until('warming up', ({ ms, counters }) =>
      Math.min(
        design.warmupS === 0 ? 1 : ms / (design.warmupS * 1000),
        warmupPackets === 0 ? 1 : (doneOf(counters) - warmFrom) / warmupPackets,
      ),
    );
    beginMs = monotonicMs();
    const begin = look();
    if (design.latency) measurement?.begin();
    await until('measuring', (now) => {
      looks.push(now);
      return now.ms / (design.durationS * 1000);
    });
    const end = look();
    const behindMs = measurement?.behindMs() ?? 0;
    measurement?.end();
    const ranOut = isOver;
    pipeline.stop();
    await over;
    return {
      design,
      frames,
      looks,
      begin,
      end,
      totals: countersOf(pipeline),
      histograms: design.latency ? (measurement?.memory.histograms ?? []) : [],
      garbage: measurement?.garbage() ?? [],
      behindMs,
      segments: pipeline.segments,
      residentBytes,
      aliveAfterPrologue,
      ranOut,
      interrupted: isStopped(),
    };
  } finally {
    pipeline.stop();
    await pipeline.close();
  }
}

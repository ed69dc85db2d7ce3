/**
 * Prepared traffic through the real thing: ingest thread, ring, shards. How fast it goes is seen from outside, in the
 * counters of the shards, which are looked at now and then.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '../../src/common/clock.ts';
import { Counter } from '../../src/shm/counters.ts';
import type { FrameBlock } from '../../src/shm/frame-block.ts';
import { type Pipeline, type PipelineOptions, startPipeline } from '../../src/workers/pipeline.ts';
import { HASH_KEY } from './hash-key.ts';

/** Time between two looks. */
const LOOK_MS = 50;

/** What the shards had done at a moment. */
export interface Look {
  readonly atMs: number;
  readonly tracked: number;
  readonly created: number;
  readonly alive: number;
  /** Expired. */
  readonly ended: number;
  /** Resident memory of the process. */
  readonly residentBytes: number;
}

export interface PipelineRun {
  /** Looks of the measured part, some 50 ms apart. */
  readonly looks: readonly Look[];
  /** At the start, when the memory was made and nothing read. */
  readonly first: Look;
  /** At the end of all. */
  readonly last: Look;
  /** Of what was done: the same on every machine when the packets are the same. */
  readonly checksum: number;
}

export interface RunOptions extends Pick<PipelineOptions, 'service' | 'mode' | 'settings' | 'shards'> {
  readonly block: FrameBlock;
  readonly maxConnections: number;
  /** Packets tracked before measuring begins: those that make the connections, and some to warm up. */
  readonly from: number;
  /** After this time it is stopped; without it the block goes to its end. */
  readonly forMs?: number;
  /** Called at every look, for whoever wants to show how far it is. */
  readonly onLook?: (look: Look) => void;
  /** Called when the measured part begins, and when it is over. */
  readonly onMeasured?: (isOver: boolean) => void;
}

const sumOf = (pipeline: Pipeline, counter: number): number =>
  pipeline.shardCounters.reduce((sum, counters) => sum + counters[counter], 0);

function look(pipeline: Pipeline): Look {
  return {
    atMs: monotonicMs(),
    tracked: sumOf(pipeline, Counter.TRACKED),
    created: sumOf(pipeline, Counter.CREATED),
    alive: sumOf(pipeline, Counter.ALIVE),
    ended: sumOf(pipeline, Counter.ENDED_TIMEOUT),
    residentBytes: process.memoryUsage.rss(),
  };
}

/** One number from many, that changes with each of them and with their order. */
export function checksumOf(values: readonly number[]): number {
  let sum = 0x811c9dc5;
  for (const value of values) {
    sum = Math.imul(sum ^ (value | 0), 0x01000193);
    sum = Math.imul(sum ^ Math.floor(value / 2 ** 32), 0x01000193);
  }
  return sum >>> 0;
}

/** Errors: when a packet was not tracked, or was without effect: then something else was measured. */
export async function runPipeline(options: RunOptions): Promise<PipelineRun> {
  const { block, maxConnections, from, forMs, onLook, onMeasured, ...rest } = options;
  const pipeline = startPipeline({
    files: [],
    memory: block,
    maxConnections,
    hashKey: HASH_KEY,
    shards: 1,
    ...rest,
  });
  const first = look(pipeline);
  const looks: Look[] = [];
  try {
    let isOver = false;
    const over = pipeline.finished.finally(() => {
      isOver = true;
    });
    over.catch(() => {});
    for (;;) {
      await Promise.race([sleep(LOOK_MS), over]);
      if (isOver) break;
      const now = look(pipeline);
      onLook?.(now);
      if (now.tracked < from) continue;
      if (looks.length === 0) onMeasured?.(false);
      looks.push(now);
      if (forMs !== undefined && now.atMs - looks[0].atMs >= forMs) pipeline.stop();
    }
    await over;
    if (looks.length === 0) onMeasured?.(false);
    onMeasured?.(true);
    const last = look(pipeline);
    // What is too short to be looked at is measured from its start.
    if (looks.length < 2 || looks[0].tracked === looks[looks.length - 1].tracked)
      looks.splice(0, looks.length, first, last);
    const packets = pipeline.ingestCounters()[Counter.PACKETS];
    const ignored = sumOf(pipeline, Counter.IGNORED);
    if (last.tracked !== packets || ignored !== 0)
      throw new Error(`of ${packets} packets ${last.tracked} were tracked, ${ignored} without effect`);
    return { looks, first, last, checksum: checksumOf([last.tracked, last.created, last.alive, last.ended]) };
  } finally {
    await pipeline.close();
  }
}

/** Between looks: how long a packet took. Units: ns */
export function nsPerPacket({ looks }: PipelineRun): number[] {
  return looks.slice(1).flatMap((now, i) => {
    const packets = now.tracked - looks[i].tracked;
    return packets === 0 ? [] : [((now.atMs - looks[i].atMs) * 1e6) / packets];
  });
}

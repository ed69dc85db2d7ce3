/**
 * The ring between two real threads. This file is the test and, loaded again as a worker, the writer
 * or the reader.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { createRingReader, createRingWriter, setRingCursors } from '../../src/shm/ring.ts';
import { createRingMemory, createSharedI32, type RingMemory } from '../../src/shm/segment.ts';
import { createRandom, operations, seedOf } from '../support/random.ts';

const WORDS = 5;
/** Longer than the test may take: a wake-up that is lost shows. */
const WAIT_MS = 60_000;
const DEADLINE_MS = 50_000;

/** Words that the threads leave for the main thread. */
enum Result {
  WAITS = 0,
  READ = 1,
  SUM = 2,
  WORDS = 3,
}

interface Job {
  readonly role: 'writer' | 'reader';
  readonly memory: RingMemory;
  readonly results: Int32Array;
  readonly count: number;
  readonly burstMax: number;
  readonly seed: number;
  /** Now and then a thread dozes, so that the other one has to park. */
  readonly dozeEvery: number;
}

/** Content of a word of a slot, by the slot's number. */
const content = (number: number, word: number): number => Math.imul(number + 1, 0x9e3779b1) ^ (word << 16);

/** A thread that does nothing for a millisecond. */
const doze = (): unknown => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);

function write(job: Job): void {
  const ring = createRingWriter(job.memory, WORDS);
  const random = createRandom(job.seed);
  let number = 0;
  while (number < job.count) {
    const wanted = Math.min(1 + random.below(job.burstMax), job.count - number);
    let room = ring.free(wanted);
    while (room <= 0) {
      if (ring.waitForRoom(WAIT_MS)) job.results[Result.WAITS]++;
      room = ring.free(wanted);
    }
    const burst = Math.min(room, wanted);
    for (let i = 0; i < burst; i++) {
      const at = ((ring.head() + i) & ring.mask) * WORDS;
      for (let word = 0; word < WORDS; word++) ring.slots[at + word] = content(number, word);
      number++;
    }
    ring.publish(burst);
    if (random.below(job.dozeEvery) === 0) {
      ring.wake();
      doze();
    }
  }
  ring.wake();
  ring.selfCheck();
}

function read(job: Job): void {
  const ring = createRingReader(job.memory, WORDS);
  const random = createRandom(job.seed + 1);
  let number = 0;
  let sum = 0;
  while (number < job.count) {
    const available = ring.available();
    if (available === 0) {
      ring.waitForSlots(WAIT_MS);
      continue;
    }
    const burst = Math.min(available, 1 + random.below(job.burstMax));
    for (let i = 0; i < burst; i++) {
      const at = ((ring.tail() + i) & ring.mask) * WORDS;
      for (let word = 0; word < WORDS; word++) {
        const found = ring.slots[at + word];
        if (found !== content(number, word)) throw new Error(`slot ${number}, word ${word}: ${found}`);
        sum = (sum ^ found) | 0;
      }
      number++;
    }
    ring.release(burst);
    if (random.below(job.dozeEvery) === 0) doze();
  }
  ring.selfCheck();
  job.results[Result.READ] = number;
  job.results[Result.SUM] = sum;
}

function start(job: Job): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: job });
    const timer = setTimeout(() => {
      reject(new Error(`the ${job.role} has not finished after ${DEADLINE_MS} ms`));
      worker.terminate().catch(reject);
    }, DEADLINE_MS);
    worker.on('error', reject);
    worker.on('exit', (code) => {
      clearTimeout(timer);
      if (code === 0) resolve();
      else reject(new Error(`the ${job.role} ended with ${code}`));
    });
  });
}

function registerTests(): void {
  const kinds = [
    { slots: 1, count: 20_000, burstMax: 1, dozeEvery: 2_000, cursor: -100 },
    { slots: 2, count: 80_000, burstMax: 2, dozeEvery: 2_000, cursor: 0x7fffff00 },
    { slots: 8, count: 400_000, burstMax: 8, dozeEvery: 5_000, cursor: -1 },
    { slots: 256, count: 600_000, burstMax: 64, dozeEvery: 500, cursor: 0x7fffffff },
  ];
  for (const { slots, count, burstMax, dozeEvery, cursor } of kinds) {
    test(`two threads: ${count} slots through a ring of ${slots}`, async (t) => {
      const memory = createRingMemory(slots, WORDS);
      setRingCursors(memory, cursor);
      const results = createSharedI32(Result.WORDS);
      const common = { memory, results, burstMax, dozeEvery, count: operations(count), seed: seedOf(t) };
      await Promise.all([start({ ...common, role: 'reader' }), start({ ...common, role: 'writer' })]);
      assert.equal(results[Result.READ], common.count);
      assert.ok(results[Result.WAITS] > 0, 'the writer never had to wait');
      let sum = 0;
      for (let number = 0; number < common.count; number++) {
        for (let word = 0; word < WORDS; word++) sum ^= content(number, word);
      }
      assert.equal(results[Result.SUM], sum | 0);
      t.diagnostic(`the writer waited ${results[Result.WAITS]} times`);
    });
  }
}

if (isMainThread) {
  registerTests();
} else {
  const job: Job = workerData;
  if (job.role === 'writer') write(job);
  else read(job);
}

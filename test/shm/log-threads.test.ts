/**
 * The log between real threads: a writer that never waits, and readers that stall. This file is the test and, loaded
 * again as a worker, the writer or a reader.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { createLogReader, createLogWriter, setLogNumber } from '../../src/shm/log.ts';
import { createRingMemory, createSharedI32, type RingMemory } from '../../src/shm/segment.ts';
import { RECORD_WORDS, readChecked, writeRecord } from '../support/log-records.ts';
import { createRandom, operations, seedOf } from '../support/random.ts';

const DEADLINE_MS = 60_000;
const READERS = 2;
const READ_MAX = 200;

/** Words that the threads leave for each other. */
enum Word {
  /** The writer has written its last record. */
  DONE = 0,
  /** Readers that have begun. */
  READY = 1,
  /** Of each reader: records given out and missed. */
  ACCOUNTS = 2,
}

interface Job {
  readonly role: 'writer' | 'reader';
  readonly reader: number;
  readonly memory: RingMemory;
  readonly words: Int32Array;
  readonly start: number;
  readonly count: number;
  readonly leaps: boolean;
  readonly seed: number;
}

const doze = (ms: number): unknown => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

/** Bursts of records, now and then a leap, now and then a rest in which readers catch up. */
function write({ memory, words, start, count, leaps, seed }: Job): void {
  const log = createLogWriter(memory, RECORD_WORDS);
  const random = createRandom(seed);
  while (Atomics.load(words, Word.READY) < READERS) doze(1);
  let number = start;
  const end = start + count;
  while (number < end) {
    if (leaps && random.below(2000) === 0) {
      const leap = Math.min(end - number, random.below(3000));
      log.leap(leap);
      number += leap;
    }
    const burst = Math.min(32, 1 + random.below(40), end - number);
    for (let pending = 0; pending < burst; pending++) {
      log.free(pending + 1);
      writeRecord(log, number + pending, pending);
    }
    log.publish(burst);
    number += burst;
    if (random.below(3000) === 0) doze(1);
  }
  log.selfCheck();
  Atomics.store(words, Word.DONE, 1);
}

/** The second reader stalls far more often than the first one. */
function read({ memory, words, start, reader: which, seed }: Job): void {
  const reader = createLogReader(memory, RECORD_WORDS, start);
  const random = createRandom(seed + which + 1);
  const out = new Int32Array(READ_MAX * RECORD_WORDS);
  const account = { start, given: 0, missed: 0 };
  Atomics.add(words, Word.READY, 1);
  for (;;) {
    const isDone = Atomics.load(words, Word.DONE) !== 0;
    const count = readChecked(reader, out, 1 + random.below(READ_MAX), account);
    if (isDone && count === 0 && reader.position() >= reader.head()) break;
    if (random.below(which === 0 ? 20_000 : 200) === 0) doze(1 + random.below(5));
  }
  words[Word.ACCOUNTS + 2 * which] = account.given;
  words[Word.ACCOUNTS + 2 * which + 1] = account.missed;
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
    { slots: 256, from: 0, leaps: false },
    { slots: 256, from: 2 ** 32 - 100_000, leaps: true },
    { slots: 4096, from: 2 ** 32 - 100_000, leaps: true },
  ];
  for (const { slots, from, leaps } of kinds) {
    test(`a log of ${slots} records from ${from}${leaps ? ', with leaps' : ''}`, async (t) => {
      const memory = createRingMemory(slots, RECORD_WORDS);
      setLogNumber(memory, from);
      const words = createSharedI32(Word.ACCOUNTS + 2 * READERS);
      const count = operations(1_500_000);
      const common = { memory, words, start: from, count, leaps, seed: seedOf(t) };
      await Promise.all([
        start({ ...common, role: 'writer', reader: -1 }),
        ...Array.from({ length: READERS }, (_, reader) => start({ ...common, role: 'reader', reader })),
      ]);
      for (let reader = 0; reader < READERS; reader++) {
        const [given, missed] = words.subarray(Word.ACCOUNTS + 2 * reader);
        t.diagnostic(`reader ${reader}: ${given} given, ${missed} missed`);
        assert.equal(given + missed, count);
        assert.ok(given > 0 && missed > 0);
      }
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

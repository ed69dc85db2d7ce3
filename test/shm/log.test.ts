/** The log in one thread: writer and reader interleaved at every atomic operation of the other. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { InvariantError } from '../../src/common/assert.ts';
import { createLogReader, createLogWriter, type LogWriter, setLogNumber } from '../../src/shm/log.ts';
import { createRingMemory, type RingMemory } from '../../src/shm/segment.ts';
import { type Account, RECORD_WORDS, readChecked, recordWord, writeRecord } from '../support/log-records.ts';
import { createRandom, operations, type Random, seedOf } from '../support/random.ts';

const SLOTS = 256;
const ROUND = 2 ** 32;
const STARTS: readonly (readonly [string, number])[] = [
  ['0', 0],
  ['just before 2^31', 2 ** 31 - 300],
  ['just before 2^32', ROUND - 300],
  ['just before a later round', 7 * ROUND - 300],
];

/** Records that a writer may have announced beyond those that are published: in the midst of a burst. */
const BEYOND = 64 + 32 + 1;

function memoryAt(start: number): RingMemory {
  const memory = createRingMemory(SLOTS, RECORD_WORDS);
  setLogNumber(memory, start);
  return memory;
}

/** A writer that works in small steps, as a reporter does, and knows what it wrote. */
function createSteps(log: LogWriter, start: number, random: Random) {
  let head = start;
  let pending = 0;
  let leapEnd = 0;
  return {
    step(): void {
      const kind = random.below(100);
      if (kind < 80) {
        if (log.free(pending + 1) <= pending) assert.fail('no room in a log');
        writeRecord(log, head + pending, pending);
        pending++;
      }
      if (pending === 32 || (kind >= 80 && kind < 99)) {
        log.publish(pending);
        head += pending;
        pending = 0;
      } else if (kind === 99) {
        log.publish(pending);
        head += pending;
        pending = 0;
        const count = random.below(2 * SLOTS);
        if (count > 0) leapEnd = head + count;
        log.leap(count);
        head += count;
      }
    },
    head: () => head,
    /** Below this a record may be lost. */
    mayBeLost: () => Math.max(leapEnd, head + BEYOND - SLOTS),
  };
}

const OPERATIONS = ['load', 'store', 'add'] as const;

/** Runs `body`, with `between` called before and after every atomic operation of it, but not within itself. */
function interleaved(between: () => void, body: () => void): void {
  let isWithin = false;
  const call = (): void => {
    isWithin = true;
    try {
      between();
    } finally {
      isWithin = false;
    }
  };
  const real = OPERATIONS.map((name) => Atomics[name]);
  for (const [i, name] of OPERATIONS.entries()) {
    Reflect.set(Atomics, name, (...args: unknown[]): unknown => {
      if (isWithin) return Reflect.apply(real[i], Atomics, args);
      call();
      const result: unknown = Reflect.apply(real[i], Atomics, args);
      call();
      return result;
    });
  }
  try {
    body();
  } finally {
    for (const [i, name] of OPERATIONS.entries()) Reflect.set(Atomics, name, real[i]);
  }
}

function run(start: number, random: Random, count: number): void {
  const memory = memoryAt(start);
  const log = createLogWriter(memory, RECORD_WORDS);
  const steps = createSteps(log, start, random);
  const reader = createLogReader(memory, RECORD_WORDS, start);
  const out = new Int32Array(SLOTS * RECORD_WORDS);
  const account: Account = { start, given: 0, missed: 0 };
  let isReading = false;
  let reads = 0;
  /** What the other side does meanwhile: a reader sees a writer that goes on, a writer is read in the midst of it. */
  const meanwhile = (): void => {
    if (isReading) {
      for (let i = random.chance(0.3) ? random.below(60) : 0; i > 0; i--) steps.step();
    } else if (random.chance(0.05)) {
      read();
    }
  };

  function read(): void {
    isReading = true;
    const before = reader.position();
    readChecked(reader, out, random.below(SLOTS), account);
    const missed = reader.missed();
    assert.ok(missed === 0 || before + missed <= steps.mayBeLost(), 'what was there is told as missed');
    isReading = false;
    reads++;
  }

  interleaved(meanwhile, () => {
    for (let i = 0; i < count; i++) {
      const busy = i % 4000 < 2000;
      if (random.chance(busy ? 0.9 : 0.4)) steps.step();
      else read();
      if (i % 64 === 0) log.selfCheck();
    }
  });
  while (reader.position() < reader.head()) readChecked(reader, out, SLOTS, account);
  assert.equal(reader.head(), steps.head());
  assert.equal(account.given + account.missed, steps.head() - start);
  assert.ok(account.given > count / 20 && account.missed > 1000, JSON.stringify({ ...account, reads }));
}

describe('the log, writer and reader in every order', () => {
  for (const [name, start] of STARTS) {
    test(`numbers from ${name}`, (t) => run(start, createRandom(seedOf(t)), operations(60_000)));
  }
});

describe('the log', () => {
  /** A log into which so many records were written, one at a time. */
  function filled(start: number, count: number) {
    const memory = memoryAt(start);
    const log = createLogWriter(memory, RECORD_WORDS);
    for (let i = 0; i < count; i++) {
      log.free(1);
      writeRecord(log, start + i, 0);
      log.publish(1);
    }
    return { memory, log };
  }

  for (const [name, start] of STARTS) {
    test(`numbers from ${name}: what was not overwritten can be read, the rest is told`, () => {
      const { memory, log } = filled(start, 1000);
      const reader = createLogReader(memory, RECORD_WORDS, start);
      assert.equal(reader.head(), start + 1000);
      const account = { start, given: 0, missed: 0 };
      const out = new Int32Array(SLOTS * RECORD_WORDS);
      readChecked(reader, out, 10, account);
      assert.equal(account.given, 10);
      assert.ok(account.missed >= 1000 - SLOTS && account.missed <= 1000 - SLOTS + BEYOND);
      const { missed } = account;
      while (readChecked(reader, out, 33, account) > 0) assert.equal(account.missed, missed);
      assert.equal(account.given + account.missed, 1000);
      log.selfCheck();
    });
  }

  test('readers begin where they are told, and no later than at the head', () => {
    const { memory } = filled(ROUND - 50, 100);
    const from = (number?: number): number => createLogReader(memory, RECORD_WORDS, number).position();
    assert.deepEqual([from(), from(ROUND), from(ROUND + 51), from(3)], [ROUND + 50, ROUND, ROUND + 50, 3]);
  });

  test('a leap tells all that was before it as missed, and nothing of what comes after', () => {
    const { memory, log } = filled(0, 200);
    const reader = createLogReader(memory, RECORD_WORDS, 150);
    const out = new Int32Array(SLOTS * RECORD_WORDS);
    log.leap(100);
    assert.equal(reader.read(out, SLOTS), 0);
    assert.deepEqual([reader.missed(), reader.position(), reader.head()], [150, 300, 300]);
    // As many as there are slots: what a flush writes after its leap.
    for (let pending = 0; pending < SLOTS; pending++) {
      log.free(pending + 1);
      writeRecord(log, 300 + pending, pending);
    }
    log.publish(SLOTS);
    assert.equal(reader.read(out, SLOTS), SLOTS);
    assert.equal(reader.missed(), 0);
    for (let i = 0; i < SLOTS; i++) assert.equal(out[i * RECORD_WORDS], recordWord(300 + i, 0));
  });

  test('a number that begins a new round is never seen half written', () => {
    const { memory, log } = filled(ROUND - 500, 499);
    let seen = ROUND - 1;
    const look = (): void => {
      const head = createLogReader(memory, RECORD_WORDS).head();
      assert.ok(head >= seen && head <= ROUND + 1, `after ${seen} the head is ${head}`);
      seen = head;
      // What is announced, too: a reader that is far behind loses what it should, and no more.
      const out = new Int32Array(SLOTS * RECORD_WORDS);
      readChecked(createLogReader(memory, RECORD_WORDS, ROUND - 20), out, 10, {
        start: ROUND - 20,
        given: 0,
        missed: 0,
      });
      const old = createLogReader(memory, RECORD_WORDS, ROUND - 500);
      assert.ok(
        old.read(out, 10) === 10 && old.missed() >= 499 - SLOTS && old.missed() <= 501 + BEYOND - SLOTS,
      );
    };
    interleaved(look, () => {
      for (let i = 0; i < 2; i++) {
        log.free(1);
        writeRecord(log, ROUND - 1 + i, 0);
        log.publish(1);
      }
    });
    assert.equal(seen, ROUND + 1);
  });

  test('a leap over nothing does nothing', () => {
    const { memory, log } = filled(0, 20);
    const before = [...memory.cursors];
    log.leap(0);
    assert.deepEqual([...memory.cursors], before);
  });

  test('refuses a number of slots that is no power of two, or too few', () => {
    for (const slots of [128, 300]) {
      const memory = createRingMemory(slots, RECORD_WORDS);
      assert.throws(() => createLogWriter(memory, RECORD_WORDS), InvariantError);
    }
  });

  test('the self-check finds a head that somebody else moved', () => {
    const { memory, log } = filled(0, 5);
    memory.cursors[0] = 6;
    assert.throws(() => log.selfCheck(), /second writer/);
    memory.cursors[0] = 5;
    log.selfCheck();
  });
});

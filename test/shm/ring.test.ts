import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { InvariantError } from '../../src/common/assert.ts';
import { createRingReader, createRingWriter, setRingCursors } from '../../src/shm/ring.ts';
import { createRingMemory, RING_CURSOR_WORDS, type RingMemory } from '../../src/shm/segment.ts';
import { createRandom, operations, type Random, seedOf } from '../support/random.ts';

const WORDS = 3;

/** Writer and reader in one thread, beside an array of what should be in the ring. */
function run(slots: number, start: number, random: Random, count: number): void {
  const memory = createRingMemory(slots, WORDS);
  setRingCursors(memory, start);
  const writer = createRingWriter(memory, WORDS);
  const reader = createRingReader(memory, WORDS);
  const queue: number[] = [];
  let written = 0;
  let full = 0;
  let empty = 0;

  function write(): void {
    const wanted = 1 + random.below(slots + 2);
    const room = writer.free(wanted);
    // It may know of less room than there is, but then of enough.
    assert.ok(room <= slots - queue.length && (room >= wanted || room === slots - queue.length));
    const burst = Math.min(room, wanted);
    if (room === 0) full++;
    for (let i = 0; i < burst; i++) {
      const at = ((writer.head() + i) & writer.mask) * WORDS;
      writer.slots[at] = written;
      writer.slots[at + WORDS - 1] = ~written;
      queue.push(written++);
    }
    if (burst > 0 || random.chance(0.1)) writer.publish(burst);
  }

  function read(): void {
    const available = reader.available();
    assert.equal(available, queue.length);
    if (available === 0) empty++;
    const burst = Math.min(available, 1 + random.below(slots));
    for (let i = 0; i < burst; i++) {
      const at = ((reader.tail() + i) & reader.mask) * WORDS;
      const expected = queue[i];
      assert.equal(reader.slots[at], expected);
      assert.equal(reader.slots[at + WORDS - 1], ~expected);
    }
    queue.splice(0, burst);
    reader.release(burst);
  }

  for (let i = 0; i < count; i++) {
    if (random.chance(i % 2000 < 1000 ? 0.6 : 0.4)) write();
    else read();
    if (i % 64 === 0) {
      writer.selfCheck();
      reader.selfCheck();
    }
  }
  assert.equal(writer.head(), (start + written) | 0);
  assert.ok(
    written > count / 5 && full > 10 && empty > 10,
    `${written} written, ${full} full, ${empty} empty`,
  );
}

describe('the ring against a queue', () => {
  const starts: [string, number][] = [
    ['0', 0],
    ['just before 2^31', 0x7fffff00],
    ['just before 2^32', -256],
  ];
  for (const [name, start] of starts) {
    for (const slots of [1, 2, 8, 64]) {
      test(`${slots} slots, cursors from ${name}`, (t) => {
        run(slots, start, createRandom(seedOf(t) + slots), operations(90_000));
      });
    }
  }
});

describe('the ring', () => {
  test('has its cursors and flags 64 bytes apart, and the slots after them', () => {
    const memory = createRingMemory(4, WORDS);
    assert.equal(memory.cursors.length, RING_CURSOR_WORDS);
    assert.equal(memory.slots.byteOffset, RING_CURSOR_WORDS * 4);
    const writer = createRingWriter(memory, WORDS);
    const reader = createRingReader(memory, WORDS);
    writer.publish(3);
    reader.release(2);
    const used = [...memory.cursors.entries()].filter(([, value]) => value !== 0);
    assert.deepEqual(used, [
      [0, 3],
      [16, 2],
    ]);
  });

  test('refuses a number of slots that is no power of two', () => {
    for (const slots of [0, 3, 6, 100]) {
      const memory = createRingMemory(slots, WORDS);
      assert.throws(() => createRingWriter(memory, WORDS), InvariantError);
      assert.throws(() => createRingReader(memory, WORDS), InvariantError);
    }
    assert.throws(() => createRingReader(createRingMemory(4, WORDS), 5), InvariantError);
  });

  test('looks at the other side again only when what it knows does not suffice', () => {
    const memory = createRingMemory(4, WORDS);
    const writer = createRingWriter(memory, WORDS);
    const reader = createRingReader(memory, WORDS);
    writer.publish(3);
    reader.release(3);
    assert.equal(writer.free(1), 1);
    assert.equal(writer.free(2), 4);
  });

  test('waits neither when there is room, nor longer than it was told', () => {
    const memory = createRingMemory(1, WORDS);
    const writer = createRingWriter(memory, WORDS);
    const reader = createRingReader(memory, WORDS);
    assert.equal(writer.waitForRoom(60_000), false);
    reader.waitForSlots(1);
    writer.publish(1);
    reader.waitForSlots(60_000);
    assert.equal(writer.waitForRoom(1), true);
  });

  test('publishing, releasing and waking leave cursors alone when nobody sleeps', () => {
    const memory = createRingMemory(8, WORDS);
    const writer = createRingWriter(memory, WORDS);
    const reader = createRingReader(memory, WORDS);
    writer.publish(5);
    writer.wake();
    reader.release(5);
    writer.wake();
    assert.deepEqual(
      [...memory.cursors].filter((word) => word !== 0),
      [5, 5],
    );
    reader.waitForSlots(1);
    writer.publish(8);
    writer.waitForRoom(1);
    // Nobody is left asleep in name, so that nobody is woken for nothing.
    assert.deepEqual(
      [...memory.cursors].filter((word) => word !== 0),
      [13, 5],
    );
  });

  test('its cursors cannot be moved while something is in it', () => {
    const memory = createRingMemory(2, WORDS);
    createRingWriter(memory, WORDS).publish(1);
    assert.throws(() => setRingCursors(memory, 7), InvariantError);
  });
});

describe('going to sleep', () => {
  // The first word of the bell.
  const READER_SLEEPS = 0;
  const WRITER_SLEEPS = 48;
  const SLEEP_MS = 4000;

  /** Runs `sleep` with something happening just before it says that it sleeps. Returns the ms that it took. */
  function sleepInterrupted(t: TestContext, flag: number, happening: () => void, sleep: () => void): number {
    const store = Atomics.store.bind(Atomics);
    let happened = false;
    const mocked = t.mock.method(Atomics, 'store', (words: Int32Array, at: number, value: number): number => {
      if (at === flag && value === 1 && !happened) {
        happened = true;
        happening();
      }
      return store(words, at, value);
    });
    const start = performance.now();
    sleep();
    mocked.mock.restore();
    assert.ok(happened);
    return performance.now() - start;
  }

  test('a writer does not miss a release between its last look and its sleep', (t) => {
    const memory = createRingMemory(2, WORDS);
    const writer = createRingWriter(memory, WORDS);
    const reader = createRingReader(memory, WORDS);
    writer.publish(2);
    const ms = sleepInterrupted(
      t,
      WRITER_SLEEPS,
      () => reader.release(2),
      () => writer.waitForRoom(SLEEP_MS),
    );
    assert.ok(ms < SLEEP_MS / 2, `slept ${ms} ms`);
  });

  test('a reader does not miss a burst between its last look and its sleep', (t) => {
    const memory = createRingMemory(2, WORDS);
    const writer = createRingWriter(memory, WORDS);
    const reader = createRingReader(memory, WORDS);
    const ms = sleepInterrupted(
      t,
      READER_SLEEPS,
      () => writer.publish(1),
      () => reader.waitForSlots(SLEEP_MS),
    );
    assert.ok(ms < SLEEP_MS / 2, `slept ${ms} ms`);
  });
});

describe('the self-check of the ring', () => {
  const HEAD = 0;
  const TAIL = 16;

  function refused(
    memory: RingMemory,
    word: number,
    value: number,
    check: () => void,
    message: RegExp,
  ): void {
    const before = memory.cursors[word];
    memory.cursors[word] = value;
    assert.throws(check, (error) => error instanceof InvariantError && message.test(error.message));
    memory.cursors[word] = before;
    check();
  }

  test('finds a cursor that somebody else moved', () => {
    const memory = createRingMemory(4, WORDS);
    const writer = createRingWriter(memory, WORDS);
    const reader = createRingReader(memory, WORDS);
    writer.publish(2);
    reader.release(1);
    refused(memory, HEAD, 3, writer.selfCheck, /second writer/);
    refused(memory, TAIL, 2, reader.selfCheck, /second reader/);
    refused(memory, TAIL, 3, writer.selfCheck, /-1 of 4 slots in use/);
    refused(memory, TAIL, -3, writer.selfCheck, /5 of 4 slots in use/);
    refused(memory, HEAD, 0, reader.selfCheck, /-1 of 4 slots in use/);
    refused(memory, HEAD, 6, reader.selfCheck, /5 of 4 slots in use/);
  });

  test('finds that too much was published or released', () => {
    const memory = createRingMemory(4, WORDS);
    const writer = createRingWriter(memory, WORDS);
    writer.publish(5);
    assert.throws(() => writer.selfCheck(), /5 of 4 slots in use/);
    const reader = createRingReader(memory, WORDS);
    reader.release(6);
    assert.throws(() => reader.selfCheck(), /-1 of 4 slots in use/);
  });
});

/** What the structures in shared memory cost, each alone: hash, table, wheel, ring. */
import { createHash4 } from '../../src/common/hash.ts';
import { createRandom } from '../../src/common/random.ts';
import { Kind } from '../../src/shm/bits.ts';
import { Desc, Hot } from '../../src/shm/offsets.generated.ts';
import { createRingReader, createRingWriter } from '../../src/shm/ring.ts';
import { createRingMemory, createSegment } from '../../src/shm/segment.ts';
import { createTable } from '../../src/shm/table.ts';
import { createWheel } from '../../src/shm/wheel.ts';
import { shuffled } from '../lib/blocks.ts';
import { type Context, type Figure, scaled } from '../lib/figure.ts';
import { HASH_KEY } from '../lib/hash-key.ts';
import { measureTask } from '../lib/tiny.ts';

/** Operations of one call. */
const COUNT = 4096;

export function hash(context: Context): Promise<Figure[]> {
  const random = createRandom(context.seed);
  const words = Int32Array.from({ length: COUNT * 4 }, () => random.word() | 0);
  const hash4 = createHash4(HASH_KEY);
  let sum = 0;
  const run = (): void => {
    sum = 0;
    for (let i = 0; i < words.length; i += 4)
      sum ^= hash4(words[i], words[i + 1], words[i + 2], words[i + 3]);
  };
  return Promise.resolve([
    measureTask(context, { name: 'hash of a tuple', operations: COUNT, run, checksum: () => sum >>> 0 }),
  ]);
}

/** Descriptors of distinct tuples of IPv4, and their hashes. */
function tuples(count: number, first: number): Int32Array {
  const hash4 = createHash4(HASH_KEY);
  const words = new Int32Array(count * Desc.WORDS);
  for (let i = 0; i < count; i++) {
    const d = i * Desc.WORDS;
    words[d + Desc.LO0] = 0x0a000000 + first + i;
    words[d + Desc.HI0] = 0x2d000001;
    words[d + Desc.L4] = (443 << 16) | 5000;
    words[d + Desc.KIND] = Kind.USED | 6;
    words[d + Desc.HASH] = hash4(words[d], words[d + 1], words[d + 2], words[d + 3]);
  }
  return words;
}

/** The table at 60 % of its index, larger than the caches. */
export function table(context: Context): Promise<Figure[]> {
  const slots = scaled(context, 1 << 20, 1 << 18, 1 << 13);
  const entries = Math.floor(slots * 0.6);
  const segment = createSegment(0, { maxEntries: entries + COUNT, reportSlots: 64 });
  const under = createTable(segment);
  // Looked up in another order than they were inserted, so that entries come at random, but descriptors do not.
  const known = tuples(entries, 0);
  const others = tuples(COUNT, 0x400000);
  const hashOf = (words: Int32Array, i: number): number => words[i * Desc.WORDS + Desc.HASH];
  for (const i of shuffled(entries, context.seed)) under.insert(hashOf(known, i), known, i * Desc.WORDS);
  const inserted = new Int32Array(COUNT);
  let at = 0;
  let sum = 0;
  const next = (): void => {
    at = (at + COUNT) % (entries - COUNT);
  };
  const hit = (): void => {
    for (let i = at; i < at + COUNT; i++) sum ^= under.find(hashOf(known, i), known, i * Desc.WORDS);
  };
  const miss = (): void => {
    for (let i = 0; i < COUNT; i++) sum ^= under.find(hashOf(others, i), others, i * Desc.WORDS);
  };
  let isIn = false;
  const insert = (): void => {
    for (let i = 0; i < COUNT; i++) inserted[i] = under.insert(hashOf(others, i), others, i * Desc.WORDS);
    isIn = true;
  };
  const remove = (): void => {
    for (let i = 0; i < COUNT; i++) under.remove(inserted[i], hashOf(others, i));
    isIn = false;
  };
  const figures = [
    measureTask(context, { name: 'probe, hit', operations: COUNT, run: hit, before: next }),
    measureTask(context, { name: 'probe, miss', operations: COUNT, run: miss }),
    measureTask(context, { name: 'insert', operations: COUNT, run: insert, before: () => isIn && remove() }),
    measureTask(context, { name: 'delete', operations: COUNT, run: remove, before: () => isIn || insert() }),
  ];
  // It keeps the loads alive.
  if (sum === 0x7fffffff) throw new Error('bench: a sum that cannot be');
  return Promise.resolve(figures);
}

/** Entries due within half a minute: filed, and expired when their time has come. */
export function wheel(context: Context): Promise<Figure[]> {
  const segment = createSegment(0, { maxEntries: COUNT, reportSlots: 64 });
  const { hot } = segment;
  const random = createRandom(context.seed);
  let expired = 0;
  const under = createWheel(segment, () => {
    expired++;
  });
  let nowMs = 1000;
  under.start(nowMs);
  const due = Int32Array.from({ length: COUNT }, () => 1 + random.below(30_000));
  const file = (): void => {
    for (let i = 0; i < COUNT; i++) {
      hot[(i + 1) * Hot.WORDS + Hot.DEADLINE] = (nowMs + due[i]) | 0;
      under.fileNew(i + 1);
    }
  };
  let isFiled = false;
  const expire = (): void => {
    nowMs = (nowMs + 31_000) | 0;
    expired = 0;
    under.expireDue(nowMs);
    isFiled = false;
    if (expired !== COUNT) throw new Error(`${expired} of ${COUNT} entries expired`);
  };
  const fileAll = (): void => {
    file();
    isFiled = true;
  };
  return Promise.resolve([
    measureTask(context, {
      name: 'wheel: file',
      operations: COUNT,
      run: fileAll,
      before: () => isFiled && expire(),
    }),
    measureTask(context, {
      name: 'wheel: expire',
      operations: COUNT,
      run: expire,
      before: () => isFiled || fileAll(),
      checksum: () => expired,
    }),
  ]);
}

/** Descriptors handed over in bursts of 64 within one thread: what a ring costs beside the memory that goes through it. */
export function ring(context: Context): Promise<Figure[]> {
  const burst = 64;
  const memory = createRingMemory(8192, Desc.WORDS);
  const writer = createRingWriter(memory, Desc.WORDS);
  const reader = createRingReader(memory, Desc.WORDS);
  let sum = 0;
  const run = (): void => {
    sum = 0;
    for (let done = 0; done < COUNT; done += burst) {
      const head = writer.head();
      if (writer.free(burst) < burst) throw new Error('bench: the ring is full');
      for (let i = 0; i < burst; i++)
        writer.slots[((head + i) & writer.mask) * Desc.WORDS + Desc.HASH] = done + i;
      writer.publish(burst);
      const tail = reader.tail();
      for (let n = reader.available(); n > 0; n--)
        sum += reader.slots[((tail + n - 1) & reader.mask) * Desc.WORDS + Desc.HASH];
      reader.release(burst);
    }
  };
  return Promise.resolve([
    measureTask(context, { name: 'ring, one descriptor', operations: COUNT, run, checksum: () => sum }),
  ]);
}

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { InvariantError } from '../../src/common/assert.ts';
import { Kind } from '../../src/shm/bits.ts';
import { Cold, Desc, Hot } from '../../src/shm/offsets.generated.ts';
import { createSegment, LOAD_MAX, type Segment } from '../../src/shm/segment.ts';
import { createTable, PROBE_LIMIT, type Table } from '../../src/shm/table.ts';
import { createRandom, operations, type Random, seedOf } from '../support/random.ts';

/** Tuples by number, with the hash that the test gives each. */
interface Universe {
  readonly size: number;
  readonly words: Int32Array;
  readonly hashes: Int32Array;
}

/** Addresses from so few values that tuples differ in one word only, in any of them. */
function createUniverse(size: number, random: Random, hashOf: (id: number) => number): Universe {
  const words = new Int32Array(size * Desc.WORDS);
  const seen = new Set<string>();
  for (let id = 0; id < size; ) {
    const d = id * Desc.WORDS;
    const isIpv6 = random.chance(0.5);
    words.fill(0, d, d + Desc.WORDS);
    for (const word of [Desc.LO0, Desc.HI0, Desc.L4])
      words[d + word] = random.pick([0, 1, -1, random.below(1 << 30)]);
    words[d + Desc.KIND] = Kind.USED | random.pick([6, 17]) | (isIpv6 ? Kind.IPV6 : 0);
    for (let i = 0; isIpv6 && i < 6; i++) words[d + Desc.LO1 + i] = random.pick([0, 0, 1, -1]);
    const text = words.subarray(d, d + Desc.WORDS).join();
    if (seen.has(text)) continue;
    seen.add(text);
    id++;
  }
  return { size, words, hashes: Int32Array.from({ length: size }, (_, id) => hashOf(id) || 1) };
}

interface Model {
  readonly segment: Segment;
  readonly table: Table;
  readonly universe: Universe;
  /** What the table should hold, both ways. */
  readonly entryOf: Map<number, number>;
  readonly idOf: Map<number, number>;
  /** Live tuples by hash. */
  readonly byHash: Map<number, number>;
  /** Of tuples: what a first pass over a burst has found out about them. */
  readonly walked: Map<number, number>;
  hashOfEntry(entry: number): number;
}

function createModel(maxEntries: number, universe: Universe): Model {
  const segment = createSegment(0, { maxEntries, reportSlots: 1 });
  const idOf = new Map<number, number>();
  return {
    segment,
    table: createTable(segment),
    universe,
    entryOf: new Map(),
    idOf,
    byHash: new Map(),
    walked: new Map(),
    hashOfEntry: (entry) => universe.hashes[idOf.get(entry) ?? 0],
  };
}

function insert(model: Model, id: number): number {
  const { table, universe, segment, entryOf, idOf, byHash } = model;
  const hash = universe.hashes[id];
  const entry = table.insert(hash, universe.words, id * Desc.WORDS);
  if (entry > 0) {
    assert.ok(entry <= segment.maxEntries && !idOf.has(entry), `entry ${entry} was given out twice`);
    entryOf.set(id, entry);
    idOf.set(entry, id);
    byHash.set(hash, (byHash.get(hash) ?? 0) + 1);
  } else if (entry === 0) {
    assert.equal(entryOf.size, segment.maxEntries, 'refused although the slab has room');
  } else {
    assert.equal(entry, -1);
    for (let i = 0; i < PROBE_LIMIT; i++) assert.notEqual(table.entryAt((hash + i) & table.mask()), 0);
  }
  return entry;
}

function remove(model: Model, id: number, entry: number): void {
  const { table, universe, entryOf, idOf, byHash } = model;
  const hash = universe.hashes[id];
  table.remove(entry, hash);
  entryOf.delete(id);
  idOf.delete(entry);
  byHash.set(hash, (byHash.get(hash) ?? 0) - 1);
}

/** A first pass over a burst: some tuples, of which one may come twice. */
function walk({ table, universe, walked }: Model, ids: readonly number[]): void {
  walked.clear();
  table.startWalks();
  for (const id of ids) walked.set(id, table.candidate(universe.hashes[id]));
}

/** Compares a lookup by tuple, one by hash, and one of a candidate that may be long gone. */
function look(model: Model, id: number, staleEntry: number): void {
  const { table, universe, entryOf, idOf, byHash } = model;
  const hash = universe.hashes[id];
  const d = id * Desc.WORDS;
  assert.equal(table.find(hash, universe.words, d, model.walked.get(id)), entryOf.get(id) ?? 0);
  const candidate = table.candidate(hash);
  if ((byHash.get(hash) ?? 0) === 0) assert.ok(candidate < 0);
  else assert.equal(model.hashOfEntry(candidate), hash);
  assert.equal(table.matches(staleEntry, universe.words, d), idOf.get(staleEntry) === id);
}

/** Half of the operations fall on few tuples; the table fills up and drains in turns. */
function run(
  model: Model,
  random: Random,
  count: number,
  checkEvery: number,
): { full: number; limited: number } {
  const { universe, entryOf, table, segment } = model;
  const stale = new Int32Array(64).fill(1);
  let full = 0;
  let limited = 0;
  let fillChance = 0.7;
  for (let i = 0; i < count; i++) {
    if (i % Math.ceil(count / 10) === 0) fillChance = fillChance > 0.5 ? 0.3 : 0.75;
    const few = Math.min(64, universe.size);
    if (random.chance(0.02))
      walk(
        model,
        Array.from({ length: 16 }, () => random.below(few)),
      );
    const id = random.below(random.chance(0.5) ? few : universe.size);
    const entry = entryOf.get(id) ?? 0;
    if (random.chance(0.4)) {
      look(model, id, random.pick([stale[i & 63], entry || 1]));
    } else if (entry === 0 && random.chance(fillChance)) {
      const given = insert(model, id);
      if (given === 0) full++;
      if (given === -1) limited++;
      if (given > 0) stale[random.below(64)] = given;
    } else if (entry !== 0 && !random.chance(fillChance)) {
      remove(model, id, entry);
    }
    if (i % checkEvery === 0) {
      table.selfCheck(model.hashOfEntry);
      assert.equal(table.count(), entryOf.size);
      assert.ok(table.probeMax() < PROBE_LIMIT && table.count() <= segment.maxEntries);
    }
  }
  for (let id = 0; id < universe.size; id++) look(model, id, stale[id & 63]);
  table.selfCheck(model.hashOfEntry);
  return { full, limited };
}

describe('the table against a Map', () => {
  test('hashes that spread; a small table that is full most of the time', (t) => {
    const random = createRandom(seedOf(t));
    const universe = createUniverse(200, random, () => random.word());
    const { full } = run(createModel(35, universe), random, operations(600_000), 100);
    assert.ok(full > 1000, `the slab was full ${full} times`);
  });

  test('few homes around the end of the index, and tuples that share the whole hash', (t) => {
    const random = createRandom(seedOf(t));
    const homes = [0x7fd, 0x7fe, 0x7ff, 0, 1, 0x7ff];
    const universe = createUniverse(240, random, () => (random.below(8) << 20) | random.pick(homes));
    run(createModel(1100, universe), random, operations(500_000), 1000);
  });

  test('chains up to the probe limit', (t) => {
    const random = createRandom(seedOf(t));
    const universe = createUniverse(
      3000,
      random,
      () => (random.below(2000) << 20) | random.pick([0xff0, 0xff1, 7]),
    );
    const { limited } = run(createModel(2200, universe), random, operations(100_000), 3000);
    assert.ok(limited > 10, `the limit was met ${limited} times`);
  });
});

describe('the index as it grows', () => {
  const SLOTS_FIRST = 4096;

  test('doubles from few slots to all of them, and every entry stays where it is', (t) => {
    const random = createRandom(seedOf(t));
    // One more than an index of half the size would take: `grow` has the least room for the old slots.
    const count = Math.floor(2 ** 15 * LOAD_MAX) + 1;
    const universe = createUniverse(count, random, () => random.word());
    const model = createModel(count, universe);
    assert.equal(model.table.mask(), SLOTS_FIRST - 1);
    let last = model.table.mask();
    for (let id = 0; id < universe.size; id++) {
      const early = model.entryOf.get(random.below(id + 1)) ?? 0;
      const candidate = early === 0 ? 0 : model.table.candidate(model.hashOfEntry(early));
      insert(model, id);
      // What a burst found before the index grew is still good.
      if (early !== 0) look(model, model.idOf.get(candidate) ?? 0, candidate);
      if (model.table.mask() === last) continue;
      assert.equal(model.table.mask(), last * 2 + 1);
      last = model.table.mask();
      model.table.selfCheck(model.hashOfEntry);
      for (let seen = 0; seen <= id; seen++) look(model, seen, model.entryOf.get(seen) ?? 1);
    }
    assert.equal(last, model.segment.index.length / 2 - 1);
    run(model, random, operations(50_000), 10_000);
  });

  test('takes chains that go over its end with it', (t) => {
    const random = createRandom(seedOf(t));
    const ends = [SLOTS_FIRST - 1, SLOTS_FIRST - 2, 0, 1];
    const universe = createUniverse(9000, random, (id) =>
      id % 9 === 0 ? (random.below(1 << 19) << 13) | random.pick(ends) : random.word(),
    );
    const model = createModel(9000, universe);
    for (let id = 0; id < universe.size; id++) insert(model, id);
    assert.ok(model.table.mask() > SLOTS_FIRST);
    model.table.selfCheck(model.hashOfEntry);
    for (let id = 0; id < universe.size; id++) look(model, id, 1);
    for (let id = 0; id < universe.size; id += 2) remove(model, id, model.entryOf.get(id) ?? 0);
    run(model, random, operations(20_000), 5000);
  });
});

test('the probe limit is exact: 1023 occupied slots are passed, 1024 are not', () => {
  const random = createRandom(1);
  const universe = createUniverse(PROBE_LIMIT + 1, random, () => 0xfff);
  const model = createModel(3000, universe);
  for (let id = 0; id < PROBE_LIMIT; id++) assert.ok(insert(model, id) > 0);
  assert.equal(model.table.probeMax(), PROBE_LIMIT - 1);
  assert.equal(insert(model, PROBE_LIMIT), -1);
  // The refused one took no entry with it.
  remove(model, 17, model.entryOf.get(17) ?? 0);
  assert.equal(insert(model, PROBE_LIMIT), 18);
  model.table.selfCheck(model.hashOfEntry);
});

test('a walk that found nothing is gone on with, and from the start once a slot has moved', () => {
  // Three tuples in a row of slots: the walk for the third one ends behind the second one.
  const universe = createUniverse(4, createRandom(4), () => 5);
  const model = createModel(10, universe);
  const first = insert(model, 0);
  insert(model, 1);
  walk(model, [2, 3]);
  const third = insert(model, 2);
  look(model, 2, first);
  look(model, 3, first);
  remove(model, 0, first);
  // It is nearer to the start now than where the walk had ended.
  assert.equal(model.table.find(5, universe.words, 2 * Desc.WORDS, model.walked.get(2)), third);
  look(model, 3, first);
  insert(model, 3);
  assert.equal(model.table.entryAt(7), model.entryOf.get(3), 'no gap is left');
  model.table.selfCheck(model.hashOfEntry);
});

test('a candidate is stale as soon as its entry is freed, and after the entry was taken again', () => {
  const universe = createUniverse(2, createRandom(2), () => 5);
  const model = createModel(10, universe);
  const entry = insert(model, 0);
  assert.equal(model.table.candidate(5), entry);
  remove(model, 0, entry);
  assert.equal(model.table.matches(entry, universe.words, 0), false);
  assert.equal(insert(model, 1), entry);
  assert.equal(model.table.matches(entry, universe.words, 0), false);
  assert.equal(model.table.matches(entry, universe.words, Desc.WORDS), true);
});

describe('the self-check of the table', () => {
  /** A chain over the end of the index, and three entries in the free list: 4, 7, 9. */
  function prepare(): Model {
    const universe = createUniverse(40, createRandom(3), (id) => ((id + 1) << 16) | (126 + (id % 3)));
    const model = createModel(51, universe);
    assert.equal(model.table.mask(), 127);
    for (let id = 0; id < universe.size; id++) insert(model, id);
    for (const entry of [4, 7, 9]) remove(model, model.idOf.get(entry) ?? 0, entry);
    model.table.selfCheck(model.hashOfEntry);
    return model;
  }

  function damaged(array: Int32Array, word: number, value: number, model: Model, message: RegExp): void {
    const before = array[word];
    assert.notEqual(before, value);
    array[word] = value;
    assert.throws(
      () => model.table.selfCheck(model.hashOfEntry),
      (error) => error instanceof InvariantError && message.test(error.message),
    );
    array[word] = before;
    model.table.selfCheck(model.hashOfEntry);
  }

  const slotOf = (model: Model, entry: number): number => {
    for (let slot = 0; slot <= model.table.mask(); slot++)
      if (model.table.entryAt(slot) === entry) return slot;
    throw new Error('not in the index');
  };
  const nextWord = (entry: number): number => entry * Cold.WORDS + Cold.NEXT;

  test('finds damage in the index', () => {
    const model = prepare();
    const { index } = model.segment;
    const slot = slotOf(model, 5) * 2;
    damaged(index, slot, index[slot] ^ 0x100000, model, /hash that is not its entry's/);
    damaged(index, slot + 1, 6, model, /twice|not its entry's/);
    damaged(index, slot + 1, 4, model, /free entry 4/);
    damaged(index, slot + 1, 41, model, /beyond the slab/);
    damaged(index, slot + 1, -1, model, /beyond the slab/);
    damaged(index, slotOf(model, 1) * 2 + 1, 0, model, /a gap before slot/);
    const last = [...Array(128).keys()].findLast((s) => s < 124 && model.table.entryAt(s) !== 0) ?? 0;
    damaged(index, last * 2 + 1, 0, model, /counted 37/);
  });

  test('finds damage in the entries and in the free list', () => {
    const model = prepare();
    const { hot, cold } = model.segment;
    damaged(hot, 5 * Hot.WORDS + Hot.KIND, 0, model, /names the free entry 5/);
    damaged(hot, 7 * Hot.WORDS + Hot.KIND, Kind.USED | 6, model, /free entry 7 looks used/);
    damaged(cold, nextWord(4), 4, model, /twice in the free list/);
    damaged(cold, nextWord(9), 4, model, /twice in the free list/);
    damaged(cold, nextWord(4), 5, model, /in the index or twice/);
    damaged(cold, nextWord(4), 9, model, /37 entries used and 2 free of 40/);
    damaged(cold, nextWord(4), 0, model, /37 entries used and 1 free of 40/);
    damaged(cold, nextWord(9), 5000, model, /free/);
    damaged(cold, nextWord(9), 45, model, /free/);
  });

  test('finds any flipped bit in an occupied slot', () => {
    const model = prepare();
    const { index } = model.segment;
    for (let word = 0; word < index.length; word++) {
      if (index[word | 1] === 0) continue;
      for (let bit = 0; bit < 32; bit++) damaged(index, word, index[word] ^ (1 << bit), model, /^table: /);
    }
  });
});

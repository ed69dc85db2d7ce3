/** The table of expectations against a plain list with the same rules. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  createExpectations,
  ExpectAnswer,
  type Expectations,
  ExpectRequest,
} from '../../src/conntrack/expectations.ts';
import { createSettings, Setting } from '../../src/conntrack/settings.ts';
import { ExpectFlag, Kind } from '../../src/shm/bits.ts';
import { createClaimTaker } from '../../src/shm/claims.ts';
import { Counter } from '../../src/shm/counters.ts';
import { Expect } from '../../src/shm/offsets.generated.ts';
import { createExpectationMemory } from '../../src/shm/segment.ts';
import { createRandom, type Random, SEED } from '../support/random.ts';

const CAPACITY = 24;
const STEPS = 20_000;
const TCP = Kind.USED | 6;

function never(): never {
  throw new Error('no claim is open');
}

function setup(max = CAPACITY) {
  const memory = createExpectationMemory(CAPACITY);
  const settings = createSettings();
  settings[Setting.EXPECT_MAX] = max;
  const counters = new Float64Array(Counter.WORDS);
  const table = createExpectations({ memory, settings, hashKey: { k0: 1, k1: 2 }, counters, wait: never });
  return { memory, table, counters, taker: createClaimTaker(memory.claims, never) };
}

interface Wish {
  readonly source: number | null;
  readonly sourcePort: number | null;
  readonly destination: number;
  readonly port: number;
  readonly master: number;
  readonly klass: number;
  readonly timeoutMs: number;
  readonly flags: number;
}

function requestOf(w: Wish): ExpectRequest {
  const r = new ExpectRequest();
  r.kind = TCP;
  r.source[0] = w.source ?? 0;
  r.mask[0] = w.source === null ? 0 : -1;
  r.sourcePort = w.sourcePort ?? -1;
  r.destination[0] = w.destination;
  r.destinationPort = w.port;
  r.master = w.master;
  r.klass = w.klass;
  r.classMax = w.klass === 0 ? 2 : 3;
  r.timeoutMs = w.timeoutMs;
  r.flags = w.flags;
  return r;
}

const words = (value: number): Int32Array => Int32Array.of(value, 0, 0, 0);
const wish: Wish = {
  source: 10,
  sourcePort: null,
  destination: 20,
  port: 21,
  master: 1,
  klass: 0,
  timeoutMs: 1000,
  flags: 0,
};
const find = (table: Expectations, w: Wish, nowMs = 0): number =>
  table.find(words(w.source ?? 99), words(w.destination), w.sourcePort ?? 4000, w.port, TCP, nowMs);

describe('expectations', () => {
  it('an equal one replaces the old one, and its time starts anew', () => {
    const { table, memory } = setup();
    assert.equal(table.add(requestOf(wish), 0), ExpectAnswer.ADDED);
    assert.equal(table.add(requestOf(wish), 500), ExpectAnswer.ADDED);
    assert.equal(table.count(), 1);
    assert.equal(memory.words[table.added() * Expect.WORDS + Expect.DEADLINE], 1500);
  });

  it('an equal one of another class is there already, one that overlaps is in the way', () => {
    const { table, counters } = setup();
    table.add(requestOf(wish), 0);
    assert.equal(table.add(requestOf({ ...wish, klass: 1 }), 0), ExpectAnswer.ALREADY);
    assert.equal(table.add(requestOf({ ...wish, source: null }), 0), ExpectAnswer.BUSY);
    assert.equal(table.add(requestOf({ ...wish, master: 2 }), 0), ExpectAnswer.BUSY);
    const any = requestOf({ ...wish, master: 2 });
    any.skipMaster = true;
    assert.equal(table.add(any, 0), ExpectAnswer.ALREADY);
    assert.equal(table.add(requestOf({ ...wish, source: 11 }), 0), ExpectAnswer.ADDED);
    assert.equal(counters[Counter.EXPECT_REFUSED], 4);
  });

  it('the oldest of its class makes room; the table as a whole is refused', () => {
    const { table } = setup(3);
    for (let port = 1; port <= 3; port++) table.add(requestOf({ ...wish, port }), 0);
    assert.equal(find(table, { ...wish, port: 1 }), 0, 'the oldest of class 0, of which there may be two');
    assert.equal(table.count(), 2);
    assert.equal(table.add(requestOf({ ...wish, port: 4, master: 2 }), 0), ExpectAnswer.ADDED);
    assert.equal(table.add(requestOf({ ...wish, port: 5, master: 3 }), 0), ExpectAnswer.FULL);
  });

  it('an inactive or expired one is not found, a permanent one is never taken', () => {
    const { table } = setup();
    table.add(requestOf({ ...wish, flags: ExpectFlag.INACTIVE | ExpectFlag.PERMANENT }), 0);
    const slot = table.added();
    assert.equal(find(table, wish), 0);
    table.setFlags(slot, ExpectFlag.PERMANENT);
    assert.equal(find(table, wish), slot);
    assert.equal(table.claimSlot(slot), 0);
    table.take(slot);
    assert.equal(find(table, wish, 999), slot);
    assert.equal(find(table, wish, 1000), 0);
    table.settle(1000);
    assert.equal(table.count(), 0);
  });

  it('of a pair the other one goes when one is taken, whichever shard settles first', () => {
    const { table, taker } = setup();
    table.add(requestOf(wish), 0);
    const a = table.added();
    table.add(requestOf({ ...wish, port: 22 }), 0);
    const b = table.added();
    table.pair(a, b);
    const onB = table.claim(b);
    const onA = table.claim(a);
    assert.equal(taker.take(table.claimSlot(b), onB), true);
    assert.equal(taker.take(table.claimSlot(a), onA), false);
    table.settle(0);
    assert.equal(table.count(), 0);
    table.selfCheck();
  });

  it('what a claim took is gone when the claim is settled', () => {
    const { table, taker } = setup();
    table.add(requestOf(wish), 0);
    const slot = table.added();
    const first = table.claim(slot);
    const second = table.claim(slot);
    table.sweep(0);
    assert.equal(table.count(), 1, 'not known yet');
    taker.pass(slot, first);
    assert.equal(taker.take(slot, second), true);
    assert.equal(find(table, wish), 0);
    table.sweep(0);
    assert.equal(table.count(), 0);
    table.add(requestOf(wish), 0);
    assert.equal(find(table, wish), table.added(), 'its successor is free');
  });

  it('does what a plain list does', (t) => {
    const seed = SEED;
    t.diagnostic(`FLOWSHARD_SEED=${seed}`);
    const random = createRandom(seed);
    const { table } = setup();
    const model = createModel();
    let nowMs = 0x7fff_f000 | 0;
    for (let step = 0; step < STEPS; step++) {
      nowMs = (nowMs + random.below(30)) | 0;
      const w = randomWish(random);
      const what = random.below(10);
      if (what < 4) assert.equal(table.add(requestOf(w), nowMs), model.add(w, nowMs), `step ${step}: add`);
      else if (what < 8) takeOne(w);
      else if (what === 8) {
        table.removeOf(w.master);
        model.removeOf(w.master);
      } else {
        table.settle(nowMs);
        assert.equal(table.count(), model.count(nowMs), `step ${step}: count`);
      }
      if (step % 97 === 0) table.selfCheck();
    }

    function takeOne(w: Wish): void {
      const slot = find(table, w, nowMs);
      assert.equal(slot !== 0, model.find(w, nowMs), 'find');
      if (slot === 0) return;
      table.take(slot);
      model.take(w, nowMs);
    }
  });
});

function randomWish(random: Random): Wish {
  return {
    source: random.chance(0.3) ? null : 10 + random.below(3),
    sourcePort: random.chance(0.7) ? null : random.below(2),
    destination: 20 + random.below(3),
    port: random.below(4),
    master: 1 + random.below(5),
    klass: random.below(2),
    timeoutMs: 1 + random.below(2000),
    flags: random.pick([0, 0, 0, ExpectFlag.PERMANENT, ExpectFlag.INACTIVE]),
  };
}

interface Item extends Wish {
  readonly deadlineMs: number;
}

/** Newest first. */
function createModel() {
  let items: Item[] = [];
  const alive = (nowMs: number): Item[] => {
    items = items.filter((item) => ((item.deadlineMs - nowMs) | 0) > 0);
    return items;
  };
  const both = (a: number | null, b: number | null): boolean => a === null || b === null || a === b;
  const overlaps = (a: Wish, b: Wish): boolean =>
    a.destination === b.destination &&
    a.port === b.port &&
    both(a.source, b.source) &&
    both(a.sourcePort, b.sourcePort);
  const same = (a: Wish, b: Wish): boolean =>
    overlaps(a, b) && a.source === b.source && a.sourcePort === b.sourcePort && a.master === b.master;
  /** As a packet: where the wish says "any" the packet has some value. */
  const matches = (item: Item, w: Wish): boolean =>
    item.destination === w.destination &&
    item.port === w.port &&
    (item.source === null || item.source === (w.source ?? 99)) &&
    (item.sourcePort === null || item.sourcePort === (w.sourcePort ?? 4000)) &&
    (item.flags & ExpectFlag.INACTIVE) === 0;

  return {
    add(w: Wish, nowMs: number): ExpectAnswer {
      for (const item of alive(nowMs)) {
        if (same(item, w)) {
          if (item.klass !== w.klass) return ExpectAnswer.ALREADY;
          items = items.filter((i) => i !== item);
          break;
        }
        if (overlaps(item, w)) return ExpectAnswer.BUSY;
      }
      const siblings = items.filter((i) => i.master === w.master && i.klass === w.klass);
      const oldest = siblings.at(-1);
      if (siblings.length >= (w.klass === 0 ? 2 : 3)) items = items.filter((i) => i !== oldest);
      if (items.length >= CAPACITY) return ExpectAnswer.FULL;
      items.unshift({ ...w, deadlineMs: (nowMs + w.timeoutMs) | 0 });
      return ExpectAnswer.ADDED;
    },
    find: (w: Wish, nowMs: number) => alive(nowMs).some((item) => matches(item, w)),
    take(w: Wish, nowMs: number): void {
      const found = alive(nowMs).find((item) => matches(item, w));
      if (found !== undefined && (found.flags & ExpectFlag.PERMANENT) === 0)
        items = items.filter((i) => i !== found);
    },
    removeOf(master: number): void {
      items = items.filter((i) => i.master !== master);
    },
    count: (nowMs: number) => alive(nowMs).length,
  };
}

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { InvariantError } from '../../src/common/assert.ts';
import { Cold, Hot } from '../../src/shm/offsets.generated.ts';
import { createSegment } from '../../src/shm/segment.ts';
import { createWheel, WHEEL_SLOTS, WHEEL_TICK_SHIFT, type Wheel } from '../../src/shm/wheel.ts';
import { createRandom, operations, type Random, seedOf } from '../support/random.ts';

const TICK_MS = 1 << WHEEL_TICK_SHIFT;
const DAY_MS = 86_400_000;
const AHEAD_MAX_MS = 2 ** 31 - 1;
/** FILED has the level in its low bits, so that comparing a deadline with it is up to 3 ms off. */
const REFRESH_MAX_MS = AHEAD_MAX_MS - 3;
/** How far the wheel may lag behind the clock, and a deadline lie in the past, by what wheel.ts promises. */
const LAG_MAX_MS = 12 * DAY_MS;

/**
 * The wheel beside a list of deadlines. Times of the model are numbers of milliseconds that do not
 * wrap; the wheel sees their low 32 bits.
 */
interface Model {
  readonly wheel: Wheel;
  readonly hot: Int32Array;
  readonly entries: number;
  /** By entry; NaN when it is in no list. */
  readonly deadlines: Float64Array;
  /** When the tick that must take it out begins: that of the deadline, or the one that ran when it was filed. */
  readonly sweepBy: Float64Array;
  now: number;
  swept: number;
  expired: number;
}

const tickOf = (ms: number): number => Math.floor(ms / TICK_MS);
const isFiled = (model: Model, entry: number): boolean => !Number.isNaN(model.deadlines[entry]);

function createModel(entries: number, startMs: number): Model {
  const segment = createSegment(0, { maxEntries: entries, reportSlots: 1 });
  const deadlines = new Float64Array(entries + 1).fill(Number.NaN);
  const wheel = createWheel(segment, (entry) => {
    assert.ok(isFiled(model, entry), `entry ${entry} expired without being filed`);
    assert.ok(
      deadlines[entry] <= model.now,
      `entry ${entry} expired ${deadlines[entry] - model.now} ms early`,
    );
    deadlines[entry] = Number.NaN;
    model.expired++;
  });
  const start = tickOf(startMs) * TICK_MS;
  const model: Model = {
    wheel,
    hot: segment.hot,
    entries,
    deadlines,
    sweepBy: deadlines.slice(),
    now: startMs,
    swept: start,
    expired: 0,
  };
  wheel.start(startMs | 0);
  assert.equal(wheel.sweptMs(), start | 0);
  return model;
}

function setDeadline(model: Model, entry: number, deadline: number): void {
  model.deadlines[entry] = deadline;
  model.sweepBy[entry] = Math.max(deadline, model.swept);
  model.hot[entry * Hot.WORDS + Hot.DEADLINE] = deadline | 0;
}

function file(model: Model, entry: number, deadline: number): void {
  setDeadline(model, entry, deadline);
  model.wheel.file(entry);
}

/** As a packet does it: writes the deadline, and speaks to the wheel only when it must. */
function refresh(model: Model, entry: number, deadline: number): void {
  setDeadline(model, entry, deadline);
  const h = entry * Hot.WORDS;
  if (((model.hot[h + Hot.DEADLINE] - model.hot[h + Hot.FILED]) | 0) < 0) model.wheel.hasten(entry);
}

function remove(model: Model, entry: number): void {
  model.wheel.remove(entry);
  model.deadlines[entry] = Number.NaN;
}

/** Nothing whose tick is over, or (exactly) whose deadline has come, may be left. */
function checkNothingDue(model: Model, exactly: boolean): void {
  const { deadlines, sweepBy, now, wheel } = model;
  for (let entry = 1; entry <= model.entries; entry++) {
    if (!isFiled(model, entry)) continue;
    const late = exactly ? deadlines[entry] <= now : tickOf(sweepBy[entry]) < tickOf(now);
    assert.ok(!late, `entry ${entry} is still there ${now - deadlines[entry]} ms after its deadline`);
  }
  assert.equal(wheel.sweptMs(), (tickOf(now) * TICK_MS) | 0);
}

function checkSwept(model: Model): void {
  const step = (model.wheel.sweptMs() - (model.swept | 0)) | 0;
  assert.ok(step >= 0, `sweptMs went back by ${-step} ms`);
  model.swept += step;
  assert.ok(model.swept <= model.now, 'sweptMs lies in the future');
}

function advance(model: Model, budget: number): boolean {
  const done = model.wheel.advance(model.now | 0, budget);
  checkSwept(model);
  if (done) checkNothingDue(model, false);
  return done;
}

function finish(model: Model, budget: number): void {
  for (let calls = 0; !advance(model, budget); calls++) {
    assert.ok(calls <= (10 * model.entries) / budget + 10, 'advance comes to no end');
  }
}

const aheadMs = (random: Random): number =>
  random.pick([
    random.below(100),
    random.below(20_000),
    random.below(600_000),
    random.below(9 * 3_600_000),
    random.below(6 * DAY_MS),
    random.below(REFRESH_MAX_MS),
    REFRESH_MAX_MS - random.below(2000),
    REFRESH_MAX_MS,
    0,
    // Whole rounds of the levels, and one tick before and after.
    (random.pick([1, 2, 511]) << random.pick([9, 14])) + random.pick([-TICK_MS, 0, TICK_MS]),
    (random.pick([1, 2, 255]) << 23) + random.pick([-TICK_MS, 0, TICK_MS, -1, 1]),
  ]);

const stepMs = (random: Random): number =>
  random.chance(0.9)
    ? random.pick([0, 1, 7, 31, 32, 33, random.below(500)])
    : random.pick([
        random.below(60_000),
        random.below(3_600_000),
        16_384 - random.below(3),
        random.below(DAY_MS),
        random.below(LAG_MAX_MS),
      ]);

function pass(model: Model, ms: number, random: Random): void {
  if (model.now + ms - model.swept > LAG_MAX_MS) finish(model, 64);
  model.now += ms;
  if (random.chance(0.02)) {
    // First with bounds, since expireDue itself has none: a wheel that stands still shall fail, not hang.
    finish(model, 64);
    model.wheel.expireDue(model.now | 0);
    checkSwept(model);
    checkNothingDue(model, true);
  } else {
    advance(model, random.pick([1, 2, 3, 8, 1000]));
  }
}

function run(model: Model, random: Random, count: number, checkEvery: number): void {
  for (let i = 0; i < count; i++) {
    const entry = 1 + random.below(model.entries);
    const deadline = model.deadlines[entry];
    const choice = random.below(10);
    if (choice < 2) {
      pass(model, stepMs(random), random);
    } else if (!isFiled(model, entry)) {
      const past = random.chance(0.02) ? random.below(LAG_MAX_MS / 2) : 0;
      // No entry is filed that far back that the lag of the wheel comes on top.
      if (past > 0) finish(model, 64);
      file(model, entry, past > 0 ? model.now - past : model.now + aheadMs(random));
    } else if (choice < 3) {
      remove(model, entry);
    } else if (deadline > model.now) {
      // What is overdue counts as gone: no packet refreshes it.
      refresh(model, entry, model.now + aheadMs(random));
    }
    if (i % checkEvery === 0) model.wheel.selfCheck();
  }
  finish(model, 64);
  model.wheel.selfCheck();
}

describe('the wheel against a list of deadlines', () => {
  const starts: [string, number][] = [
    ['0', 0],
    ['just before the clock wraps at 2^32', 0xfffff000],
    ['just before the clock turns negative at 2^31', 0x7ffffff1],
    ['well after 2^32', 5 * 2 ** 32 + 123_456_789],
  ];
  for (const [name, startMs] of starts) {
    test(`from ${name}`, (t) => {
      const random = createRandom(seedOf(t) + startMs);
      const model = createModel(150, startMs);
      run(model, random, operations(270_000), 500);
      assert.ok(model.expired > 10_000, `only ${model.expired} entries expired`);
      assert.ok(model.now - startMs > 3 * 2 ** 32, 'the clock should have wrapped three times');
      t.diagnostic(`${model.expired} expired in ${Math.round((model.now - startMs) / DAY_MS)} days`);
    });
  }
});

describe('the wheel', () => {
  test('takes a deadline of 2^31 - 1 ms at every place in a tick, with a wheel that lags', () => {
    for (const lag of [0, 1, 31, 700, DAY_MS, LAG_MAX_MS - DAY_MS]) {
      const model = createModel(2, 1_700_000_000_000);
      model.now += lag;
      file(model, 1, model.now + AHEAD_MAX_MS);
      finish(model, 4);
      for (const part of [0.4, 0.8]) {
        model.now += Math.floor((AHEAD_MAX_MS - 1) * 0.4);
        finish(model, 4);
        assert.equal(model.expired, 0, `at ${part} of the way`);
      }
      model.now = model.deadlines[1] - 1;
      finish(model, 4);
      model.wheel.expireDue(model.now | 0);
      assert.equal(model.expired, 0);
      model.now += 1;
      model.wheel.expireDue(model.now | 0);
      assert.equal(model.expired, 1, `lag ${lag}`);
    }
  });

  test('expires to the millisecond with expireDue, at the end of the tick with advance', () => {
    const model = createModel(3, 1000 * TICK_MS);
    file(model, 1, model.now + 40);
    file(model, 2, model.now + 40);
    model.now += 39;
    model.wheel.expireDue(model.now | 0);
    assert.equal(model.expired, 0);
    model.now += 1;
    assert.equal(model.wheel.advance(model.now | 0, 100), true);
    assert.equal(model.expired, 0);
    model.wheel.remove(2);
    model.wheel.expireDue(model.now | 0);
    assert.equal(model.expired, 1);
    model.wheel.file(2);
    model.now += 24;
    assert.equal(model.wheel.advance(model.now | 0, 100), true);
    assert.equal(model.expired, 2);
  });

  test('catches up at once with expireDue, however far it lags', () => {
    const model = createModel(500, 1_700_000_000_000);
    for (let entry = 1; entry <= 500; entry++) file(model, entry, model.now + entry * 2_000_000);
    model.now += 300 * 2_000_000;
    model.wheel.expireDue(model.now | 0);
    checkSwept(model);
    checkNothingDue(model, true);
    assert.equal(model.expired, 300);
    model.wheel.selfCheck();
  });

  test('does at most its budget per call', () => {
    const model = createModel(100, 0);
    for (let entry = 1; entry <= 100; entry++) file(model, entry, 10);
    model.now = 32;
    for (let expired = 10; expired <= 100; expired += 10) {
      assert.equal(model.wheel.advance(model.now, 10), false);
      assert.equal(model.expired, expired);
    }
    assert.equal(model.wheel.advance(model.now, 10), true);
  });

  test('may not be started while it holds something', () => {
    const model = createModel(1, 0);
    file(model, 1, 100);
    assert.throws(() => model.wheel.start(0), InvariantError);
  });
});

describe('the self-check of the wheel', () => {
  test('finds every kind of damage', () => {
    const segment = createSegment(0, { maxEntries: 8, reportSlots: 1 });
    const { hot, cold, wheel: slots } = segment;
    const wheel = createWheel(segment, () => {});
    wheel.start(0);
    // Slot 3 of level 0 holds 3, 2, 1; slot 2 of level 1 holds 5, 4; slot 1 of level 2 holds 6.
    const deadlines = [0, 100, 100, 100, 40_000, 40_000, 9_000_000];
    for (let entry = 1; entry <= 6; entry++) {
      hot[entry * Hot.WORDS + Hot.DEADLINE] = deadlines[entry];
      wheel.file(entry);
    }
    wheel.selfCheck();

    function damaged(array: Int32Array, word: number, value: number, message: RegExp): void {
      const before = array[word];
      assert.notEqual(before, value);
      array[word] = value;
      assert.throws(
        () => wheel.selfCheck(),
        (error) => error instanceof InvariantError && message.test(error.message),
      );
      array[word] = before;
      wheel.selfCheck();
    }

    const next = (entry: number): number => entry * Cold.WORDS + Cold.NEXT;
    const prev = (entry: number): number => entry * Cold.WORDS + Cold.PREV;
    const filed = (entry: number): number => entry * Hot.WORDS + Hot.FILED;
    damaged(cold, prev(2), 1, /entry 2 in slot 3 points back wrongly/);
    damaged(cold, prev(6), 0, /points back wrongly/);
    damaged(cold, next(2), 0, /counted 3,2,1/);
    damaged(cold, next(1), 2, /points back wrongly|circle/);
    damaged(cold, next(1), 4, /points back wrongly/);
    damaged(cold, next(1), 4711, /points back wrongly/);
    damaged(slots, 3, 0, /counted 3,2,1/);
    damaged(slots, 3, 5, /points back wrongly/);
    damaged(slots, WHEEL_SLOTS - 1, 6, /points back wrongly/);
    damaged(hot, filed(2), hot[filed(2)] | 1, /wrong level/);
    damaged(hot, filed(4), 8_000_000 | 1, /filed \d+ ms after its deadline|wrong slot/);
    damaged(hot, filed(4), 20_000 | 1, /wrong slot/);
    damaged(hot, filed(1), 64, /wrong slot/);
    damaged(hot, filed(6), 2, /wrong slot/);
    damaged(hot, 1 * Hot.WORDS + Hot.DEADLINE, 90, /filed 10 ms after its deadline/);
    damaged(cold, next(1), 1, /points back wrongly/);
    damaged(cold, next(1), 3, /points back wrongly/);
  });
});

/** The parts of which reassembly is made. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BLOCK_BYTES, createByteArena } from '../../../src/ingest/reassembly/byte-arena.ts';
import { fragmentCharge } from '../../../src/ingest/reassembly/charge.ts';
import { Fragment } from '../../../src/ingest/reassembly/records.ts';
import { Fit, fitOf, insertRun } from '../../../src/ingest/reassembly/runs.ts';
import { createSources } from '../../../src/ingest/reassembly/sources.ts';
import { createRandom, operations, seedOf } from '../../support/random.ts';

/** Bytes of layer 3 of a packet, and what the kernel's /proc/net/sockstat grew by. */
const MEASURED: readonly (readonly [bytes: number, charge: number])[] = [
  [28, 832],
  [148, 832],
  [220, 1280],
  [596, 1280],
  [720, 2304],
  [1500, 2304],
  [2020, 4352],
  [3020, 4352],
  [4116, 8448],
  [8020, 12_544],
  [16_020, 20_736],
  [32_020, 33_024],
  [65_524, 69_888],
  // 4.2 million bytes in 1,584 queues of 200.
];

it('a fragment is charged what the kernel books for it', () => {
  for (const [bytes, charge] of MEASURED) assert.equal(fragmentCharge(bytes), charge, `${bytes} bytes`);
});

it('a charge covers the bytes that are kept, in blocks', () => {
  for (let bytes = 20; bytes <= 65_575; bytes++)
    assert.ok(Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES <= fragmentCharge(bytes), `${bytes} bytes`);
});

it('bytes come back as they were stored, whatever was freed before', (t) => {
  const random = createRandom(seedOf(t));
  const arena = createByteArena(64 * 1024);
  const source = new DataView(new ArrayBuffer(4096));
  for (let i = 0; i < source.byteLength; i++) source.setUint8(i, random.below(256));
  const kept: { first: number; at: number; length: number }[] = [];
  const out = new DataView(new ArrayBuffer(4096));
  for (let i = 0; i < operations(3000); i++) {
    if (kept.length > 12 || (kept.length > 0 && random.chance(0.3))) {
      const [{ first, at, length }] = kept.splice(random.below(kept.length), 1);
      const from = random.below(length + 1);
      arena.load(first, from, length - from, out, 1);
      for (let b = 0; b < length - from; b++)
        assert.equal(out.getUint8(1 + b), source.getUint8(at + from + b));
      arena.free(first);
    } else {
      const at = random.below(1000);
      const length = random.below(3000);
      kept.push({ first: arena.store(source, at, length), at, length });
    }
    arena.selfCheck();
  }
  for (const { first } of kept) arena.free(first);
  assert.equal(arena.used(), 0);
});

it('an arena that is full says so', () => {
  const arena = createByteArena(BLOCK_BYTES);
  const view = new DataView(new ArrayBuffer(BLOCK_BYTES + 1));
  assert.throws(() => arena.store(view, 0, BLOCK_BYTES + 1), /no room/);
});

it('sources count while they are held, each for itself', () => {
  // One place for all, so that chains are walked.
  const sources = createSources(5, () => 0);
  const [a, b, c] = [sources.hold(1), sources.hold(2), sources.hold(-3)];
  assert.equal(new Set([a, b, c]).size, 3);
  assert.equal(sources.count(a), 1);
  assert.equal(sources.hold(1), a);
  sources.release(a);
  assert.equal(sources.count(a), 2);
  sources.release(b);
  assert.equal(sources.used(), 2);
  assert.equal(sources.hold(-3), c);
  sources.release(a);
  assert.equal(sources.count(sources.hold(1)), 1, 'forgotten when nobody held it');
});

describe('runs', () => {
  const RUNS = operations(5000);

  /** Depth of the tree after single fragments with gaps came in some order. */
  function depthAfter(order: readonly number[], seed: number): number {
    const random = createRandom(seed);
    const f = new Int32Array((order.length + 1) * Fragment.WORDS);
    let root = 0;
    order.forEach((place, i) => {
      const run = (i + 1) * Fragment.WORDS;
      f[run + Fragment.START] = place * 16;
      f[run + Fragment.RUN_END] = place * 16 + 8;
      f[run + Fragment.PRIORITY] = random.word();
      root = insertRun(f, root, run);
    });
    const depthOf = (run: number): number =>
      run === 0 ? 0 : 1 + Math.max(depthOf(f[run + Fragment.LEFT]), depthOf(f[run + Fragment.RIGHT]));
    return depthOf(root);
  }

  const ascending = Array.from({ length: RUNS }, (_, i) => i);
  const ORDERS: Readonly<Record<string, readonly number[]>> = {
    ascending,
    descending: ascending.toReversed(),
    'from both ends': ascending.map((i) => (i % 2 === 0 ? i / 2 : RUNS - 1 - (i - 1) / 2)),
    scattered: ascending.map((i) => (i * 2_654_435_761) % RUNS),
  };
  for (const [name, order] of Object.entries(ORDERS)) {
    it(`stay shallow when fragments come ${name}`, (t) => {
      const unique = [...new Set(order)];
      const depth = depthAfter(unique, seedOf(t));
      assert.ok(depth < 5 * Math.log2(RUNS), `depth ${depth}`);
    });
  }

  it('tell where a fragment fits', () => {
    const f = new Int32Array(10 * Fragment.WORDS);
    const at = (i: number): number => i * Fragment.WORDS;
    const put = (i: number, start: number, end: number, root: number): number => {
      f[at(i) + Fragment.START] = start;
      f[at(i) + Fragment.RUN_END] = end;
      f[at(i) + Fragment.PRIORITY] = i * 7919;
      return insertRun(f, root, at(i));
    };
    assert.equal(fitOf(f, 0, 0, 0, 8), Fit.BEHIND);
    let root = put(1, 16, 32, 0);
    root = put(2, 32, 40, root);
    root = put(3, 64, 80, root);
    const fit = (start: number, end: number): Fit => fitOf(f, root, at(3), start, end);
    assert.equal(fit(80, 88), Fit.APPEND);
    assert.equal(fit(88, 96), Fit.BEHIND);
    assert.equal(fit(72, 88), Fit.OVERLAP);
    assert.equal(fit(0, 8), Fit.BETWEEN);
    assert.equal(fit(8, 16), Fit.BETWEEN);
    assert.equal(fit(40, 64), Fit.BETWEEN);
    assert.equal(fit(16, 32), Fit.DUPLICATE);
    assert.equal(fit(64, 72), Fit.DUPLICATE);
    assert.equal(fit(24, 40), Fit.OVERLAP, 'within two runs that touch');
    assert.equal(fit(8, 24), Fit.OVERLAP);
    assert.equal(fit(0, 80), Fit.OVERLAP);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { coordinate, tickText } from '../../src/plot/numbers.ts';
import { createScale } from '../../src/plot/scale.ts';
import fc from '../support/fast-check.ts';

const texts = (values: number[], scale: 'linear' | 'log', count = 7): string[] =>
  createScale(values, { scale }, count).ticks.map(({ text }) => text);

describe('scales', () => {
  it('have ticks at round numbers that take in all values', () => {
    assert.deepEqual(texts([3, 97], 'linear', 5), ['0', '20', '40', '60', '80', '100']);
    assert.deepEqual(texts([0, 1.05e6], 'linear', 6), ['0', '200k', '400k', '600k', '800k', '1M', '1.2M']);
    assert.deepEqual(texts([0.3, 4000], 'log'), ['1', '10', '100', '1000']);
    assert.deepEqual(texts([3, 97], 'log'), ['2', '5', '10', '20', '50', '100']);
    assert.deepEqual(texts([1, 1e12], 'log', 5), ['1', '1000', '1M', '1G', '1T']);
  });

  it('keep the bounds and the ticks that they were given', () => {
    const ticks = [64_512, 258_048, 99_999_999].map((value) => ({ value, text: String(value) }));
    const scale = createScale([100_000], { scale: 'log', min: 50_000, max: 300_000, ticks }, 7);
    assert.deepEqual([scale.min, scale.max], [50_000, 300_000]);
    assert.deepEqual(scale.ticks, ticks.slice(0, 2));
    assert.deepEqual(scale.minor, []);
  });

  it('refuse bounds that they cannot have', () => {
    assert.throws(
      () => createScale([1], { scale: 'log', min: 0 }, 5),
      /an axis cannot end at 0 when it is log/,
    );
    assert.throws(() => createScale([1], { scale: 'linear', min: 3, max: 3 }, 5), /from 3 to 3/);
    assert.throws(() => createScale([1], { scale: 'linear', max: Number.NaN }, 5), RangeError);
  });

  it('give every value a place from 0 to 1, in order, and at least one tick', () => {
    const value = fc.double({ min: 1e-6, max: 1e12, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 9 }),
        fc.constantFrom('linear', 'log'),
        (values, scale) => {
          const made = createScale(values, { scale: scale as 'linear' | 'log' }, 7);
          const sorted = values.toSorted((a, b) => a - b).map((v) => made.place(v));
          for (const [i, place] of sorted.entries()) {
            assert.ok(place >= -1e-6 && place <= 1 + 1e-6, `${place} for ${values}`);
            assert.ok(i === 0 || place >= sorted[i - 1]);
          }
          assert.ok(
            made.ticks.length > 0 && made.ticks.length < 40,
            `${made.ticks.length} ticks for ${values}`,
          );
          assert.equal(new Set(made.ticks.map(({ text }) => text)).size, made.ticks.length);
        },
      ),
      { seed: 5, numRuns: 2000 },
    );
  });
});

describe('numbers', () => {
  it('of ticks are short, and tell ticks apart', () => {
    const wanted: [number, string][] = [
      [0, '0'],
      [0.02, '0.02'],
      [250, '250'],
      [9999, '9999'],
      [64_512, '64.512k'],
      [1_500_000, '1.5M'],
      [-2e9, '-2G'],
      [1e-7, '1e-7'],
    ];
    for (const [value, text] of wanted) assert.equal(tickText(value), text);
  });

  it('of the picture have two digits at most', () => {
    assert.deepEqual([1 / 3, -0.001, 12, 0.1 + 0.2, 100].map(coordinate), ['0.33', '0', '12', '0.3', '100']);
  });
});

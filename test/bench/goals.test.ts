import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { goalRows } from '../../bench/goals.ts';
import { statsOf } from '../../bench/lib/figure.ts';
import { tableOf } from '../../bench/lib/table.ts';
import { FILE, peerName } from '../../bench/macro/file.ts';
import { STARTUP } from '../../bench/macro/startup.ts';

const rowsOf = (figures: Readonly<Record<string, number>>) =>
  goalRows((name) => figures[name] ?? null).filter(({ measured }) => measured !== null);

describe('goals', () => {
  test('are judged by the figures that there are, and left open without', () => {
    assert.deepEqual(rowsOf({}), []);
    assert.deepEqual(
      rowsOf({ [STARTUP]: 0.151 }).map(({ isMet, measured }) => [isMet, measured]),
      [[false, '0.151 s']],
    );
    assert.equal(rowsOf({ [STARTUP]: 0.15 })[0].isMet, true);
  });

  test('the faster of two peers counts, and one that is missing does not', () => {
    const [both] = rowsOf({ [FILE]: 0.5, [peerName('argus')]: 5, [peerName('softflowd')]: 3.9 });
    assert.deepEqual([both.isMet, both.measured], [false, '7.80 times (0.50 s, 3.90 s)']);
    const [one] = rowsOf({ [FILE]: 0.5, [peerName('argus')]: 5 });
    assert.deepEqual([one.isMet, one.measured], [true, '10.00 times (0.50 s, 5.00 s)']);
  });

  test('every goal has a name of its own', () => {
    const names = goalRows(() => 1).map(({ what, measured }) => {
      assert.notEqual(measured, null, what);
      return what;
    });
    assert.equal(new Set(names).size, names.length);
  });
});

describe('figures', () => {
  const figure = { name: 'f', unit: 's', checksum: 0 };

  test('are kept by least, median and p99', () => {
    const values = Array.from({ length: 200 }, (_, i) => 200 - i);
    assert.deepEqual(statsOf({ ...figure, values }), { n: 200, min: 1, median: 100, p99: 198 });
    assert.deepEqual(statsOf({ ...figure, values: [5] }), { n: 1, min: 5, median: 5, p99: 5 });
  });

  test('that are none are refused', () => {
    assert.throws(() => statsOf({ ...figure, values: [] }), /has no values/);
    assert.throws(() => statsOf({ ...figure, values: [1, Number.NaN] }), /or such as are none/);
  });

  test('stand in columns', () => {
    assert.equal(tableOf(['a', 'n'], [['long', '1']], ['n']), 'a     n\nlong  1');
  });
});

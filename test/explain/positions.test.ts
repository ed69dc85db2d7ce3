/** Relative sequence numbers, and who set a bound last. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SideWord } from '../../src/conntrack/protocols/tcp-segment.ts';
import { createPositions } from '../../src/explain/positions.ts';
import { Hot } from '../../src/shm/offsets.generated.ts';

const words = (end: number): Int32Array => {
  const hot = new Int32Array(Hot.WORDS);
  hot[Hot.END_ORIG] = end;
  return hot;
};

describe('positions', () => {
  it('are unknown until something is known', () => {
    const positions = createPositions();
    assert.equal(positions.at(0, 5), null);
    positions.anchor(0, 5, 0);
    assert.equal(positions.at(0, 7), 2);
    assert.equal(positions.at(0, 3), -2);
    assert.equal(positions.at(1, 3), null);
  });

  it('cross 2^32 of sequence numbers, and go on beyond 4 GB', () => {
    const positions = createPositions();
    const isn = 0xfffffff0 | 0;
    positions.anchor(0, isn, 0);
    let before: Int32Array | null = null;
    const step = 2 ** 30;
    for (let i = 1; i <= 10; i++) {
      const end = (isn + i * step) | 0;
      assert.equal(positions.at(0, end), i * step);
      const after = words(end);
      positions.learn(before, after, { packet: i, dir: 0 });
      before = after;
    }
    assert.equal(positions.at(0, (isn + 10 * step + 7) | 0), 10 * step + 7);
    assert.ok(10 * step > 2 ** 32);
  });

  it('remember who moved a bound, and forget nothing when nobody does', () => {
    const positions = createPositions();
    positions.learn(null, words(100), { packet: 1, dir: 0 });
    positions.learn(words(100), words(100), { packet: 2, dir: 1 });
    assert.deepEqual(positions.setBy(0, SideWord.END), { packet: 1, dir: 0 });
    positions.learn(words(100), words(200), { packet: 3, dir: 1 });
    assert.deepEqual(positions.setBy(0, SideWord.END), { packet: 3, dir: 1 });
    assert.equal(positions.setBy(1, SideWord.MAXACK).packet, 0);
  });
});

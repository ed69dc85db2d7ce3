/** What is read of a table when its owner has stopped: how long its probes are, and who is ASSURED. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { assuredUpTo } from '../../src/shm/assured.ts';
import { Kind, Status } from '../../src/shm/bits.ts';
import { Counter } from '../../src/shm/counters.ts';
import { Hot } from '../../src/shm/offsets.generated.ts';
import { probeLengths } from '../../src/shm/probe-lengths.ts';

/** An index of 8 slots in use, of 16: hash and entry by slot. */
function tableOf(slots: Readonly<Record<number, readonly [hash: number, entry: number]>>) {
  const index = new Int32Array(32);
  const counters = new Float64Array(Counter.WORDS);
  counters[Counter.INDEX_SLOTS] = 8;
  for (const [slot, [hash, entry]] of Object.entries(slots)) index.set([hash, entry], Number(slot) * 2);
  return { index, counters };
}

it('lengths of probes go by where they begin, around the end of the index too', () => {
  const lengths = probeLengths([
    tableOf({ 2: [2, 1], 3: [2 + 64, 2], 4: [2, 3], 0: [7, 4] }),
    tableOf({ 5: [13, 1] }),
  ]);
  assert.deepEqual(lengths, { entries: 5, mean: (0 + 1 + 2 + 1 + 0) / 5, max: 2 });
  assert.deepEqual(probeLengths([tableOf({})]), { entries: 0, mean: 0, max: 0 });
});

it('ASSURED connections are counted up to the packet that created them', () => {
  const { index } = tableOf({ 2: [2, 1], 3: [3, 2], 4: [4, 3] });
  const hot = new Int32Array(4 * Hot.WORDS);
  for (const [entry, created, status] of [
    [1, 10, Status.ASSURED],
    [2, 11, Status.ASSURED],
    [3, 5, Status.SEEN_REPLY],
  ]) {
    hot[entry * Hot.WORDS + Hot.KIND] = Kind.USED | 6;
    hot[entry * Hot.WORDS + Hot.CREATED] = created;
    hot[entry * Hot.WORDS + Hot.STATUS] = status;
  }
  assert.equal(assuredUpTo([{ index, hot }], 10), 1);
  assert.equal(assuredUpTo([{ index, hot }], 11), 2);
});

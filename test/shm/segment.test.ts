import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { InvariantError } from '../../src/common/assert.ts';
import { Reason } from '../../src/common/reasons.ts';
import { Counter } from '../../src/shm/counters.ts';
import { Cold, Hot, Report } from '../../src/shm/offsets.generated.ts';
import {
  attachSegment,
  createRingMemory,
  createSegment,
  createSharedF64,
  createSharedI32,
  Header,
  indexSlotsFor,
  LOAD_MAX,
  RING_CURSOR_WORDS,
  type Segment,
} from '../../src/shm/segment.ts';
import { WHEEL_SLOTS } from '../../src/shm/wheel.ts';

const CACHE_LINE_BYTES = 64;
/** What memory is given out in. */
const PAGE_BYTES = 65536;
const BYTES_PER_CONNECTION_MAX = 192;

function sections(segment: Segment): [string, Int32Array | Float64Array][] {
  return [
    ['counters', segment.counters],
    ['wheel', segment.wheel],
    ['index', segment.index],
    ['hot', segment.hot],
    ['cold', segment.cold],
    ['report cursors', segment.reports.cursors],
    ['reports', segment.reports.slots],
  ];
}

describe('a segment', () => {
  for (const maxEntries of [1, 7, 51, 52, 1000, 4097]) {
    test(`of ${maxEntries} entries: its sections are aligned and do not overlap`, () => {
      const segment = createSegment(3, { maxEntries, reportSlots: 8 });
      let free = Header.WORDS * 4;
      for (const [name, view] of sections(segment)) {
        assert.equal(view.buffer, segment.buffer);
        assert.equal(view.byteOffset % CACHE_LINE_BYTES, 0, `${name} is not aligned`);
        assert.ok(view.byteOffset >= free, `${name} starts before ${free}`);
        assert.ok(view.byteOffset - free < CACHE_LINE_BYTES, `a hole before ${name}`);
        free = view.byteOffset + view.byteLength;
      }
      assert.ok(free <= segment.buffer.byteLength && segment.buffer.byteLength - free < PAGE_BYTES);
      assert.equal(segment.shard, 3);
      assert.equal(segment.counters.length, Counter.WORDS);
      assert.equal(segment.wheel.length, WHEEL_SLOTS);
      assert.equal(segment.index.length, 2 * indexSlotsFor(maxEntries));
      assert.equal(segment.hot.length, (maxEntries + 1) * Hot.WORDS);
      assert.equal(segment.cold.length, (maxEntries + 1) * Cold.WORDS);
      assert.equal(segment.reports.cursors.length, RING_CURSOR_WORDS);
      assert.equal(segment.reports.slots.length, 8 * Report.WORDS);
      assert.equal(segment.hotF64.byteOffset, segment.hot.byteOffset);
      assert.equal(segment.hotF64.byteLength, segment.hot.byteLength);
    });
  }

  test('what is written through one attachment is seen through another, and nowhere else', () => {
    const one = createSegment(0, { maxEntries: 10, reportSlots: 2 });
    const other = attachSegment(one.buffer);
    for (const [s, [, view]] of sections(one).entries()) {
      view.fill(s + 1);
      const values = sections(other).map(([, v]) => [v[0], v[v.length - 1]]);
      assert.deepEqual(
        values,
        sections(one).map((_, i) => (i <= s ? [i + 1, i + 1] : [0, 0])),
      );
    }
    assert.equal(attachSegment(one.buffer).maxEntries, 10);
  });

  test('costs at most 192 bytes per connection at the greatest load, index and wheel included', () => {
    const maxEntries = Math.floor(2 ** 17 * LOAD_MAX);
    assert.equal(indexSlotsFor(maxEntries), 2 ** 17);
    assert.equal(indexSlotsFor(maxEntries + 1), 2 ** 18);
    const { index, hot, cold, wheel } = createSegment(0, { maxEntries, reportSlots: 1 });
    const bytes = (index.byteLength + hot.byteLength + cold.byteLength + wheel.byteLength) / maxEntries;
    assert.ok(bytes <= BYTES_PER_CONNECTION_MAX, `${bytes} bytes`);
  });

  test('the index always keeps free slots, and a power of two of them in all', () => {
    for (let maxEntries = 1; maxEntries < 5000; maxEntries++) {
      const slots = indexSlotsFor(maxEntries);
      assert.ok((slots & (slots - 1)) === 0 && maxEntries <= slots * LOAD_MAX, `${maxEntries}: ${slots}`);
      assert.ok(slots === 64 || maxEntries > (slots / 2) * LOAD_MAX, `${maxEntries}: ${slots} are too many`);
    }
  });
});

describe('attaching', () => {
  const make = (): { header: Int32Array; buffer: SharedArrayBuffer } => {
    const { buffer } = createSegment(0, { maxEntries: 400, reportSlots: 4 });
    return { header: new Int32Array(buffer, 0, Header.WORDS), buffer };
  };

  const damages: [string, Header, RegExp][] = [
    ['another magic number', Header.MAGIC, /wrong magic number/],
    ['another version', Header.VERSION, /version 2, expected 1/],
    ['another layout', Header.LAYOUT_HASH, /laid out by a different build/],
    ['another number of entries', Header.MAX_ENTRIES, /bytes, expected/],
    ['another index', Header.INDEX_SLOTS, /bytes, expected/],
    ['another number of reports', Header.REPORT_SLOTS, /bytes, expected/],
  ];
  for (const [name, word, message] of damages) {
    test(`refuses ${name}`, () => {
      const { header, buffer } = make();
      header[word] += word >= Header.MAX_ENTRIES ? 8192 : 1;
      assert.throws(
        () => attachSegment(buffer),
        (error) => error instanceof InvariantError && message.test(error.message),
      );
    });
  }

  test('refuses memory that is too small, cut, or nothing at all', () => {
    const { buffer } = make();
    const cut = new SharedArrayBuffer(buffer.byteLength - PAGE_BYTES);
    new Uint8Array(cut).set(new Uint8Array(buffer, 0, cut.byteLength));
    const sizes = [4096, 60, 0];
    for (const memory of [cut, ...sizes.map((bytes) => new SharedArrayBuffer(bytes))]) {
      assert.throws(() => attachSegment(memory), InvariantError);
    }
  });
});

describe('counters and loose shared memory', () => {
  test('no two counters share a word, and there is one for every reason', () => {
    const words = Object.entries(Counter).filter(([, word]) => typeof word === 'number');
    const singles = words
      .filter(([name]) => !['VERDICT', 'REASON', 'WORDS'].includes(name))
      .map(([, word]) => Number(word));
    const verdicts = [0, 1, 2, 3, 4, 5].map((verdict) => Counter.VERDICT + verdict);
    const reasons = Array.from({ length: Reason.COUNT }, (_, reason) => Counter.REASON + reason);
    const all = [...singles, ...verdicts, ...reasons];
    assert.equal(new Set(all).size, all.length);
    assert.ok(all.every((word) => word >= 0 && word < Counter.WORDS));
    assert.equal(Counter.WORDS, Counter.REASON + Reason.COUNT);
  });

  test('a ring has memory of its own, and shared words are zero', () => {
    const ring = createRingMemory(4, 5);
    assert.deepEqual([ring.cursors.length, ring.slots.length], [RING_CURSOR_WORDS, 20]);
    assert.equal(ring.cursors.buffer, ring.slots.buffer);
    assert.ok(createSharedF64(3).buffer instanceof SharedArrayBuffer);
    assert.deepEqual([...createSharedI32(3)], [0, 0, 0]);
  });
});

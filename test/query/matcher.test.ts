/** The program of a filter against the plain reading of it: random entries, random filters. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PAGE_ENTRY_WORDS } from '../../src/control/tracker-control.ts';
import { programOf, thresholdProgram } from '../../src/query/compile.ts';
import { formatFilter, parseFilter, parseFilterText } from '../../src/query/filter.ts';
import { matchesConnection } from '../../src/query/match-connection.ts';
import { createMatcher } from '../../src/query/matcher.ts';
import { PROGRAM_WORDS_MAX } from '../../src/query/program.ts';
import { SORT_KINDS, sortKey } from '../../src/query/sort-key.ts';
import { Cold, Hot, Report } from '../../src/shm/offsets.generated.ts';
import { type Random, SEED, withSeed } from '../support/random.ts';
import { connectionAt, idAt, NOW_NS, NOW_SEC, NOW_TICK, randomPair, writeEntry } from './samples.ts';

const ENTRIES = 60;
const FILTERS = 4000;

interface Slabs {
  readonly hot: Int32Array;
  readonly hotF64: Float64Array;
  readonly cold: Int32Array;
  readonly ids: readonly number[];
}

function randomSlabs(random: Random): Slabs {
  const hot = new Int32Array(ENTRIES * Hot.WORDS);
  const cold = new Int32Array(ENTRIES * Cold.WORDS);
  for (let i = 0; i < ENTRIES; i++) writeEntry(random, hot, i * Hot.WORDS, cold, i * Cold.WORDS);
  const ids = Array.from({ length: ENTRIES }, (_, i) => idAt(hot, i * Hot.WORDS, cold, i * Cold.WORDS));
  return { hot, hotF64: new Float64Array(hot.buffer), cold, ids };
}

/** One to four tests, as a text. */
const randomText = (random: Random, ids: readonly number[]): string =>
  Array.from({ length: 1 + random.below(3) }, () => randomPair(random, ids).join(' ')).join(' ');

describe('a program', () => {
  it('says the same as the filter, over a segment, a page and a report', () => {
    withSeed(SEED, (random) => {
      const matcher = createMatcher();
      const slabs = randomSlabs(random);
      const { hot, hotF64, cold, ids } = slabs;
      const connections = ids.map((_, i) => connectionAt(hot, i * Hot.WORDS, cold, i * Cold.WORDS));
      // A page begins at an odd word here, so that f64 fields do too.
      const page = new Int32Array(1 + ENTRIES * PAGE_ENTRY_WORDS);
      for (let i = 0; i < ENTRIES; i++) {
        page.set(hot.subarray(i * Hot.WORDS, (i + 1) * Hot.WORDS), 1 + i * PAGE_ENTRY_WORDS);
        page.set(cold.subarray(i * Cold.WORDS, (i + 1) * Cold.WORDS), 1 + i * PAGE_ENTRY_WORDS + Hot.WORDS);
      }
      let found = 0;
      let partial = 0;
      for (let run = 0; run < FILTERS; run++) {
        const text = randomText(random, ids);
        const filter = parseFilterText(text);
        matcher.load(programOf(filter));
        let matched = 0;
        for (let i = 0; i < ENTRIES; i++) {
          const expected = matchesConnection(filter, connections[i], NOW_NS);
          const h = i * Hot.WORDS;
          const p = 1 + i * PAGE_ENTRY_WORDS;
          const context = `${text} on ${JSON.stringify(connections[i], (_, v) => (typeof v === 'bigint' ? String(v) : v))}`;
          assert.equal(
            matcher.matches(hot, hotF64, h, cold, i * Cold.WORDS, NOW_TICK, NOW_SEC),
            expected,
            context,
          );
          assert.equal(
            matcher.matches(page, null, p, page, p + Hot.WORDS, NOW_TICK, NOW_SEC),
            expected,
            context,
          );
          if (expected) matched++;
        }
        found += matched;
        if (matched > 0 && matched < ENTRIES) partial++;
      }
      // The values meet often enough for the comparison to mean something.
      assert.ok(partial > FILTERS / 4, `only ${partial} filters parted the entries`);
      assert.ok(found > FILTERS, `only ${found} matches`);
    });
  });

  it('reads back from its text as the same program', () => {
    withSeed(SEED, (random) => {
      for (let run = 0; run < FILTERS; run++) {
        const filter = parseFilterText(randomText(random, [1, 2 ** 32 - 1]));
        const again = parseFilterText(formatFilter(filter));
        assert.deepEqual(again, filter);
        assert.deepEqual([...programOf(again)], [...programOf(filter)]);
      }
    });
  });

  it('is the same from parameters as from text', () => {
    withSeed(SEED, (random) => {
      for (let run = 0; run < FILTERS; run++) {
        const pairs = Array.from({ length: 1 + random.below(3) }, () => randomPair(random, [1]));
        const params: Record<string, string[]> = {};
        for (const [key, value] of pairs) params[key] = [...(params[key] ?? []), value];
        const ordered = Object.entries(params).flatMap(([key, values]) => values.map((v) => `${key} ${v}`));
        assert.deepEqual(parseFilter(params), parseFilterText(ordered.join(' ')));
        assert.deepEqual(parseFilter({ filter: ordered }), parseFilter(params));
      }
    });
  });

  it('works over the words of a report', () => {
    withSeed(SEED, (random) => {
      const report = new Int32Array(Report.WORDS + 1);
      const matcher = createMatcher();
      const filter = parseFilterText('bytes>1k');
      matcher.load(programOf(filter));
      let matched = 0;
      for (let run = 0; run < 500; run++) {
        const h = (run & 1) + Report.HOT;
        const c = (run & 1) + Report.COLD;
        writeEntry(random, report, h, report, c);
        const expected = matchesConnection(filter, connectionAt(report, h, report, c), NOW_NS);
        assert.equal(matcher.matches(report, null, h, report, c, NOW_TICK, NOW_SEC), expected);
        if (expected) matched++;
      }
      assert.ok(matched > 50 && matched < 450, `${matched}`);
    });
  });

  it('never matches a free entry, and without a program every other one', () => {
    const matcher = createMatcher();
    const hot = new Int32Array(Hot.WORDS);
    const cold = new Int32Array(Cold.WORDS);
    const matches = (): boolean => matcher.matches(hot, null, 0, cold, 0, NOW_TICK, NOW_SEC);
    assert.equal(matches(), false);
    for (const text of ['', 'protocol 0', 'family ipv4', 'not tcp']) {
      matcher.load(programOf(parseFilterText(text)));
      assert.equal(matches(), false, text);
    }
    hot[Hot.KIND] = 0x200;
    for (const text of ['', 'protocol 0', 'family ipv4', 'not tcp']) {
      matcher.load(programOf(parseFilterText(text)));
      assert.equal(matches(), true, text);
    }
    matcher.load(programOf(parseFilterText('tcp')));
    assert.equal(matches(), false);
    matcher.load(null);
    assert.equal(matches(), true);
  });

  it('must fit into a mailbox', () => {
    const list = (count: number): string =>
      Array.from({ length: count }, (_, i) => `10.0.${i >> 8}.${i & 255}`).join(',');
    const most = Math.floor((PROGRAM_WORDS_MAX - 10) / 2);
    assert.ok(programOf(parseFilterText(`src ${list(most)}`)).length <= PROGRAM_WORDS_MAX);
    assert.throws(() => programOf(parseFilterText(`src ${list(most + 1)}`)), {
      name: 'OptionError',
      option: 'filter',
      message: /at most 448 words/,
    });
    const full = programOf(parseFilterText(`src ${list(most)}`));
    assert.throws(() => thresholdProgram(full, 'bytes', 1), { name: 'OptionError' });
  });
});

describe('a threshold', () => {
  it('adds to any program that the sort key is at least so much', () => {
    withSeed(SEED, (random) => {
      const { hot, hotF64, cold, ids } = randomSlabs(random);
      const plain = createMatcher();
      const limited = createMatcher();
      let kept = 0;
      for (let run = 0; run < 1000; run++) {
        const program = random.chance(0.2) ? null : programOf(parseFilterText(randomText(random, ids)));
        const kind = random.pick(SORT_KINDS);
        const keyOf = (i: number): number => sortKey(kind, hot, hotF64, i * Hot.WORDS, cold, i * Cold.WORDS);
        const atLeast = keyOf(random.below(ENTRIES)) + random.pick([0, 0, 1, -1, 0.5]);
        plain.load(program);
        limited.load(thresholdProgram(program, kind, atLeast));
        for (let i = 0; i < ENTRIES; i++) {
          const args = [hot, hotF64, i * Hot.WORDS, cold, i * Cold.WORDS, NOW_TICK, NOW_SEC] as const;
          const expected = plain.matches(...args) && keyOf(i) >= atLeast;
          assert.equal(limited.matches(...args), expected);
          if (expected) kept++;
        }
      }
      assert.ok(kept > 1000, `${kept}`);
    });
  });

  it('is in bytes, packets, or the age', () => {
    withSeed(SEED, (random) => {
      const { hot, hotF64, cold, ids } = randomSlabs(random);
      ids.forEach((_, i) => {
        const h = i * Hot.WORDS;
        const c = i * Cold.WORDS;
        const { original, reply, startNs } = connectionAt(hot, h, cold, c);
        const isCounted = original.bytes !== undefined;
        const bytes = isCounted ? (original.bytes ?? 0) + (reply.bytes ?? 0) : -1;
        const packets = isCounted ? (original.packets ?? 0) + (reply.packets ?? 0) : -1;
        for (const f64 of [hotF64, null]) {
          assert.equal(sortKey('bytes', hot, f64, h, cold, c), bytes);
          assert.equal(sortKey('packets', hot, f64, h, cold, c), packets);
        }
        assert.equal(sortKey('age', hot, null, h, cold, c), -Number(startNs / 1_000_000n));
      });
    });
  });
});

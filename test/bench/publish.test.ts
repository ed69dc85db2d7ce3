/** What is published says what was measured. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { StoredFigure } from '../../bench/lib/figure.ts';
import { readFigures } from '../../bench/lib/results.ts';
import { FILE, peerName } from '../../bench/macro/file.ts';
import { LADDER_SIZES, ladderName } from '../../bench/macro/ladder.ts';
import { STARTUP } from '../../bench/macro/startup.ts';
import { pictures } from '../../bench/publish/charts.ts';
import {
  performancePage,
  README_BEGIN,
  README_END,
  readmeWords,
  withWords,
} from '../../bench/publish/page.ts';
import { PUBLISHED, publication } from '../../bench/publish/publish.ts';

const figure = (name: string, median: number, more: Partial<StoredFigure> = {}): StoredFigure => ({
  commit: 'abc1234',
  date: '2026-11-22T10:00:00Z',
  machine: 'Some Processor',
  cores: 2,
  node: '20.0.0',
  seed: 1,
  scale: 'full',
  bench: 'b',
  name,
  unit: 's',
  n: 3,
  min: median * 0.9,
  median,
  p99: median * 1.5,
  checksum: 77,
  ...more,
});

test('docs/performance.md, its plots and the README are those of the published figures', () => {
  const readme = readFileSync('README.md', 'utf8');
  for (const [name, text] of publication(readFigures(PUBLISHED), readme))
    assert.equal(readFileSync(name, 'utf8'), text, `${name}: run node dist/bench/republish.js`);
});

test('every plot that the page shows is there', () => {
  const page = readFileSync('docs/performance.md', 'utf8');
  const images = [...page.matchAll(/!\[[^\]]*\]\(([^)]*)\)/g)].map(([, name]) => name);
  assert.equal(images.length, 3);
  for (const name of images) assert.ok(existsSync(`docs/${name}`), name);
});

describe('the page', () => {
  const figures = [
    figure(FILE, 0.5, { at: { packets: 4_000_000, connections: 200_000 } }),
    figure(peerName('argus'), 5),
    figure(STARTUP, 0.2),
    ...LADDER_SIZES.map((size) => figure(ladderName('new', size), size / 10_000, { unit: 'ns/packet' })),
  ];
  // The columns are aligned; what is in them counts.
  const page = performancePage(figures, []).replaceAll(/ +\|/g, ' |');

  test('has the machine, verdicts, ratios and the spread', () => {
    assert.match(page, /2 x Some Processor, Node 20\.0\.0, commit abc1234, 2026-11-22, seed 1\. One run/);
    assert.match(page, /\| start-up to first packet \| at most 0\.15 s \| 0\.200 s \| \*\*missed\*\* \|/);
    assert.match(page, /\| at least 8 times as fast \| 10\.00 times \(0\.50 s, 5\.00 s\) \| reached \|/);
    assert.match(page, /\| argus \| 5 \| 4\.5 \| 7\.5 \| 10\.00 \|/);
    assert.match(page, /\| 64,512 \| \| 6\.451 \(5\.806 to 9\.677\) \| \|/);
  });

  test('says what was not measured, and that a run was a quick one', () => {
    assert.match(page, /\| softflowd \| not installed \|/);
    assert.match(page, /\| ingest alone[^|]*\| 25 million packets\/s \| not measured \| \|/);
    const quick = performancePage([figure(STARTUP, 0.1, { scale: 'quick' })], []);
    assert.match(quick, /One run of `npm run bench`, a quick one with less work/);
  });

  test('has a plot of what was measured and none of what was not', () => {
    const made = pictures((name) => figures.find((one) => one.name === name));
    assert.deepEqual(
      made.map(([name]) => name),
      ['plots/connections.svg'],
    );
    assert.match(made[0][1], /16,515,072/);
  });

  test('is quoted by the README between its marks, and nowhere else', () => {
    const readme = `# A\n\n${README_BEGIN}\n\nold\n\n${README_END}\n\nrest\n`;
    const words = readmeWords(figures);
    assert.match(words, /4,000,000 TCP packets of 200,000 connections from file to table in 0\.5 s/);
    assert.match(words, /8\.0 million packets per second/);
    assert.match(words, /10\.00 of argus/);
    const written = withWords(readme, words);
    assert.equal(written, `# A\n\n${README_BEGIN}\n\n${words}\n\n${README_END}\n\nrest\n`);
    assert.equal(withWords(written, words), written);
    assert.throws(() => withWords('# A\n', words), /no place for the figures/);
  });
});

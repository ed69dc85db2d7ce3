/** Ties docs/filters.md to the declaration of the keys and to the parser. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { OptionError } from '../../src/common/errors.ts';
import { parseFilter, parseFilterText } from '../../src/query/filter.ts';
import { FILTER_KEYS } from '../../src/query/keys.ts';
import { valueNames } from '../../src/query/values.ts';

const page = readFileSync('docs/filters.md', 'utf8');

/** The tables of the page, as rows of cells. */
function tableUnder(heading: string): string[][] {
  const section = page.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const code = (text: string): string => `\`${text}\``;

it('has every key with its names, its letter, its meaning and its example', () => {
  const expected = FILTER_KEYS.map(({ name, aliases, flag, metavar, meaning, example }) => [
    code(name),
    aliases.map(code).join(', '),
    flag === undefined ? '' : code(`-${flag}`),
    metavar,
    meaning,
    code(example),
  ]);
  assert.deepEqual(tableUnder('Keys'), expected);
});

it('has every sort of value with what is allowed', () => {
  const expected = new Map(FILTER_KEYS.map(({ metavar, takes }) => [metavar, takes]));
  assert.deepEqual(
    tableUnder('Values'),
    [...expected].map((row) => [...row]),
  );
  for (const { metavar, takes } of FILTER_KEYS)
    assert.equal(takes, expected.get(metavar), `${metavar} is one thing`);
});

it('what is said to be allowed are all names that are read', () => {
  for (const { name, kind, takes } of FILTER_KEYS) {
    const words = new Set(takes.split(/[^\w.-]+/));
    // Two more spellings of icmpv6 are read than are told.
    const names = valueNames(kind).filter((value) => !['icmp6', 'ipv6-icmp'].includes(value));
    for (const value of names) assert.ok(words.has(value), `${name}: ${value}`);
  }
});

it('shows the same filter in three forms', () => {
  const blocks = [...page.matchAll(/```text\n([^`]*)```/g)].map(([, block]) => block.trimEnd());
  const [text, others] = blocks;
  const [query, options] = others.split('\n');
  const filter = parseFilterText(text);
  assert.ok(filter.tests.length > 5);
  assert.deepEqual(parseFilter(Object.fromEntries(new URLSearchParams(query))), filter);
  const pairs = [...options.matchAll(/--([a-z]+) (?:'([^']*)'|(\S+))/g)];
  assert.deepEqual(parseFilter(Object.fromEntries(pairs.map(([, key, a, b]) => [key, a ?? b]))), filter);
});

it('has examples that are read, and says of mistakes what is printed', () => {
  const examples = tableUnder('Examples');
  assert.ok(examples.length > 5);
  for (const [example] of examples) assert.ok(parseFilterText(example.slice(1, -1)).tests.length > 0);
  for (const mistake of ['src 10.0.0.0/33', 'bytes 5X', 'status ASURED', 'port 80 or port 443']) {
    assert.throws(
      () => parseFilterText(mistake),
      (error) => error instanceof OptionError && page.includes(`\n${error.message}\n`),
    );
  }
});

it('what the rules call the same is the same', () => {
  for (const [short, long] of [
    ['tcp', 'protocol tcp'],
    ['ipv6', 'family ipv6'],
    ['assured', 'status assured'],
    ['TIME_WAIT', 'state TIME_WAIT'],
    ['10.0.0.0/8', 'host 10.0.0.0/8'],
  ]) {
    assert.match(page.replace(/\s+/g, ' '), new RegExp(`\`${short}\` is \`${long}\``));
    assert.deepEqual(parseFilterText(short), parseFilterText(long));
  }
});

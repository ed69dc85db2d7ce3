import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { Outcome, REASONS, Reason, reasonInfo } from '../../src/common/reasons.ts';

const members: [string, Reason][] = Object.entries(Reason).flatMap(([name, value]) =>
  typeof value === 'number' && name !== 'COUNT' ? [[name, value]] : [],
);

/** Which numbers the reasons of an outcome have. */
const RANGES: Record<Outcome, readonly [number, number]> = {
  [Outcome.TRACKED]: [0, 0],
  [Outcome.SKIPPED]: [1, 31],
  [Outcome.UNTRACKED]: [32, 63],
  [Outcome.INVALID]: [64, 127],
  [Outcome.DROPPED]: [128, 159],
};

describe('reasons', () => {
  test('every one has a row, and there are no other rows', () => {
    assert.deepEqual(
      [...REASONS.keys()].sort((a, b) => a - b),
      members.map(([, value]) => value).sort((a, b) => a - b),
    );
  });

  test('numbers and names are unique, and the names are those of the source in kebab case', () => {
    assert.equal(new Set(members.map(([, value]) => value)).size, members.length);
    for (const [name, value] of members) {
      assert.equal(reasonInfo(value).name, name.toLowerCase().replaceAll('_', '-'));
      assert.match(reasonInfo(value).name, /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
    }
  });

  test('each lies in the range of its outcome, below COUNT', () => {
    for (const [name, value] of members) {
      const [first, last] = RANGES[reasonInfo(value).outcome];
      assert.ok(value >= first && value <= last && value < Reason.COUNT, name);
    }
    assert.equal(Reason.COUNT, RANGES[Outcome.DROPPED][1] + 1);
  });

  test('meanings are one line, without a full stop, and differ', () => {
    const meanings = members.map(([, value]) => reasonInfo(value).meaning);
    assert.equal(new Set(meanings).size, meanings.length);
    for (const meaning of meanings) assert.match(meaning, /^\S.*[^.\s]$/);
  });

  test('an unknown number is an error', () => {
    for (const value of [Reason.COUNT, -1, 63]) assert.throws(() => reasonInfo(value), /no such reason/);
  });

  test('docs/reasons.md has each of them with number, name and meaning', () => {
    const rows = readFileSync('docs/reasons.md', 'utf8')
      .split('\n')
      .map((line) =>
        line
          .split('|')
          .map((cell) => cell.trim())
          .slice(1, -1),
      )
      .filter((cells) => /^\d+$/.test(cells[0] ?? ''));
    const expected = [...REASONS].map(([value, info]) => [
      `${value}`,
      `\`${info.name}\``,
      Outcome[info.outcome].toLowerCase(),
      info.meaning,
    ]);
    assert.deepEqual(rows, expected);
  });
});

/** What is in files of events, checked: every number of every owner once and in order, in an event or in a gap. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';

interface Line {
  readonly record: string;
  readonly owner: number;
  readonly seq: number;
  readonly from: number;
  readonly to: number;
  readonly missed: number;
  readonly owners: number;
  readonly next: readonly number[];
  readonly written: number;
  readonly connection?: { readonly mark: number };
}

export interface Account {
  readonly events: number;
  readonly missed: number;
  readonly gaps: number;
  /** The next number of each owner. */
  readonly next: readonly number[];
  readonly hasEnd: boolean;
}

/** The text of FILE.keep, ..., FILE.1, FILE. */
export function rotatedText(path: string, keep = 100): string {
  const names = Array.from({ length: keep }, (_, i) => `${path}.${keep - i}`);
  return [...names, path].map((name) => (existsSync(name) ? readFileSync(name, 'utf8') : '')).join('');
}

/** Errors: a line that is none, a number that is missing without a gap, or there twice. */
export function checkEventText(text: string): Account {
  assert.ok(text === '' || text.endsWith('\n'), 'the last line is cut short');
  const lines = text
    .split('\n')
    .slice(0, -1)
    .map((line): Line => {
      try {
        return JSON.parse(line);
      } catch {
        return assert.fail(`no JSON: ${line}`);
      }
    });
  const [begin] = lines;
  assert.equal(begin.record, 'begin');
  const next = new Array<number>(begin.owners).fill(0);
  let events = 0;
  let missed = 0;
  let gaps = 0;
  for (const line of lines.slice(1)) {
    if (line.record === 'event') {
      assert.equal(line.seq, next[line.owner], `owner ${line.owner}`);
      next[line.owner]++;
      events++;
    } else if (line.record === 'gap') {
      assert.equal(line.from, next[line.owner], `a gap of owner ${line.owner}`);
      assert.equal(line.missed, line.to - line.from + 1);
      next[line.owner] = line.to + 1;
      missed += line.missed;
      gaps++;
    } else {
      assert.equal(line, lines.at(-1));
      assert.deepEqual(line, { record: 'end', next, written: events, missed });
    }
  }
  return { events, missed, gaps, next, hasEnd: lines.at(-1)?.record === 'end' };
}

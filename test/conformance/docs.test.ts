/** docs/differences.md names every class of differences, and no other. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { CLASSES } from './differences.ts';

test('docs/differences.md has every class in its place', () => {
  const [kept, later] = readFileSync('docs/differences.md', 'utf8').split('## Later');
  const headings = [...kept.matchAll(/^### `([\w-]+)`$/gm)].map((m) => m[1]);
  const rows = [...later.matchAll(/^\| `([\w-]+)` /gm)].map((m) => m[1]);
  const names = (isLater: boolean) => CLASSES.filter((c) => c.later === isLater).map((c) => c.name);
  assert.deepEqual(headings.sort(), names(false).sort());
  assert.deepEqual(rows.sort(), names(true).sort());
});

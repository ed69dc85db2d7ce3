/** The benchmarks run, with inputs so small that their figures mean nothing. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

test('npm run bench prints every figure and records it', () => {
  const results = mkdtempSync(join(tmpdir(), 'flowshard-bench-test-'));
  try {
    const args = ['dist/bench/run.js', '--packets', '4000', '--connections', '200', '--rounds', '2'];
    const output = execFileSync(process.execPath, [...args, '--results', results], { encoding: 'utf8' });
    assert.match(output, /million packets per second from file to table/);
    const lines = readFileSync(join(results, 'track.jsonl'), 'utf8').trim().split('\n');
    const figures = new Map(lines.map((line) => [JSON.parse(line).name, JSON.parse(line)]));
    for (const name of ['flowshard track, file to table', 'stage read', 'stage ingest', 'stage track']) {
      const figure = figures.get(name);
      assert.ok(figure !== undefined, `${name} is missing`);
      assert.equal(figure.n, 2);
      assert.ok(figure.median > 0 && figure.min <= figure.median && figure.median <= figure.max, name);
    }
    assert.equal(figures.get('flowshard track, file to table').checksum, 4000, 'every packet was tracked');
    assert.equal(figures.get('stage track').checksum, 8000, 'dispatched and tracked');
  } finally {
    rmSync(results, { recursive: true, force: true });
  }
});

test('bench/entries compares the bytes of every form with the strings', () => {
  const args = ['dist/bench/entries.js', '--entries', '3000', '--rounds', '1'];
  const output = execFileSync(process.execPath, args, { encoding: 'utf8' });
  const names = output.matchAll(/^(\w+ IPv[46]) +\d+ +\d+ +[\d.]+ {2}-?\d+$/gm);
  const forms = ['text IPv4', 'text IPv6', 'json IPv4', 'json IPv6', 'xml IPv4', 'xml IPv6'];
  assert.deepEqual(
    [...names].map(([, name]) => name),
    forms,
  );
});

test('the benchmark of filters finds what its table holds', () => {
  const args = ['dist/bench/filters.js', '--entries', '2560', '--rounds', '1'];
  const output = execFileSync(process.execPath, args, { encoding: 'utf8' });
  const found = new Map(
    output
      .split('\n')
      .map((line) => /^ *[\d.]+ +[\d.]+ +[\d.]+ +(\d+) {2}(.*)$/.exec(line))
      .flatMap((match) => (match === null ? [] : [[match[2], Number(match[1])] as const])),
  );
  assert.equal(found.size, 12);
  assert.equal(found.get(''), 2560);
  assert.ok((found.get('udp') ?? 0) > 400);
  // 256 of each source, about.
  const ofSource = found.get('src 10.0.0.3') ?? 0;
  assert.ok(ofSource > 150 && ofSource < 400, `${ofSource}`);
  assert.equal(found.get('host 10.0.0.3'), ofSource);
  assert.equal(found.get('src 10.0.0.0/16'), 2560);
});

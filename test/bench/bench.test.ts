/** The benchmarks run, with inputs so small that their figures mean nothing. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { BENCHES } from '../../bench/benches.ts';
import type { StoredFigure } from '../../bench/lib/figure.ts';
import { checksumOf } from '../../bench/lib/pipeline-run.ts';
import { FILE } from '../../bench/macro/file.ts';

test('npm run bench runs every benchmark, prints every figure and goal, and records them', () => {
  const folder = mkdtempSync(join(tmpdir(), 'flowshard-bench-test-'));
  const results = join(folder, 'figures.jsonl');
  try {
    const args = ['dist/bench/run.js', '--scale', 'tiny', '--seed', '7', '--results', results];
    const { status, stdout: output, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    const figures = readFileSync(results, 'utf8')
      .trim()
      .split('\n')
      .map((line): StoredFigure => JSON.parse(line));
    const benches = new Set(figures.map(({ bench }) => bench));
    const missing = BENCHES.filter(({ name }) => !benches.has(name)).map(({ name }) => name);
    // The kernel cannot be asked everywhere.
    if (missing.includes('kernel'))
      assert.match(output, /left out: kernel: no comparison with the kernel: ./);
    assert.deepEqual(
      missing.filter((name) => name !== 'kernel'),
      [],
      'every benchmark found something',
    );
    for (const figure of figures) {
      const { name, n, min, median, p99, seed, scale } = figure;
      assert.ok(n > 0 && min <= median && median <= p99, name);
      assert.deepEqual([seed, scale], [7, 'tiny']);
      assert.ok(output.includes(name), name);
    }
    assert.equal(figures.find(({ name }) => name === FILE)?.checksum, 4000, 'every packet was tracked');
    const established = figures.filter(({ bench }) => bench === 'established');
    const [ours] = established;
    // 100 connections of three packets, and laps of 400, twice with the same result.
    assert.equal(ours.checksum, checksumOf([300 + 6 * 400, 100, 100, 0]));
    if (established.length === 1) assert.match(output, /left out: established: no C compiler/);
    else assert.equal(established[1].name, `${ours.name}, in C`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('npm run bench -- --help names every benchmark, and one that is not there is refused', () => {
  const help = execFileSync(process.execPath, ['dist/bench/run.js', '--help'], { encoding: 'utf8' });
  for (const { name, about } of BENCHES) assert.ok(help.includes(`  ${name.padEnd(17)}  ${about}\n`), name);
  const { status, stderr } = spawnSync(process.execPath, ['dist/bench/run.js', '--only', 'file,flie'], {
    encoding: 'utf8',
  });
  assert.equal(status, 2);
  assert.match(stderr, /there is no benchmark flie; --help/);
  const partly = spawnSync(process.execPath, ['dist/bench/run.js', '--only', 'file', '--publish'], {
    encoding: 'utf8',
  });
  assert.equal(partly.status, 2);
  assert.match(partly.stderr, /--publish is for a run of everything/);
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

/**
 * The larger collection of captures and kernel traces beside the checkout: all traces are compared,
 * and every capture, damaged or not, must come to an end with balanced books.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { it } from 'node:test';
import { ReportMode } from '../../src/conntrack/reporter.ts';
import { unaccounted } from '../../src/export/stats.ts';
import { openCapture } from '../../src/ingest/open-capture.ts';
import { checkTrace } from './check-trace.ts';
import { filesBelow, goldenTraces, missing, SHARED } from './places.ts';
import { addResult, assertExplained, createTally, diagnose, unusedClasses } from './report.ts';
import { simulate } from './simulate.ts';

const CAPTURES = join(SHARED, 'captures');
const captures = filesBelow(CAPTURES)
  .filter((file) => !file.endsWith('.tsv'))
  .map((file) => join(CAPTURES, file));

it('every kernel trace: verdicts, events and tables', { skip: missing('golden', 'captures') }, async (t) => {
  const tally = createTally();
  for (const golden of goldenTraces(join(SHARED, 'golden'), CAPTURES))
    addResult(tally, await checkTrace(golden));
  diagnose(t, tally);
  assertExplained(tally);
  assert.deepEqual(unusedClasses(tally, 'traces'), [], 'classes that nothing shows any more: take them out');
});

/** Of the whole collection: a file that holds nothing up takes milliseconds. */
const SECONDS_MAX_PER_FILE = 20;

/** What is wrong with a file is said in one line: where, what was expected, what was found. */
const CAPTURE_ERROR = /^[^\n]+: at byte \d+: expected [^\n]+, found [^\n]+$/;

it('every capture comes to an end and every packet is in a counter', {
  skip: missing('captures'),
}, async (t) => {
  let [packets, damaged] = [0, 0];
  for (const file of captures) {
    const start = performance.now();
    const run = await simulate(await openCapture(file), {
      shards: 2,
      mode: ReportMode.NOTHING,
      onReports: () => {},
    });
    assert.equal(unaccounted(run.stats), 0, file);
    assert.ok(performance.now() - start < SECONDS_MAX_PER_FILE * 1000, `${file} takes too long`);
    if (run.error !== null) {
      damaged++;
      assert.match(run.error, CAPTURE_ERROR, file);
    }
    packets += run.stats.packets;
  }
  t.diagnostic(`${captures.length} captures, ${packets} packets, ${damaged} damaged files`);
});

function command(files: readonly string[]) {
  const args = ['track', '-r', ...files, '--print', 'none', '--stats', '--json', '-q'];
  const run = spawnSync(process.execPath, ['dist/cli.js', ...args], {
    encoding: 'utf8',
    timeout: SECONDS_MAX_PER_FILE * 2000,
    maxBuffer: 1 << 28,
  });
  const errors = run.stderr.split('\n').filter((line) => line !== '');
  for (const line of errors) assert.match(line, /^flowshard: [^\n]+: at byte \d+: expected /);
  assert.equal(run.status, errors.length === 0 ? 0 : 1, `${files[0]}: ${run.stderr}`);
  const stats = JSON.parse(run.stdout);
  assert.equal(unaccounted(stats), 0);
  return { stats, errors };
}

it('the command ends with a result or a clear error', { skip: missing('captures') }, () => {
  const few = captures.filter((file, i) => file.includes(`${CAPTURES}/bad/`) || i % 100 === 0);
  for (const file of few) command([file]);
});

/** Open files at once: fewer than any usual limit. */
const FILES_AT_ONCE = 200;

it('the command reads hundreds of captures at once', { skip: missing('captures') }, (t) => {
  const small = captures.filter((file) => !file.includes(`${CAPTURES}/big/`));
  let damaged = 0;
  for (let i = 0; i < small.length; i += FILES_AT_ONCE)
    damaged += command(small.slice(i, i + FILES_AT_ONCE)).errors.length;
  t.diagnostic(`${small.length} captures, ${damaged} damaged files`);
});

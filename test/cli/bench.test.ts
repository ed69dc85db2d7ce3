/** `flowshard bench` as a designer runs it. Nothing is said of how fast it is. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { until } from '../support/until.ts';
import { assertNothingLeft, flowshard, linesOf, start, tempFile } from './cli.ts';

const bench = (...args: readonly string[]) => flowshard(['bench', ...args]);
const page = readFileSync('docs/bench.md', 'utf8');
/** Without those of our own. */
const THREADS_OF_NODE = 11;
const TINY = ['--flows', '300', '--duration', '0.1s', '--warmup', '0'];

describe('docs/bench.md', () => {
  it('has the options of --help, in their order', async () => {
    const { stdout } = await bench('--help');
    const options = [...stdout.matchAll(/^ {2}((?:-\w, )?--[\w-]+(?: <[^>]+>)?) /gm)].map(
      ([, option]) => option,
    );
    const documented = [...page.matchAll(/^\| `(-[^`]*)`/gm)].map(([, option]) => option);
    assert.deepEqual(documented, options);
  });

  it('names the scenarios and the exit statuses', async () => {
    const { stdout } = await bench('--help');
    for (const name of ['syn-flood', 'collision']) {
      assert.ok(page.includes(`--scenario ${name}`), name);
      assert.match(stdout, new RegExp(`^ {2}${name} `, 'm'));
    }
    for (const status of [0, 1, 2, 130]) assert.match(page, new RegExp(`\\b${status} `));
  });
});

describe('flowshard bench', () => {
  it('prints what it measured', async () => {
    const { status, stdout, stderr } = await bench(...TINY);
    assert.deepEqual([status, stderr], [0, '']);
    assert.match(stdout, /^300 flows, room for 600, \d+ shards?, as fast as it goes, seed 1$/m);
    for (const label of ['throughput', 'latency', 'connections', 'room', 'probes', 'memory', 'garbage'])
      assert.match(stdout, new RegExp(`^ {2}${label} `, 'm'));
    assert.match(stdout, /closed loop/);
    assert.match(stdout, /0 evicted, 0 refused as the table was full, 0 for the length of their probe/);
  });

  it('has the same as JSON, and writes histogram and pictures', async () => {
    const [hgrm, plot] = [tempFile('run.hgrm', ''), tempFile('run.svg', '')];
    const { status, stdout } = await bench(...TINY, '--rate', '5k', '--json', '--hgrm', hgrm, '--plot', plot);
    assert.equal(status, 0);
    const figures: unknown = JSON.parse(stdout);
    assert.ok(typeof figures === 'object' && figures !== null);
    const { design, packets, latency, occupancy, probes } = Object(figures);
    assert.deepEqual([design.flows, design.rate, design.max], [300, 5000, 600]);
    assert.ok(packets > 0 && latency.count > 0 && occupancy.length > 1 && probes.entries === 300);
    assert.match(readFileSync(hgrm, 'utf8'), /^ *Value +Percentile/);
    assert.match(readFileSync(plot, 'utf8'), /^<svg [^>]*>[\s\S]*Latency by percentile/);
  });

  it('ends a run at Ctrl-C, with what was measured', async () => {
    const { child, ended } = start([
      'bench',
      '--flows',
      '300',
      '--duration',
      '1h',
      '--warmup',
      '0',
      '--json',
    ]);
    // A process of Node has some threads; those of the run come after the signals are heeded.
    const threads = (): number => readdirSync(`/proc/${child.pid}/task`).length;
    await until(() => threads() > THREADS_OF_NODE, 'the threads of the run', 15_000).catch(() => {});
    child.kill('SIGINT');
    const { status, stdout } = await ended;
    assert.equal(status, 130);
    assert.equal(Object(JSON.parse(stdout)).interrupted, true);
    assertNothingLeft(child);
  });

  it('says where a file cannot be written, and prints the figures all the same', async () => {
    const { status, stdout, stderr } = await bench(...TINY, '--plot', '/nonexistent/run.svg');
    assert.equal(status, 1);
    assert.match(stdout, /throughput/);
    assert.match(stderr, /^flowshard: --plot: ENOENT/);
  });

  it('runs a scenario, and its exit status is its verdict', async () => {
    const args = [
      '--scenario',
      'syn-flood',
      '--flows',
      '300',
      '--rounds',
      '1',
      '--duration',
      '0.1s',
      '--warmup',
      '0',
    ];
    const { status, stdout } = await bench(...args, '--json');
    const { criteria, runs } = Object(JSON.parse(stdout));
    const holds: boolean[] = criteria.map((each: { readonly holds: boolean }) => each.holds);
    assert.deepEqual(holds.slice(0, 2), [true, true]);
    assert.equal(status, holds.every(Boolean) ? 0 : 1);
    assert.equal(runs.length, 2);
  });

  it('prints a verdict in words', async () => {
    const { status, stdout } = await bench(
      '--scenario',
      'collision',
      '--max',
      '10k',
      '--flows',
      '500',
      '--rounds',
      '1',
      '--duration',
      '0.1s',
      '--warmup',
      '0',
    );
    const passed = stdout.startsWith('collision: passed');
    assert.equal(status, passed ? 0 : 1);
    assert.equal(linesOf(stdout).filter((line) => /^ {2}(?:ok|FAILED) /.test(line)).length, 5);
  });
});

/** Arguments, and what the message must have. */
const WRONG: readonly (readonly [args: string, ...words: readonly RegExp[]])[] = [
  ['--flows 0', /--flows: "0"/],
  ['--flows 10 --max 100 --load 0.5', /--load/, /two of --flows, --max and --load/],
  ['--load 0', /--load: "0"/],
  ['--load 1.5', /--load: "1.5"/],
  ['--rate fast', /--rate: "fast"/, /20k or 1.5M/],
  ['--new 1k --rate 100', /--rate/, /at least/],
  ['--mix foo=1', /--mix: "foo=1"/],
  ['--timeouts old', /--timeouts: "old"/, /linux/],
  ['--set foo=1', /--set/],
  ['--duration 0', /--duration/],
  ['--scenario flood', /--scenario: "flood"/, /syn-flood, collision/],
  ['--scenario syn-flood --rate 1k', /--rate/, /without --scenario/],
  ['--scenario collision --plot a.svg', /--plot/, /single run/],
  ['--scenario collision --max 1k', /--max: "1000"/, /at least/],
  ['--rounds 2', /--rounds/, /with --scenario only/],
  ['--no-latency --hgrm x', /--hgrm/, /without --no-latency/],
];

describe('a wrong command line', () => {
  for (const [args, ...words] of WRONG) {
    it(args, async () => {
      const { status, stdout, stderr } = await bench(...args.split(' '));
      assert.deepEqual([status, stdout], [2, '']);
      assert.equal(linesOf(stderr).length, 1);
      for (const word of words) assert.match(stderr, word);
      assert.equal(existsSync('a.svg') || existsSync('x'), false);
    });
  }
});

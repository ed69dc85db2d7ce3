/** `flowshard contrast control`: its command line, what it says of a result, and a small run against the kernel that runs here. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { controlJson, controlLines, goalsOf } from '../../src/cli/contrast-control-report.ts';
import { type ControlResult, spreadOf } from '../../src/workers/contrast-control.ts';
import { kernelMissing } from '../kernel/live.ts';
import { leftOvers } from '../support/host.ts';
import { isInstalled } from '../support/namespaces.ts';
import { flowshard, linesOf } from './cli.ts';

const control = (...args: readonly string[]) => flowshard(['contrast', 'control', ...args]);
const skip = await kernelMissing();

it('docs/contrast-control.md has the options of --help', async () => {
  const page = readFileSync('docs/contrast-control.md', 'utf8');
  const { stdout, status } = await control('--help');
  assert.equal(status, 0);
  const options = [...stdout.matchAll(/^ {2}((?:-\w, )?--[\w-]+(?: <[^>]+>)?) /gm)].map((match) => match[1]);
  const documented = [...page.matchAll(/^\| `(-[^`]*)`/gm)].map((match) => match[1]);
  assert.deepEqual(documented, options);
  for (const exit of ['0', '1', '2', '130']) {
    assert.match(stdout, new RegExp(`^ {2}${exit} +\\w`, 'm'));
    assert.match(page, new RegExp(`^\\| ${exit} +\\|`, 'm'));
  }
});

describe('a wrong command line: status 2, one message, nothing on standard output', () => {
  for (const [args, ...words] of [
    [['--connections', '1023'], /--connections/, /"1023"/, /a whole number from 1024/],
    [['--rounds', '0'], /--rounds/, /a whole number from 1/],
    [['--shards', '65'], /--shards/, /a whole number from 1 to 64/],
    [['--fuzz', '5'], /--fuzz/, /no such option/],
  ] as const)
    it(args.join(' '), async () => {
      const { status, stdout, stderr } = await control(...args);
      assert.equal(status, 2, stderr);
      assert.equal(stdout, '');
      assert.match(stderr, /^flowshard: [^\n]+\n$/);
      for (const word of words) assert.match(stderr, word);
    });
});

describe('what is said of a result', () => {
  const of = (...samples: number[]) => spreadOf(samples);
  const result: ControlResult = {
    kernelRelease: '6.18.0',
    conntrackVersion: 'conntrack v1.4.7 (conntrack-tools)',
    connections: 1_000_000,
    rounds: 3,
    times: {
      list: { conntrack: of(3100, 3000, 2900), flowshard: of(1000), ctnetlink: of(2000), socket: of(500) },
      listSource: { conntrack: of(900), flowshard: of(60), ctnetlink: of(200), socket: of(49.9) },
      deleteSource: { conntrack: of(900), flowshard: of(60), ctnetlink: of(200), socket: of(50) },
      count: { conntrack: of(2), flowshard: of(60), ctnetlink: of(0.2), socket: of(0.5) },
      flush: { conntrack: of(500), flowshard: of(70), ctnetlink: of(500), socket: of(20) },
    },
    startUp: { conntrack: of(1.8), flowshard: of(45) },
    listBytes: 190_000_000,
    table: { max: 1_500_000, buckets: 1_048_576 },
    isRaised: true,
  };
  const withoutProgram: ControlResult = {
    ...result,
    conntrackVersion: null,
    times: { ...result.times, list: { flowshard: of(1000), ctnetlink: of(2000), socket: of(500) } },
  };

  it('minimum, median and maximum', () => {
    assert.deepEqual(spreadOf([3, 1, 2]), { min: 1, median: 2, max: 3 });
    assert.deepEqual(spreadOf([4, 1, 2, 3]), { min: 1, median: 2.5, max: 4 });
  });

  it('goals: reached, not reached at the limit itself, and not measured', () => {
    assert.deepEqual(
      goalsOf(result).map(({ isReached }) => isReached),
      [true, true, false, true, true],
    );
    assert.equal(goalsOf(result)[0].value, 3);
    assert.deepEqual(
      goalsOf(withoutProgram).map(({ isReached }) => isReached),
      [null, true, false, true, true],
    );
  });

  it('the table: median (least to most), the ratio, the goals', () => {
    const text = controlLines(result).join('\n');
    assert.match(text, /^ {2}list, all +3,000 \(2,900 to 3,100\) +1,000 \(1,000 to 1,000\) +3\.0 x$/m);
    assert.match(text, /^ {2}list, all +2,000 \(2,000 to 2,000\) +500 \(500 to 500\) +4\.0 x$/m);
    assert.match(text, /^ {2}count: under 10 ms +0\.5 ms +reached$/m);
    assert.match(text, /^ {2}delete, 256 of one source: under 50 ms +50 ms +NOT reached$/m);
    assert.match(text, /raised for this run, and put back/);
    assert.match(text, /190 for each connection/);
    const bare = controlLines(withoutProgram).join('\n');
    assert.match(bare, /conntrack\(8\) is not installed/);
    assert.match(bare, /as conntrack -L +not measured$/m);
  });

  it('as JSON the same', () => {
    const json = JSON.parse(JSON.stringify(controlJson(result)));
    assert.deepEqual(json.times.list.conntrack, { min: 2900, median: 3000, max: 3100 });
    assert.deepEqual(json.table, { max: 1_500_000, buckets: 1_048_576, raised: true });
    assert.equal(json.goals.length, 5);
    assert.equal(json.unit, 'ms');
  });
});

describe('against the kernel', { skip }, () => {
  it('both sides do the same, in every way, and nothing is left', async () => {
    const before = leftOvers('flowshard-control-');
    const { status, stdout, stderr } = await control('--connections', '3000', '--rounds', '1', '--json');
    assert.equal(stderr, '');
    assert.equal(status, 0);
    const lines = linesOf(stdout);
    assert.equal(lines.length, 1);
    const { times, connections, listBytes } = JSON.parse(lines[0]);
    assert.equal(connections, 3000);
    assert.ok(listBytes > 3000 * 150);
    const ways = ['flowshard', 'ctnetlink', 'socket', ...(isInstalled('conntrack') ? ['conntrack'] : [])];
    for (const operation of ['list', 'listSource', 'deleteSource', 'count', 'flush'])
      assert.deepEqual(Object.keys(times[operation]).sort(), ways.sort(), operation);
    assert.deepEqual(leftOvers('flowshard-control-'), before);
  });
});

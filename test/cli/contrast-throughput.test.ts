/** `flowshard contrast throughput`: its command line, what it says of a result, and a small run through the kernel that runs here. */
import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { throughputJson, throughputLines } from '../../src/cli/contrast-throughput-report.ts';
import { spreadOf } from '../../src/workers/contrast-control.ts';
import { spreadsOf, type ThroughputResult } from '../../src/workers/contrast-throughput.ts';
import { senderMissing } from '../kernel/live.ts';
import { leftOvers, tableSize } from '../support/host.ts';
import { until } from '../support/until.ts';
import { flowshard, linesOf, start } from './cli.ts';

/** How the names of its folders begin. */
const FOLDERS = 'flowshard-throughput-';
const throughput = (...args: readonly string[]) => flowshard(['contrast', 'throughput', ...args]);
const skip = await senderMissing();

it('docs/contrast-throughput.md has the options of --help', async () => {
  const page = readFileSync('docs/contrast-throughput.md', 'utf8');
  const { stdout, status } = await throughput('--help');
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
    [['--connections', '1000,999'], /--connections/, /"999"/, /a whole number from 1000/],
    [['--connections', '1000,2000,1000'], /--connections/, /each number once/],
    [['--packets', '0'], /--packets/, /a whole number from 1/],
    [['--rounds', '0'], /--rounds/, /a whole number from 1/],
    [['--shards', '65'], /--shards/, /a whole number from 1 to 64/],
    [['--fuzz', '5'], /--fuzz/, /no such option/],
  ] as const)
    it(args.join(' '), async () => {
      const { status, stdout, stderr } = await throughput(...args);
      assert.equal(status, 2, stderr);
      assert.equal(stdout, '');
      assert.match(stderr, /^flowshard: [^\n]+\n$/);
      for (const word of words) assert.match(stderr, word);
    });
});

describe('what is said of a result', () => {
  const ms = (socket: number, ctnetlink: number) => ({
    socket: spreadOf([socket]),
    ctnetlink: spreadOf([ctnetlink]),
  });
  const times = {
    list: ms(500, 2000),
    listSource: ms(12, 250),
    deleteSource: ms(13, 260),
    count: ms(0.9, 0.1),
    flush: ms(14, 800),
  };
  const spreads = spreadsOf([
    { forwardNs: 1000, conntrackNs: 2200, tapNs: 1250, tapCpuNs: 300, tapLost: 0, trackNs: 100 },
    { forwardNs: 1100, conntrackNs: 2100, tapNs: 1300, tapCpuNs: 310, tapLost: 5, trackNs: 90 },
    { forwardNs: 1000, conntrackNs: 2000, tapNs: 1200, tapCpuNs: 320, tapLost: 0, trackNs: 80 },
  ]);
  const many = { kernelSlabBytes: spreadOf([384]), kernelBytes: spreadOf([256]), ourBytes: spreadOf([192]) };
  const result: ThroughputResult = {
    kernelRelease: '6.18.0',
    packets: 3_000_000,
    rounds: 3,
    shards: null,
    sizes: [
      { connections: 1000, spreads: { ...spreads, ...many }, times },
      { connections: 1_000_000, spreads: { ...spreads, ...many }, times },
    ],
    table: { max: 1_500_000, buckets: 1_048_576 },
    isRaised: true,
  };

  it('what is added is the difference within each round', () => {
    assert.deepEqual(spreads.conntrackAddedNs, { min: 1000, median: 1000, max: 1200 });
    assert.deepEqual(spreads.tapAddedNs, { min: 200, median: 200, max: 250 });
    assert.equal(spreadsOf([{ forwardNs: 1 }]).conntrackAddedNs, undefined);
  });

  it('the table: a part for each size, rates from ns, bytes only of many', () => {
    const [, small, large] = throughputLines(result)
      .join('\n')
      .split(/^[\d,]+ connections:$/m);
    for (const part of [small, large]) {
      assert.match(part, /^ {2}packets\/s, not tracked +1,000,000 \(909,000 to 1,000,000\) +- +-$/m);
      assert.match(part, /^ {2}packets\/s, tracked +476,000 \(455,000 to 500,000\) +800,000 /m);
      assert.match(part, /^ {2}packets lost +- +0 \(0 to 5\.0\) +-$/m);
      assert.match(
        part,
        /^ {2}ns that it adds to a packet +1,000 \(1,000 to 1,200\) +200 .* +90 \(80 to 100\)$/m,
      );
      assert.match(part, /^ {2}ms to list all +2,000 +500 +-$/m);
    }
    assert.match(small, /^ {2}bytes of a connection +- +- +-$/m);
    assert.match(large, /^ {2}bytes of a connection +384 +192 +192$/m);
    assert.match(large, /raised for this run, and put back/);
    assert.match(large, /^Equal: .*\n(.*\n)*Not equal: /m);
  });

  it('as JSON the same', () => {
    const json = JSON.parse(JSON.stringify(throughputJson(result)));
    assert.deepEqual(
      json.sizes.map(({ connections }: { connections: number }) => connections),
      [1000, 1_000_000],
    );
    assert.deepEqual(json.sizes[0].measures.tapAddedNs, { min: 200, median: 200, max: 250 });
    assert.deepEqual(json.sizes[1].times.list.socket, { min: 500, median: 500, max: 500 });
    assert.deepEqual(json.table, { max: 1_500_000, buckets: 1_048_576, raised: true });
    assert.ok(json.notes.length >= 5);
  });
});

describe('through the kernel', { skip }, () => {
  it('every frame goes through all of it, and nothing is left', async () => {
    const before = [leftOvers(FOLDERS), tableSize()];
    const args = ['--connections', '1000,1500', '--packets', '20000', '--rounds', '1', '--shards', '1'];
    const { status, stdout, stderr } = await throughput(...args, '--json');
    assert.equal(stderr, '');
    assert.equal(status, 0);
    const lines = linesOf(stdout);
    assert.equal(lines.length, 1);
    const { sizes } = JSON.parse(lines[0]);
    assert.equal(sizes.length, 2);
    for (const { connections, measures, times } of sizes) {
      const names = ['forwardNs', 'conntrackNs', 'tapNs', 'tapCpuNs', 'tapPerS', 'decodeNs', 'trackNs'];
      for (const name of [...names, 'memoryPerS', 'conntrackOpenedPerS'])
        assert.ok(measures[name].median > 0, `${name} at ${connections}`);
      assert.ok(measures.tapLost.median >= 0);
      for (const operation of ['list', 'listSource', 'deleteSource', 'count', 'flush'])
        assert.deepEqual(Object.keys(times[operation]).sort(), ['ctnetlink', 'socket'], operation);
    }
    assert.deepEqual([leftOvers(FOLDERS), tableSize()], before);
  });

  it('killed, its tap ends by itself', async () => {
    const args = ['--connections', '1000', '--packets', '1000000', '--rounds', '50', '-q'];
    const before = leftOvers(FOLDERS);
    const { child, ended } = start(['contrast', 'throughput', ...args]);
    const taps = (): string[] =>
      leftOvers(FOLDERS).filter((name) => /^\d+$/.test(name) && !before.includes(name));
    await until(() => taps().length > 0, 'a tap', 20_000);
    child.kill('SIGKILL');
    assert.equal((await ended).signal, 'SIGKILL');
    await until(() => taps().length === 0, 'the end of the tap');
    for (const name of leftOvers(FOLDERS))
      if (!before.includes(name)) rmSync(join(tmpdir(), name), { recursive: true });
  });
});

/** `track --write-events` as an operator runs it: full disks, signals, pipes that break, and what the options refuse. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { type Churn, type ChurnFeed, createChurn, feedPipe } from '../support/churn.ts';
import { checkEventText, rotatedText } from '../support/event-file-lines.ts';
import { createRandom } from '../support/random.ts';
import { until } from '../support/until.ts';
import {
  assertNothingLeft,
  CLI,
  linesOf,
  MIXED,
  type Running,
  start,
  startProgram,
  statsOf,
  track,
} from './cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'flowshard-write-'));
after(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
const newPath = (): string => join(folder, `events-${files++}`);

interface Fed {
  readonly run: Running;
  readonly feed: ChurnFeed;
  readonly churn: Churn;
}

/** A run over packets that the test makes as it goes. `startWith` starts the command. */
function feedInto(more: readonly string[], startWith: (args: readonly string[]) => Running = start): Fed {
  const pipe = join(folder, `packets-${files++}`);
  assert.equal(spawnSync('mkfifo', [pipe]).status, 0);
  const run = startWith([
    'track',
    '-r',
    pipe,
    '--checksum',
    'ignore',
    '--print',
    'none',
    '--shards',
    '1',
    ...more,
  ]);
  const churn = createChurn({ random: createRandom(7), talks: 500, gapNs: 1_000_000 });
  return { run, churn, feed: feedPipe(pipe, churn) };
}

const sizeOf = (path: string): number => (existsSync(path) ? statSync(path).size : 0);

describe('track --write-events', () => {
  it('writes every event of a capture, and counts them', async () => {
    const path = newPath();
    const stats = await statsOf(
      '-r',
      MIXED,
      '--write-events',
      path,
      '--rotate-size',
      '100K',
      '--rotate-keep',
      '50',
    );
    const account = checkEventText(rotatedText(path));
    assert.deepEqual([account.missed, account.hasEnd], [0, true]);
    const rotations = linesOf(spawnSync('ls', [folder]).stdout.toString()).filter((name) =>
      name.startsWith(`${path.slice(folder.length + 1)}.`),
    ).length;
    assert.ok(rotations >= 4);
    assert.deepEqual(Reflect.get(stats, 'eventFile'), {
      written: account.events,
      missed: 0,
      rotations,
      failures: 0,
    });
  });

  it('to standard output, and nothing else', async () => {
    const { status, stdout } = await track('-q', '-r', MIXED, '--write-events', '-');
    assert.equal(status, 0);
    assert.ok(checkEventText(stdout).events > 500);
  });

  it('ends when nobody reads standard output any more', async () => {
    const { run, feed } = feedInto(['-q', '--write-events', '-']);
    run.child.stdout.once('data', () => run.child.stdout.destroy());
    let isEnded = false;
    const ended = run.ended.finally(() => {
      isEnded = true;
    });
    while (!isEnded) {
      await Promise.race([feed.send(1000), ended]);
    }
    const { status, stderr } = await ended;
    assert.deepEqual([status, stderr], [0, '']);
    assertNothingLeft(run.child);
  });

  it('opens the file anew on SIGHUP', async () => {
    const path = newPath();
    const { run, feed } = feedInto(['--write-events', path]);
    await feed.send(2000);
    await until(() => sizeOf(path) > 100_000, 'events are written');
    renameSync(path, `${path}.1`);
    run.child.kill('SIGHUP');
    await feed.send(2000);
    await until(() => sizeOf(path) > 0, 'it was opened anew');
    await feed.end();
    assert.equal((await run.ended).status, 0);
    const account = checkEventText(rotatedText(path));
    assert.ok(account.hasEnd && account.missed === 0 && account.events > 3000);
  });

  it('leaves whole lines when it is killed', async () => {
    const path = newPath();
    const { run, feed } = feedInto(['--write-events', path]);
    await feed.send(3000);
    await until(() => sizeOf(path) > 100_000, 'events are written');
    run.child.kill('SIGKILL');
    assert.equal((await run.ended).signal, 'SIGKILL');
    assertNothingLeft(run.child);
    const text = readFileSync(path, 'utf8');
    const account = checkEventText(text.slice(0, text.lastIndexOf('\n') + 1));
    assert.ok(account.events > 100 && account.missed === 0 && !account.hasEnd);
    await feed.end();
  });

  it('a device that is full: said once, packets go on, status 1', async (t) => {
    if (!existsSync('/dev/full')) return t.skip('no /dev/full');
    const { status, stderr } = await track('-r', MIXED, '--print', 'none', '--write-events', '/dev/full');
    assert.equal(status, 1);
    assert.equal(stderr.match(/events cannot be written: ENOSPC/g)?.length, 1, stderr);
    assert.match(stderr, /\/dev\/full: \d+ events were not written: ENOSPC/);
    assert.match(stderr, /4,709 packets/);
  });
});

/** Why there can be no disk that fills up; false when there can. */
function withoutDisk(): string | false {
  if (process.getuid?.() !== 0) return 'needs root, for a file system of its own';
  const probe = spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]);
  return probe.status === 0 ? false : 'no mount namespaces here';
}

describe('a disk that fills up', { skip: withoutDisk() }, () => {
  it('is a gap, counted and said; it goes on when there is room', async () => {
    const disk = join(folder, 'disk');
    mkdirSync(disk);
    const inside = join(disk, 'events');
    const mount = 'mount -t tmpfs -o size=256k tmpfs "$0" && exec "$@"';
    const { run, feed, churn } = feedInto(['--write-events', inside, '--stats', '--json'], (args) =>
      startProgram('unshare', ['-m', 'sh', '-c', mount, disk, process.execPath, CLI, ...args]),
    );
    const { child } = run;
    let said = '';
    child.stderr.on('data', (text: Buffer) => {
      said += text.toString();
    });
    await feed.send(2000);
    await until(() => said.includes('events cannot be written: ENOSPC'), 'the disk is full');
    // More than the log holds: packets go on.
    await feed.send(120_000);
    const grown = spawnSync('nsenter', [
      '-t',
      `${child.pid}`,
      '-m',
      'mount',
      '-o',
      'remount,size=200m',
      disk,
    ]);
    assert.equal(grown.status, 0, grown.stderr.toString());
    await until(() => said.includes('events are written again'), 'it goes on');
    await feed.send(1000);
    // Seen from outside only while the command runs.
    const path = `/proc/${child.pid}/root${inside}`;
    let text = '';
    await until(() => {
      text = readFileSync(path, 'utf8');
      return text.includes('"record":"gap"');
    }, 'the gap is told');
    await feed.end();
    const { status, stdout, stderr } = await run.ended;
    assert.equal(status, 0, stderr);
    assert.equal(stderr.match(/cannot be written/g)?.length, 1, stderr);
    const { packets, eventFile } = JSON.parse(stdout);
    assert.equal(packets, churn.packets());
    assert.ok(eventFile.missed > 10_000 && eventFile.failures > 0 && eventFile.written > 60_000, stdout);
    const account = checkEventText(text.slice(0, text.lastIndexOf('\n') + 1));
    assert.ok(account.gaps > 0 && account.missed > 10_000 && account.events > 200);
  });
});

describe('the options of events', () => {
  const wrong: readonly (readonly [string, readonly string[], RegExp])[] = [
    [
      'rotation without a file',
      ['--rotate-size', '1M'],
      /--rotate-size: "1048576" is not allowed; allowed: with --write-events only/,
    ],
    [
      'rotation of standard output',
      ['--write-events', '-', '--rotate-time', '1h'],
      /--rotate-time: .* not with --write-events -/,
    ],
    [
      'keep without rotation',
      ['--write-events', 'x', '--rotate-keep', '3'],
      /--rotate-keep: "3" is not allowed/,
    ],
    [
      'a size that is none',
      ['--write-events', 'x', '--rotate-size', 'big'],
      /--rotate-size: "big" is not allowed; allowed: a size/,
    ],
    [
      'a size too small',
      ['--write-events', 'x', '--rotate-size', '1K'],
      /--rotate-size: "1K" is not allowed/,
    ],
    [
      'a time that is none',
      ['--write-events', 'x', '--rotate-time', '1'],
      /--rotate-time: "1" is not allowed; allowed: a time/,
    ],
    [
      'two things on standard output',
      ['--write-events', '-', '--print', 'table'],
      /-p\/--print: "table" is not allowed; allowed: none/,
    ],
    [
      'events that wait for standard output',
      ['--write-events', 'x', '--print', 'events'],
      /-p\/--print: "events" is not allowed/,
    ],
    [
      'a file that cannot be made',
      ['--write-events', '/nowhere/events'],
      /--write-events: "\/nowhere\/events" is not allowed; .*ENOENT/,
    ],
  ];
  for (const [name, args, message] of wrong) {
    it(`refuse ${name}`, async () => {
      const { status, stdout, stderr } = await track('-r', MIXED, ...args);
      assert.match(stderr, message);
      assert.deepEqual([status, stdout], [2, '']);
    });
  }
});

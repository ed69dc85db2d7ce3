/**
 * The conntrack command of this host as the model: the same command lines, in the same order, for the kernel's table in
 * a namespace of our own and, with `flowshard` in front, for a running flowshard. Both begin empty.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { runConntrack } from '../../src/cli/conntrack/run.ts';
import { enterNamespaces } from '../support/namespaces.ts';
import { until } from '../support/until.ts';
import { flowshard, linesOf, MIXED, type Running, start } from './cli.ts';
import { CHANGES, DIFFERENCES, QUESTIONS, TABLE, WRONG } from './conntrack-lines.ts';

const skip = enterNamespaces(['conntrack']);

interface Said {
  readonly status: number | null;
  /** Without what the two must have differently; in any order. */
  readonly lines: readonly string[];
  /** "2 flow entries have been shown"; nothing where something else was said. */
  readonly counted: string;
}

/** Seconds that pass, counts of users and ids are each side's own; verification tags of SCTP are not kept here. */
const neutral = (line: string): string =>
  line
    .replace(/^((?:ipv[46] +\d+ )?\w+ +\d+) \d+ /, '$1 T ')
    .replace(/^(-[ADU]) -t \d+ /, '$1 -t T ')
    .replace(/ --orig-vtag \d+ --reply-vtag \d+$/, '')
    .replace(/ use=\d+/, ' use=U')
    .replace(/ id=(\d+)$/, ' id=I')
    .replace(/<timeout>\d+/, '<timeout>T')
    .replace(/<use>\d+/, '<use>U')
    .replace(/<id>\d+/, '<id>I');

function saidOf(status: number | null, stdout: string, stderr: string): Said {
  const counted = /\d+ (?:flow entries|expectations) have been \w+|\w+ table has been emptied/.exec(stderr);
  return { status, lines: linesOf(stdout).map(neutral).sort(), counted: counted?.[0] ?? '' };
}

const wordsOf = (command: string): string[] => command.split(' ').filter((word) => word !== '');

function theirs(command: string): Said {
  const { status, stdout, stderr } = spawnSync('conntrack', wordsOf(command), {
    encoding: 'utf8',
    timeout: 10_000,
  });
  return saidOf(status, stdout, stderr);
}

describe('the same command lines for conntrack and for flowshard conntrack', { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'flowshard-conntrack-'));
  const socket = join(folder, 'api.sock');
  let tracker: Running | undefined;

  /** In this process: starting one for each line would take most of the time. */
  async function ours(command: string): Promise<Said> {
    const stdout = new PassThrough();
    const stderr = new PassThrough();
    const status = await runConntrack(['--socket', socket, ...wordsOf(command)], { stdout, stderr });
    return saidOf(status, String(stdout.read() ?? ''), String(stderr.read() ?? ''));
  }

  async function both(command: string): Promise<void> {
    assert.deepEqual(await ours(command), theirs(command), command);
  }

  before(async () => {
    writeFileSync('/proc/sys/net/netfilter/nf_conntrack_acct', '1');
    tracker = start([
      'track',
      '-r',
      MIXED,
      '--shards',
      '1',
      '-p',
      'none',
      '-q',
      '--hold',
      '--socket',
      socket,
    ]);
    const isThere = async (): Promise<boolean> =>
      (await flowshard(['flush', '--socket', socket])).status === 0;
    await until(isThere, 'the socket of the tracker');
  });
  after(async () => {
    tracker?.child.kill('SIGTERM');
    await tracker?.ended;
    rmSync(folder, { recursive: true, force: true });
  });

  it('make the same table', async () => {
    for (const command of TABLE) await both(command);
    const { lines } = theirs('-L');
    assert.equal(lines.length, TABLE.length);
  });

  for (const command of QUESTIONS) it(command, () => both(command));

  for (const command of WRONG) {
    it(command, async () => {
      const model = theirs(command);
      assert.notEqual(model.status, 0, 'conntrack takes it');
      const { status, lines } = await ours(command);
      assert.deepEqual([status, lines], [model.status, model.lines]);
    });
  }

  it('change it in the same way', async () => {
    for (const command of CHANGES) {
      await both(command);
      await both('-L -o extended');
    }
  });

  it('save it, and load it, to the same effect', async () => {
    for (const command of TABLE) await both(command);
    const saved = spawnSync('conntrack', ['-L', '-o', 'save'], { encoding: 'utf8' }).stdout;
    const file = join(folder, 'saved');
    writeFileSync(file, saved);
    await both('-F');
    await both(`-R ${file}`);
    await both('-L');
    await both('-F');
  });

  for (const [command, their, our] of DIFFERENCES) {
    it(`differ, as named in docs/conntrack.md: ${command}`, async () => {
      assert.deepEqual([theirs(command).status, (await ours(command)).status], [their, our]);
    });
  }
});

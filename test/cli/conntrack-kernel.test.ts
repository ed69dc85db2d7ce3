/**
 * The conntrack command of this host as the model: the same command lines, in the same order, for the kernel's table in
 * a namespace of our own and, with `flowshard` in front, for a running flowshard. Both begin empty.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
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

  it('show the same events', async (t) => {
    const mine = start(['conntrack', '-E', '--socket', socket]);
    const kernel = spawn('conntrack', ['-E', '-b', '1000000'], { stdio: ['ignore', 'pipe', 'pipe'] });
    t.after(() => {
      kernel.kill('SIGKILL');
      mine.child.kill('SIGKILL');
    });
    const shown = { ours: '', theirs: '' };
    mine.child.stdout.on('data', (data: Buffer) => {
      shown.ours += data;
    });
    kernel.stdout.on('data', (data: Buffer) => {
      shown.theirs += data;
    });
    /** Neither says when it listens. */
    const probe = '-s 9.9.9.9 -d 9.9.9.8 -p udp --sport 1 --dport 2';
    await until(async () => {
      for (const command of [`-I ${probe} -t 100`, '-D -s 9.9.9.9']) await both(command);
      return shown.ours.includes('9.9.9.9') && shown.theirs.includes('9.9.9.9');
    }, 'both to listen');
    for (const command of [...TABLE, '-U -s 10.0.0.1 -m 3', '-D -p udp', '-D']) await both(command);
    await both(`-I ${probe.replaceAll('9.9.9', '8.8.8')} -t 100`);
    await until(() => /8\.8\.8/.test(shown.ours) && /8\.8\.8/.test(shown.theirs), 'the last event');
    const events = (text: string): string[] =>
      linesOf(text)
        .filter((line) => !line.includes('src=9.9.9.9'))
        // Who did it is a process there, and always the API here; what a process makes has a mark, be it 0. Seconds pass.
        .map((line) =>
          line
            .replace(/ \[USERSPACE\].*$/, '')
            .replace(/ mark=0\b/, '')
            .replace(/^( *\[\w+\] \w+ +\d+) \d+ /, '$1 T '),
        );
    const byType = (text: string, type: string): string[] =>
      events(text)
        .filter((line) => line.includes(`[${type}]`))
        .sort();
    for (const type of ['NEW', 'UPDATE', 'DESTROY'])
      assert.deepEqual(byType(shown.ours, type), byType(shown.theirs, type), type);
    assert.ok(byType(shown.ours, 'NEW').length > TABLE.length);
    kernel.kill('SIGINT');
    mine.child.kill('SIGINT');
    assert.equal((await mine.ended).status, 0);
    await both('-F');
  });

  for (const [command, their, our] of DIFFERENCES) {
    it(`differ, as named in docs/conntrack.md: ${command}`, async () => {
      assert.deepEqual([theirs(command).status, (await ours(command)).status], [their, our]);
    });
  }
});

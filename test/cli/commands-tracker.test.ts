/** The commands, and a tracker with threads behind the socket: what they show is what `track` would have printed. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { until } from '../support/until.ts';
import { type Ended, flowshard, linesOf, MIXED, type Running, start, sum, tracked } from './cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'flowshard-tracker-'));
const socket = join(folder, 'api.sock');
let tracker: Running;
const ask = (...args: readonly string[]): Promise<Ended> => flowshard([...args, '--socket', socket]);

async function asked(...args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await ask(...args);
  assert.equal(status, 0, `${args.join(' ')}: ${stderr}`);
  return stdout;
}
const sorted = (text: string): string[] => linesOf(text).sort();

before(async () => {
  tracker = start(['track', '-r', MIXED, '--shards', '2', '-p', 'none', '-q', '--hold', '--socket', socket]);
  // All packets have passed when nothing is read any more.
  let last = -1;
  await until(async () => {
    const { status, stdout } = await ask('stats', '--json');
    const packets = status === 0 ? JSON.parse(stdout).packets : -1;
    const isStill = packets > 0 && packets === last;
    last = packets;
    return isStill;
  }, 'the end of the capture');
});

after(async () => {
  tracker.child.kill('SIGTERM');
  await tracker.ended;
  rmSync(folder, { recursive: true, force: true });
});

it('list prints the table that track prints, in each form', async () => {
  for (const form of ['text', 'extended,id', 'json', 'xml']) {
    const shown = sorted(await asked('list', '-o', form));
    assert.deepEqual(shown, sorted(await tracked('-r', MIXED, '-q', '-o', form)), form);
    if (form === 'text') assert.ok(shown.length > 200);
  }
  assert.deepEqual(sorted(await asked('conntrack', '-L')), sorted(await tracked('-r', MIXED, '-q')));
});

it('filters choose what a look at the lines chooses', async () => {
  const all = linesOf(await asked('list'));
  const udp = all.filter((line) => line.startsWith('udp ')).sort();
  assert.deepEqual(sorted(await asked('list', 'udp')), udp);
  assert.deepEqual(sorted(await asked('conntrack', '-L', '-p', 'udp')), udp);
  assert.equal(await asked('count', 'udp'), `${udp.length}\n`);
  const https = all.filter((line) => /^tcp .*? dport=443 .*\[ASSURED\]/.test(line)).sort();
  assert.deepEqual(sorted(await asked('list', 'tcp', 'dport', '443', 'assured')), https);
  const [greatest] = linesOf(await asked('list', '--sort', 'bytes', '--limit', '1', '--json'));
  const bytes = (line: string): number => {
    const { original, reply } = JSON.parse(line);
    return original.bytes + reply.bytes;
  };
  const most = Math.max(...linesOf(await asked('list', '--json')).map(bytes));
  assert.equal(bytes(greatest), most);
});

it('stats and shards add up', async () => {
  const stats = JSON.parse(await asked('stats', '--json'));
  const lost = sum(stats.invalid) + sum(stats.untracked) + sum(stats.skipped) + sum(stats.dropped);
  assert.equal(stats.tracked + lost, stats.packets);
  const { shards } = JSON.parse(await asked('shards', '--json'));
  const entries = shards.reduce((total: number, shard: { entries: number }) => total + shard.entries, 0);
  assert.equal(await asked('count'), `${entries}\n`);
  assert.equal(shards.filter(({ kind }: { kind: string }) => kind === 'shard').length, 2);
});

it('what is changed and deleted is seen by watch, in order', async () => {
  const position = JSON.parse(linesOf(await asked('watch', '--json', '--no-follow'))[0]).since;
  const words = ['create', '-p', 'tcp', '-s', '10.99.0.1', '-d', '10.99.0.2', '--sport', '1', '--dport', '2'];
  const made = JSON.parse(await asked(...words, '--state', 'ESTABLISHED', '-t', '600', '--json'));
  assert.match(await asked('get', String(made.id)), /^tcp +6 \d+ ESTABLISHED src=10\.99\.0\.1 /);
  assert.match(await asked('update', String(made.id), '--set-mark', '9'), / mark=9 /);
  assert.match(await asked('conntrack', '-D', '-s', '10.99.0.1'), /src=10\.99\.0\.1 .* mark=9 /);
  assert.equal((await ask('get', String(made.id))).status, 3);
  const events = linesOf(
    await asked('watch', '--json', '--no-follow', '--since', position, 'src', '10.99.0.1'),
  )
    .map((line) => JSON.parse(line))
    .filter(({ record }) => record === 'event');
  assert.deepEqual(
    events.map(({ type, connection }) => [type, connection.mark]),
    [
      ['NEW', 0],
      ['UPDATE', 9],
      ['DESTROY', 9],
    ],
  );
  assert.ok(events.every(({ connection }) => connection.id === made.id));
});

it('save and load, flush, top', async () => {
  const saved = sorted(await asked('conntrack', '-L', '-o', 'save', '-p', 'tcp'));
  assert.ok(saved.length > 50);
  const top = await asked('top', '--once', '-i', '0.2', 'tcp');
  assert.match(top, /^connections +\d+ of /m);
  assert.match(top, new RegExp(`^busiest of all|^busiest of ${saved.length}`, 'm'));
  assert.match((await ask('flush')).stderr, /flow entries have been deleted/);
  assert.equal(await asked('conntrack', '-L'), '');
  assert.equal((await ask('conntrack', '-D')).status, 1);
});

/** Users by name, and rights that are given up in every thread. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { OptionError } from '../../src/common/errors.ts';
import { LiveError } from '../../src/live/live-error.ts';
import { type Database, dropPrivileges, findUser } from '../../src/live/privileges.ts';

const FILES = {
  passwd: ['root:x:0:0::/root:/bin/sh', 'flow:x:990:991::/:/bin/false'],
  group: ['root:x:0:', 'mirror:x:70:flow'],
};
const look: Database = (database, key) =>
  FILES[database].find((line) => line.split(':')[0] === key || line.split(':')[2] === key) ?? null;

describe('--user', () => {
  it('is a name or a number, with or without a group', () => {
    for (const text of ['flow', '990'])
      assert.deepEqual(findUser(text, look), { name: 'flow', uid: 990, gid: 991 });
    for (const text of ['flow:mirror', 'flow:70', '990:mirror'])
      assert.deepEqual(findUser(text, look), { name: 'flow', uid: 990, gid: 70 });
  });

  it('is refused when there is no such user or group', () => {
    for (const text of ['', 'nobody', 'flow:', ':mirror', 'flow:other', 'flow:mirror:x'])
      assert.throws(
        () => findUser(text, look),
        (error) =>
          error instanceof OptionError && error.message.startsWith(`--user: "${text}" is not allowed`),
      );
  });

  it('is found in the system', () => {
    assert.deepEqual(findUser('root'), { name: 'root', uid: 0, gid: 0 });
  });
});

/** Ids and effective capabilities of all threads of this process. */
function rightsOfThreads(): string[] {
  return readdirSync('/proc/self/task').map((task) => {
    const status = readFileSync(`/proc/self/task/${task}/status`, 'utf8');
    const line = (name: string): string => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '';
    return [line('Uid'), line('Gid'), line('CapEff'), line('CapPrm')].join(' ').replaceAll('\t', ' ');
  });
}

const CHILD = 'FLOWSHARD_TEST_CHILD';

/** In a process of its own: there is no way back. */
async function giveUp(): Promise<void> {
  const spin = 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)';
  const workers = Array.from({ length: 3 }, () => new Worker(spin, { eval: true }));
  await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('online', resolve))));
  const before = rightsOfThreads();
  dropPrivileges(findUser('nobody'));
  const after = rightsOfThreads();
  let refused = '';
  try {
    dropPrivileges(findUser('root'));
  } catch (error) {
    refused = error instanceof LiveError ? error.message : `not a LiveError: ${error}`;
  }
  const found = JSON.stringify({ before, after, refused, groups: process.getgroups?.() });
  process.stdout.write(`\nFOUND ${found}\n`);
  process.exit();
}

const isRoot = process.getuid?.() === 0 && process.platform === 'linux';

if (process.env[CHILD] !== undefined) await giveUp();
else
  describe('rights', { skip: isRoot ? false : 'needs root' }, () => {
    it('are given up in every thread, for good', () => {
      const { stdout, stderr } = spawnSync(process.execPath, [process.argv[1]], {
        encoding: 'utf8',
        env: { [CHILD]: '1' },
        timeout: 30_000,
      });
      assert.equal(stderr, '');
      const said = JSON.parse(/^FOUND (.*)$/m.exec(stdout)?.[1] ?? stdout);
      const { uid, gid } = findUser('nobody');
      const four = (id: number): string => Array.from({ length: 4 }, () => id).join(' ');
      assert.ok(said.before.length > 4, 'main, workers and the pool of libuv');
      assert.ok(said.before.every((line: string) => line.startsWith(`${four(0)} ${four(0)}`)));
      const none = '0'.repeat(16);
      assert.deepEqual([...new Set(said.after)], [`${four(uid)} ${four(gid)} ${none} ${none}`]);
      assert.deepEqual(said.groups, [gid]);
      assert.match(said.refused, /^--user: only root can become another user; /);
    });
  });

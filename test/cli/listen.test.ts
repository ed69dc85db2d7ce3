/** `track --listen`: the control API on a TCP port, from the command line: tokens, SIGHUP, what is refused. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { until } from '../support/until.ts';
import { MIXED, start } from './cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'flowshard-listen-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const FIRST = 'the-first-token-of-all';
const SECOND = 'the-second-token-of-all';

let files = 0;
function tokenFile(token: string, rights = 0o600): string {
  const path = join(folder, `token-${files++}`);
  writeFileSync(path, `${token}\n`);
  chmodSync(path, rights);
  return path;
}

/** A port that was free a moment ago. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      assert.ok(typeof address === 'object' && address !== null);
      server.close(() => resolve(address.port));
    });
  });
}

/** Status of an answer; 0 where there is none. */
function ask(port: number, token: string | null): Promise<number> {
  return new Promise((resolve) => {
    const headers = token === null ? {} : { authorization: `Bearer ${token}` };
    const asked = request({ host: '127.0.0.1', port, path: '/v1/stats', headers, agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    asked.on('error', () => resolve(0));
    asked.end();
  });
}

describe('track --listen', () => {
  it('answers whoever has the token, which SIGHUP reads again', async () => {
    const port = await freePort();
    const file = tokenFile(FIRST);
    const { child, ended } = start([
      'track',
      '-r',
      MIXED,
      '--hold',
      '-q',
      '--print',
      'none',
      '--listen',
      `127.0.0.1:${port}`,
      '--token-file',
      file,
    ]);
    await until(async () => (await ask(port, FIRST)) === 200, 'an answer');
    assert.equal(await ask(port, null), 401);
    assert.equal(await ask(port, SECOND), 401);
    writeFileSync(file, `${SECOND}\n`);
    child.kill('SIGHUP');
    await until(async () => (await ask(port, SECOND)) === 200, 'the new token');
    assert.equal(await ask(port, FIRST), 401);
    chmodSync(file, 0o644);
    child.kill('SIGHUP');
    child.kill('SIGTERM');
    const { status, stderr } = await ended;
    assert.equal(status, 0, stderr);
    assert.ok(!stderr.includes(SECOND), 'a token is shown to nobody');
  });

  it('without a token answers programs of this host, if told so', async () => {
    const port = await freePort();
    const { child, ended } = start([
      'track',
      '-r',
      MIXED,
      '--hold',
      '-q',
      '--print',
      'none',
      '--listen',
      `127.0.0.1:${port}`,
      '--insecure-loopback',
    ]);
    await until(async () => (await ask(port, null)) === 200, 'an answer');
    child.kill('SIGTERM');
    assert.equal((await ended).status, 0);
  });

  const WRONG: readonly (readonly [string, readonly string[], RegExp])[] = [
    [
      'without a token',
      ['--listen', '127.0.0.1:9'],
      /--listen: .*--token-file FILE, or with --insecure-loopback/,
    ],
    [
      'for everybody without a token',
      ['--listen', '0.0.0.0:9', '--insecure-loopback'],
      /--listen: .*with --token-file FILE/,
    ],
    [
      'a token that everybody may read',
      ['--listen', '127.0.0.1:9', '--token-file', tokenFile(FIRST, 0o644)],
      /--token-file: .*chmod o=/,
    ],
    [
      'an address of another host',
      ['--listen', '192.0.2.1:9677', '--token-file', tokenFile(FIRST)],
      /--listen: .*an address of this host/,
    ],
    ['with --no-api', ['--listen', '127.0.0.1:9', '--no-api'], /--listen: .*without --no-api/],
    ['--insecure-loopback alone', ['--insecure-loopback'], /--insecure-loopback: .*with --listen/],
    [
      'both',
      ['--listen', '127.0.0.1:9', '--insecure-loopback', '--token-file', tokenFile(FIRST)],
      /--insecure-loopback: .*one of the two/,
    ],
  ];
  for (const [name, args, words] of WRONG) {
    it(`is refused: ${name}`, async () => {
      const { status, stderr } = await start(['track', '-r', MIXED, '--print', 'none', ...args]).ended;
      assert.equal(status, 2, stderr);
      assert.match(stderr, words);
      assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
    });
  }
});

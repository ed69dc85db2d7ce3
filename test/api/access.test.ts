/** Who may ask: the socket's rights, stale and living sockets, the token, loopback without one, pages in browsers. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createTokenCheck } from '../../src/api/access/token.ts';
import { LIMITS } from '../../src/api/server.ts';
import { parseListen, tcpPolicy } from '../../src/api/tcp-address.ts';
import { listenOnUnixSocket } from '../../src/api/unix-socket.ts';
import { OptionError } from '../../src/common/errors.ts';
import { defaultSocketPath } from '../../src/common/socket-path.ts';
import { startServer, type TestServer } from '../support/api-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'flowshard-access-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const refusal =
  (option: string, words: RegExp) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof OptionError, String(error));
    assert.equal(error.option, option);
    assert.match(error.message, words);
    return true;
  };

/** Keeps no failed test alive. */
const newServer = (): Server => createServer().unref();

const mode = (path: string): number => statSync(path).mode & 0o777;
const close = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()));

describe('the Unix socket', () => {
  test('is private from its first moment, whatever the mask of modes', async () => {
    const before = process.umask(0);
    try {
      const path = join(folder, 'mode.sock');
      const server = newServer();
      const listening = listenOnUnixSocket(server, path);
      // Seen at every turn until it is there, and then.
      while (!existsSync(path)) await new Promise((resolve) => setImmediate(resolve));
      assert.equal(mode(path), 0o600);
      const { unlink } = await listening;
      assert.equal(mode(path), 0o600);
      assert.equal(process.umask(), 0, 'the mask of modes is as it was');
      unlink();
      assert.equal(existsSync(path), false);
      await close(server);
    } finally {
      process.umask(before);
    }
  });

  test('replaces what a dead process has left, and no other file', async () => {
    const path = join(folder, 'stale.sock');
    const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    spawnSync(process.execPath, ['-e', script]);
    assert.ok(lstatSync(path).isSocket(), 'the killed process left its socket');
    const server = newServer();
    const listener = await listenOnUnixSocket(server, path);
    await new Promise<void>((resolve, reject) => {
      const socket = connect(path, () => resolve(void socket.destroy()));
      socket.on('error', reject);
    });
    // A second one sees that the first one lives.
    await assert.rejects(
      listenOnUnixSocket(newServer(), path),
      refusal('--socket', /Another process.*--socket PATH/),
    );
    assert.ok(lstatSync(path).isSocket());
    listener.unlink();
    await close(server);

    const file = join(folder, 'file');
    writeFileSync(file, 'mine');
    await assert.rejects(listenOnUnixSocket(newServer(), file), refusal('--socket', /no socket/));
    const link = join(folder, 'link');
    symlinkSync(file, link);
    await assert.rejects(listenOnUnixSocket(newServer(), link), refusal('--socket', /no socket/));
    assert.ok(existsSync(file) && existsSync(link));
  });

  test('does not remove the socket of whoever came after', async () => {
    const path = join(folder, 'taken.sock');
    const server = newServer();
    const { unlink } = await listenOnUnixSocket(server, path);
    rmSync(path);
    const other = newServer();
    await listenOnUnixSocket(other, path);
    unlink();
    assert.ok(existsSync(path));
    await close(server);
    await close(other);
  });

  test('says what is wrong with a path', async () => {
    const attempts: readonly (readonly [string, RegExp])[] = [
      [join(folder, 'none', 'x.sock'), /folder does not exist/],
      [join(folder, 'x'.repeat(120)), /at most 107 bytes/],
      ['/proc/x.sock', /--socket PATH/],
    ];
    for (const [path, words] of attempts)
      await assert.rejects(listenOnUnixSocket(newServer(), path), refusal('--socket', words), path);
  });

  test('has a place by default', () => {
    assert.equal(
      defaultSocketPath({ XDG_RUNTIME_DIR: '/run/user/1000/' }, false),
      '/run/user/1000/flowshard.sock',
    );
    assert.equal(defaultSocketPath({ XDG_RUNTIME_DIR: '/run/user/0' }, true), '/run/flowshard.sock');
    assert.equal(defaultSocketPath({ XDG_RUNTIME_DIR: 'relative' }, false), '/run/flowshard.sock');
    assert.equal(defaultSocketPath({}, false), '/run/flowshard.sock');
  });

  test('is gone when the API has ended, and so is the API when it cannot listen', async () => {
    const server = await startServer();
    const { socket } = server.api;
    assert.ok(socket !== null && existsSync(socket));
    await assert.rejects(startServer({ socket }), refusal('--socket', /Another process/));
    assert.equal((await server.ask('/healthz')).status, 200);
    await server.close();
    assert.equal(existsSync(socket), false);
    await server.close();
  });
});

const TOKEN = 'correct-horse-battery-staple';
function tokenFile(name: string, content: string, rights = 0o600): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  chmodSync(path, rights);
  return path;
}

describe('the token', () => {
  test('is read from a file that is fit for it', () => {
    const pipe = join(folder, 'pipe');
    assert.equal(spawnSync('mkfifo', ['-m', '600', pipe]).status, 0);
    const cases: readonly (readonly [string, RegExp])[] = [
      [tokenFile('open', TOKEN, 0o644), /chmod o=/],
      [tokenFile('writable', TOKEN, 0o602), /chmod o=/],
      [tokenFile('short', 'short'), /16 to 512/],
      [tokenFile('empty', ''), /16 to 512/],
      [tokenFile('two', `${TOKEN}\n${TOKEN}\n`), /16 to 512/],
      [tokenFile('long', 'x'.repeat(600)), /16 to 512/],
      [join(folder, 'absent'), /ENOENT/],
      [folder, /ordinary file|EISDIR/],
      [pipe, /ordinary file/],
    ];
    for (const [path, words] of cases)
      assert.throws(() => createTokenCheck(path), refusal('--token-file', words), path);
    try {
      createTokenCheck(tokenFile('secret', 'the secret with spaces in it'));
      assert.fail('spaces are no part of a token');
    } catch (error) {
      assert.doesNotMatch(String(error), /the secret/);
    }
  });

  test('is compared as a whole, and read again', () => {
    const path = tokenFile('token', `${TOKEN}\n`, 0o640);
    const check = createTokenCheck(path);
    assert.ok(check.accepts(`Bearer ${TOKEN}`));
    assert.ok(check.accepts(`bearer ${TOKEN}`));
    for (const wrong of [
      undefined,
      '',
      TOKEN,
      `Basic ${TOKEN}`,
      `Bearer ${TOKEN}x`,
      `Bearer ${TOKEN.slice(1)}`,
      'Bearer ',
      `Bearer ${TOKEN} ${TOKEN}`,
    ])
      assert.equal(check.accepts(wrong), false, wrong);
    writeFileSync(path, 'another-token-of-some-length\n');
    assert.ok(check.accepts(`Bearer ${TOKEN}`));
    check.reload();
    assert.equal(check.accepts(`Bearer ${TOKEN}`), false);
    assert.ok(check.accepts('Bearer another-token-of-some-length'));
    writeFileSync(path, 'bad');
    assert.throws(() => check.reload(), refusal('--token-file', /16 to 512/));
    assert.ok(check.accepts('Bearer another-token-of-some-length'), 'the old one stays');
  });

  test('is needed where others could ask', () => {
    assert.deepEqual(parseListen('127.0.0.1:9677'), { host: '127.0.0.1', port: 9677 });
    assert.deepEqual(parseListen('[::1]:0'), { host: '::1', port: 0 });
    assert.deepEqual(parseListen('localhost:80'), { host: '127.0.0.1', port: 80 });
    for (const wrong of [
      '',
      '9677',
      ':9677',
      '127.0.0.1',
      '127.0.0.1:',
      '127.0.0.1:x',
      '127.0.0.1:65536',
      'example.org:80',
      '::1:80',
      '[127.0.0.1]:80',
      '1.2.3:80',
    ])
      assert.throws(() => parseListen(wrong), refusal('--listen', /ADDRESS:PORT/), wrong);
    assert.throws(
      () => tcpPolicy(parseListen('0.0.0.0:1'), undefined, true),
      refusal('--listen', /--token-file/),
    );
    assert.throws(
      () => tcpPolicy(parseListen('[::]:1'), undefined, true),
      refusal('--listen', /--token-file/),
    );
    assert.throws(
      () => tcpPolicy(parseListen('127.0.0.1:1'), undefined, false),
      refusal('--listen', /--insecure-loopback/),
    );
    assert.equal(tcpPolicy(parseListen('127.9.9.9:1'), undefined, true).kind, 'loopback');
    assert.equal(tcpPolicy(parseListen('0.0.0.0:1'), tokenFile('good', TOKEN), false).kind, 'token');
  });

  test('opens the port, and nothing else does', async () => {
    const server = await startServer({ listen: '127.0.0.1:0', tokenFile: tokenFile('port', TOKEN) });
    try {
      const authorization = `Bearer ${TOKEN}`;
      const asked = async (path: string, headers = {}): Promise<number> =>
        (await server.askTcp(path, { headers })).status;
      assert.equal(await asked('/v1/stats'), 401);
      assert.equal(await asked('/v1/openapi.json'), 401);
      assert.equal(await asked('/metrics'), 401);
      assert.equal(await asked('/nothing'), 401, 'not even which routes there are');
      assert.equal(await asked('/v1/stats', { authorization: 'Bearer wrong-wrong-wrong-wrong' }), 401);
      assert.equal(await asked('/v1/stats', { authorization }), 200);
      assert.equal(await asked('/healthz'), 200);
      assert.equal(await asked('/readyz'), 200);
      assert.equal(await asked('/v1/stats', { authorization, origin: 'http://evil.example' }), 403);
      const refused = await server.askTcp('/v1/stats');
      assert.equal(refused.headers['www-authenticate'], 'Bearer');
      assert.equal((await server.askTcp('/v1/connections?all=true', { method: 'DELETE' })).status, 401);
      assert.equal((await server.ask('/v1/stats')).status, 200, 'the Unix socket needs none');
    } finally {
      await server.close();
    }
  });
});

describe('a loopback port without a token', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer({ listen: '127.0.0.1:0', insecureLoopback: true });
  });
  after(() => server.close());
  const asked = async (headers: Record<string, string>): Promise<number> =>
    (await server.askTcp('/v1/stats', { headers })).status;

  test('answers programs of this host', async () => {
    const port = server.api.tcp?.port;
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`, '127.0.0.1'])
      assert.equal(await asked({ host }), 200, host);
  });

  test('refuses pages in browsers: names that lead here, other origins', async () => {
    for (const host of [
      'evil.example',
      `evil.example:${server.api.tcp?.port}`,
      '127.0.0.1.evil.example',
      'localhost.evil.example',
      '10.0.0.1',
    ])
      assert.equal(await asked({ host }), 421, host);
    assert.equal(await asked({ origin: 'null' }), 403);
    assert.equal(await asked({ origin: 'http://localhost:3000' }), 403);
    assert.equal(await asked({ 'sec-fetch-site': 'cross-site' }), 403);
    assert.equal(await asked({ 'sec-fetch-site': 'none' }), 200);
    const preflight = await server.askTcp('/v1/connections', {
      method: 'OPTIONS',
      headers: { origin: 'http://evil.example', 'access-control-request-method': 'DELETE' },
    });
    assert.equal(preflight.status, 403);
    assert.equal(preflight.headers['access-control-allow-origin'], undefined);
  });

  test('bounds how often one may ask', async () => {
    const limited = await startServer({
      listen: '127.0.0.1:0',
      insecureLoopback: true,
      limits: { ...LIMITS, requestsPerS: 5 },
    });
    try {
      const answers = await Promise.all(Array.from({ length: 20 }, () => limited.askTcp('/v1/version')));
      const refused = answers.filter(({ status }) => status === 429);
      assert.ok(refused.length >= 10, `${refused.length} refused`);
      assert.match(refused[0].text, /"code":"rate_limited"/);
      assert.ok(refused[0].headers['retry-after'] !== undefined);
      const others = await Promise.all(Array.from({ length: 20 }, () => limited.ask('/v1/version')));
      assert.ok(
        others.every(({ status }) => status === 200),
        'the Unix socket has no such limit',
      );
    } finally {
      await limited.close();
    }
  });
});

describe('whoever tries', () => {
  const TRIES = 40;
  const attempts: readonly (readonly [string, string, string, number])[] = [
    ['tokens', '/v1/stats', 'wrong-wrong-wrong-wrong', 401],
    ['tokens on paths that do not exist', '/nothing', 'wrong-wrong-wrong-wrong', 401],
    ['paths that do not exist', '/nothing', TOKEN, 404],
    ['methods that do not exist', '/v1/stats', TOKEN, 405],
  ];
  for (const [what, path, token, status] of attempts)
    test(`${what} is stopped`, async () => {
      const limited = await startServer({
        listen: '127.0.0.1:0',
        tokenFile: tokenFile(`tries-${status}`, TOKEN),
        limits: { ...LIMITS, requestsPerS: 2 },
      });
      try {
        const method = what.startsWith('methods') ? 'DELETE' : 'GET';
        const headers = { authorization: `Bearer ${token}` };
        const answers = await Promise.all(
          Array.from({ length: TRIES }, () => limited.askTcp(path, { method, headers })),
        );
        const statuses = answers.map((answer) => answer.status);
        assert.deepEqual(new Set(statuses), new Set([status, 429]));
      } finally {
        await limited.close();
      }
    });
});

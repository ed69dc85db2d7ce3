/** docs/api.md against the API: its examples run, its table has every route, its numbers are those of the code. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ERROR_CODES } from '../../src/api/forms.ts';
import { LIMITS } from '../../src/api/server.ts';
import { startServer, type TestServer } from '../support/api-server.ts';

const page = readFileSync('docs/api.md', 'utf8');
const hasCurl = spawnSync('curl', ['--version']).status === 0;
const skip = hasCurl ? false : 'curl is not installed';

const blocks = (kind: string): string[] =>
  [...page.matchAll(new RegExp(`^\`\`\`${kind}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(([, text]) => text);

let server: TestServer;

/** The server answers in this process, so nothing here may wait for the shell but by turns. */
function shell(
  script: string,
  env: Readonly<Record<string, string>> = {},
): Promise<{ status: number | null; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = spawn('sh', ['-e', '-c', script], { cwd: server.folder, env: { ...process.env, ...env } });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      err += chunk.toString();
    });
    child.on('close', (status) => resolve({ status, out, err }));
  });
}

describe('docs/api.md', () => {
  before(async () => {
    server = await startServer();
    for (let i = 0; i < 5; i++)
      server.control.add({
        family: 'ipv4',
        protocol: 17,
        src: `10.0.0.${i}`,
        dst: '192.0.2.53',
        sport: 1000,
        dport: 53,
        timeoutS: 30,
      });
  });
  after(async () => {
    await server.close();
    assert.deepEqual(server.bugs, []);
  });

  const onSocket = (text: string): string =>
    text.replaceAll('/run/flowshard.sock', join(server.folder, 'api.sock'));

  test('has examples that work', { skip }, async () => {
    const script = onSocket(blocks('sh').join('\n'));
    assert.ok(script.split('ask ').length > 15);
    const { status, out, err } = await shell(script);
    assert.equal(status, 0, `${out}\n${err}`);
    assert.match(out, /"version":"1\.2\.3"/);
    assert.match(out, /"deleted":1\}/);
    assert.match(out, /flowshard_packets_total/);
  });

  test('has examples of streams that work', { skip }, async () => {
    const [head] = blocks('sh');
    for (const line of blocks('sh-stream').join('').trim().split('\n')) {
      const { status, err } = await shell(
        `${onSocket(head)}\n${onSocket(line).replace('ask -N', 'ask -N -m 1')}`,
      );
      // 28: the time that curl was given has passed.
      assert.equal(status, 28, `${line}\n${err}`);
    }
  });

  test('has an example with a token that works', { skip }, async (t) => {
    const token = 'a-token-for-the-docs';
    spawnSync('sh', ['-c', `umask 077; printf %s ${token} > token`], { cwd: server.folder });
    const other = await startServer({ listen: '127.0.0.1:0', tokenFile: join(server.folder, 'token') });
    t.after(() => other.close());
    const script = blocks('sh-tcp').join('').replaceAll('127.0.0.1:9677', `127.0.0.1:${other.api.tcp?.port}`);
    const { out } = await shell(script);
    assert.match(out, /"record":"stats"/);
  });

  test('names every route, and no other', async () => {
    const { paths } = (await server.ask('/v1/openapi.json')).json() as { paths: Record<string, object> };
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const named = [...page.matchAll(/^\| `([A-Z]+ \/\S*)` /gm)].map(([, route]) => route);
    assert.deepEqual(named.sort(), described.sort());
  });

  test('has the limits and codes of the code', () => {
    assert.ok(
      page.includes(`at most ${LIMITS.bodyBytes / 1024} KiB, headers ${LIMITS.headerBytes / 1024} KiB`),
    );
    assert.ok(
      page
        .replaceAll('\n', ' ')
        .includes(
          `must arrive within ${LIMITS.headersMs / 1000} seconds, a request within ${LIMITS.requestMs / 1000}`,
        ),
    );
    assert.ok(
      page.includes(`at most ${LIMITS.connections} connections, and on TCP ${LIMITS.requestsPerS} requests`),
    );
    for (const [, code] of page.matchAll(/"code": "(\w+)"/g))
      assert.ok((ERROR_CODES as readonly string[]).includes(code), code);
  });
});

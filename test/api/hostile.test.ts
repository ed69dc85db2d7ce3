/**
 * Clients that mean no good: bytes that are no HTTP, too much of everything, requests that never end, parameters and
 * bodies of any kind. Every answer is our own form of an error.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ErrorForm } from '../../src/api/forms.ts';
import { LIMITS } from '../../src/api/server.ts';
import { raw, startServer, type TestServer, udp } from '../support/api-server.ts';
import { createRandom, SEED } from '../support/random.ts';

let server: TestServer;

/** Sends bytes and gives everything that comes back until the server closes. */
async function exchange(bytes: string | Uint8Array): Promise<string> {
  const socket = await raw(server.api.socket);
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
  });
  // A reset is an end as well.
  socket.on('error', () => {});
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write(bytes);
  await closed;
  return text;
}

function errorIn(answer: string): ErrorForm['error'] {
  return (JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)) as ErrorForm).error;
}

const statusIn = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1]);

describe('what is no proper request', () => {
  before(async () => {
    server = await startServer({ limits: { ...LIMITS, headersMs: 300, requestMs: 600 } });
  });
  after(async () => {
    await server.close();
    assert.deepEqual(server.bugs, []);
  });

  test('gets an answer in the form of all errors', async () => {
    const cases: readonly (readonly [string, number, string])[] = [
      ['NONSENSE\r\n\r\n', 400, 'invalid_request'],
      ['\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400, 'invalid_request'],
      ['GET  HTTP/1.1\r\nHost: x\r\n\r\n', 400, 'invalid_request'],
      [
        'POST /v1/connections HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n',
        400,
        'invalid_request',
      ],
      [`GET /v1/stats HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(20_000)}\r\n\r\n`, 431, 'too_large'],
      ['GET /%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', 400, 'invalid_request'],
      [
        'POST /v1/connections HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 99999\r\n\r\n',
        413,
        'too_large',
      ],
      ['GET /v1/none HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', 404, 'not_found'],
      ['BREW /v1/stats HTTP/1.1\r\nHost: x\r\n\r\n', 400, 'invalid_request'],
      ['PUT /v1/stats HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', 405, 'method_not_allowed'],
    ];
    for (const [bytes, status, code] of cases) {
      const answer = await exchange(Buffer.from(bytes, 'latin1'));
      assert.equal(statusIn(answer), status, `${JSON.stringify(bytes.slice(0, 60))}: ${answer}`);
      assert.equal(errorIn(answer).code, code, bytes.slice(0, 60));
      assert.doesNotMatch(answer, /node_modules|\.ts:|at \w+ \(/, 'a stack in an answer');
    }
  });

  test('without a Host header is refused', async () => {
    assert.match(await exchange('GET /v1/stats HTTP/1.1\r\n\r\n'), /^HTTP\/1\.1 400 /);
  });

  test('garbage of any kind ends the connection and nothing else', async () => {
    const seed = SEED;
    const random = createRandom(seed);
    for (let i = 0; i < 60; i++) {
      const bytes = Uint8Array.from({ length: 1 + random.below(3000) }, () => random.below(256));
      const answer = await exchange(bytes);
      assert.match(answer, /^$|^HTTP\/1\.1 4\d\d /, `seed ${seed}`);
    }
    assert.equal((await server.ask('/healthz')).status, 200);
  });

  test('a request that does not come to its end is ended', async () => {
    const socket = await raw(server.api.socket);
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    socket.on('error', () => {});
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write('GET /v1/stats HTTP/1.1\r\n');
    // One header after another, for ever.
    const dripping = setInterval(() => socket.write('a: b\r\n'), 50);
    await closed;
    clearInterval(dripping);
    assert.match(text, /^HTTP\/1\.1 408 /);
    const silent = await raw(server.api.socket);
    silent.on('error', () => {});
    silent.resume();
    await new Promise((resolve) => silent.once('close', resolve));
  });
});

describe('parameters and bodies of any kind', () => {
  test('are answered with success or a fault of the client, never one of ours', async (t) => {
    server = await startServer();
    t.after(() => server.close());
    const seed = SEED;
    const random = createRandom(seed);
    for (let i = 0; i < 50; i++) server.control.add(udp(i));
    const paths = [
      '/v1/connections',
      '/v1/connections/count',
      '/v1/connections/1',
      '/v1/connections/lookup',
      '/v1/expectations',
      '/v1/expectations/count',
      '/v1/config',
      '/v1/stats',
    ];
    const keys = [
      'src',
      'dst',
      'dport',
      'port',
      'state',
      'status',
      'mark',
      'age',
      'bytes',
      'filter',
      'limit',
      'cursor',
      'sort',
      'format',
      'output',
      'all',
      'by',
      'snapshot',
      'protocol',
      'zone',
      'helper',
      'id',
      'constructor',
      '__proto__',
      'toString',
    ];
    const values = [
      '',
      '0',
      '1',
      '-1',
      '4294967296',
      '1e9',
      '10.0.0.0/8',
      '::/0',
      '::1',
      'tcp',
      'any',
      'json',
      'text',
      'xml',
      'ndjson',
      'true',
      'false',
      'bytes',
      'state',
      '0x1/0xff',
      '>1k',
      '<',
      '%00',
      '%ff%fe',
      '[object Object]',
      '../../etc/passwd',
      'not',
      '('.repeat(50),
      'a'.repeat(2000),
      'MS4y',
      'AAAA',
    ];
    const scalars: readonly unknown[] = [
      null,
      0,
      -1,
      1.5,
      1e300,
      4294967295,
      '',
      'tcp',
      '10.0.0.1',
      '::1',
      true,
      [],
      {},
      [1],
      { value: 1, mask: 2 },
      'ESTABLISHED',
      ['ASSURED'],
    ];
    const fields = [
      'protocol',
      'original',
      'timeoutS',
      'state',
      'mark',
      'status',
      'family',
      'zone',
      'tuple',
      'mask',
      'master',
      'helper',
      'permanent',
      'src',
      'dst',
      'sport',
      'dport',
      'id',
      'type',
      'tcp_loose',
      'udp_timeout',
      '__proto__',
      'constructor',
      'acct=0',
    ];
    const body = (depth: number): unknown => {
      if (depth === 0 || random.chance(0.3)) return random.pick(scalars);
      return Object.fromEntries(
        Array.from({ length: 1 + random.below(6) }, () => [random.pick(fields), body(depth - 1)]),
      );
    };
    const seen = new Map<number, number>();
    for (let i = 0; i < 500; i++) {
      const query = Array.from(
        { length: random.below(4) },
        () =>
          `${random.pick(keys)}=${random.chance(0.7) ? random.pick(values) : encodeURIComponent(random.pick(values))}`,
      ).join('&');
      const method = random.pick(['GET', 'GET', 'DELETE', 'PATCH', 'POST']);
      const path = `${random.pick(paths)}?${query}`.replaceAll(' ', '+');
      const ask =
        method === 'GET' || method === 'DELETE'
          ? { method }
          : random.chance(0.1)
            ? { method, raw: random.pick(['{', '[', '{"a":', 'null', '"', '{}{}', '{"__proto__":{}}']) }
            : { method, body: body(3) };
      const { status, text } = await server.ask(path, ask);
      seen.set(status, (seen.get(status) ?? 0) + 1);
      assert.ok(
        (status >= 200 && status < 300) || (status >= 400 && status < 500) || status === 507,
        `seed ${seed}: ${method} ${path} ${JSON.stringify(ask)}: ${status} ${text}`,
      );
      if (status >= 400) assert.equal(typeof (JSON.parse(text) as ErrorForm).error.code, 'string');
    }
    assert.ok((seen.get(200) ?? 0) > 20 && (seen.get(400) ?? 0) > 50, JSON.stringify([...seen]));
    assert.deepEqual(server.bugs, []);
  });

  test('a fault of ours is told to the operator, not to the client', async (t) => {
    server = await startServer();
    t.after(() => server.close());
    server.control.add(udp(1));
    server.control.failWith(new Error('secret words'));
    for (const path of ['/v1/connections', '/v1/connections?format=text', '/v1/connections/count?dport=1']) {
      const answer = await server.ask(path);
      assert.equal(answer.status, 500);
      assert.deepEqual((answer.json() as ErrorForm).error.code, 'internal');
      assert.doesNotMatch(answer.text, /secret/);
    }
    assert.equal(server.bugs.length, 3);
    assert.match(String(server.bugs[0]), /secret words/);
  });
});

/** What is told of requests that are not allowed: one sentence, with the name of the parameter, and what is allowed. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ErrorForm } from '../../src/api/forms.ts';
import { StatusBit } from '../../src/export/connection.ts';
import { startServer, type TestServer } from '../support/api-server.ts';

let server: TestServer;
before(async () => {
  server = await startServer();
});
after(async () => {
  await server.close();
  assert.deepEqual(server.bugs, []);
});

async function refused(path: string, method = 'GET', body?: unknown): Promise<ErrorForm['error']> {
  const answer = await server.ask(path, { method, body });
  assert.equal(answer.status, 400, answer.text);
  return (answer.json() as ErrorForm).error;
}

const U32 = 'a whole number from 0 to 4294967295';
const c = '/v1/connections';

test('a query that is not allowed is named by its parameter', async () => {
  const cases: readonly (readonly [string, string, RegExp])[] = [
    [`${c}?sort=size`, 'sort: "size" is not allowed', /^bytes, packets/],
    [`${c}?format=png`, 'format: "png" is not allowed', /^json, ndjson, text, xml$/],
    [`${c}?limit=0`, 'limit: 0 is not allowed', /^a whole number from 1 to/],
    [`${c}?limit=x`, 'limit: "x" is not allowed', /^a whole number from 1 to/],
    [`${c}?limit=1&limit=2`, 'limit: ["1","2"] is not allowed', /^a whole number from 1 to/],
    [`${c}?snapshot=perhaps`, 'snapshot: "perhaps" is not allowed', /^true or false$/],
    [`${c}?format=text&output=json`, 'output: "json" is not allowed', /extended, id, timestamp, halves$/],
    [`${c}?output=extended,proc`, 'output: "proc" is not allowed', /^a comma list of extended/],
    [`${c}/x`, 'id: "x" is not allowed', /^a whole number from 0 to 4294967295$/],
    [`${c}/lookup?protocol=tcp&src=::1`, 'dst is missing', /^$/],
    [`/v1/expectations?colour=red`, 'colour is not known here', /^family, protocol, src/],
    [`/v1/stats?x=1`, 'x is not known here', /^nothing$/],
  ];
  for (const [path, message, allowed] of cases) {
    const format = path.includes('output') && !path.includes('format') ? '&format=text' : '';
    const error = await refused(path + format);
    assert.equal(error.message, message);
    assert.match(error.allowed ?? '', allowed, path);
  }
});

test('a body that is not allowed is told in one sentence', async () => {
  const cases: readonly (readonly [unknown, string, string | undefined])[] = [
    [{ mark: -1 }, 'mark: -1 is not allowed', `${U32}, or value, mask`],
    [{ mark: '5' }, 'mark: "5" is not allowed', `${U32}, or value, mask`],
    [{ mark: { value: -1 } }, 'mark.mask is missing', undefined],
    [{ mark: { value: -1, mask: 1 } }, 'mark.value: -1 is not allowed', U32],
    [{ mark: { value: 1, mask: 1, x: 1 } }, 'mark.x is not known here', 'value, mask'],
    [{ timeoutS: 1.5 }, 'timeoutS: 1.5 is not allowed', 'a whole number from 0 to 2147483'],
    [{ status: ['DYING'] }, 'status.0: "DYING" is not allowed', 'ASSURED, FIXED_TIMEOUT'],
    [{ other: 1 }, 'other is not known here', 'some of mark, timeoutS, status'],
    [{}, 'the body: {} is not allowed', 'some of mark, timeoutS, status'],
    [5, 'the body: 5 is not allowed', 'some of mark, timeoutS, status'],
    [undefined, 'the body is missing', 'some of mark, timeoutS, status'],
  ];
  for (const [body, message, allowed] of cases) {
    const error = await refused(`${c}?all=true`, 'PATCH', body);
    assert.deepEqual([error.message, error.allowed], [message, allowed], JSON.stringify(body));
  }
  const original = { src: '10.0.0.1', dst: '10.0.0.2', sport: 1, dport: 70000 };
  const port = await refused(c, 'POST', { protocol: 'udp', original, timeoutS: 9 });
  assert.equal(port.message, 'original.dport: 70000 is not allowed');
  const name = await refused(c, 'POST', {
    protocol: 'tpc',
    original: { ...original, dport: 2 },
    timeoutS: 9,
  });
  assert.equal(name.message, 'protocol: "tpc" is not allowed');
  assert.match(name.allowed ?? '', /^a whole number from 0 to 255, or tcp, udp, /);
});

test('settings are called by their names', async () => {
  const value = await refused('/v1/config', 'PATCH', { tcp_loose: 2 });
  assert.equal(value.message, 'tcp_loose: "2" is not allowed');
  const name = await refused('/v1/config', 'PATCH', { no_such_thing: 1 });
  assert.equal(name.message, 'setting: "no_such_thing" is not allowed');
  assert.match(name.allowed ?? '', /^one of .*tcp_loose/);
});

test('a limit of the greatest says what is true for every client', async () => {
  const sorted = await refused(`${c}?sort=bytes&limit=1000000&format=text`);
  assert.match(sorted.advice ?? '', /without sort/);
  assert.doesNotMatch(sorted.advice ?? '', /ndjson|next/);
  assert.match((await refused(`${c}?limit=1000000`)).advice ?? '', /ndjson.*next/);
});

test('routes without parameters take none, but for those that are watched from outside', async () => {
  for (const path of ['stats', 'shards', 'version', 'config', 'contrast', 'openapi.json'])
    assert.equal((await server.ask(`/v1/${path}?x=1`)).status, 400, path);
  const body = { tcp_loose: 1 };
  assert.equal((await server.ask('/v1/config?x=1', { method: 'PATCH', body })).status, 400);
  for (const path of ['/v1/connections?x=1', '/v1/expectations?x=1'])
    assert.equal((await refused(path, 'POST', {})).code.startsWith('invalid'), true, path);
  for (const path of ['/healthz', '/readyz', '/metrics'])
    assert.equal((await server.ask(`${path}?x=1`)).status, 200, path);
});

describe('methods', () => {
  test('HEAD tells the health', async () => {
    for (const path of ['/healthz', '/readyz']) {
      const answer = await server.ask(path, { method: 'HEAD' });
      assert.deepEqual([answer.status, answer.text], [200, '']);
      assert.match(answer.headers['content-type'] ?? '', /^application\/json/);
    }
  });

  test('that a path does not have are told from paths that are not there', async () => {
    const cases: readonly (readonly [string, string, string])[] = [
      ['PUT', '/v1/stats', 'GET'],
      ['POST', '/healthz?x=1', 'GET, HEAD'],
      ['PUT', '/v1/connections', 'DELETE, GET, PATCH, POST'],
      ['POST', '/v1/connections/17', 'DELETE, GET, PATCH'],
      ['HEAD', '/v1/stats', 'GET'],
    ];
    for (const [method, path, allow] of cases) {
      const answer = await server.ask(path, { method });
      assert.equal(answer.status, 405, `${method} ${path}`);
      assert.equal(answer.headers.allow?.split(', ').sort().join(', '), allow);
      if (method !== 'HEAD') assert.equal((answer.json() as ErrorForm).error.code, 'method_not_allowed');
    }
    const none = await server.ask('/v1/openapiXjson', { method: 'PUT' });
    assert.deepEqual([none.status, none.headers.allow], [404, undefined]);
  });
});

test('a timeout that is fixed is not changed, and that is said', async () => {
  const udp = { family: 'ipv4', protocol: 17, dst: '10.0.0.2', sport: 1, dport: 2, timeoutS: 60 } as const;
  const fixed = server.control.add({ ...udp, src: '10.0.0.1', status: StatusBit.FIXED_TIMEOUT });
  const other = server.control.add({ ...udp, src: '10.0.0.3' });
  const patch = (path: string, body: unknown) => server.ask(path, { method: 'PATCH', body });
  const answer = await patch(`${c}/${fixed}`, { timeoutS: 5, mark: 1 });
  assert.equal(answer.status, 409, answer.text);
  assert.deepEqual((answer.json() as ErrorForm).error, {
    code: 'not_allowed',
    message: 'its timeout is fixed',
  });
  assert.equal((await patch(`${c}/${fixed}`, { mark: 1 })).status, 200);
  assert.equal((await patch(`${c}/${other}`, { timeoutS: 5 })).status, 200);
  assert.deepEqual((await patch(`${c}?protocol=udp`, { timeoutS: 5 })).json(), { updated: 1 });
});

/** The OpenAPI document: every route is in it, every schema is one, and live answers are what it says. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { createContext } from '../../src/api/serve.ts';
import { createApi } from '../../src/api/server.ts';
import { type Answer, type Ask, startServer, type TestServer } from '../support/api-server.ts';
import { createFakeControl } from '../support/fake-control.ts';

type Json = Record<string, unknown>;
interface Operation {
  readonly method: string;
  readonly path: string;
  readonly spec: Json;
}

const METHODS = ['get', 'post', 'patch', 'delete'];
let server: TestServer;
let document: Json;
let operations: Operation[];
const ajv = new Ajv2020({ strict: false, allErrors: true });

function part(value: unknown, ...keys: readonly string[]): unknown {
  return keys.reduce<unknown>((at, key) => (at as Json | undefined)?.[key], value);
}

/** Pointer of a schema in the document. */
const pointer = (...keys: readonly string[]): string =>
  `openapi#/${keys.map((key) => encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`;

before(async () => {
  server = await startServer();
  document = (await server.ask('/v1/openapi.json')).json() as Json;
  operations = Object.entries(document.paths as Json).flatMap(([path, methods]) =>
    Object.entries(methods as Json).map(([method, spec]) => ({ method, path, spec: spec as Json })),
  );
  ajv.addSchema(document, 'openapi');
});
after(() => server.close());

describe('the document', () => {
  test('is of OpenAPI 3.1 and describes every route', async () => {
    assert.equal(document.openapi, '3.1.0');
    const control = createFakeControl();
    const app = await createApi(createContext({ control, version: '0', run: {}, socket: null }), {
      kind: 'unix',
    });
    const routes = app.printRoutes({ commonPrefix: false, includeHooks: false });
    await app.close();
    // "├── /v1/stats (GET)", one to a line, each path whole.
    const registered = new Map<string, string[]>();
    const stack: string[] = [];
    for (const line of routes.split('\n')) {
      const match = /^([│ ├└─]*)(\S+)(?: \(([^)]+)\))?$/.exec(line);
      if (match === null) continue;
      const depth = match[1].length / 4;
      stack.length = Math.max(0, depth - 1);
      const path = stack.join('') + match[2];
      stack.push(match[2]);
      if (match[3] !== undefined)
        registered.set(
          path.replace(/:(\w+)/g, '{$1}'),
          // HEAD is GET without the body; load balancers send it.
          match[3]
            .split(', ')
            .map((method) => method.toLowerCase())
            .filter((method) => method !== 'head'),
        );
    }
    const described = operations.map(({ method, path }) => `${method} ${path}`);
    const existing = [...registered].flatMap(([path, methods]) =>
      methods.map((method) => `${method} ${path}`),
    );
    assert.deepEqual(described.sort(), existing.sort());
    assert.ok(described.length >= 24);
  });

  test('has an id, a summary, a group and answers for each', () => {
    const ids = operations.map(({ spec }) => spec.operationId);
    assert.equal(new Set(ids).size, operations.length);
    for (const { method, path, spec } of operations) {
      assert.ok(METHODS.includes(method));
      assert.equal(typeof spec.operationId, 'string', path);
      assert.equal(typeof spec.summary, 'string', path);
      assert.equal((spec.tags as string[]).length, 1, path);
      const statuses = Object.keys(spec.responses as Json);
      assert.ok(
        statuses.some((status) => status.startsWith('2')),
        path,
      );
      if (path !== '/v1/openapi.json') assert.ok(statuses.includes('default'), path);
    }
  });

  test('has schemas that are schemas, with examples that are valid', () => {
    let examples = 0;
    for (const [name, schema] of Object.entries(part(document, 'components', 'schemas') as Json)) {
      assert.ok(ajv.validateSchema(schema as Json), `${name}: ${ajv.errorsText()}`);
      const check = ajv.compile({ $ref: pointer('components', 'schemas', name) });
      for (const example of ((schema as Json).examples as unknown[] | undefined) ?? []) {
        assert.ok(check(example), `${name}: ${ajv.errorsText(check.errors)}`);
        examples++;
      }
    }
    assert.ok(examples >= 6);
    const list = operations.find(({ spec }) => spec.operationId === 'listConnections');
    const names = ((list?.spec.parameters as Json[]) ?? []).map(({ name }) => name);
    for (const name of ['src', 'dport', 'filter', 'limit', 'sort']) assert.ok(names.includes(name), name);
    for (const { path, spec } of operations)
      for (const parameter of (spec.parameters as Json[] | undefined) ?? [])
        assert.ok(ajv.validateSchema(parameter.schema as Json), `${path} ${String(parameter.name)}`);
  });
});

describe('live answers', () => {
  const used = new Set<string>();

  /** Asks, and holds the answer against the schema of its status and media type. */
  async function checked(
    method: string,
    path: string,
    url: string,
    status: number,
    ask: Ask = {},
  ): Promise<Answer> {
    const answer = await server.ask(url, { ...ask, method: method.toUpperCase() });
    assert.equal(answer.status, status, `${url}: ${answer.text}`);
    const type = (answer.headers['content-type'] ?? '').split(';', 1)[0];
    const responses = part(document, 'paths', path, method, 'responses') as Json;
    const key = String(status) in responses ? String(status) : 'default';
    assert.ok(
      part(responses, key, 'content', type) !== undefined,
      `${url}: ${status} ${type} is not described`,
    );
    const check = ajv.compile({
      $ref: pointer('paths', path, method, 'responses', key, 'content', type, 'schema'),
    });
    const values =
      type === 'application/json'
        ? [answer.json()]
        : type === 'application/x-ndjson'
          ? answer.text
              .trimEnd()
              .split('\n')
              .map((line) => JSON.parse(line) as unknown)
          : [answer.text];
    for (const value of values)
      assert.ok(check(value), `${method} ${url}: ${ajv.errorsText(check.errors)}: ${JSON.stringify(value)}`);
    if (status < 300) used.add(`${method} ${path}`);
    return answer;
  }

  test('of every route are what the document says', async () => {
    const { control } = server;
    const id = control.add({
      family: 'ipv4',
      protocol: 6,
      src: '10.0.0.1',
      dst: '10.0.0.2',
      sport: 1,
      dport: 21,
      timeoutS: 60,
      state: 'ESTABLISHED',
    });
    control.add({
      family: 'ipv4',
      protocol: 1,
      src: '10.0.0.1',
      dst: '10.0.0.2',
      type: 8,
      code: 0,
      id: 7,
      timeoutS: 60,
    });
    control.add({ family: 'ipv6', protocol: 47, src: '::1', dst: '::2', srckey: 1, dstkey: 2, timeoutS: 60 });
    control.add({
      family: 'ipv6',
      protocol: 132,
      src: '::1',
      dst: '::2',
      sport: 1,
      dport: 2,
      timeoutS: 60,
      state: 'CLOSED',
    });
    control.add({ family: 'ipv4', protocol: 89, src: '10.0.0.1', dst: '10.0.0.2', timeoutS: 60 });
    const c = '/v1/connections';
    for (const format of ['json', 'ndjson', 'text', 'xml'])
      await checked('get', c, `${c}?format=${format}`, 200);
    await checked('get', c, `${c}?format=ndjson&snapshot=true`, 200);
    await checked('get', c, `${c}?dport=x`, 400);
    await checked('get', c, c, 406, { headers: { accept: 'image/png' } });
    await checked('get', `${c}/count`, `${c}/count?by=state`, 200);
    await checked(
      'get',
      `${c}/lookup`,
      `${c}/lookup?protocol=tcp&src=10.0.0.1&dst=10.0.0.2&sport=1&dport=21`,
      200,
    );
    await checked('get', `${c}/{id}`, `${c}/${id}`, 200);
    await checked('get', `${c}/{id}`, `${c}/1`, 404);
    await checked('patch', `${c}/{id}`, `${c}/${id}`, 200, { body: { mark: 1 } });
    await checked('patch', c, `${c}?all=true`, 200, { body: { mark: 1 } });
    await checked('patch', c, `${c}?all=true&format=ndjson`, 200, { body: { mark: 2 } });
    const original = { src: '10.0.0.8', dst: '10.0.0.9', sport: 5, dport: 6 };
    const made = { protocol: 'udp', original, timeoutS: 5 };
    await checked('post', c, c, 201, { body: made });
    await checked('post', c, c, 409, { body: made });
    await checked('post', c, c, 415, { raw: 'x', headers: { 'content-type': 'text/plain' } });
    await checked('post', c, c, 413, { raw: JSON.stringify({ ...made, state: 'x'.repeat(70_000) }) });
    const x = '/v1/expectations';
    const master = { src: '10.0.0.1', dst: '10.0.0.2', sport: 1, dport: 21 };
    const expected = {
      protocol: 'tcp',
      tuple: { src: '10.0.0.2', dst: '10.0.0.1', sport: 0, dport: 99 },
      master,
      timeoutS: 9,
    };
    await checked('post', x, x, 201, { body: expected });
    await checked('post', x, x, 409, { body: { ...expected, master: { ...master, sport: 2 } } });
    for (const format of ['json', 'ndjson', 'text', 'xml'])
      await checked('get', x, `${x}?format=${format}`, 200);
    await checked('get', `${x}/count`, `${x}/count?dport=99`, 200);
    await checked('delete', x, x, 400);
    await checked('delete', x, `${x}?all=true`, 200);
    for (const format of ['ndjson', 'text', 'xml'])
      await checked('get', '/v1/events', `/v1/events?follow=false&since=0:0,1:0&format=${format}`, 200);
    await checked('get', '/v1/events', '/v1/events?since=9:9', 400);
    await checked('delete', `${c}/{id}`, `${c}/${id}`, 200);
    await checked('delete', c, `${c}?protocol=udp&format=ndjson`, 200);
    await checked('delete', c, `${c}?all=true`, 200);
    for (const path of [
      '/v1/stats',
      '/v1/shards',
      '/v1/version',
      '/v1/contrast',
      '/v1/config',
      '/v1/openapi.json',
      '/metrics',
      '/healthz',
      '/readyz',
    ])
      await checked('get', path, path, 200);
    await checked('patch', '/v1/config', '/v1/config', 200, { body: { tcp_loose: 0 } });
    await checked('patch', '/v1/config', '/v1/config', 400, { body: { tcp_loose: 2 } });
    assert.deepEqual(
      operations.map(({ method, path }) => `${method} ${path}`).filter((one) => !used.has(one)),
      [],
    );
    assert.deepEqual(server.bugs, []);
  });
});

/** The routes of connections, over a real socket, against a tracker without threads. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ConnectionPage, CountForm, ErrorForm } from '../../src/api/forms.ts';
import { StatusBit } from '../../src/export/connection.ts';
import { connectionJson } from '../../src/export/json.ts';
import { connectionLine } from '../../src/export/text.ts';
import { startServer, type TestServer } from '../support/api-server.ts';
import type { FakeConnection } from '../support/fake-control.ts';

const tcp = (i: number, more: Partial<FakeConnection> = {}): FakeConnection => ({
  family: 'ipv4',
  protocol: 6,
  src: `10.0.${i >> 8}.${i & 255}`,
  dst: '192.0.2.80',
  sport: 40000 + i,
  dport: i % 2 === 0 ? 80 : 443,
  timeoutS: 100,
  state: 'ESTABLISHED',
  status: StatusBit.SEEN_REPLY | StatusBit.ASSURED,
  bytes: [1000 * i, 10],
  packets: [i + 1, 1],
  ageS: i,
  ...more,
});

let server: TestServer;
const page = async (path: string): Promise<ConnectionPage> => {
  const answer = await server.ask(path);
  assert.equal(answer.status, 200, answer.text);
  return answer.json() as ConnectionPage;
};
const errorOf = async (
  path: string,
  method = 'GET',
  body?: unknown,
): Promise<[number, ErrorForm['error']]> => {
  const answer = await server.ask(path, { method, body });
  return [answer.status, (answer.json() as ErrorForm).error];
};

describe('lists of connections', () => {
  before(async () => {
    server = await startServer({}, { pageEntries: 7 });
    for (let i = 0; i < 100; i++) server.control.add(tcp(i));
    server.control.add({
      family: 'ipv6',
      protocol: 17,
      src: '2001:db8::1',
      dst: '2001:db8::2',
      sport: 53,
      dport: 53,
      timeoutS: 30,
    });
  });
  after(() => server.close());

  test('come in pages that together have each connection once', async () => {
    const ids: number[] = [];
    let cursor = '';
    for (let pages = 0; ; pages++) {
      assert.ok(pages < 20);
      const { connections, next } = await page(`/v1/connections?limit=9${cursor}`);
      assert.ok(connections.length <= 9);
      ids.push(...connections.map((c) => c.id));
      if (next === null) break;
      cursor = `&cursor=${next}`;
    }
    assert.equal(ids.length, 101);
    assert.deepEqual(new Set(ids), new Set(server.control.table().map((c) => c.id)));
  });

  test('are filtered by the filter language', async () => {
    const { connections } = await page('/v1/connections?dport=443&src=10.0.0.0/27&protocol=tcp');
    assert.deepEqual(
      connections.map((c) => c.original.src).sort(),
      Array.from({ length: 16 }, (_, i) => `10.0.0.${2 * i + 1}`).sort(),
    );
    assert.equal((await page('/v1/connections?filter=udp%20not%20host%20::1')).connections.length, 1);
    assert.equal((await page('/v1/connections?sport=40001&sport=40002')).connections.length, 0);
    assert.equal((await page('/v1/connections?sport=40001,40002')).connections.length, 2);
  });

  test('have the form of the library, digit by digit', async () => {
    const [c] = server.control.table().filter(({ family }) => family === 'ipv6');
    const answer = await server.ask('/v1/connections?family=ipv6');
    assert.equal(answer.text, `{"connections":[${connectionJson(c)}],"next":null}`);
    assert.match(answer.headers['content-type'] ?? '', /^application\/json/);
  });

  test('are sorted, the greatest first', async () => {
    const { connections, next } = await page('/v1/connections?sort=bytes&limit=3');
    assert.deepEqual(
      connections.map((c) => c.original.bytes),
      [99_000, 98_000, 97_000],
    );
    assert.equal(next, null);
    const packets = await page('/v1/connections?sort=packets&limit=2&dport=80');
    assert.deepEqual(
      packets.connections.map((c) => c.original.packets),
      [99, 97],
    );
    const text = await server.ask('/v1/connections?sort=age&limit=2&format=text');
    assert.match(text.text, /src=10\.0\.0\.99 .*\n.*src=10\.0\.0\.98 /);
    assert.equal(text.text.split('\n').length, 3);
  });

  for (const [format, accept, type] of [
    ['ndjson', 'application/x-ndjson', 'application/x-ndjson'],
    ['text', 'text/plain;q=0.9, image/png', 'text/plain; charset=utf-8'],
    ['xml', 'text/xml', 'application/xml; charset=utf-8'],
  ]) {
    test(`are streamed as ${format}, chosen by the query or by Accept`, async () => {
      const byQuery = await server.ask(`/v1/connections?format=${format}`);
      const byAccept = await server.ask('/v1/connections', { headers: { accept } });
      assert.equal(byQuery.text, byAccept.text);
      assert.equal(byQuery.headers['content-type'], type);
      assert.equal(byQuery.trailers['flowshard-entries'], '101');
      const lines = byQuery.text.trimEnd().split('\n');
      assert.equal(lines.length, format === 'xml' ? 104 : 101);
    });
  }

  test('as text are the lines of the command, with their options', async () => {
    const output = { format: 'text', extended: true, timestamp: false, id: true } as const;
    const expected = server.control.table().map((c) => connectionLine(c, output));
    const { text } = await server.ask('/v1/connections?format=text&output=extended,id');
    assert.deepEqual(text.trimEnd().split('\n').sort(), expected.sort());
  });

  test('are empty where nothing matches, and XML has no document then', async () => {
    for (const format of ['ndjson', 'text', 'xml']) {
      const answer = await server.ask(`/v1/connections?format=${format}&dport=9`);
      assert.equal(answer.status, 200);
      assert.equal(answer.text, '');
      assert.equal(answer.trailers['flowshard-entries'], '0');
    }
  });

  test('say what is wrong with a request', async () => {
    const cases: readonly (readonly [string, number, string])[] = [
      ['?dport=70000', 400, 'invalid_value'],
      ['?limit=0', 400, 'invalid_request'],
      ['?limit=10001', 400, 'invalid_value'],
      ['?limit=1&limit=2', 400, 'invalid_request'],
      ['?limit=x', 400, 'invalid_request'],
      ['?sort=size', 400, 'invalid_request'],
      ['?sort=age&cursor=abc', 400, 'invalid_value'],
      ['?cursor=abc', 400, 'invalid_value'],
      ['?unknown=1', 400, 'invalid_value'],
      ['?format=png', 400, 'invalid_request'],
      ['?format=text&output=colour', 400, 'invalid_value'],
      ['?snapshot=true', 400, 'invalid_value'],
      ['?filter=%28', 400, 'invalid_value'],
      ['?state=OPEN', 400, 'invalid_value'],
    ];
    for (const [query, status, code] of cases) {
      const [got, error] = await errorOf(`/v1/connections${query}`);
      assert.deepEqual([got, error.code], [status, code], `${query}: ${error.message}`);
      assert.equal(typeof error.message, 'string');
    }
    const [, error] = await errorOf('/v1/connections?dport=70000');
    assert.match(error.allowed ?? '', /65535/);
    const refused = await server.ask('/v1/connections', { headers: { accept: 'image/png' } });
    assert.equal(refused.status, 406);
  });

  test('a snapshot says which events belong to it', async () => {
    const { text } = await server.ask('/v1/connections?format=ndjson&snapshot=true');
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.equal(lines[0].record, 'snapshot');
    assert.match(String(lines[0].since), /^[0-9a-f]{8}\/0:\d+,1:\d+$/);
    assert.deepEqual(lines.at(-1), { record: 'snapshot-end', connections: 101, until: lines[0].since });
    assert.ok(lines.slice(1, -1).every(({ record }) => record === 'connection'));
  });

  test('counts', async () => {
    const count = async (query: string): Promise<CountForm> =>
      (await server.ask(`/v1/connections/count${query}`)).json() as CountForm;
    assert.deepEqual(await count(''), { count: 101 });
    assert.deepEqual(await count('?dport=80'), { count: 50 });
    assert.deepEqual(await count('?by=protocol'), { count: 101, by: { tcp: 100, udp: 1 } });
    assert.deepEqual(await count('?by=state'), {
      count: 101,
      by: { 'tcp ESTABLISHED': 100, 'udp UNREPLIED': 1 },
    });
    assert.deepEqual(await count('?by=zone&protocol=udp'), { count: 1, by: { 0: 1 } });
    assert.deepEqual(await count('?by=helper&protocol=udp'), { count: 1, by: { none: 1 } });
  });

  test('one is looked up by its tuple, of either direction', async () => {
    const there = await server.ask(
      '/v1/connections/lookup?protocol=tcp&src=10.0.0.5&dst=192.0.2.80&sport=40005&dport=443',
    );
    const back = await server.ask(
      '/v1/connections/lookup?protocol=6&dst=10.0.0.5&src=192.0.2.80&dport=40005&sport=443',
    );
    assert.equal(there.status, 200);
    assert.equal(there.text, back.text);
    const [status, error] = await errorOf(
      '/v1/connections/lookup?protocol=tcp&src=10.0.0.5&dst=192.0.2.80&sport=1&dport=2',
    );
    assert.deepEqual([status, error.code], [404, 'not_found']);
    assert.equal((await errorOf('/v1/connections/lookup?protocol=tcp&src=10.0.0.5&dst=192.0.2.80'))[0], 400);
    assert.equal(
      (await errorOf('/v1/connections/lookup?protocol=tcp&src=10.0.0.5&dst=::1&sport=1&dport=2'))[0],
      400,
    );
    assert.equal(
      (await errorOf('/v1/connections/lookup?protocol=icmp&src=10.0.0.5&dst=10.0.0.6&sport=1&dport=2'))[0],
      400,
    );
  });
});

describe('changes of connections', () => {
  before(async () => {
    server = await startServer({}, { pageEntries: 5, entriesMax: 40 });
    for (let i = 0; i < 60; i++) server.control.add(tcp(i));
  });
  after(() => server.close());

  test('one by its id', async () => {
    const [c] = server.control.table();
    const path = `/v1/connections/${c.id}`;
    assert.equal((await server.ask(path)).text, connectionJson(c));
    const patched = await server.ask(path, {
      method: 'PATCH',
      body: { mark: { value: 0x100, mask: 0xff00 }, timeoutS: 7 },
    });
    assert.equal(patched.status, 200, patched.text);
    const now = patched.json() as { mark: number; timeoutS: number };
    assert.deepEqual([now.mark, now.timeoutS], [0x100, 7]);
    assert.equal((await server.ask(path, { method: 'DELETE' })).status, 200);
    assert.equal((await errorOf(path))[0], 404);
    assert.equal((await errorOf(path, 'DELETE'))[0], 404);
    assert.equal((await errorOf('/v1/connections/x'))[0], 400);
    assert.equal((await errorOf('/v1/connections/4294967296'))[0], 400);
    assert.equal(server.control.count(), 59);
  });

  test('an id that several have is refused, a filter beside it helps', async () => {
    const [c] = server.control.table();
    const { src, sport } = c.original;
    assert.equal((await server.ask(`/v1/connections/${c.id}?src=${src}&sport=${sport}`)).status, 200);
    assert.equal((await errorOf(`/v1/connections/${c.id}?sport=1`))[0], 404);
  });

  test('many by a filter', async () => {
    const updated = await server.ask('/v1/connections?dport=443', {
      method: 'PATCH',
      body: { mark: 9, status: ['FIXED_TIMEOUT'] },
    });
    assert.deepEqual(updated.json(), { updated: 30 });
    const marked = await page('/v1/connections?mark=9&status=FIXED_TIMEOUT');
    assert.equal(marked.connections.length, 30);
    const deleted = await server.ask('/v1/connections?mark=9&sport=40000-40019', { method: 'DELETE' });
    assert.deepEqual(deleted.json(), { deleted: 10 });
    const listed = await server.ask('/v1/connections?mark=9&format=text', { method: 'DELETE' });
    assert.equal(listed.text.trimEnd().split('\n').length, 20);
    assert.equal(listed.trailers['flowshard-entries'], '20');
    assert.equal((await page('/v1/connections?mark=9')).connections.length, 0);
  });

  test('all only when that is said', async () => {
    const before = server.control.count();
    assert.deepEqual((await errorOf('/v1/connections', 'DELETE'))[1].code, 'filter_needed');
    assert.deepEqual((await errorOf('/v1/connections', 'PATCH', { mark: 1 }))[1].code, 'filter_needed');
    assert.deepEqual((await errorOf('/v1/connections?all=false', 'DELETE'))[1].code, 'filter_needed');
    assert.equal(server.control.count(), before);
    const patched = await server.ask('/v1/connections?all=true', { method: 'PATCH', body: { mark: 1 } });
    assert.deepEqual(patched.json(), { updated: before });
    const flushed = await server.ask('/v1/connections?all=true', { method: 'DELETE' });
    assert.deepEqual(flushed.json(), { deleted: before });
    assert.equal(server.control.count(), 0);
  });

  test('wrong bodies change nothing', async () => {
    for (const body of [
      {},
      { mark: -1 },
      { mark: '5' },
      { timeoutS: 1.5 },
      { status: ['DYING'] },
      { other: 1 },
      [],
      5,
      null,
      'x',
    ])
      assert.deepEqual(
        (await errorOf('/v1/connections?all=true', 'PATCH', body))[0],
        400,
        JSON.stringify(body),
      );
    const noJson = await server.ask('/v1/connections?all=true', {
      method: 'PATCH',
      raw: '{"mark":',
      headers: {},
    });
    assert.equal(noJson.status, 400);
    const form = await server.ask('/v1/connections?all=true', {
      method: 'PATCH',
      raw: 'mark=1',
      headers: { 'content-type': 'text/plain' },
    });
    assert.equal(form.status, 415);
  });

  test('one is made, once, while there is room', async () => {
    const body = {
      protocol: 'tcp',
      original: { src: '10.9.0.1', dst: '10.9.0.2', sport: 1, dport: 2 },
      timeoutS: 60,
      state: 'SYN_SENT',
      mark: 3,
      status: ['ASSURED'],
    };
    const made = await server.ask('/v1/connections', { method: 'POST', body });
    assert.equal(made.status, 201, made.text);
    const c = made.json() as { id: number; state: string; mark: number };
    assert.deepEqual([c.state, c.mark, made.headers.location], ['SYN_SENT', 3, `/v1/connections/${c.id}`]);
    assert.deepEqual((await errorOf('/v1/connections', 'POST', body))[1].code, 'exists');
    for (let i = 0; i < 79; i++) server.control.add(tcp(i));
    const other = { ...body, original: { ...body.original, sport: 99 } };
    const [status, error] = await errorOf('/v1/connections', 'POST', other);
    assert.deepEqual([status, error.code], [507, 'full']);
    const wrong: readonly Record<string, unknown>[] = [
      { protocol: 'tpc' },
      { protocol: 256 },
      { state: 'OPEN' },
      { state: undefined },
      { family: 'ipv6' },
      { timeoutS: -1 },
      { zone: 65536 },
      { original: { src: '10.9.0.1', dst: '10.9.0.2' } },
      { original: { src: '10.9.0.1', dst: '::1', sport: 1, dport: 2 } },
      { original: { src: 'fe80::1%eth0', dst: 'fe80::2', sport: 1, dport: 2 } },
      { original: { src: '10.9.0.1', dst: '10.9.0.2', sport: 1, dport: 2, id: 1 } },
    ];
    for (const change of wrong)
      assert.equal(
        (await errorOf('/v1/connections', 'POST', { ...other, ...change }))[0],
        400,
        JSON.stringify(change),
      );
  });

  test('what is missing is named', async () => {
    const original = { src: '10.9.0.1', dst: '10.9.0.2', sport: 1, dport: 2 };
    const body = { protocol: 'tcp', original, timeoutS: 60 };
    const [, state] = await errorOf('/v1/connections', 'POST', body);
    assert.equal(state.message, 'state is missing');
    assert.match(state.allowed ?? '', /SYN_SENT, .*ESTABLISHED/);
    const { sport: _sport, ...noPort } = original;
    const [, port] = await errorOf('/v1/connections', 'POST', { ...body, original: noPort });
    assert.deepEqual(
      [port.message, port.allowed],
      ['original.sport is missing', 'sport, dport with protocol 6'],
    );
    const there = { ...body, state: 'SYN_SENT' };
    server.control.add({ ...original, family: 'ipv4', protocol: 6, timeoutS: 60, state: 'SYN_SENT' });
    const [, exists] = await errorOf('/v1/connections', 'POST', there);
    assert.equal(exists.message, 'there is such a connection already');
  });

  test('ICMP has only types that come in pairs', async () => {
    const families: readonly (readonly [string, string, string, readonly number[]])[] = [
      ['icmp', '10.8.0.1', '10.8.0.2', [0, 8, 13, 14, 15, 16, 17, 18]],
      ['icmpv6', '2001:db8::1', '2001:db8::2', [128, 129, 139, 140]],
    ];
    const fresh = await startServer();
    try {
      for (const [protocol, src, dst, allowed] of families) {
        const made: number[] = [];
        for (let type = 0; type < 256; type++) {
          const original = { src, dst, type, code: 0, id: 1000 + type };
          const body = { protocol, original, timeoutS: 9 };
          const answer = await fresh.ask('/v1/connections', { method: 'POST', body });
          if (answer.status === 201) made.push(type);
          else {
            const { error } = answer.json() as ErrorForm;
            assert.equal(error.message, `original.type: "${type}" is not allowed`);
            assert.equal(error.allowed, `types of questions and answers: ${allowed.join(', ')}`);
          }
        }
        assert.deepEqual(made, allowed);
        const lookup = await fresh.ask(
          `/v1/connections/lookup?protocol=${protocol}&src=${src}&dst=${dst}&type=3&code=0&id=1`,
        );
        assert.match(lookup.text, /"type: \\"3\\" is not allowed/);
      }
    } finally {
      await fresh.close();
    }
  });

  test('nothing went wrong inside', () => assert.deepEqual(server.bugs, []));
});

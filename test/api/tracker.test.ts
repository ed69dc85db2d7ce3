/** The API over a real tracker: threads, mailboxes, logs of events, a helper with its expectations. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type {
  ConnectionForm,
  ConnectionPage,
  EventRecord,
  ExpectationPage,
  OwnersForm,
} from '../../src/api/forms.ts';
import type { TrackerControl } from '../../src/control/tracker-control.ts';
import { type Pipeline, startPipeline } from '../../src/workers/pipeline.ts';
import { startServer, type TestServer } from '../support/api-server.ts';
import { until } from '../support/until.ts';

const CAPTURE = 'test/fixtures/captures/plain/zeek__NTP_sync.pcap';
const CONNECTIONS = 16;

describe('the API of a tracker with threads', () => {
  let pipeline: Pipeline;
  let control: TrackerControl;
  let server: TestServer;

  before(async () => {
    pipeline = startPipeline({ files: [CAPTURE], shards: 2, service: true, hold: true });
    assert.ok(pipeline.control !== null);
    control = pipeline.control;
    await until(() => control.count() === CONNECTIONS, 'the capture was read');
    server = await startServer({ control });
  });
  after(async () => {
    await server.close();
    pipeline.stop();
    await pipeline.finished;
    await pipeline.close();
    assert.deepEqual(server.bugs, []);
  });

  const page = async (query: string): Promise<readonly ConnectionForm[]> => {
    const answer = await server.ask(`/v1/connections${query}`);
    assert.equal(answer.status, 200, answer.text);
    return (answer.json() as ConnectionPage).connections;
  };
  const events = async (query: string): Promise<EventRecord[]> => {
    const { text } = await server.ask(`/v1/events?follow=false&${query}`);
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as EventRecord);
    return lines.filter(({ record }) => record === 'event');
  };

  test('tells of all events since the first, and the table is what they say', async () => {
    const all = await events('since=0:0,1:0');
    const alive = new Set<number>();
    for (const { type, connection } of all) {
      if (type === 'DESTROY') alive.delete(connection.id);
      else alive.add(connection.id);
    }
    assert.deepEqual([...alive].sort(), (await page('')).map(({ id }) => id).sort());
    const { shards } = (await server.ask('/v1/shards')).json() as OwnersForm;
    assert.equal(
      all.length,
      shards.reduce((sum, { nextEvent }) => sum + nextEvent, 0),
    );
  });

  test('lists, page by page and sorted', async () => {
    assert.equal((await page('?limit=5')).length, 5);
    const sorted = await page('?sort=bytes&limit=20');
    const bytes = sorted.map(({ original, reply }) => (original.bytes ?? 0) + (reply.bytes ?? 0));
    assert.equal(bytes.length, CONNECTIONS);
    assert.deepEqual(
      bytes,
      [...bytes].sort((a, b) => b - a),
    );
    const oldest = await page('?sort=age&limit=3');
    assert.ok(oldest[0].startNs <= oldest[1].startNs && oldest[1].startNs <= oldest[2].startNs);
  });

  test('takes no harm from a cursor that was made up', async () => {
    const { next } = (await server.ask('/v1/connections?limit=1')).json() as ConnectionPage;
    const [instance] = Buffer.from(next ?? '', 'base64url')
      .toString()
      .split('.');
    for (const place of [
      '0.0',
      '0.1',
      '1.5000',
      '2.77',
      '0.1048577',
      '1.2147483647',
      '0.2147483648',
      '2.4294967295',
      '3.1',
      '99.1',
      '0.9999999999',
    ]) {
      const cursor = Buffer.from(`${instance}.${place}`).toString('base64url');
      const { status } = await server.ask(`/v1/connections?limit=3&cursor=${cursor}`);
      assert.ok(status === 200 || status === 400, `${place}: ${status}`);
      const text = await server.ask(`/v1/connections?format=text&cursor=${cursor}`);
      assert.ok(text.status === status, `${place}: ${text.status}`);
    }
    assert.equal((await page('')).length, CONNECTIONS);
  });

  test('changes, makes and ends connections, each with its event', async () => {
    const [first] = await page('?limit=1');
    const before = control.eventPosition();
    const since = `since=${before.map((number, owner) => `${owner}:${number}`).join(',')}`;
    const patched = await server.ask(`/v1/connections/${first.id}`, {
      method: 'PATCH',
      body: { mark: 5, timeoutS: 1000 },
    });
    assert.equal(patched.status, 200, patched.text);
    assert.equal((patched.json() as ConnectionForm).mark, 5);
    assert.deepEqual(
      (await page('?mark=5')).map(({ id }) => id),
      [first.id],
    );
    const body = {
      protocol: 'tcp',
      original: { src: '10.0.0.1', dst: '10.0.0.2', sport: 1, dport: 21 },
      timeoutS: 60,
      state: 'ESTABLISHED',
      status: ['SEEN_REPLY', 'ASSURED'],
    };
    const made = await server.ask('/v1/connections', { method: 'POST', body });
    assert.equal(made.status, 201, made.text);
    assert.equal((await server.ask('/v1/connections', { method: 'POST', body })).status, 409);
    const found = await server.ask(
      '/v1/connections/lookup?protocol=tcp&src=10.0.0.2&dst=10.0.0.1&sport=21&dport=1',
    );
    assert.equal((found.json() as ConnectionForm).id, (made.json() as ConnectionForm).id);
    assert.deepEqual((await server.ask(`/v1/connections?dport=123`, { method: 'DELETE' })).json(), {
      deleted: 15,
    });
    const types = (await events(since)).map(({ type }) => type);
    assert.equal(types.filter((type) => type === 'DESTROY').length, 15);
    assert.ok(types.includes('NEW'));
  });

  test('makes, lists and ends what is expected', async () => {
    const master = { src: '10.0.0.1', dst: '10.0.0.2', sport: 1, dport: 21 };
    const body = {
      protocol: 'tcp',
      tuple: { src: '10.0.0.2', dst: '10.0.0.1', sport: 0, dport: 4000 },
      mask: { sport: 0 },
      master,
      timeoutS: 60,
      helper: 'ftp',
    };
    const made = await server.ask('/v1/expectations', { method: 'POST', body });
    assert.equal(made.status, 201, made.text);
    const { expectations } = (await server.ask('/v1/expectations')).json() as ExpectationPage;
    assert.deepEqual(
      expectations.map(({ tuple }) => tuple.dport),
      [4000],
    );
    assert.match(
      (await server.ask('/v1/expectations?format=text')).text,
      /^\d+ proto=6 src=10\.0\.0\.2 .*helper=ftp\n$/,
    );
    const orphan = await server.ask('/v1/expectations', {
      method: 'POST',
      body: { ...body, master: { ...master, sport: 9 } },
    });
    assert.equal(orphan.status, 409, orphan.text);
    assert.match(orphan.text, /no_master/);
    assert.deepEqual((await server.ask('/v1/expectations?dport=4000', { method: 'DELETE' })).json(), {
      deleted: 1,
    });
    assert.deepEqual((await server.ask('/v1/expectations/count')).json(), { count: 0 });
  });

  test('flushes', async () => {
    const { deleted } = (await server.ask('/v1/connections?all=true', { method: 'DELETE' })).json() as {
      deleted: number;
    };
    assert.ok(deleted > 0);
    assert.deepEqual(await page(''), []);
  });
});

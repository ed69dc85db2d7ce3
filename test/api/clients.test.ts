/** Many clients: slow ones, idle ones, busy ones, and those who go. Nobody waits for another, and nothing is left over. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { LIMITS } from '../../src/api/server.ts';
import { raw, startServer, type TestServer, udp } from '../support/api-server.ts';
import { until } from '../support/until.ts';

let server: TestServer;

describe('many clients', () => {
  before(async () => {
    server = await startServer({}, { pageEntries: 256 });
    for (let i = 0; i < 20_000; i++) server.control.add(udp(i));
  });
  after(async () => {
    await server.close();
    assert.deepEqual(server.bugs, []);
  });

  test('who read slowly, or go, keep nobody else waiting and leave nothing behind', async () => {
    const slow = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const socket = await raw(server.api.socket);
        socket.pause();
        socket.on('error', () => {});
        socket.write('GET /v1/connections?format=xml HTTP/1.1\r\nHost: x\r\n\r\n');
        return socket;
      }),
    );
    await until(() => server.control.openScans() === 20, 'all of them have begun');
    const stuck = process.memoryUsage().rss;
    for (let i = 0; i < 50; i++) assert.equal((await server.ask('/v1/connections/count')).status, 200);
    assert.ok((await server.ask('/v1/connections?format=text')).text.length > 1_000_000);
    assert.equal(server.control.openScans(), 20, 'they are where they were');
    assert.ok(process.memoryUsage().rss - stuck < 256 * 1024 * 1024, 'what nobody reads is not made');
    for (const socket of slow) socket.destroy();
    await until(
      () => server.control.openScans() === 0 && server.api.streams() === 0,
      'their scans have ended',
    );
  });

  test('a delete is done to its end, though nobody reads on', async () => {
    const before = server.control.count();
    const answer = await server.open('/v1/connections?src=10.0.0.0/18&format=xml', { method: 'DELETE' });
    answer.destroy();
    await until(() => server.control.openScans() === 0, 'the delete has ended');
    assert.equal(server.control.count(), before - 16_384);
  });

  test('a thousand that idle and a hundred that ask', async () => {
    const idle = await Promise.all(Array.from({ length: 800 }, () => raw(server.api.socket)));
    const streams = await Promise.all(Array.from({ length: 200 }, () => server.open('/v1/events')));
    for (const stream of streams) stream.resume();
    await until(() => server.api.streams() === 200, 'all streams wait');
    const asked = await Promise.all(
      Array.from({ length: 100 }, async (_, client) => {
        let bytes = 0;
        for (let i = 0; i < 3; i++) {
          const path = [
            '/v1/stats',
            '/v1/connections/count?dport=53',
            '/v1/connections?limit=10',
            '/metrics',
            '/v1/events?follow=false&since=0:0',
          ][(client + i) % 5];
          const answer = await server.ask(path);
          assert.equal(answer.status, 200, path);
          bytes += answer.text.length;
        }
        return bytes;
      }),
    );
    assert.ok(asked.every((bytes) => bytes > 1000));
    server.control.touch(0);
    for (const socket of idle) socket.destroy();
    for (const stream of streams) stream.destroy();
    await until(() => server.api.streams() === 0, 'all streams have ended');
    assert.equal((await server.ask('/healthz')).status, 200);
  });

  test('beyond the limit are let go at once, and room comes free', async (t) => {
    const small = await startServer({ limits: { ...LIMITS, connections: 5 } });
    t.after(() => small.close());
    const idle = await Promise.all(Array.from({ length: 5 }, () => raw(small.api.socket)));
    await until(
      async () =>
        small.ask('/healthz').then(
          () => false,
          () => true,
        ),
      'a sixth one is refused',
    );
    idle[0].destroy();
    await until(
      async () =>
        small.ask('/healthz').then(
          ({ status }) => status === 200,
          () => false,
        ),
      'there is room again',
    );
    for (const socket of idle) socket.destroy();
  });

  test('nothing is kept of those who have gone', async () => {
    const collect = (globalThis as { gc?: () => void }).gc;
    const round = async (): Promise<number> => {
      await Promise.all(
        Array.from({ length: 40 }, async (_, i) => {
          const stream = await server.open(
            i % 2 === 0 ? '/v1/events?heartbeat=1' : '/v1/connections?format=ndjson',
          );
          stream.resume();
          await new Promise((resolve) => setTimeout(resolve, 5));
          stream.destroy();
        }),
      );
      await until(() => server.api.streams() === 0 && server.control.openScans() === 0, 'all have gone');
      collect?.();
      return process.memoryUsage().heapUsed;
    };
    const handles = (): number =>
      process.getActiveResourcesInfo().filter((name) => name !== 'Timeout' && name !== 'Immediate').length;
    await round();
    const before = { heap: await round(), handles: handles() };
    for (let i = 0; i < 5; i++) await round();
    await until(() => handles() <= before.handles + 2, 'sockets are closed');
    const grown = (await round()) - before.heap;
    if (collect !== undefined) assert.ok(grown < 8 * 1024 * 1024, `${grown} bytes more`);
    assert.ok(grown < 128 * 1024 * 1024, `${grown} bytes more`);
  });

  test('are all let go when the API ends', async (t) => {
    const other = await startServer({}, { pageEntries: 16 });
    t.after(() => other.close());
    for (let i = 0; i < 20_000; i++) other.control.add(udp(i));
    const stream = await other.open('/v1/events');
    const list = await other.open('/v1/connections?format=xml');
    const ended = [stream, list].map((message) => new Promise((resolve) => message.once('close', resolve)));
    for (const message of [stream, list]) message.on('error', () => {});
    stream.resume();
    await other.close();
    list.resume();
    await Promise.all(ended);
    assert.equal(other.control.openScans(), 0);
    assert.equal(other.api.streams(), 0);
    assert.deepEqual(other.bugs, []);
  });
});

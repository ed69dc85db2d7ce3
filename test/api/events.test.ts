/** Streams of events: order and numbers, gaps, going on, filters, silence, and the copy of the table that they keep. */
import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import type { EventRecord, GapRecord, PositionRecord, RestartRecord } from '../../src/api/forms.ts';
import { startServer, type TestServer } from '../support/api-server.ts';
import type { FakeConnection } from '../support/fake-control.ts';
import { createRandom, SEED } from '../support/random.ts';
import { until } from '../support/until.ts';

type Line = EventRecord | GapRecord | PositionRecord | RestartRecord;

const udp = (i: number): FakeConnection => ({
  family: 'ipv4',
  protocol: 17,
  src: `10.1.${i >> 8}.${i & 255}`,
  dst: '192.0.2.53',
  sport: 1000 + (i % 50_000),
  dport: 53,
  timeoutS: 30,
});

const parsed = (text: string): Line[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);

const isEvent = (line: Line): line is EventRecord => line.record === 'event';
const isGap = (line: Line): line is GapRecord => line.record === 'gap';

let server: TestServer;

describe('a stream of events', () => {
  before(async () => {
    server = await startServer({}, { logSlots: 64 });
  });
  after(async () => {
    await server.close();
    assert.deepEqual(server.bugs, []);
  });

  async function poll(query: string): Promise<Line[]> {
    const answer = await server.ask(`/v1/events?follow=false&${query}`);
    assert.equal(answer.status, 200, answer.text);
    return parsed(answer.text);
  }

  test('has what happened since a position, numbered by owner', async () => {
    const ids = Array.from({ length: 6 }, (_, i) => server.control.add(udp(i)));
    server.control.expire(ids[0]);
    const lines = await poll('since=0:0,1:0');
    const events = lines.filter(isEvent);
    assert.deepEqual(events.map(({ owner, seq, type }) => `${owner}:${seq} ${type}`).sort(), [
      '0:0 NEW',
      '0:1 NEW',
      '0:2 NEW',
      '0:3 DESTROY',
      '1:0 NEW',
      '1:1 NEW',
      '1:2 NEW',
    ]);
    const [destroy] = events.filter(({ type }) => type === 'DESTROY');
    assert.equal(destroy.connection.end?.reason, 'timeout');
    assert.equal(lines[0].record, 'position');
    const last = lines.at(-1) as PositionRecord;
    assert.match(last.since, /^[0-9a-f]{8}\/0:4,1:3$/);
    // Going on from there: nothing new.
    const again = await poll(`since=${last.since}`);
    assert.deepEqual(
      again.map(({ record }) => record),
      ['position', 'position'],
    );
    assert.equal((await poll('since=0:2')).filter(isEvent).length, 2);
  });

  test('without since begins now', async () => {
    assert.equal((await poll('')).filter(isEvent).length, 0);
  });

  test('has the types and connections that are asked for', async () => {
    assert.equal((await poll('since=0:0,1:0&types=DESTROY')).filter(isEvent).length, 1);
    assert.equal((await poll('since=0:0,1:0&types=new,destroy')).filter(isEvent).length, 7);
    const some = (await poll('since=0:0,1:0&src=10.1.0.2')).filter(isEvent);
    assert.deepEqual(
      some.map((e) => e.connection.original.src),
      ['10.1.0.2'],
    );
    assert.equal((await poll('since=0:0,1:0&limit=3')).filter(isEvent).length, 3);
  });

  test('refuses positions that cannot be', async () => {
    for (const since of ['x', '2:0', '0:999', '0', '0:1,', '5f3a9c01/', '-1:0'])
      assert.equal((await server.ask(`/v1/events?follow=false&since=${since}`)).status, 400, since);
    assert.equal((await server.ask('/v1/events?types=OLD')).status, 400);
    assert.equal((await server.ask('/v1/events?heartbeat=0')).status, 400);
  });

  test('says that a position is of an earlier run', async () => {
    const lines = await poll('since=00000000/0:1,1:1');
    assert.equal(lines[0].record, 'restart');
    assert.equal(lines.filter(isEvent).length, 0);
  });

  test('names exactly what was overwritten', async () => {
    const from = server.control.eventPosition();
    for (let i = 0; i < 100; i++) server.control.touch(0);
    const lines = await poll(`since=0:${from[0]},1:${from[1]}`);
    const gaps = lines.filter(isGap);
    const head = server.control.eventPosition()[0];
    assert.deepEqual(gaps, [
      { record: 'gap', owner: 0, from: from[0], to: head - 65, missed: head - 64 - from[0] },
    ]);
    assert.deepEqual(
      lines.filter(isEvent).map(({ seq }) => seq),
      Array.from({ length: 64 }, (_, i) => head - 64 + i),
    );
  });

  test('as text and XML says a gap in a comment', async () => {
    const text = await server.ask('/v1/events?follow=false&since=0:0&format=text&output=id');
    assert.match(text.text, /^# gap owner=0 from=0 to=\d+ missed=\d+\n( \[UPDATE\] udp .* id=\d+\n){64}$/);
    const xml = await server.ask('/v1/events?follow=false&since=0:0&format=xml');
    assert.match(xml.text, /<conntrack>\n<!-- gap owner=0 from=0 /);
  });

  test('as server-sent events has ids to go on from, and a browser may', async () => {
    const first = await server.open('/v1/events', { headers: { accept: 'text/event-stream' } });
    assert.equal(first.headers['content-type'], 'text/event-stream');
    let text = '';
    first.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    await until(() => text.includes('event: position'), 'the first words');
    server.control.add(udp(900));
    await until(() => text.includes('event: event'), 'an event');
    const ids = [...text.matchAll(/^id: (.+)$/gm)].map(([, id]) => id);
    first.destroy();
    server.control.add(udp(901));
    const again = await server.ask('/v1/events?format=sse&follow=false', {
      headers: { 'last-event-id': ids.at(-1) ?? '' },
    });
    const data = [...again.text.matchAll(/^event: event\ndata: (.+)$/gm)].map(
      ([, json]) => JSON.parse(json) as EventRecord,
    );
    assert.deepEqual(
      data.map((e) => e.connection.original.src),
      ['10.1.3.133'],
    );
  });

  test('that is silent says where it is', async () => {
    const stream = await server.open('/v1/events?heartbeat=1&src=203.0.113.1');
    const lines: Line[] = [];
    createInterface({ input: stream }).on('line', (line) => lines.push(JSON.parse(line) as Line));
    await until(() => lines.length > 0, 'the first position');
    server.control.touch(0);
    // The event is none that the client wants; the next position has passed it all the same.
    await until(() => lines.length > 1, 'a heartbeat');
    const [before, now] = lines as PositionRecord[];
    const number = (since: string): number => Number(/\/0:(\d+)/.exec(since)?.[1]);
    assert.equal(number(now.since), number(before.since) + 1);
    stream.destroy();
    await until(() => server.api.streams() === 0, 'the stream to end');
  });
});

/** Reads lines, and stops to read for a while now and then. */
async function readAtRandom(
  stream: IncomingMessage,
  seen: (line: Line) => void,
  random: ReturnType<typeof createRandom>,
): Promise<void> {
  let rest = '';
  for await (const chunk of stream) {
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) seen(JSON.parse(line) as Line);
    if (random.chance(0.2)) await new Promise((resolve) => setTimeout(resolve, random.below(20)));
  }
}

describe('a consumer that stalls at random', () => {
  test('knows what it missed, and after a snapshot has the table', async (t) => {
    const seed = SEED;
    const random = createRandom(seed);
    const { control, ask, open, close } = await startServer({}, { logSlots: 200, pageEntries: 8 });
    t.after(close);
    const next = [0, 0];
    let gaps = 0;
    const copy = new Map<number, string>();
    const key = (c: { id: number }): number => c.id;
    const content = (c: EventRecord['connection']): string => JSON.stringify([c.original.src, c.mark]);

    function apply(line: Line): void {
      if (line.record === 'gap') {
        assert.equal(line.from, next[line.owner], `seed ${seed}`);
        assert.equal(line.missed, line.to - line.from + 1);
        next[line.owner] = line.to + 1;
        gaps++;
      } else if (line.record === 'event') {
        assert.equal(line.seq, next[line.owner], `seed ${seed}: a number is missing or twice`);
        next[line.owner] = line.seq + 1;
        if (line.type === 'DESTROY') copy.delete(key(line.connection));
        else copy.set(key(line.connection), content(line.connection));
      }
    }

    const stream = await open('/v1/events?since=0:0,1:0');
    const reading = readAtRandom(stream, apply, random).catch(() => {});
    const ids: number[] = [];
    let number = 0;
    for (let turn = 0; turn < 300; turn++) {
      for (let i = random.below(random.chance(0.1) ? 900 : 100); i > 0; i--) {
        if (ids.length > 300 || (ids.length > 0 && random.chance(0.45)))
          control.expire(ids.splice(random.below(ids.length), 1)[0]);
        else ids.push(control.add(udp(number++)));
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    const end = control.eventPosition();
    await until(() => next.every((seq, owner) => seq === end[owner]), 'everything is told or missed');
    stream.destroy();
    await reading;
    assert.ok(gaps > 0, 'the consumer was never too slow: the test shows nothing');

    // Resynchronise while things go on: the snapshot, then the events since.
    copy.clear();
    const snapshot = open('/v1/connections?format=ndjson&snapshot=true');
    for (let i = 0; i < 60; i++) control.expire(ids.splice(random.below(ids.length), 1)[0]);
    let text = '';
    for await (const chunk of await snapshot) {
      text += String(chunk);
      ids.push(control.add(udp(number++)));
    }
    const [head, ...rest] = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const tail = rest.pop();
    assert.equal(tail?.record, 'snapshot-end');
    for (const line of rest) {
      const c = line as unknown as EventRecord['connection'];
      copy.set(key(c), content(c));
    }
    next[0] = Number(/0:(\d+)/.exec(String(head.since))?.[1]);
    next[1] = Number(/1:(\d+)/.exec(String(head.since))?.[1]);
    for (const line of parsed((await ask(`/v1/events?follow=false&since=${String(head.since)}`)).text))
      apply(line);
    assert.deepEqual(
      [...copy].sort(),
      control
        .table()
        .map((c) => [c.id, JSON.stringify([c.original.src, c.mark])])
        .sort(),
      `seed ${seed}`,
    );
  });
});

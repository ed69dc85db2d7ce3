/** `flowshard watch` and `flowshard conntrack -E`: events in order, lost connections, gaps, restarts. */
import assert from 'node:assert/strict';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startServer, type TestServer } from '../support/api-server.ts';
import { until } from '../support/until.ts';
import { type Ended, flowshard, linesOf, type Running, start, tempFile } from './cli.ts';

const connection = (i: number) =>
  ({
    family: 'ipv4',
    protocol: 17,
    src: `10.0.0.${i}`,
    dst: '192.0.2.53',
    sport: 5000 + i,
    dport: 53,
    timeoutS: 30,
  }) as const;

interface Watching extends Running {
  readonly shown: () => string;
  readonly told: () => string;
}

function watching(args: readonly string[]): Watching {
  const running = start(args);
  let shown = '';
  let told = '';
  running.child.stdin.end();
  running.child.stdout.on('data', (data: Buffer) => {
    shown += data;
  });
  running.child.stderr.on('data', (data: Buffer) => {
    told += data;
  });
  return { ...running, shown: () => shown, told: () => told };
}

async function interrupted({ child, ended }: Running): Promise<Ended> {
  child.kill('SIGINT');
  return ended;
}

describe('events of a tracker', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer({}, { logSlots: 64 });
  });
  after(async () => {
    await server.close();
    assert.deepEqual(server.bugs, []);
  });
  const socket = (): string => join(server.folder, 'api.sock');

  it('are shown as conntrack -E shows them, until Ctrl-C; all of those that come', async () => {
    const json = watching(['watch', '--json', '--socket', socket()]);
    await until(() => json.shown().includes('"position"'), 'the first position');
    const text = watching(['watch', '-e', 'NEW,DESTROY', '-o', 'id', 'udp', '--socket', socket()]);
    const xml = watching(['conntrack', '-E', '-o', 'xml', '--socket', socket()]);
    const save = watching(['conntrack', '-E', '-o', 'save', '-e', 'NEW', '--socket', socket()]);
    // Nothing says when those that print no positions listen.
    const listening = (): boolean => [text, xml, save].every(({ shown }) => shown().includes('10.0.0.9'));
    let probes = 0;
    await until(() => {
      if (probes++ % 10 === 0) server.control.add({ ...connection(9), sport: 6000 + probes });
      return listening();
    }, 'all of them to listen');
    const id = server.control.add(connection(1));
    server.control.expire(id);
    for (const { shown } of [json, text, xml]) await until(() => /DESTROY|destroy/.test(shown()), 'the end');
    await until(() => save.shown().includes('10.0.0.1'), 'the line to save');
    const [jsonEnd, textEnd, xmlEnd, saveEnd] = await Promise.all([json, text, xml, save].map(interrupted));
    for (const { status } of [jsonEnd, textEnd, xmlEnd, saveEnd]) assert.equal(status, 0);
    assert.match(textEnd.stdout, new RegExp(`^ {4}\\[NEW\\] udp +17 30 src=10\\.0\\.0\\.1 .*id=${id}$`, 'm'));
    assert.match(textEnd.stdout, new RegExp(`^\\[DESTROY\\] udp +17 .*src=10\\.0\\.0\\.1 .*id=${id}$`, 'm'));
    assert.match(textEnd.stderr, /^flowshard v\S+: \d+ flow events have been shown\.\n$/);
    assert.match(
      xmlEnd.stdout,
      /^<\?xml .*\n<conntrack>\n<flow type="new">(?:.*\n)*.*<\/flow>\n<\/conntrack>\n$/,
    );
    assert.match(xmlEnd.stderr, /conntrack-compatible\): \d+ flow events have been shown\./);
    assert.match(saveEnd.stdout, /^-A -t 30 -u UNSET -s 10\.0\.0\.1 .* --dport 53 --reply/m);
    const records = linesOf(jsonEnd.stdout).map((line) => JSON.parse(line));
    const events = records.filter(({ record }) => record === 'event');
    const numbers = new Map<number, number>();
    for (const { owner, seq } of events) {
      const last = numbers.get(owner);
      if (last !== undefined) assert.equal(seq, last + 1, 'one after the other');
      numbers.set(owner, seq);
    }
  });

  it('--since, --no-follow, --limit', async () => {
    const first = await flowshard(['watch', '--json', '--no-follow', '--socket', socket()]);
    const { since } = JSON.parse(linesOf(first.stdout)[0]);
    for (let i = 20; i < 25; i++) server.control.add(connection(i));
    const watch = async (...args: readonly string[]): Promise<string[]> => {
      const { status, stdout, stderr } = await flowshard(['watch', ...args, '--socket', socket()]);
      assert.equal(status, 0, stderr);
      return linesOf(stdout);
    };
    assert.equal((await watch('--since', since, '--no-follow')).length, 5);
    assert.equal((await watch('--since', since, '--limit', '2')).length, 2);
    assert.equal((await watch('--since', since, '--no-follow', 'src', '10.0.0.21')).length, 1);
    const wrong = await flowshard(['watch', '--since', 'x', '--socket', socket()]);
    assert.deepEqual([wrong.status, wrong.stdout], [2, '']);
    assert.equal((await flowshard(['watch', '-e', 'x', '--socket', socket()])).status, 2);
  });

  it('that were overwritten are told by number', async () => {
    const first = await flowshard(['watch', '--json', '--no-follow', '--socket', socket()]);
    const { since } = JSON.parse(linesOf(first.stdout)[0]);
    for (let i = 0; i < 200; i++) server.control.expire(server.control.add(connection(30 + (i % 100))));
    const text = await flowshard(['watch', '--since', since, '--no-follow', '--socket', socket()]);
    assert.match(text.stderr, /^flowshard: \d+ events of shard \d were missed \(\d+ to \d+\)$/m);
    assert.doesNotMatch(text.stdout, /gap/);
    const json = await flowshard(['watch', '--json', '--since', since, '--no-follow', '--socket', socket()]);
    const records = linesOf(json.stdout).map((line) => JSON.parse(line));
    const events = records.filter(({ record }) => record === 'event').length;
    const missed = records.filter(({ record }) => record === 'gap').reduce((sum, gap) => sum + gap.missed, 0);
    assert.equal(events + missed, 400, 'each is shown or told');
  });
});

describe('a connection that is lost', () => {
  const path = join(tempFile('x', ''), '..', 'lost.sock');
  const asked: string[] = [];
  let server: Server;
  const answers: ((response: ServerResponse) => void)[] = [];
  before(async () => {
    server = createServer((request, response) => {
      asked.push(new URL(request.url ?? '', 'http://x').searchParams.get('since') ?? 'none');
      const answer = answers.shift();
      if (answer === undefined) response.destroy();
      else answer(response);
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  const line = (record: object): string => `${JSON.stringify(record)}\n`;
  const event = (owner: number, seq: number): string =>
    line({
      record: 'event',
      owner,
      seq,
      type: 'NEW',
      atNs: 1_750_000_000_123_456 * 1000,
      withState: false,
      connection: {
        id: seq,
        family: 'ipv4',
        protocol: 17,
        protocolName: 'udp',
        original: { src: '10.0.0.1', dst: '10.0.0.2', sport: seq, dport: 53 },
        reply: { src: '10.0.0.2', dst: '10.0.0.1', sport: 53, dport: seq },
        state: null,
        status: 8,
        statusNames: [],
        helper: null,
        master: null,
        halves: 'original',
        zone: 0,
        mark: 0,
        timeoutS: 30,
        startNs: 1,
        lastNs: 1,
        end: null,
      },
    });

  it('goes on where it stopped, and says so; a tracker started anew as well', async () => {
    answers.push(
      (response) => {
        response.write(line({ record: 'position', since: 'abcd/0:5,1:9' }) + event(0, 5) + event(1, 9));
        response.write(event(0, 6).slice(0, 30));
        setTimeout(() => response.destroy(), 50);
      },
      (response) => response.destroy(),
      (response) => {
        response.write(line({ record: 'position', since: 'abcd/0:6,1:10' }) + event(0, 6));
        response.write(line({ record: 'gap', owner: 1, from: 10, to: 12, missed: 3 }));
        setTimeout(() => response.destroy(), 50);
      },
      (response) => {
        response.write(
          line({ record: 'restart', since: 'ef01/0:1' }) + line({ record: 'position', since: 'ef01/0:1' }),
        );
        response.write(event(0, 1));
      },
    );
    const watch = watching(['watch', '--socket', path]);
    await until(() => linesOf(watch.shown()).length === 4, 'four events');
    const { status, stdout } = await interrupted(watch);
    assert.equal(status, 0);
    assert.deepEqual(
      linesOf(stdout).map((text) => / sport=(\d+)/.exec(text)?.[1]),
      ['5', '9', '6', '1'],
    );
    assert.deepEqual(asked, ['none', 'abcd/0:6,1:10', 'abcd/0:6,1:10', 'abcd/0:7,1:13']);
    assert.match(watch.told(), /broke off.*; trying again\n/);
    assert.match(watch.told(), /the tracker answers again\n/);
    assert.match(watch.told(), /3 events of shard 1 were missed \(10 to 12\)\n/);
    assert.match(watch.told(), /started anew/);
  });

  it('is not tried again for ever', async () => {
    answers.push((response) => {
      response.write(line({ record: 'position', since: 'abcd/0:5' }));
      setTimeout(() => response.destroy(), 20);
    });
    const { status, stderr } = await flowshard(['watch', '--retry', '1', '--socket', path]);
    assert.equal(status, 1);
    assert.match(stderr, /trying again/);
    answers.push((response) => {
      response.write(line({ record: 'position', since: 'abcd/0:5' }));
      setTimeout(() => response.destroy(), 20);
    });
    const compatible = await flowshard(['conntrack', '-E', '--socket', path]);
    assert.equal(compatible.status, 1);
    assert.match(compatible.stderr, /broke off/);
  });
});

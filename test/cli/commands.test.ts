/** The commands that talk to a running tracker, over a real socket; the tracker behind it has no threads. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createClient } from '../../src/client/client.ts';
import { type Connection, StatusBit } from '../../src/export/connection.ts';
import { connectionJson } from '../../src/export/json.ts';
import { connectionLine } from '../../src/export/text.ts';
import { connectionXml } from '../../src/export/xml.ts';
import { startServer, type TestServer } from '../support/api-server.ts';
import type { FakeConnection } from '../support/fake-control.ts';
import { CLI, type Ended, flowshard, linesOf, start, tempFile } from './cli.ts';

const tcp = (i: number, more: Partial<FakeConnection> = {}): FakeConnection => ({
  family: 'ipv4',
  protocol: 6,
  src: `10.0.0.${i}`,
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
const udp = (i: number): FakeConnection => ({
  family: 'ipv6',
  protocol: 17,
  src: `2001:db8::${i}`,
  dst: '2001:db8::53',
  sport: 5000 + i,
  dport: 53,
  timeoutS: 30,
});
const FORM = { format: 'text', extended: false, timestamp: false, id: false } as const;

let server: TestServer;
/** Fresh for each test: what one changes another does not see. */
async function open(): Promise<void> {
  server = await startServer({}, { pageEntries: 7, logSlots: 64 });
  for (let i = 1; i <= 20; i++) server.control.add(tcp(i));
  for (let i = 1; i <= 5; i++) server.control.add(udp(i));
}
async function close(): Promise<void> {
  await server.close();
  assert.deepEqual(server.bugs, []);
}

const socket = (): string => join(server.folder, 'api.sock');
const ask = (...args: readonly string[]): Promise<Ended> => flowshard([...args, '--socket', socket()]);

/** Runs a command that has to succeed; returns standard output. */
async function asked(...args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await ask(...args);
  assert.equal(status, 0, stderr);
  return stdout;
}

const first = (): Connection => {
  const found = server.control.table().find(({ original }) => original.sport === 40001);
  assert.ok(found !== undefined);
  return found;
};
const tableLines = (): string[] => server.control.table().map((c) => connectionLine(c, FORM));

describe('list, get and count', () => {
  before(open);
  after(close);

  it('prints what conntrack -L would, and says how many on standard error', async () => {
    const { status, stdout, stderr } = await ask('list');
    assert.equal(status, 0, stderr);
    assert.deepEqual(linesOf(stdout).sort(), tableLines().sort());
    assert.match(stderr, /^flowshard v\S+: 25 flow entries have been shown\.\n$/);
    assert.equal((await ask('list', '-q')).stderr, '');
  });

  it('in every form', async () => {
    const json = linesOf(await asked('list', '--json'));
    assert.deepEqual(json.sort(), server.control.table().map(connectionJson).sort());
    const xml = linesOf(await asked('list', '-o', 'xml', 'tcp', 'sport', '40001'));
    assert.deepEqual(xml.slice(2, -1), [connectionXml(first())]);
    const extended = await asked('list', '-o', 'extended,id', 'sport=40001');
    assert.equal(extended, `${connectionLine(first(), { ...FORM, extended: true, id: true })}\n`);
    assert.equal((await ask('list', '-o', 'proc')).status, 2);
  });

  it('takes filters as words, as options and as options of conntrack', async () => {
    const count = async (...words: readonly string[]): Promise<number> =>
      linesOf(await asked('list', ...words)).length;
    assert.equal(await count('tcp', 'dport', '443'), 10);
    assert.equal(await count('--protocol', 'tcp', '--dport', '443'), 10);
    assert.equal(await count('-p', 'tcp', '-s', '10.0.0.0/29'), 7);
    assert.equal(await count('-p', 'tcp', 'not', 'dport', '80', '-s', '10.0.0.0/29'), 4);
    assert.equal(await count('bytes>15k'), 6);
    assert.equal(await count('2001:db8::53'), 5);
    assert.equal(await count('--limit', '3'), 3);
    const top = linesOf(await asked('list', '--sort', 'bytes', '--limit', '2'));
    assert.match(top[0], /src=10\.0\.0\.20 /);
    assert.match(top[1], /src=10\.0\.0\.19 /);
  });

  it('a wrong filter is a wrong command line, in the words of the server', async () => {
    const { status, stdout, stderr } = await ask('list', 'dprot', '80');
    assert.equal(status, 2);
    assert.equal(stdout, '');
    assert.match(stderr, /^flowshard: .*dprot.*[Dd]id you mean dport\?\n$/);
    assert.equal((await ask('list', 'dport', '99999')).status, 2);
    assert.match((await ask('list', '--limit', '0')).stderr, /--limit: "0" is not allowed/);
  });

  it('get prints the only one; none and several have statuses of their own', async () => {
    const line = `${connectionLine(first(), FORM)}\n`;
    assert.equal(await asked('get', String(first().id)), line);
    assert.equal(await asked('get', 'tcp', 'sport', '40001'), line);
    assert.equal(JSON.parse(await asked('get', '--json', 'id', String(first().id))).id, first().id);
    const none = await ask('get', 'sport', '1');
    assert.deepEqual([none.status, none.stdout], [3, '']);
    const several = await ask('get', 'tcp');
    assert.deepEqual([several.status, several.stdout], [4, '']);
    assert.equal((await ask('get')).status, 2);
  });

  it('count, of all, of a filter and by kind', async () => {
    assert.equal(await asked('count'), '25\n');
    assert.equal(await asked('count', 'udp'), '5\n');
    assert.deepEqual(JSON.parse(await asked('count', '--json', '--by', 'protocol')), {
      count: 25,
      by: { tcp: 20, udp: 5 },
    });
    assert.deepEqual(linesOf(await asked('count', '--by', 'protocol')), [
      '        20 tcp',
      '         5 udp',
      '        25 all',
    ]);
  });
});

describe('delete, flush, update and create', () => {
  before(open);
  after(close);

  it('delete shows what it deletes; without a filter it is refused', async () => {
    const { status, stderr, stdout } = await ask('delete');
    assert.deepEqual([status, stdout], [2, '']);
    assert.match(stderr, /flowshard flush/);
    const dry = await ask('delete', 'src', '10.0.0.1', '--dry-run');
    assert.match(dry.stderr, /1 flow entries have been shown, none of them deleted/);
    assert.equal(server.control.count(), 25);
    const gone = await ask('delete', 'src', '10.0.0.1');
    assert.equal(gone.stdout, dry.stdout);
    assert.match(gone.stdout, /^tcp .*src=10\.0\.0\.1 /);
    assert.match(gone.stderr, /1 flow entries have been deleted/);
    assert.equal(server.control.count(), 24);
    assert.equal((await ask('delete', 'src', '10.0.0.1')).status, 3);
    const [other] = server.control.table();
    assert.deepEqual(await ask('delete', '-q', String(other.id)).then(({ stdout: o, stderr: e }) => [o, e]), [
      '',
      '',
    ]);
    assert.equal(server.control.count(), 23);
  });

  it('update changes marks, timeouts and status, and shows them as they are now', async () => {
    assert.match(await asked('update', 'src', '10.0.0.5', '--set-mark', '7'), / mark=7 /);
    assert.match(await asked('update', 'src', '10.0.0.5', '--set-mark', '0x10/0xf0'), / mark=23 /);
    assert.match(await asked('update', 'src', '10.0.0.5', '--set-timeout', '55'), /^tcp +6 5[45] /);
    const fixed = await asked('update', 'src', '10.0.0.5', '--set-status', 'fixed_timeout', '--json');
    assert.ok(JSON.parse(fixed).statusNames.includes('FIXED_TIMEOUT'));
    assert.match(await asked('update', 'src', '10.0.0.5', '--set-mark', '9', '-n'), / mark=23 /);
    const all = await ask('update', '--all', '--set-mark', '1', '-q');
    assert.deepEqual([all.status, all.stdout], [0, '']);
    assert.ok(server.control.table().every(({ mark }) => mark === 1));
    for (const wrong of [
      ['--set-mark', '1'],
      ['tcp'],
      ['tcp', '--set-mark', 'x'],
      ['tcp', '--set-status', 'DYING'],
      ['tcp', '--all', '--set-mark', '1'],
    ])
      assert.equal((await ask('update', ...wrong)).status, 2, wrong.join(' '));
  });

  it('create makes a connection, once', async () => {
    const words = [
      'create',
      '-p',
      'tcp',
      '-s',
      '10.9.9.9',
      '-d',
      '192.0.2.7',
      '--sport',
      '1',
      '--dport',
      '2',
    ];
    const more = ['--state', 'ESTABLISHED', '-t', '60', '-u', 'SEEN_REPLY,ASSURED', '-m', '5', '-w', '3'];
    const made = JSON.parse(await asked(...words, ...more, '--json'));
    assert.deepEqual(
      [made.original.src, made.mark, made.zone, made.state],
      ['10.9.9.9', 5, 3, 'ESTABLISHED'],
    );
    const again = await ask(...words, ...more);
    assert.equal(again.status, 1);
    assert.match(again.stderr, /already/);
    assert.equal((await ask(...words, '-t', '60')).status, 2, 'TCP needs a state');
    assert.equal((await ask(...words)).status, 2, 'the timeout is missing');
    const ping = ['create', '-p', 'icmp', '-s', '10.9.9.9', '-d', '192.0.2.7', '-t', '30'];
    const icmp = await asked(...ping, '--icmp-type', '8', '--icmp-code', '0', '--icmp-id', '7', '--json');
    assert.deepEqual(JSON.parse(icmp).original.type, 8);
  });

  it('flush deletes all', async () => {
    const { status, stdout, stderr } = await ask('flush');
    assert.deepEqual([status, stdout], [0, '']);
    assert.match(stderr, /flow entries have been deleted/);
    assert.equal(await asked('count'), '0\n');
    const xml = await ask('list', '-o', 'xml');
    assert.equal(xml.stdout, '', 'no document where there is no entry, as conntrack');
  });
});

describe('expect, stats, shards and config', () => {
  before(open);
  after(close);

  it('expect makes, lists and deletes', async () => {
    const master = 'tcp/10.0.0.1:40001-192.0.2.80:443';
    const made = [
      'expect',
      'create',
      '--master',
      master,
      '--tuple',
      'tcp/192.0.2.80:20-10.0.0.1:4000',
      '-t',
      '60',
    ];
    await asked(...made, '--any-sport');
    const listed = await ask('expect');
    assert.match(listed.stdout, /^\d+ proto=6 src=192\.0\.2\.80 dst=10\.0\.0\.1 sport=\d+ dport=4000 .*\n$/);
    assert.match(listed.stderr, /1 expectations have been shown/);
    assert.equal(await asked('expect', 'list', '--dport', '4000', '-q'), listed.stdout);
    assert.equal(JSON.parse(await asked('expect', 'list', '--json')).tuple.dport, 4000);
    assert.equal((await ask('expect', 'delete')).status, 2);
    assert.equal((await ask('expect', 'delete', '--dport', '1')).status, 3);
    assert.equal((await ask('expect', 'delete', '--dport', '4000')).status, 0);
    await asked(...made);
    assert.match((await ask('expect', 'flush')).stderr, /1 expectations have been deleted/);
    assert.equal(await asked('expect', 'list'), '');
  });

  it('stats has every counter as name=value, or as JSON', async () => {
    const stats = JSON.parse(await asked('stats', '--json'));
    assert.equal(stats.record, 'stats');
    const lines = linesOf(await asked('stats'));
    assert.ok(lines.includes(`connections.created=${stats.connections.created}`), lines.join());
    assert.ok(
      lines.every((line) => /^[\w./-]+=[\d.]+$/.test(line)),
      lines.join(),
    );
  });

  it('shards has a line for each owner', async () => {
    const { shards } = JSON.parse(await asked('shards', '--json'));
    const lines = linesOf(await asked('shards'));
    assert.equal(lines.length, shards.length + 1);
    assert.match(lines[0], /^shard +entries +of +load /);
  });

  it('config shows and changes', async () => {
    const all = linesOf(await asked('config'));
    assert.ok(all.some((line) => /^tcp_timeout_established +432000 s$/.test(line)));
    assert.equal(await asked('config', 'tcp_loose'), '1\n');
    const changed = linesOf(await asked('config', 'tcp_loose=0', 'nf_conntrack_udp_timeout=9'));
    assert.match(changed[0], /^tcp_loose +0 {2}\(default 1\)$/);
    assert.match(changed[1], /^udp_timeout +9 s {2}\(default 30\)$/);
    assert.equal(await asked('config', 'udp_timeout'), '9\n');
    for (const wrong of [
      ['tcp_loose=7'],
      ['nonsense'],
      ['nonsense=1'],
      ['a=b'],
      ['tcp_loose', 'udp_timeout=1'],
    ])
      assert.equal((await ask('config', ...wrong)).status, 2, wrong.join(' '));
    assert.equal(await asked('config', 'tcp_loose'), '0\n', 'what was wrong changed nothing');
  });
});

describe('where no tracker answers', () => {
  const folder = mkdtempSync(join(tmpdir(), 'flowshard-commands-'));
  const servers: Server[] = [];
  after(() => {
    for (const each of servers) each.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const listen = (name: string, onData: (text: string) => string | null): Promise<string> => {
    const path = join(folder, name);
    const tcpServer = createServer((stream) => {
      stream.on('error', () => {});
      stream.on('data', (data) => {
        const answer = onData(data.toString());
        if (answer !== null) stream.end(answer);
      });
    });
    servers.push(tcpServer);
    return new Promise((resolve) => tcpServer.listen(path, () => resolve(path)));
  };
  const fails = async (
    args: readonly string[],
    status: number,
    ...words: readonly RegExp[]
  ): Promise<void> => {
    const ended = await flowshard(args);
    assert.equal(ended.status, status, ended.stderr);
    assert.match(ended.stderr, /^flowshard: [^\n]+\n$/, 'one line');
    for (const word of words) assert.match(ended.stderr, word);
  };

  it('no socket, no socket at all, nobody behind it', async () => {
    await fails(['list', '--socket', join(folder, 'none')], 1, /no such socket/, /flowshard track -i/);
    await fails(['list', '--socket', tempFile('plain', '')], 1, /flowshard track -i/);
    await fails(['count', '--socket', 'x'.repeat(200)], 2, /--socket/);
    await fails(['count', '--url', 'http://127.0.0.1:1'], 1, /refused/, /--listen/);
    await fails(['count', '--url', 'https://127.0.0.1:1'], 2, /--url/, /http:\/\/HOST:PORT/);
    await fails(['count', '--token-file', '/nonexistent'], 2, /--token-file/, /--url/);
  });

  it('somebody else, who says something else, breaks off or says nothing', async () => {
    const other = await listen('other', () => 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello');
    await fails(['count', '--socket', other], 1, /no answer of flowshard/);
    const rude = await listen('rude', () => 'HTTP/1.1 500 X\r\ncontent-length: 4\r\n\r\noops');
    await fails(['list', '--socket', rude], 1, /status 500/);
    const none = await listen('none-http', () => 'SSH-2.0-OpenSSH\r\n');
    await fails(['list', '--socket', none], 1);
    const broken = await listen(
      'broken',
      () => 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\ntcp 6\r\n',
    );
    await fails(['list', '--socket', broken], 1, /broke off/);
    const silent = await listen('silent', () => null);
    await fails(['list', '--socket', silent, '--max-time', '1'], 1, /no answer within 1 s/, /--max-time/);
  });

  it('a connection that was kept and is closed when it is used again is made anew', async () => {
    let requests = 0;
    let connections = 0;
    const path = join(folder, 'kept');
    const keeper = createServer((stream) => {
      connections++;
      let answered = 0;
      stream.on('error', () => {});
      stream.on('data', () => {
        requests++;
        // Closed without an answer, as by a server whose patience ends just now.
        if (answered++ > 0) return stream.destroy();
        const body = '{"count":1,"by":{},"connections":[],"shards":[],"ended":{}}';
        return stream.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
      });
    });
    servers.push(keeper);
    await new Promise<void>((resolve) => keeper.listen(path, resolve));
    const client = createClient({ kind: 'unix', path }, { maxTimeS: 5 });
    for (let i = 0; i < 3; i++)
      assert.equal((await client.json<{ count: number }>({ path: '/v1/connections/count' })).count, 1);
    client.close();
    assert.deepEqual([requests, connections], [5, 3], 'twice a second trial');
  });

  it('over TCP with a token', async () => {
    const tokenFile = tempFile('token', 'secret-of-the-test-0123456789abcdef\n');
    chmodSync(tokenFile, 0o600);
    const tcpServer = await startServer({ listen: '127.0.0.1:0', tokenFile });
    try {
      const url = `http://127.0.0.1:${tcpServer.api.tcp?.port}`;
      const counted = await flowshard(['count', '--url', url, '--token-file', tokenFile]);
      assert.deepEqual([counted.status, counted.stdout], [0, '0\n'], counted.stderr);
      await fails(['count', '--url', url], 1, /token/, /--token-file FILE/);
    } finally {
      await tcpServer.close();
    }
  });
});

describe('a reader that goes away', () => {
  before(open);
  after(close);

  it('| head ends the command without words', async () => {
    const { child, ended } = start(['list', '--json', '--socket', socket()]);
    child.stdin.end();
    child.stdout.once('data', () => child.stdout.destroy());
    const { status, stderr } = await ended;
    assert.equal(status, 0, stderr);
    assert.doesNotMatch(stderr, /Error|at /);
  });

  it('a slow one is waited for, longer than --max-time', async () => {
    const many = await startServer({}, { entriesMax: 10_000 });
    try {
      for (let i = 0; i < 3000; i++)
        many.control.add(tcp(i % 250, { sport: 1 + i, dst: `192.0.2.${i % 250}`, zone: i % 7 }));
      const command = `'${process.execPath}' '${CLI}' list --max-time 1 --socket '${many.api.socket}' | (sleep 2.5; wc -l)`;
      const child = spawn('sh', ['-c', command], { stdio: ['ignore', 'pipe', 'pipe'] });
      let counted = '';
      let words = '';
      child.stdout.on('data', (data: Buffer) => {
        counted += data;
      });
      child.stderr.on('data', (data: Buffer) => {
        words += data;
      });
      await new Promise((resolve) => child.on('close', resolve));
      assert.equal(counted.trim(), '3000', words);
      assert.match(words, /3000 flow entries have been shown/);
    } finally {
      await many.close();
    }
  });

  it('a full disk is an error', { skip: process.platform !== 'linux' }, async () => {
    const full = openSync('/dev/full', 'w');
    const args = [CLI, 'list', '--socket', socket()];
    const child = spawn(process.execPath, args, { stdio: ['ignore', full, 'pipe'] });
    let words = '';
    child.stderr?.on('data', (data: Buffer) => {
      words += data;
    });
    const status = await new Promise((resolve) => child.on('close', resolve));
    closeSync(full);
    assert.equal(status, 1);
    assert.match(words, /standard output: .*ENOSPC/);
  });
});

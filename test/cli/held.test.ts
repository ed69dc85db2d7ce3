/** A run that can be asked: its socket, SIGHUP, SIGTERM, and what it says when it cannot begin. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { grouped } from '../../src/common/grouped.ts';
import { until } from '../support/until.ts';
import { CLI, type Ended, MIXED, MIXED_PACKETS, type Running, start } from './cli.ts';

assert.ok(existsSync(CLI));
const folder = mkdtempSync(join(tmpdir(), 'flowshard-service-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Connections that have so many seconds left are still there a moment later, on a slow machine, too. */
const LASTING_S = 10;

let sockets = 0;
const newSocket = (): string => join(folder, `${sockets++}.sock`);

function ask(socketPath: string, path: string, method = 'GET'): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path, method }, (answer) => {
      let body = '';
      answer.setEncoding('utf8');
      answer.on('data', (piece: string) => {
        body += piece;
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }));
      answer.on('error', reject);
    });
    asked.on('error', reject);
    asked.end();
  });
}

async function askJson(socketPath: string, path: string, method = 'GET'): Promise<Record<string, unknown>> {
  const { status, body } = await ask(socketPath, path, method);
  assert.equal(status, 200, body);
  return JSON.parse(body);
}

/** A service over a capture that was read to its end. */
async function serve(...more: string[]): Promise<{ socket: string; run: Running; end(): Promise<Ended> }> {
  const socket = newSocket();
  const run = start(['track', '-r', MIXED, '--socket', socket, '--hold', '--print', 'none', ...more]);
  // The file is there a moment before anybody listens.
  const isRead = async (): Promise<boolean> =>
    existsSync(socket) &&
    askJson(socket, '/v1/stats').then(
      ({ packets }) => packets === MIXED_PACKETS,
      () => false,
    );
  try {
    await until(isRead, `${MIXED} was read`);
  } catch (error) {
    run.child.kill('SIGKILL');
    throw error;
  }
  return {
    socket,
    run,
    end() {
      run.child.kill('SIGTERM');
      return run.ended;
    },
  };
}

describe('a capture that is held', () => {
  it('is asked, and ends with status 0 and its summary when told to', async () => {
    const { socket, end } = await serve();
    assert.equal(statSync(socket).mode & 0o777, 0o600);
    const { body } = await ask(socket, '/v1/connections?format=text');
    const plain = await start(['track', '-r', MIXED, '-q']).ended;
    assert.deepEqual(body.split('\n').sort(), plain.stdout.split('\n').sort());
    const { count } = await askJson(socket, '/v1/connections/count');
    assert.equal(count, body.trimEnd().split('\n').length);
    const ended = await end();
    assert.equal(ended.status, 0, ended.stderr);
    assert.match(ended.stderr, new RegExp(`${grouped(MIXED_PACKETS)} packets`));
    assert.ok(!existsSync(socket));
  });

  it('prints at its end what is left of the table', async () => {
    const { socket, end, run } = await serve('--print', 'table');
    const { body } = await ask(socket, '/v1/connections?format=text&protocol=udp');
    await askJson(socket, '/v1/connections?protocol=tcp', 'DELETE');
    run.child.stdin.end();
    const { stdout } = await end();
    // Timeouts go on between the question and the end: lines by their tuples, with the seconds that are left.
    const leftOf = (text: string): Map<string, number> =>
      new Map(
        [...text.matchAll(/^udp +17 (\d+) (.*)$/gm)].map(([, seconds, rest]) => [rest, Number(seconds)]),
      );
    const [asked, printed] = [leftOf(body), leftOf(stdout)];
    for (const [tuple, seconds] of printed) assert.ok((asked.get(tuple) ?? -1) >= seconds, tuple);
    const lasting = [...asked].filter(([, seconds]) => seconds > LASTING_S);
    assert.ok(lasting.length >= 5, `${lasting.length} connections`);
    for (const [tuple] of lasting) assert.ok(printed.has(tuple), tuple);
    assert.doesNotMatch(stdout, /^tcp /m);
  });

  it('keeps nobody from ending it who still listens to events', async () => {
    const { socket, end } = await serve();
    const listening = request({ socketPath: socket, path: '/v1/events?format=ndjson' });
    listening.on('error', () => {});
    listening.end();
    await new Promise((resolve) => listening.on('response', resolve));
    const { status } = await end();
    assert.equal(status, 0);
  });

  it('that is asked in the midst of reading answers for what it has', async () => {
    const socket = newSocket();
    const run = start(['track', '-r', '-', '--socket', socket, '--print', 'none']);
    await until(
      () =>
        ask(socket, '/healthz').then(
          () => true,
          () => false,
        ),
      'its socket',
    );
    const { body } = await ask(socket, '/v1/connections?format=text');
    assert.equal(body, '');
    run.child.stdin.end();
    assert.equal((await run.ended).status, 1);
  });
});

describe('settings from a file', () => {
  it('count, and are read again on SIGHUP', async () => {
    const file = join(folder, 'settings');
    writeFileSync(file, '# a comment\nnf_conntrack_udp_timeout = 40\n\ntcp_loose=0 ; another\n');
    const { socket, run, end } = await serve('--settings', file, '--set', 'icmp_timeout=9');
    const value = async (name: string): Promise<unknown> => {
      const { settings } = await askJson(socket, '/v1/config');
      assert.ok(settings !== null && typeof settings === 'object');
      const form: unknown = Reflect.get(settings, name);
      assert.ok(form !== null && typeof form === 'object');
      return Reflect.get(form, 'value');
    };
    assert.equal(await value('udp_timeout'), 40);
    assert.equal(await value('tcp_loose'), 0);
    writeFileSync(file, 'udp_timeout=50\nipfrag_time=7\nicmp_timeout=8\n');
    run.child.kill('SIGHUP');
    await until(async () => (await value('udp_timeout')) === 50, 'the file was read again');
    // What is no longer in the file is as if it had never been there.
    assert.equal(await value('tcp_loose'), 1);
    assert.equal(await value('icmp_timeout'), 9);
    writeFileSync(file, 'udp_timeout=60\nudp_timeuot=1\n');
    run.child.kill('SIGHUP');
    await until(async () => (await askJson(socket, '/v1/stats')).packets === MIXED_PACKETS, 'it lives');
    const { stderr, status } = await end();
    assert.equal(status, 0);
    assert.match(stderr, /was read again; of its changes 1 wait/);
    assert.match(stderr, /--settings: .*settings:2: udp_timeuot=1/);
  });

  it('without anything to read again SIGHUP ends a run, as it ends others', async () => {
    const run = start(['track', '-r', '-', '--print', 'none']);
    await new Promise((resolve) => setTimeout(resolve, 500));
    run.child.kill('SIGHUP');
    assert.equal((await run.ended).signal, 'SIGHUP');
  });

  it('a file that is not there is an error of the command line', async () => {
    const run = start(['track', '-r', MIXED, '--settings', join(folder, 'none')]);
    const { status, stderr } = await run.ended;
    assert.equal(status, 2);
    assert.match(stderr, /--settings: .*none.* a file of lines NAME = VALUE/);
  });
});

describe('what cannot begin', () => {
  it('says so when another tracker listens at the socket', async () => {
    const { socket, end } = await serve();
    const second = start(['track', '-r', MIXED, '--socket', socket, '--hold', '--print', 'none']);
    const { status, stderr } = await second.ended;
    assert.equal(status, 2, stderr);
    assert.match(stderr, /--socket/);
    assert.equal((await ask(socket, '/healthz')).status, 200);
    await end();
  });

  const WRONG: readonly (readonly [args: string, words: RegExp])[] = [
    ['--hold', /--hold.*with -r\/--read and --socket/],
    ['--socket /tmp/x --no-api', /--socket.*without --no-api/],
    ['--socket /tmp/x --print events', /--print.*table, expect or none/],
    ['-i eth0', /-r\/--read.*without -i\/--interface/],
    ['--ingest 2', /--ingest.*with -i\/--interface only/],
    ['--filter tcp', /--filter.*with -i\/--interface only/],
    ['--token-file /tmp/x', /--token-file.*with --listen/],
  ];
  for (const [args, words] of WRONG) {
    it(args, async () => {
      const { status, stderr } = await start(['track', '-r', MIXED, ...args.split(' ')]).ended;
      assert.equal(status, 2, stderr);
      assert.match(stderr, words);
    });
  }

  it('several ingest threads with helpers', async () => {
    const { status, stderr } = await start(['track', '-i', 'lo', '--ingest', '2', '--no-api']).ended;
    assert.equal(status, 2);
    assert.match(stderr, /--ingest.*--helpers none/);
  });
});

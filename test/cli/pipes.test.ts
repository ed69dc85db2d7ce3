/** Standard input, standard output that closes or fills up, and signals. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import {
  assertNothingLeft,
  CLI,
  flowshard,
  linesOf,
  MIXED,
  mixedBytes,
  start,
  startOnOpenPipe,
  tracked,
} from './cli.ts';

const FROM_PIPE = ['track', '-r', '-'];
const table = tracked('-r', MIXED);

describe('standard input', () => {
  it('whole', async () => {
    const { status, stdout } = await flowshard(FROM_PIPE, mixedBytes);
    assert.equal(status, 0);
    assert.equal(stdout, await table);
  });

  it('gzipped', async () => {
    const { status, stdout } = await flowshard(FROM_PIPE, gzipSync(mixedBytes));
    assert.equal(status, 0);
    assert.equal(stdout, await table);
  });

  it('one byte at a time', async () => {
    const part = mixedBytes.subarray(0, 3000);
    const whole = await flowshard(FROM_PIPE, part);
    const { child, ended } = start(FROM_PIPE);
    for (const byte of part) {
      if (!child.stdin.write(Uint8Array.of(byte))) await once(child.stdin, 'drain');
      if (byte === 0) await new Promise(setImmediate);
    }
    child.stdin.end();
    const { status, stdout } = await ended;
    assert.equal(status, whole.status);
    assert.ok(linesOf(stdout).length > 0);
    assert.equal(stdout, whole.stdout);
  });

  it('that is empty is an error with its name', async () => {
    const { status, stderr } = await flowshard(FROM_PIPE);
    assert.equal(status, 1);
    assert.match(stderr, /^flowshard: -: at byte 0: expected .*, found an empty file\n$/);
  });
});

describe('a signal while a pipe stays open', () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`${signal}: table and summary, status 130, nothing left`, async () => {
      const { child, ended, send } = startOnOpenPipe(FROM_PIPE);
      send(mixedBytes);
      // It takes much less than this to read it.
      await sleep(2500);
      // The pipe stays open: without the signal it would go on for ever.
      child.kill(signal);
      const { status, stdout, stderr } = await ended;
      assert.equal(status, 130, stderr);
      assert.equal(stdout, await table);
      assert.match(stderr, /^4,709 packets, /m);
      assert.doesNotMatch(stderr, /\n\s+at /);
      assertNothingLeft(child);
    });
  }

  it('before the first byte', async () => {
    const { child, ended } = startOnOpenPipe(FROM_PIPE);
    await sleep(800);
    child.kill('SIGINT');
    const { status, stdout } = await ended;
    assert.equal(status, 130);
    assert.equal(stdout, '');
    assertNothingLeft(child);
  });

  it('events are shown while the pipe is open', async () => {
    const { child, stdout, ended, send } = startOnOpenPipe([...FROM_PIPE, '--print', 'events']);
    send(mixedBytes);
    await once(stdout, 'data');
    child.kill('SIGINT');
    const { status, stdout: events } = await ended;
    assert.equal(status, 130);
    assert.match(events, /^ {4}\[NEW\] /);
    assert.ok(events.endsWith('\n'));
  });
});

describe('standard output', () => {
  it('closed by its reader: ends quietly', () => {
    for (const print of ['table', 'events', 'flows', 'trace']) {
      const command = `"${process.execPath}" "${CLI}" track -r "${MIXED}" --print ${print} | head -n 1`;
      const { stdout, stderr } = spawnSync('sh', ['-c', command], { encoding: 'utf8', timeout: 30_000 });
      assert.equal(linesOf(stdout).length, 1);
      assert.equal(stderr.includes('Error'), false, stderr);
      assert.doesNotMatch(stderr, /EPIPE|\n\s+at /);
    }
  });

  it('closed by its reader while the pipe that is read stays open: ends', async () => {
    const { stdout, ended, send } = startOnOpenPipe([...FROM_PIPE, '--print', 'trace']);
    send(mixedBytes);
    await once(stdout, 'data');
    stdout.destroy();
    // Something more to print, so that it notices.
    send(mixedBytes.subarray(24));
    const { status, stderr } = await ended;
    assert.equal(status, 0, stderr);
    assert.equal(stderr, '');
  });

  it('of a slow reader: nothing is lost', () => {
    const command = `"${process.execPath}" "${CLI}" track -q -r "${MIXED}" --print trace | (sleep 1; cat)`;
    const options = { encoding: 'utf8', timeout: 30_000, maxBuffer: 1 << 26 } as const;
    const { stdout } = spawnSync('sh', ['-c', command], options);
    assert.equal(linesOf(stdout).length, 4709);
  });

  it('full: status 1 and the reason', { skip: !existsSync('/dev/full') && 'no /dev/full here' }, () => {
    for (const print of ['table', 'events']) {
      const command = `"${process.execPath}" "${CLI}" track -r "${MIXED}" --print ${print} > /dev/full`;
      const { status, stderr } = spawnSync('sh', ['-c', command], { encoding: 'utf8', timeout: 30_000 });
      assert.equal(status, 1);
      assert.match(stderr, /^flowshard: standard output: .*no space left.*\n$/i);
    }
  });
});

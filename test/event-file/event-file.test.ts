/** Files and pipes of events: rotation, reopening, slow and dying readers, and the account of numbers. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDestination } from '../../src/event-file/destination.ts';
import { type EventFile, startEventFile } from '../../src/event-file/event-file.ts';
import { Counter } from '../../src/shm/counters.ts';
import { createSharedF64 } from '../../src/shm/segment.ts';
import { checkEventText, rotatedText } from '../support/event-file-lines.ts';
import { createEventLogs, type EventLogs } from '../support/event-logs.ts';
import { until } from '../support/until.ts';

const folder = mkdtempSync(join(tmpdir(), 'flowshard-events-'));
const started: EventFile[] = [];
after(async () => {
  // Those of failed tests, too: a file that goes on would keep the process.
  for (const file of started) await file.finish();
  rmSync(folder, { recursive: true, force: true });
});
const NEVER = { bytes: Number.POSITIVE_INFINITY, ms: Number.POSITIVE_INFINITY, keep: 100 };

interface Run {
  readonly path: string;
  readonly logs: EventLogs;
  readonly file: EventFile;
  readonly counters: Float64Array;
  readonly said: string[];
}

let runs = 0;

async function start(
  options: { rotation?: Partial<typeof NEVER>; slots?: number; path?: string } = {},
): Promise<Run> {
  const path = options.path ?? join(folder, `events-${runs++}`);
  const logs = createEventLogs(2, options.slots ?? 4096);
  const counters = createSharedF64(Counter.WORDS);
  const said: string[] = [];
  const say = (words: string): void => void said.push(words);
  const destination = createDestination(path, { ...NEVER, ...options.rotation }, null, (error) =>
    say(String(error)),
  );
  const file = await startEventFile({
    control: logs,
    destination,
    eventsAtOnce: 20,
    counters,
    say,
    onOver: () => say('over'),
  });
  started.push(file);
  return { path, logs, file, counters, said };
}

/** Writes events until so many were written, never more at once than the logs hold. */
async function writeEvents({ logs, counters }: Run, count: number): Promise<void> {
  for (let left = count; left > 0; ) {
    const some = Math.min(left, 500);
    const before = counters[Counter.EVENTS_WRITTEN];
    logs.write(left % 2, some);
    left -= some;
    await until(() => counters[Counter.EVENTS_WRITTEN] >= before + some, 'the events were written');
  }
}

function fifo(): string {
  const path = join(folder, `pipe-${runs++}`);
  assert.equal(spawnSync('mkfifo', [path]).status, 0);
  return path;
}

/** A reader of a pipe that writes what it reads into a file. */
function readerOf(pipe: string, into: string) {
  const child = spawn('sh', ['-c', 'exec cat < "$0" > "$1"', pipe, into], { stdio: 'ignore' });
  return { child, exited: once(child, 'exit') };
}

describe('a file of events', () => {
  it('has every event, and an end', async () => {
    const run = await start();
    await writeEvents(run, 3000);
    run.logs.write(1, 700);
    assert.deepEqual(await run.file.finish(), []);
    const account = checkEventText(readFileSync(run.path, 'utf8'));
    assert.deepEqual([account.events, account.missed, account.hasEnd], [3700, 0, true]);
    assert.equal(run.counters[Counter.EVENTS_WRITTEN], 3700);
    assert.deepEqual(run.said, []);
  });

  it('is rotated by size, and loses no line', async () => {
    const run = await start({ rotation: { bytes: 50_000 } });
    await writeEvents(run, 2000);
    await run.file.finish();
    const account = checkEventText(rotatedText(run.path));
    assert.equal(account.events, 2000);
    assert.ok(run.counters[Counter.EVENT_ROTATIONS] > 5);
    for (let i = 1; existsSync(`${run.path}.${i}`); i++)
      assert.ok(statSync(`${run.path}.${i}`).size <= 50_000, `${i}: ${statSync(`${run.path}.${i}`).size}`);
  });

  it('keeps as many older files as it is told', async () => {
    const run = await start({ rotation: { bytes: 20_000, keep: 3 } });
    await writeEvents(run, 1000);
    await run.file.finish();
    assert.ok(run.counters[Counter.EVENT_ROTATIONS] > 4);
    assert.deepEqual(
      [1, 2, 3, 4].map((i) => existsSync(`${run.path}.${i}`)),
      [true, true, true, false],
    );
    assert.match(readFileSync(run.path, 'utf8'), /"record":"end"/);
  });

  it('is rotated by age, also while no events come', async () => {
    const run = await start({ rotation: { ms: 30 } });
    await writeEvents(run, 10);
    await until(() => existsSync(`${run.path}.1`), 'it was rotated');
    await writeEvents(run, 10);
    await until(() => existsSync(`${run.path}.2`), 'it was rotated again');
    // A slow machine may write ten events at two ages.
    await until(() => existsSync(run.path) && statSync(run.path).size === 0, 'all that was written is old');
    const { ino } = statSync(run.path);
    await sleep(100);
    assert.equal(statSync(run.path).ino, ino, 'what is empty is not rotated');
    await run.file.finish();
    assert.equal(checkEventText(rotatedText(run.path)).events, 20);
  });

  it('is opened anew when it was moved away', async () => {
    const run = await start();
    await writeEvents(run, 100);
    renameSync(run.path, `${run.path}.1`);
    await writeEvents(run, 50);
    assert.ok(!existsSync(run.path));
    run.file.reopen();
    await writeEvents(run, 50);
    assert.ok(existsSync(run.path));
    await run.file.finish();
    assert.equal(checkEventText(rotatedText(run.path)).events, 200);
  });

  it('goes on where a file of an earlier run ended', async () => {
    const path = join(folder, 'twice');
    for (const events of [10, 20]) {
      const run = await start({ path });
      await writeEvents(run, events);
      await run.file.finish();
    }
    const runsIn = readFileSync(path, 'utf8').split(/(?=\{"record":"begin")/);
    assert.deepEqual(
      runsIn.map((text) => checkEventText(text).events),
      [10, 20],
    );
  });

  it('does not go on in the midst of a line that a killed run has left', async () => {
    const path = join(folder, 'torn');
    writeFileSync(path, '{"record":"event","ow');
    const run = await start({ path });
    await writeEvents(run, 10);
    await run.file.finish();
    const text = readFileSync(path, 'utf8');
    assert.equal(checkEventText(text.slice(text.indexOf('\n') + 1)).events, 10);
  });

  it('that cannot be rotated goes on, and says so once', async () => {
    const path = join(folder, 'stuck');
    // Nothing can be renamed to a folder that is not empty.
    mkdirSync(join(`${path}.1`, 'full'), { recursive: true });
    const run = await start({ path, rotation: { bytes: 20_000, keep: 1 } });
    await writeEvents(run, 300);
    await run.file.finish();
    assert.equal(run.said.length, 1);
    assert.equal(checkEventText(readFileSync(path, 'utf8')).events, 300);
    assert.equal(run.counters[Counter.EVENT_ROTATIONS], 0);
  });

  it('that cannot be opened anew is tried again', async () => {
    const run = await start();
    await writeEvents(run, 100);
    renameSync(run.path, `${run.path}.1`);
    mkdirSync(run.path);
    run.file.reopen();
    run.logs.write(0, 50);
    await until(() => run.said.length > 0, 'it was said');
    assert.match(run.said[0], /events cannot be written: EISDIR/);
    rmdirSync(run.path);
    await until(() => run.said.length > 1, 'it went on');
    await writeEvents(run, 50);
    assert.deepEqual(await run.file.finish(), []);
    assert.equal(checkEventText(rotatedText(run.path)).events, 200);
    assert.equal(run.said.length, 2);
  });

  it('tells by number what it came too late for', async () => {
    const run = await start({ slots: 256 });
    for (let i = 0; i < 5; i++) {
      run.logs.write(0, 1000);
      run.logs.write(1, 100);
      await sleep(30);
    }
    await run.file.finish();
    const account = checkEventText(readFileSync(run.path, 'utf8'));
    assert.deepEqual(account.next, [5000, 500]);
    assert.ok(account.gaps >= 1 && account.missed > 3000);
    assert.equal(run.counters[Counter.EVENTS_MISSED], account.missed);
  });

  it('that cannot be opened is an error at once', async () => {
    await assert.rejects(start({ path: join(folder, 'nowhere', 'events') }), { code: 'ENOENT' });
  });
});

describe('a device that is full', () => {
  it('is said once, counted, and told at the end', async (t) => {
    if (!existsSync('/dev/full')) return t.skip('no /dev/full');
    const run = await start({ path: '/dev/full' });
    run.logs.write(0, 100);
    await until(() => run.counters[Counter.EVENT_FAILURES] > 1, 'it was tried again');
    const words = await run.file.finish();
    assert.equal(run.said.length, 1, run.said.join('\n'));
    assert.match(run.said[0], /^\/dev\/full: events cannot be written: ENOSPC/);
    assert.match(words.join('\n'), /^\/dev\/full: 100 events were not written: ENOSPC/);
    assert.equal(run.counters[Counter.EVENTS_MISSED], 100);
    assert.equal(run.counters[Counter.EVENTS_WRITTEN], 0);
  });
});

describe('a named pipe', () => {
  it('gives every event to its reader', async () => {
    const pipe = fifo();
    const reader = readerOf(pipe, `${pipe}.out`);
    const run = await start({ path: pipe });
    await writeEvents(run, 5000);
    assert.deepEqual(await run.file.finish(), []);
    await reader.exited;
    const account = checkEventText(readFileSync(`${pipe}.out`, 'utf8'));
    assert.deepEqual([account.events, account.missed, account.hasEnd], [5000, 0, true]);
  });

  it('that nobody reads is a gap, and goes on with a reader', async () => {
    const pipe = fifo();
    const run = await start({ path: pipe, slots: 256 });
    for (let i = 0; i < 20; i++) {
      run.logs.write(0, 200);
      await sleep(5);
    }
    await until(() => run.said.length > 0, 'it was said');
    assert.match(run.said[0], /events cannot be written: nobody reads it; trying again$/);
    const reader = readerOf(pipe, `${pipe}.out`);
    await until(() => run.said.length > 1, 'it went on');
    assert.match(run.said[1], /events are written again$/);
    await writeEvents(run, 100);
    await run.file.finish();
    await reader.exited;
    const account = checkEventText(readFileSync(`${pipe}.out`, 'utf8'));
    assert.equal(account.next[0] + account.next[1], 4100);
    assert.ok(account.missed > 0);
    assert.equal(account.events, run.counters[Counter.EVENTS_WRITTEN]);
  });

  it('whose reader is killed goes on with the next one', async () => {
    const pipe = fifo();
    const run = await start({ path: pipe });
    const first = readerOf(pipe, `${pipe}.1`);
    await writeEvents(run, 100);
    await until(() => statSync(`${pipe}.1`).size > 0, 'the first reader has read');
    // It has read all that there is.
    let size = -1;
    await until(() => {
      const before = size;
      size = statSync(`${pipe}.1`).size;
      return before === size;
    }, 'the first reader has read all');
    first.child.kill('SIGKILL');
    await first.exited;
    run.logs.write(0, 60);
    await sleep(50);
    const second = readerOf(pipe, pipe.concat('.out'));
    await writeEvents(run, 100);
    await run.file.finish();
    await second.exited;
    const text = readFileSync(`${pipe}.1`, 'utf8') + readFileSync(`${pipe}.out`, 'utf8');
    const account = checkEventText(text);
    assert.deepEqual([account.events, account.missed, account.hasEnd], [260, 0, true]);
  });

  it('that nobody reads at the end does not keep the run', async () => {
    const pipe = fifo();
    const run = await start({ path: pipe });
    run.logs.write(0, 3000);
    const words = await run.file.finish();
    assert.match(words.join('\n'), /events were not written: nobody reads it$/);
    assert.equal(run.counters[Counter.EVENTS_WRITTEN] + run.counters[Counter.EVENTS_MISSED], 3000);
  });
});

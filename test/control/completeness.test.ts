/**
 * What a consumer of events that stalls at random knows, with real threads and packets from a pipe: every number is an event
 * that it was given, one that it was told to have missed, or one that it left out itself by starting from a
 * snapshot; and after that its table is the tracker's.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setImmediate as otherTurns, setTimeout as sleep } from 'node:timers/promises';
import { createSettings, Setting } from '../../src/conntrack/settings.ts';
import {
  type EventReader,
  PAGE_ENTRY_WORDS,
  type RawEvent,
  type TrackerControl,
} from '../../src/control/tracker-control.ts';
import { unaccounted } from '../../src/export/stats.ts';
import type { LiveEntries } from '../../src/workers/live-entries.ts';
import { type Pipeline, startPipeline } from '../../src/workers/pipeline.ts';
import { createChurn, feedPipe } from '../support/churn.ts';
import { createEventMirror, lifeOf, stateOf } from '../support/event-mirror.ts';
import { createRandom, operations, type Random, seedOf } from '../support/random.ts';
import { until } from '../support/until.ts';

const EVENTS = 200_000;
const EVENTS_SOAK = 10_000_000;
/** Packets between two comparisons of the tables. */
const ROUND_PACKETS = 60_000;

const folder = mkdtempSync(join(tmpdir(), 'flowshard-complete-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function settings(): Int32Array {
  const made = createSettings();
  made[Setting.CHECKSUM] = 0;
  return made;
}

/** A consumer that keeps a table, and an account of every number. */
class Consumer {
  readonly control: TrackerControl;
  readonly mirror = createEventMirror();
  readonly next: number[];
  reader: EventReader;
  given = 0;
  missed = 0;
  leftOut = 0;
  snapshots = 0;
  isSynchronised = true;

  constructor(control: TrackerControl) {
    this.control = control;
    this.next = new Array<number>(control.owners).fill(0);
    this.reader = control.events(this.next);
  }

  /** Takes some; returns whether there was anything. */
  take(max: number): boolean {
    const { events, gaps } = this.reader.take(max);
    let left = [...gaps];
    for (const event of events) {
      left = left.filter((gap) => !(gap.owner === event.owner && gap.to < event.seq && this.miss(gap)));
      this.see(event);
    }
    for (const gap of left) this.miss(gap);
    assert.deepEqual(this.reader.position(), this.next);
    return events.length > 0 || gaps.length > 0;
  }

  private see(event: RawEvent): void {
    assert.equal(event.seq, this.next[event.owner], `owner ${event.owner}: a number that was not told`);
    this.next[event.owner]++;
    this.given++;
    if (this.isSynchronised) this.mirror.apply(event);
  }

  private miss({ owner, from, to }: { owner: number; from: number; to: number }): true {
    assert.equal(from, this.next[owner], `owner ${owner}: a gap that does not begin at the next number`);
    assert.ok(to >= from);
    this.next[owner] = to + 1;
    this.missed += to - from + 1;
    this.isSynchronised = false;
    return true;
  }

  /** A snapshot, and from then on the events that came since before it. */
  async synchronise(): Promise<void> {
    const position = this.control.eventPosition();
    for (const [owner, at] of position.entries()) {
      assert.ok(at >= this.next[owner]);
      this.leftOut += at - this.next[owner];
      this.next[owner] = at;
    }
    this.mirror.clear();
    for await (const page of this.control.scan({ filter: null })) this.mirror.add(page);
    this.reader = this.control.events(position);
    this.isSynchronised = true;
    this.snapshots++;
  }

  /** Nothing new comes: brings the table up to date. */
  async settle(): Promise<void> {
    for (;;) {
      while (this.take(5000)) await otherTurns();
      if (this.isSynchronised) return;
      await this.synchronise();
    }
  }
}

/** The table of the consumer is that of the tracker. */
async function checkTable(consumer: Consumer): Promise<number> {
  const { control, mirror } = consumer;
  let listed = 0;
  for await (const { words, count } of control.scan({ filter: null })) {
    for (let i = 0; i < count; i++) {
      const at = i * PAGE_ENTRY_WORDS;
      assert.equal(
        mirror.connections.get(lifeOf(words, at)),
        stateOf(words, at),
        'a connection is not as it was told',
      );
      listed++;
    }
  }
  // What was due ended before it was listed; that was told, too.
  while (consumer.take(5000)) assert.ok(consumer.isSynchronised);
  const { size } = mirror.connections;
  assert.ok(
    size === listed && size === control.count(),
    `${size} told, ${listed} listed, ${control.count()} there`,
  );
  assert.ok(control.count() - listed < 50, `${control.count() - listed} overdue`);
  return listed;
}

/** Takes events now and then, until told to stop; begins anew where it missed some. */
async function consume(consumer: Consumer, random: Random, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    consumer.take(1 + random.below(3000));
    if (!consumer.isSynchronised && random.chance(0.5)) await consumer.synchronise();
    if (random.chance(0.03)) await sleep(random.below(60));
    else await otherTurns();
  }
}

/** After the end, when nothing is overdue any more: the same connections, and no others. */
function checkAlive({ mirror }: Consumer, entries: LiveEntries): void {
  const alive = new Map<string, string>();
  const words = new Int32Array(PAGE_ENTRY_WORDS);
  for (let i = 0; i < entries.count; i++) {
    entries.copy(i, words);
    alive.set(lifeOf(words, 0), stateOf(words, 0));
  }
  assert.deepEqual([...mirror.connections].sort(), [...alive].sort());
}

async function read(pipeline: Pipeline, packets: number): Promise<void> {
  const { control } = pipeline;
  assert.ok(control !== null);
  await until(() => {
    const stats = control.stats();
    return stats.packets === packets && unaccounted(stats) === 0;
  }, 'all packets were tracked');
}

describe('a consumer of events that stalls at random', () => {
  for (const { shards, logSlots } of [
    { shards: 1, logSlots: 1024 },
    { shards: 3, logSlots: 2048 },
  ]) {
    it(`knows what it missed, and holds the table: ${shards} shards, logs of ${logSlots}`, async (t) => {
      const seed = seedOf(t) + shards;
      const random = createRandom(seed);
      const pipe = join(folder, `pipe-${shards}`);
      assert.equal(spawnSync('mkfifo', [pipe]).status, 0);
      const pipeline = startPipeline({
        files: [pipe],
        shards,
        service: true,
        hold: true,
        maxConnections: 20_000,
        settings: settings(),
        logSlots,
        selfCheckEvery: 5000,
      });
      const { control } = pipeline;
      assert.ok(control !== null);
      // Also where something fails: threads and pipes would keep the process alive.
      t.after(async () => {
        pipeline.stop();
        await pipeline.close();
        feed.abandon();
      });
      const churn = createChurn({ random, talks: 3000, gapNs: 1_000_000 });
      const feed = feedPipe(pipe, churn);
      const consumer = new Consumer(control);
      const wanted = operations(EVENTS, EVENTS_SOAK);
      let listed = 0;
      while (control.eventPosition().reduce((a, b) => a + b, 0) < wanted) {
        let isSent = false;
        const consuming = consume(consumer, random, () => isSent);
        await feed.send(ROUND_PACKETS);
        isSent = true;
        await consuming;
        await read(pipeline, churn.packets());
        await consumer.settle();
        listed += await checkTable(consumer);
      }
      await feed.end();
      pipeline.stop();
      await pipeline.finished;
      while (consumer.take(1000)) assert.ok(consumer.isSynchronised);
      checkAlive(consumer, pipeline.entries());
      const events = control.eventPosition().reduce((a, b) => a + b, 0);
      const { given, missed, leftOut, snapshots } = consumer;
      t.diagnostic(
        JSON.stringify({ events, given, missed, leftOut, snapshots, listed, packets: churn.packets() }),
      );
      assert.equal(given + missed + leftOut, events);
      assert.ok(given > events / 50 && missed > 0 && snapshots > 0 && listed > 1000);
    });
  }
});

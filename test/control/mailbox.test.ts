/**
 * Questions to one tracker while packets come: askers, slices of the owner's work and packets in random order, in one
 * thread, against a table that is kept from events, and against the index.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as otherTurns } from 'node:timers/promises';
import { TrackerEndedError } from '../../src/common/errors.ts';
import {
  PAGE_ENTRY_WORDS,
  type ScanPage,
  type ScanPosition,
  type TrackerControl,
} from '../../src/control/tracker-control.ts';
import { connectionOf } from '../../src/export/entry-view.ts';
import { programOf } from '../../src/query/compile.ts';
import { parseFilter } from '../../src/query/filter.ts';
import { EndCode, ReportType } from '../../src/shm/bits.ts';
import { Hot, Report } from '../../src/shm/offsets.generated.ts';
import { type AskedTracker, createAskedTracker } from '../support/asked-tracker.ts';
import { createEventMirror, lifeOf, stateOf } from '../support/event-mirror.ts';
import { TCP_FLAGS, tcpPacket, udpPacket } from '../support/frames.ts';
import { createRandom, messageOf, operations, type Random, seedOf } from '../support/random.ts';

const HOSTS = 12;
const PORTS = 30;
const SERVER = '198.51.100.1';
const hostOf = (n: number): string => `192.0.2.${n + 1}`;

/** A packet of one of a few hundred connections, of any direction. */
function randomFrame(random: Random): Uint8Array {
  const host = hostOf(random.below(HOSTS));
  const sport = 1000 + random.below(PORTS);
  const isReply = random.chance(0.4);
  const ip = isReply ? { src: SERVER, dst: host } : { src: host, dst: SERVER };
  const ports = isReply ? { sport: 53, dport: sport } : { sport, dport: 53 };
  if (random.chance(0.5)) return udpPacket(ip, { ...ports, payload: 4 });
  const flags = isReply ? 'SA' : random.chance(0.6) ? 'S' : random.chance(0.5) ? 'A' : 'R';
  const bits = [...flags].reduce((all, letter) => all | TCP_FLAGS[letter === 'A' ? '.' : letter], 0);
  return tcpPacket(ip, { ...ports, seq: isReply ? 500 : 100, ack: isReply ? 101 : 501, flags: bits });
}

/** A list that is being made: what must be in it, and what may be. */
interface OpenList {
  readonly must: Set<string>;
  readonly may: Set<string>;
}

class World {
  readonly random: Random;
  readonly tracker: AskedTracker;
  readonly lists = new Set<OpenList>();
  readonly mirror = createEventMirror({
    onBegin: (life) => {
      for (const list of this.lists) list.may.add(life);
    },
    onEnd: (life) => {
      for (const list of this.lists) list.must.delete(life);
    },
  });
  readonly reader;
  deleted = 0;
  counts = { lists: 0, removed: 0, updated: 0, flushed: 0, created: 0, found: 0 };

  constructor(random: Random, maxEntries: number) {
    this.random = random;
    this.tracker = createAskedTracker({ maxEntries, logSlots: 4096 });
    this.reader = this.tracker.control.events([0]);
  }

  /** Brings the mirror up to date. */
  follow(): void {
    const { events, gaps } = this.reader.take(100_000);
    assert.deepEqual(gaps, []);
    for (const event of events) {
      this.mirror.apply(event);
      const { words } = event;
      if (words[Report.TYPE] === ReportType.END && words[Report.END] === EndCode.DELETED) this.deleted++;
    }
  }

  checkMirror(): void {
    const table = [...this.tracker.table()].map(([life, words]): [string, string] => [
      life,
      stateOf(words, 0),
    ]);
    assert.deepEqual(new Map([...this.mirror.connections].sort()), new Map(table.sort()));
  }

  openList(): OpenList {
    const alive = [...this.mirror.connections.keys()];
    const list = { must: new Set(alive), may: new Set(alive) };
    this.lists.add(list);
    return list;
  }

  /** Nothing twice, nothing that never was, and everything that lived throughout (and matches). */
  closeList(list: OpenList, given: readonly string[], matches: (words: Int32Array) => boolean): void {
    this.lists.delete(list);
    const seen = new Set(given);
    assert.equal(seen.size, given.length, 'a connection is in a list twice');
    for (const life of seen) assert.ok(list.may.has(life), 'a list has a connection that was not alive');
    for (const [life, words] of this.tracker.table()) {
      if (!list.must.has(life) || seen.has(life) || this.tracker.isOverdue(words) || !matches(words))
        continue;
      assert.fail(`a connection that lived throughout is not in the list: ${life}`);
    }
  }
}

async function livesOf(pages: AsyncGenerator<ScanPage>, see = (_words: Int32Array, _at: number): void => {}) {
  const lives: string[] = [];
  for await (const { words, count } of pages) {
    for (let i = 0; i < count; i++) {
      see(words, i * PAGE_ENTRY_WORDS);
      lives.push(lifeOf(words, i * PAGE_ENTRY_WORDS));
    }
  }
  return lives;
}

/** The whole list, a few at a time. */
async function* inPages(control: TrackerControl, limit: number): AsyncGenerator<ScanPage> {
  for (let from: ScanPosition | null = { owner: 0, entry: 1 }; from !== null; ) {
    let next: ScanPosition | null = null;
    for await (const page of control.scan({ filter: null, from, limit })) {
      assert.ok(page.count <= limit);
      next = page.next;
      yield page;
    }
    from = next;
  }
}

/** One random question, and what its answer must be. */
async function askOnce(world: World): Promise<void> {
  const { random, tracker, counts } = world;
  const { control } = tracker;
  const host = hostOf(random.below(HOSTS));
  const filter = programOf(parseFilter({ src: host }));
  const isSource = (words: Int32Array): boolean =>
    connectionOf({ hot: words, h: 0, cold: words, c: Hot.WORDS }, 0, null).original.src === host;
  const kind = random.below(100);
  const list = world.openList();
  if (kind < 35) {
    const pages = kind < 10 ? control.scan({ filter: null }) : inPages(control, 1 + random.below(20));
    world.closeList(list, await livesOf(pages), () => true);
    counts.lists++;
  } else if (kind < 50) {
    world.closeList(list, await livesOf(control.scan({ filter })), isSource);
    counts.lists++;
  } else if (kind < 65) {
    const value = random.below(1000);
    const given = await livesOf(
      control.update({ filter }, { mark: { value, mask: -1 }, timeoutS: 20 + random.below(200) }),
      (words, at) => assert.equal(words[at + Hot.MARK], value),
    );
    world.closeList(list, given, isSource);
    counts.updated += given.length;
  } else if (kind < 80) {
    const given = await livesOf(control.remove({ filter }));
    world.follow();
    for (const life of given)
      assert.ok(!world.mirror.connections.has(life), 'what was removed is still there');
    world.closeList(list, given, isSource);
    counts.removed += given.length;
  } else if (kind < 84) {
    world.lists.delete(list);
    const before = world.openList();
    const ended = await control.flush();
    counts.flushed += ended;
    world.follow();
    world.lists.delete(before);
    for (const life of before.must)
      assert.ok(!world.mirror.connections.has(life), 'something outlived a flush');
  } else {
    world.lists.delete(list);
    const tuple = {
      family: 'ipv4',
      protocol: 17,
      src: host,
      dst: SERVER,
      sport: 1000 + random.below(PORTS),
      dport: 53,
    } as const;
    if (kind < 92) {
      const made = await control.create({ ...tuple, timeoutS: 30, mark: 7 });
      if ('made' in made) counts.created++;
    }
    if ((await control.find(tuple)) !== null) counts.found++;
  }
}

async function run(random: Random, steps: number, maxEntries: number, askers: number): Promise<World> {
  const world = new World(random, maxEntries);
  const { tracker } = world;
  let isOver = false;
  // Without a packet there is no clock.
  tracker.packet(randomFrame(random), 0);
  const asking = Array.from({ length: askers }, async () => {
    while (!isOver) await askOnce(world);
  });
  const all = Promise.all(asking);
  // A failure is seen at the end of the loop below.
  all.catch(() => {
    isOver = true;
  });
  for (let step = 0; step < steps && !isOver; step++) {
    for (let i = random.below(4); i > 0; i--)
      tracker.packet(randomFrame(random), random.chance(0.02) ? random.below(60_000) : random.below(100));
    for (let i = random.below(3); i > 0; i--) tracker.service.step(1 + random.below(60));
    world.follow();
    if (step % 100 === 0) {
      // What a slice of work changed is told with the next burst, or with the answer.
      tracker.packet(randomFrame(random), 0);
      world.follow();
      tracker.selfCheck();
      world.checkMirror();
    }
    await otherTurns();
  }
  isOver = true;
  let isDone = false;
  const end = all.finally(() => {
    isDone = true;
  });
  end.catch(() => {});
  while (!isDone) {
    tracker.service.step(1000);
    world.follow();
    await otherTurns();
  }
  await end;
  tracker.selfCheck();
  world.checkMirror();
  return world;
}

describe('a tracker that is asked while packets come', () => {
  for (const [askers, maxEntries] of [
    [1, 2000],
    [5, 2000],
    [3, 150],
  ]) {
    it(`${askers} askers, room for ${maxEntries} connections`, async (t) => {
      const seed = seedOf(t) + askers;
      const { counts, deleted } = await run(createRandom(seed), operations(4000), maxEntries, askers);
      t.diagnostic(JSON.stringify(counts));
      assert.equal(deleted, counts.removed + counts.flushed);
      for (const [what, count] of Object.entries(counts)) assert.ok(count > 0, `nothing was ${what}`);
    });
  }
});

describe('the end of an owner', () => {
  function started(): AskedTracker {
    const tracker = createAskedTracker({ maxEntries: 100, logSlots: 4096 });
    tracker.packet(udpPacket({ src: hostOf(1), dst: SERVER }, { sport: 1, dport: 2 }), 0);
    return tracker;
  }

  it('answers what was asked before, and nothing after', async () => {
    const { control, service } = started();
    const asked = livesOf(control.scan({ filter: null }));
    const found = control.find({
      family: 'ipv4',
      protocol: 17,
      src: hostOf(1),
      dst: SERVER,
      sport: 1,
      dport: 2,
    });
    await otherTurns();
    service.close();
    assert.equal((await asked).length, 1);
    assert.equal((await found)?.original.src, hostOf(1));
    await assert.rejects(control.flush(), TrackerEndedError);
    await assert.rejects(livesOf(control.scan({ filter: null })), TrackerEndedError);
  });

  it('fails with what waits for a lane, too', async () => {
    const { control, service } = started();
    const asked = Array.from({ length: 6 }, () => control.flush().catch(messageOf));
    await otherTurns();
    service.close();
    const answers = await Promise.all(asked);
    assert.deepEqual(answers.filter((answer) => typeof answer === 'number').sort(), [0, 1]);
    assert.equal(answers.filter((answer) => answer === 'the tracker has ended').length, 4);
  });
});

/**
 * Many who ask a tracker with real threads at once, while packets come: lists, changes, new and deleted connections, each
 * answer checked against what must be there; structures are checked by the threads as they go. And the end, with questions
 * under way.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { TrackerEndedError } from '../../src/common/errors.ts';
import { createSettings, Setting } from '../../src/conntrack/settings.ts';
import {
  PAGE_ENTRY_WORDS,
  type ScanPage,
  type TrackerControl,
  type TupleQuery,
} from '../../src/control/tracker-control.ts';
import { StatusBit } from '../../src/export/connection.ts';
import { programOf } from '../../src/query/compile.ts';
import { parseFilter } from '../../src/query/filter.ts';
import { Hot } from '../../src/shm/offsets.generated.ts';
import { type Pipeline, startPipeline } from '../../src/workers/pipeline.ts';
import { type ChurnFeed, createChurn, feedPipe } from '../support/churn.ts';
import { lifeOf } from '../support/event-mirror.ts';
import { createRandom, operations, type Random, seedOf } from '../support/random.ts';
import { until } from '../support/until.ts';

const folder = mkdtempSync(join(tmpdir(), 'flowshard-askers-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Connections that live throughout; some of them have the port of a helper. */
const LASTING = 400;
const LASTING_NET = '203.0.113.0/24';
const PACKETS = 150_000;

const lasting = (i: number): TupleQuery & { readonly sport: number; readonly dport: number } => ({
  family: 'ipv4',
  protocol: i % 8 === 0 ? 6 : 17,
  src: `203.0.113.${i % 200}`,
  dst: '198.51.100.1',
  sport: 2000 + i,
  dport: i % 8 === 0 ? 21 : 99,
});

interface World {
  readonly control: TrackerControl;
  readonly pipeline: Pipeline;
  readonly feed: ChurnFeed;
}

let pipes = 0;

async function begin(random: Random): Promise<World> {
  const pipe = join(folder, `pipe-${pipes++}`);
  assert.equal(spawnSync('mkfifo', [pipe]).status, 0);
  const settings = createSettings();
  settings[Setting.CHECKSUM] = 0;
  const pipeline = startPipeline({
    files: [pipe],
    shards: 2,
    service: true,
    hold: true,
    maxConnections: 100_000,
    settings,
    selfCheckEvery: 1000,
  });
  const { control } = pipeline;
  assert.ok(control !== null);
  const feed = feedPipe(pipe, createChurn({ random, talks: 2000, gapNs: 500_000 }));
  await feed.send(5000);
  // Every owner has seen a packet, and with it the time.
  await until(() => control.ownersInfo().every(({ entries }) => entries > 0), 'packets came to all owners');
  for (let i = 0; i < LASTING; i++) {
    const made = await control.create({
      ...lasting(i),
      timeoutS: 1_000_000,
      status: StatusBit.ASSURED | StatusBit.SEEN_REPLY,
      ...(i % 8 === 0 ? { state: 'ESTABLISHED' } : {}),
    });
    assert.ok('made' in made, 'refused' in made ? made.refused : '');
  }
  return { control, pipeline, feed };
}

async function end({ pipeline, feed }: World): Promise<void> {
  await feed.end();
  pipeline.stop();
  await pipeline.finished;
  await pipeline.close();
}

const isLasting = (words: Int32Array, at: number): boolean =>
  words[at + Hot.LO0] >>> 8 === 0xcb0071 || words[at + Hot.HI0] >>> 8 === 0xcb0071;

/** How many lasting connections, and others, are in a list; each at most once. */
async function count(pages: AsyncGenerator<ScanPage>, see = (_words: Int32Array, _at: number): void => {}) {
  const lives = new Set<string>();
  let lastingOnes = 0;
  let all = 0;
  for await (const { words, count: entries } of pages) {
    for (let i = 0; i < entries; i++) {
      const at = i * PAGE_ENTRY_WORDS;
      see(words, at);
      lives.add(lifeOf(words, at));
      if (isLasting(words, at)) lastingOnes++;
      all++;
    }
  }
  assert.equal(lives.size, all, 'a connection is in a list twice');
  return { lasting: lastingOnes, others: all - lastingOnes };
}

type Asker = (control: TrackerControl, random: Random, turn: number) => Promise<void>;

const filterOf = (src: string) => programOf(parseFilter({ src }));

const askers: Readonly<Record<string, Asker>> = {
  async lists(control) {
    const found = await count(control.scan({ filter: null }));
    assert.equal(found.lasting, LASTING);
    assert.ok(found.others > 0);
  },
  async filters(control) {
    assert.deepEqual(await count(control.scan({ filter: filterOf(LASTING_NET) })), {
      lasting: LASTING,
      others: 0,
    });
  },
  async changes(control, random) {
    const value = random.below(1 << 30);
    const see = (words: Int32Array, at: number): void => assert.equal(words[at + Hot.MARK], value);
    const change = { mark: { value, mask: -1 }, timeoutS: 500_000 + random.below(500_000) };
    const changed = await count(control.update({ filter: filterOf(LASTING_NET) }, change), see);
    assert.deepEqual(changed, { lasting: LASTING, others: 0 });
  },
  async 'makes and deletes'(control, random, turn) {
    const src = `198.18.${turn >> 8}.${turn & 255}`;
    const tuple: TupleQuery = {
      family: 'ipv4',
      protocol: 17,
      src,
      dst: '198.51.100.9',
      sport: random.below(60_000),
      dport: 99,
    };
    const made = await control.create({ ...tuple, timeoutS: 600 });
    assert.ok('made' in made);
    assert.deepEqual(await control.create({ ...tuple, timeoutS: 600 }), { refused: 'exists' });
    assert.deepEqual(await count(control.remove({ filter: filterOf(src) })), { lasting: 0, others: 1 });
    assert.equal(await control.find(tuple), null);
  },
  async finds(control, random) {
    const tuple = lasting(random.below(LASTING));
    const found = await control.find(tuple);
    assert.equal(found?.original.sport, tuple.sport);
    const { src, dst, sport, dport } = tuple;
    const turned = await control.find({ ...tuple, src: dst, dst: src, sport: dport, dport: sport });
    assert.equal(turned?.id, found?.id);
  },
};

describe('many who ask at once', () => {
  it('each get what is there, while packets come', async (t) => {
    const random = createRandom(seedOf(t));
    const world = await begin(random);
    const { control, feed } = world;
    let isOver = false;
    const turns: Record<string, number> = {};
    const asking = Object.entries(askers).map(async ([name, ask]) => {
      for (turns[name] = 0; !isOver; turns[name]++) await ask(control, random, turns[name]);
    });
    const all = Promise.all(asking);
    all.catch(() => {
      isOver = true;
    });
    for (let left = operations(PACKETS); left > 0 && !isOver; left -= 5000) await feed.send(5000);
    isOver = true;
    await all;
    t.diagnostic(JSON.stringify({ turns, connections: control.count() }));
    for (const [name, many] of Object.entries(turns)) assert.ok(many > 0, `nobody ${name}`);
    const ended = await control.flush();
    assert.ok(ended >= LASTING);
    await end(world);
  });

  it('all get an answer when the tracker ends, or are told that it has', async (t) => {
    const random = createRandom(seedOf(t) + 1);
    for (let i = 0; i < 3; i++) {
      const world = await begin(random);
      const { control, pipeline } = world;
      const asked = Array.from({ length: 30 }, (_, n) =>
        n % 3 === 0
          ? control.find(lasting(n))
          : n % 3 === 1
            ? count(control.scan({ filter: null }))
            : control.flush(),
      );
      const answers = Promise.allSettled(asked);
      if (i > 0) await control.find(lasting(1));
      pipeline.stop();
      let answered = 0;
      for (const answer of await answers) {
        if (answer.status === 'fulfilled') answered++;
        else assert.ok(answer.reason instanceof TrackerEndedError, String(answer.reason));
      }
      t.diagnostic(`${answered} answered`);
      await assert.rejects(
        pipeline.finished.then(() => control.flush()),
        TrackerEndedError,
      );
      await end(world);
    }
  });
});

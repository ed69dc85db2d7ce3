/** Questions to a tracker that runs, through real threads: the same capture as a service, held after its end. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { ScanPage, TrackerControl } from '../../src/control/tracker-control.ts';
import { PAGE_ENTRY_WORDS } from '../../src/control/tracker-control.ts';
import type { Connection } from '../../src/export/connection.ts';
import { connectionOf } from '../../src/export/entry-view.ts';
import { programOf } from '../../src/query/compile.ts';
import { parseFilter } from '../../src/query/filter.ts';
import { Hot, Report } from '../../src/shm/offsets.generated.ts';
import { type Pipeline, startPipeline } from '../../src/workers/pipeline.ts';
import { until } from '../support/until.ts';

const CAPTURE = 'test/fixtures/captures/plain/zeek__NTP_sync.pcap';

function connectionsOf(page: ScanPage): Connection[] {
  return Array.from({ length: page.count }, (_, i) => {
    const at = i * PAGE_ENTRY_WORDS;
    return connectionOf({ hot: page.words, h: at, cold: page.words, c: at + Hot.WORDS }, page.tickMs, null);
  });
}

async function all(pages: AsyncGenerator<ScanPage>): Promise<Connection[]> {
  const found: Connection[] = [];
  for await (const page of pages) found.push(...connectionsOf(page));
  return found;
}

const byId = (connections: readonly Connection[]): Connection[] =>
  [...connections].sort((a, b) => a.id - b.id);

for (const shards of [1, 3]) {
  describe(`a tracker of ${shards} shards that is asked`, () => {
    let pipeline: Pipeline;
    let control: TrackerControl;
    let expected: Connection[];

    before(async () => {
      const plain = startPipeline({ files: [CAPTURE], shards });
      await plain.finished;
      expected = plain.connections();
      await plain.close();
      pipeline = startPipeline({ files: [CAPTURE], shards, service: true, hold: true });
      assert.ok(pipeline.control !== null);
      control = pipeline.control;
      await until(() => control.count() === expected.length, 'the capture was read');
    });
    after(async () => {
      pipeline.stop();
      await pipeline.finished;
      await pipeline.close();
    });

    it('lists what it has', async () => {
      assert.ok(expected.length > 3);
      assert.deepEqual(byId(await all(control.scan({ filter: null }))), byId(expected));
    });

    it('lists in pages of any size, from where the last one ended', async () => {
      const found: Connection[] = [];
      let from: ScanPage['next'] = { owner: 0, entry: 1 };
      while (from !== null) {
        let next: ScanPage['next'] = null;
        for await (const page of control.scan({ filter: null, from, limit: 1 })) {
          assert.ok(page.count <= 1);
          found.push(...connectionsOf(page));
          next = page.next;
        }
        from = next;
      }
      assert.deepEqual(byId(found), byId(expected));
    });

    it('filters', async () => {
      const [{ original }] = expected;
      const filter = programOf(parseFilter({ src: original.src }));
      assert.deepEqual(
        byId(await all(control.scan({ filter }))),
        byId(expected.filter((c) => c.original.src === original.src)),
      );
    });

    it('finds by tuple, from either side', async () => {
      for (const c of expected) {
        const { packets: _p, bytes: _b, ...original } = c.original;
        const { packets: _q, bytes: _c, ...reply } = c.reply;
        const about = { family: c.family, protocol: c.protocol };
        assert.deepEqual(await control.find({ ...about, ...original }), c);
        assert.deepEqual(await control.find({ ...about, ...reply }), c);
      }
    });

    it('makes, changes and ends connections, and tells of it', async () => {
      const events = control.events();
      const tuple = {
        family: 'ipv4',
        protocol: 6,
        src: '192.0.2.1',
        dst: '192.0.2.2',
        sport: 7,
        dport: 9,
      } as const;
      const made = await control.create({
        ...tuple,
        timeoutS: 100,
        state: 'ESTABLISHED',
        mark: 5,
        status: 6,
      });
      assert.ok('made' in made);
      assert.equal(made.made.state, 'ESTABLISHED');
      assert.equal(made.made.mark, 5);
      assert.equal(made.made.timeoutS, 100);
      assert.deepEqual(await control.create({ ...tuple, timeoutS: 1 }), { refused: 'exists' });
      const filter = programOf(parseFilter({ src: '192.0.2.1' }));
      const changed = await all(control.update({ filter }, { mark: { value: 1, mask: 4 }, timeoutS: 50 }));
      assert.deepEqual(
        changed.map(({ mark, timeoutS }) => ({ mark, timeoutS })),
        [{ mark: 0, timeoutS: 50 }],
      );
      const removed = await all(control.remove({ filter }));
      assert.equal(removed.length, 1);
      assert.equal(await control.find(tuple), null);
      const { events: told, gaps } = events.take(100);
      assert.deepEqual(gaps, []);
      assert.deepEqual(
        told.map(({ words }) => [words[Report.TYPE], words[Report.END]]),
        [
          [1, -1],
          [1, -1],
          [2, 6],
        ],
      );
      assert.equal(control.count(), expected.length);
    });

    it('leaves a fixed timeout as it is', async () => {
      const tuple = {
        family: 'ipv4',
        protocol: 17,
        src: '192.0.2.1',
        dst: '192.0.2.2',
        sport: 7,
        dport: 9,
      } as const;
      const FIXED_TIMEOUT = 0x400;
      await control.create({ ...tuple, timeoutS: 100, status: FIXED_TIMEOUT });
      const filter = programOf(parseFilter({ src: '192.0.2.1' }));
      assert.deepEqual(
        await all(control.update({ filter }, { timeoutS: 5, mark: { value: 1, mask: -1 } })),
        [],
      );
      const [changed] = await all(control.update({ filter }, { mark: { value: 1, mask: -1 } }));
      assert.deepEqual([changed.mark, changed.timeoutS], [1, 100]);
      assert.equal((await all(control.remove({ filter }))).length, 1);
    });

    it('ends all at once', async () => {
      assert.equal(await control.flush(), expected.length);
      assert.equal(control.count(), 0);
      assert.deepEqual(await all(control.scan({ filter: null })), []);
      const tuple = {
        family: 'ipv6',
        protocol: 17,
        src: '2001:db8::1',
        dst: '2001:db8::2',
        sport: 7,
        dport: 9,
      } as const;
      assert.ok('made' in (await control.create({ ...tuple, timeoutS: 10 })));
      assert.equal((await all(control.scan({ filter: null }))).length, 1);
      assert.equal(await control.flush(), 1);
      const stats = control.stats();
      assert.equal(
        stats.connections.created,
        stats.connections.ended.deleted +
          stats.connections.ended.timeout +
          stats.connections.ended.reopened +
          stats.connections.ended.reset,
      );
    });
  });
}

/** The library as programs use it: `import ... from 'flowshard'`, through package.json and the built files. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, describe, it } from 'node:test';
import { build } from 'esbuild';
import { type ConnectionEvent, OptionError, openTracker, type Tracker, type TrackerOptions } from 'flowshard';

const MIXED = 'examples/captures/mixed-traffic.pcap';
/** Inside of the project, so that the name `flowshard` means the project. */
const folder = mkdtempSync('dist/test/library-');
after(() => rmSync(folder, { recursive: true, force: true }));

async function allEvents(tracker: Tracker): Promise<ConnectionEvent[]> {
  const events: ConnectionEvent[] = [];
  for await (const event of tracker.events()) events.push(event);
  return events;
}

/** Opens, uses and closes. */
async function using<T>(options: Partial<TrackerOptions>, use: (tracker: Tracker) => Promise<T>): Promise<T> {
  const tracker = openTracker({ files: [MIXED], ...options });
  try {
    return await use(tracker);
  } finally {
    await tracker.close();
  }
}

/** Runs a program that uses the library. It has ten seconds to end by itself. */
function runProgram(source: string): { status: number | null; stdout: string; stderr: string } {
  const file = join(folder, 'program.mjs');
  writeFileSync(file, source);
  return spawnSync(process.execPath, [file], { encoding: 'utf8', timeout: 10_000 });
}

describe('a tracker', () => {
  it('gives events in the order of time, each connection from NEW to DESTROY', async () => {
    const events = await using({}, allEvents);
    assert.ok(events.every((event, i) => i === 0 || event.atNs >= events[i - 1].atNs));
    const alive = new Set<number>();
    for (const { type, connection } of events) {
      if (type === 'NEW') alive.add(connection.id);
      else assert.ok(alive.has(connection.id), `${type} before NEW`);
      if (type === 'DESTROY') {
        assert.notEqual(connection.end, null);
        alive.delete(connection.id);
      } else {
        assert.equal(connection.end, null);
      }
    }
    assert.ok(alive.size > 0);
  });

  it('gives the same events for any number of shards', async () => {
    const one = await using({ shards: 1 }, allEvents);
    assert.deepEqual(await using({ shards: 3 }, allEvents), one);
  });

  it('tracks what tunnels carry, in the zones of their numbers', async () => {
    const files = ['test/fixtures/captures/tun/tcpdump__geneve.pcap'];
    await using({ files, decap: ['geneve'], zoneFrom: 'vni' }, async (tracker) => {
      await tracker.run();
      assert.equal(tracker.connections({ zone: 11, dport: 22 }).length, 1);
      assert.deepEqual(tracker.stats().tunnels, { geneve: 39 });
      assert.equal(tracker.stats().zoneCut, 0);
    });
    assert.throws(() => openTracker({ files, decap: ['gneve'] }), OptionError);
    assert.throws(
      () => openTracker({ files, zoneFrom: 'teid' }),
      /^OptionError: zoneFrom: "teid" is not allowed; allowed: with decap gtp-u$/,
    );
  });

  it('answers queries for what is alive, oldest first', async () => {
    await using({}, async (tracker) => {
      await tracker.run();
      const all = tracker.connections();
      assert.ok(all.every((c, i) => i === 0 || c.startNs >= all[i - 1].startNs));
      const [first] = tracker.connections({ protocol: 'tcp' });
      const { src, dst, sport, dport } = first.original;
      const given = {
        src,
        dst,
        ...(sport === undefined ? {} : { sport }),
        ...(dport === undefined ? {} : { dport }),
      };
      assert.deepEqual(tracker.connections({ ...given, protocol: 6, family: 'ipv4', zone: 0 }), [first]);
      assert.deepEqual(tracker.connections({ protocol: 17 }), tracker.connections({ protocol: 'udp' }));
      assert.ok(tracker.connections({ state: 'ESTABLISHED' }).every((c) => c.state === 'ESTABLISHED'));
      assert.ok(tracker.connections({ family: 'ipv6' }).every((c) => c.original.src.includes(':')));
      assert.equal(tracker.connections({ src: '203.0.113.1' }).length, 0);
    });
  });

  it('has counters that add up', async () => {
    await using({ shards: 2 }, async (tracker) => {
      const events = await allEvents(tracker);
      const stats = tracker.stats();
      const sum = (counts: Readonly<Record<string, number>>): number =>
        Object.values(counts).reduce((total, count) => total + count, 0);
      const { invalid, untracked, skipped, dropped, connections } = stats;
      const others = sum(invalid) + sum(untracked) + sum(skipped) + sum(dropped);
      assert.equal(stats.packets, stats.tracked + others);
      assert.equal(connections.created, sum(connections.ended) + connections.alive);
      assert.equal(connections.alive, tracker.connections().length);
      assert.equal(events.filter((e) => e.type === 'NEW').length, connections.created);
      assert.equal(events.filter((e) => e.type === 'DESTROY').length, sum(connections.ended));
      assert.deepEqual(tracker.errors(), []);
    });
  });

  it('tells of a damaged file, and has what came before', async () => {
    const cut = join(folder, 'cut.pcap');
    writeFileSync(cut, readFileSync(MIXED).subarray(0, 100_000));
    await using({ files: [cut, '/nonexistent.pcap'] }, async (tracker) => {
      await tracker.run();
      assert.ok(tracker.stats().packets > 200);
      const [damaged, missing] = tracker.errors();
      assert.equal(damaged.code, 'FLOWSHARD_CAPTURE');
      assert.equal(damaged.file, cut);
      assert.ok(damaged.offset > 90_000 && damaged.offset < 100_000);
      assert.match(damaged.found, /end of the file/);
      assert.equal(missing.offset, 0);
      assert.match(missing.found, /no such file/);
    });
  });

  it('tracks one direction, and says of which directions it saw packets', async () => {
    const halves = async (options: Partial<TrackerOptions>): Promise<Set<string>> =>
      using(options, async (tracker) => new Set((await allEvents(tracker)).map((e) => e.connection.halves)));
    assert.deepEqual(await halves({}), new Set(['original', 'both']));
    const files = ['test/fixtures/captures/mix/mercury__emix.pcap'];
    assert.deepEqual(await halves({ files, oneWay: true }), new Set(['original', 'reply', 'both']));
  });

  it('refuses options that are wrong', () => {
    const wrong: readonly (readonly [Partial<TrackerOptions>, string])[] = [
      [{ files: [] }, 'files'],
      [{ shards: 0 }, 'shards'],
      [{ shards: 1.5 }, 'shards'],
      [{ maxConnections: -1 }, 'maxConnections'],
      [{ settings: { tcp_loose: 2 } }, 'tcp_loose'],
      [{ settings: { no_such_name: 1 } }, 'no_such_name'],
    ];
    for (const [options, name] of wrong) {
      assert.throws(
        () => openTracker({ files: [MIXED], ...options }),
        (error) => error instanceof OptionError && error.message.includes(name) && error.allowed !== '',
      );
    }
  });

  it('does not disturb another one', async () => {
    const alone = await using({}, allEvents);
    const [first, second] = await Promise.all([
      using({ shards: 2 }, allEvents),
      using({ settings: { udp_timeout: 5 } }, allEvents),
    ]);
    assert.deepEqual(first, alone);
    assert.notDeepEqual(second, alone);
  });
});

describe('close', () => {
  const begin = `import { openTracker } from 'flowshard';
    const tracker = openTracker({ files: ['${MIXED}'], shards: 2 });\n`;
  const cases: readonly (readonly [name: string, rest: string, words: string])[] = [
    ['at once', 'await tracker.close(); console.log("end");', 'end\n'],
    [
      'after leaving the loop',
      'for await (const e of tracker.events()) { console.log(e.type); break; } await tracker.close();',
      'NEW\n',
    ],
    [
      'inside of the loop',
      'for await (const e of tracker.events()) await tracker.close(); console.log("end");',
      'end\n',
    ],
    [
      'while somebody else waits for events',
      `const other = (async () => { for await (const e of tracker.events()) {} console.log('over'); })();
       await tracker.close(); await other;`,
      'over\n',
    ],
    [
      'twice',
      'await tracker.run(); await tracker.close(); await tracker.close(); console.log("end");',
      'end\n',
    ],
  ];
  for (const [name, rest, words] of cases) {
    it(`${name}: the threads end and the process can exit`, () => {
      const { status, stdout, stderr } = runProgram(begin + rest);
      assert.equal(stderr, '');
      assert.equal(stdout, words);
      assert.equal(status, 0);
    });
  }
});

describe('for those who write programs', () => {
  it('examples/library.ts runs', async () => {
    const outfile = join(folder, 'example.js');
    await build({
      entryPoints: ['examples/library.ts'],
      outfile,
      bundle: true,
      packages: 'external',
      platform: 'node',
      format: 'esm',
      target: 'node20',
    });
    const { status, stdout, stderr } = spawnSync(process.execPath, [outfile], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    assert.equal(stderr, '');
    assert.equal(status, 0);
    assert.match(stdout, /^events: \d+ NEW, \d+ UPDATE, \d+ DESTROY$/m);
    assert.match(stdout, /^established to port 443: [1-9]\d*$/m);
    assert.match(stdout, /^tcp {6}6 \d+ ESTABLISHED src=.* dport=443 .*$/m);
    assert.match(stdout, /^packets: 4709, tracked: 4699, skipped: {"not-ip":10}$/m);
  });

  it('docs/library.md shows the example as it is', () => {
    const example = readFileSync('examples/library.ts', 'utf8');
    const page = readFileSync('docs/library.md', 'utf8');
    assert.ok(
      page.includes(example.slice(example.indexOf('import')).trim()),
      'docs/library.md has another text',
    );
  });

  it('the declarations type-check a program, and refuse a wrong one', async () => {
    const check = (source: string): Promise<{ status: number | null; words: string }> => {
      const file = join(folder, 'consumer.mts');
      writeFileSync(file, source);
      const options = [
        '--noEmit',
        '--strict',
        '--module',
        'nodenext',
        '--target',
        'es2023',
        '--types',
        'node',
      ];
      const args = [resolve('node_modules/typescript/bin/tsc'), '--ignoreConfig', ...options, file];
      return new Promise((done) => {
        const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
        let words = '';
        child.stdout.on('data', (chunk) => {
          words += chunk;
        });
        child.on('close', (status) => done({ status, words }));
      });
    };
    const good = `import { type Connection, openTracker, type Stats, StatusBit } from 'flowshard';
      const tracker = openTracker({ files: ['x.pcap'], settings: { tcp_loose: 0 }, timeouts: 'classic' });
      for await (const { type, atNs, connection } of tracker.events()) {
        const nanoseconds: bigint = atNs;
        const isAssured: boolean = (connection.status & StatusBit.ASSURED) !== 0;
        console.log(type === 'DESTROY', nanoseconds, isAssured, connection.end?.reason);
      }
      const alive: readonly Connection[] = tracker.connections({ protocol: 'tcp', dport: 443 });
      const stats: Stats = tracker.stats();
      console.log(alive.length, stats.shards[0]?.probeMax, tracker.errors()[0]?.offset);\n`;
    const accepted = await check(good);
    assert.equal(accepted.status, 0, accepted.words);
    const refused = await check(good.replace("'classic'", "'modern'"));
    assert.notEqual(refused.status, 0);
    assert.match(refused.words, /modern/);
  });
});

/**
 * Any number of shards, any key of the hash and any size of the bursts give the same bytes. Every
 * fixture goes through all of them in one thread; real threads are then held against that.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { it } from 'node:test';
import { ReportMode } from '../../src/conntrack/reporter.ts';
import { timeNs } from '../../src/export/entry-view.ts';
import { openCapture } from '../../src/ingest/open-capture.ts';
import { stampCapture } from '../../src/kernel/compare/stamp.ts';
import { Counter } from '../../src/shm/counters.ts';
import { startPipeline } from '../../src/workers/pipeline.ts';
import { LINK_RAW, udpPacket } from '../support/frames.ts';
import { createRandom, SEED } from '../support/random.ts';
import { openBytes } from './open-bytes.ts';
import { FIXTURES, filesBelow, missing, SHARED } from './places.ts';
import { type Print, printed, printerFor } from './run-trace.ts';

const CAPTURES = join(FIXTURES, 'captures');
const fixtures = filesBelow(CAPTURES)
  .filter((file) => !file.endsWith('.tsv'))
  .map((file) => join(CAPTURES, file));

const SHARDS = [1, 2, 4, 8];
const PRINTS: readonly Print[] = [
  { kind: 'events', output: 'text,timestamp,id' },
  { kind: 'flows', output: 'text,id' },
  { kind: 'flows', output: 'json' },
  { kind: 'trace', output: 'text', traceTable: 8 },
];

/** For messages: the first line in which two texts differ. */
function firstDifference(a: string, b: string): string {
  const [x, y] = [a.split('\n'), b.split('\n')];
  const at = x.findIndex((line, i) => line !== y[i]);
  return `line ${at + 1}:\n  ${x[at]}\n  ${y[at]}`;
}

function assertSame(expected: readonly string[], actual: readonly string[], what: string): void {
  for (const [i, text] of actual.entries()) {
    if (text === expected[i]) continue;
    const { kind, output } = PRINTS[i];
    assert.fail(`${what}, --print ${kind} -o ${output}: ${firstDifference(expected[i], text)}`);
  }
}

it('in one thread: shards, keys and bursts make no difference', async (t) => {
  const seed = SEED;
  const random = createRandom(seed);
  t.diagnostic(`FLOWSHARD_SEED=${seed}`);
  assert.ok(fixtures.length >= 20);
  for (const file of fixtures) {
    const expected = await printed(await openCapture(file), PRINTS, ReportMode.PACKETS, { shards: 1 });
    for (const shards of SHARDS) {
      const hashKey = { k0: random.word() | 0, k1: random.word() | 0 };
      const burstSize = (): number => 1 + random.below(64);
      const run = await printed(await openCapture(file), PRINTS, ReportMode.PACKETS, {
        shards,
        hashKey,
        burstSize,
      });
      assertSame(expected.texts, run.texts, `${file}, ${shards} shards, key ${hashKey.k0},${hashKey.k1}`);
    }
  }
});

it('an id does not depend on who had the entry before', async () => {
  const v6 = udpPacket({ src: '2001:db8::1', dst: '2001:db8::2' }, { sport: 1, dport: 2 });
  const v4 = udpPacket({ src: '10.0.0.1', dst: '10.0.0.2' }, { sport: 1, dport: 2 });
  const ids: unknown[] = [];
  // Once both at a time, once the second in the place of the first.
  for (const gapS of [1n, 100n]) {
    const packets = [v6, v4].map((data, i) => ({ n: i + 1, linkType: LINK_RAW, wireLength: 0, data }));
    const bytes = stampCapture(
      packets.map((packet, i) => ({ packet, t: 10n ** 18n + BigInt(i) * gapS * 10n ** 9n })),
    );
    const { run } = await printed(await openBytes(bytes, 'two packets'), [], ReportMode.PACKETS, {
      shards: 1,
    });
    ids.push(run.connections().find((c) => c.family === 'ipv4')?.id);
  }
  assert.ok(typeof ids[0] === 'number');
  assert.equal(ids[0], ids[1]);
});

/** What a run over real threads prints. */
async function threaded(file: string, shards: number): Promise<string[]> {
  const printers = PRINTS.map(printerFor);
  const pipeline = startPipeline({ files: [file], shards, maxConnections: 16_384, mode: ReportMode.PACKETS });
  for (let reports = await pipeline.next(); reports !== null; reports = await pipeline.next())
    for (const report of reports) for (const { printer } of printers) printer.report(report);
  await pipeline.finished;
  const c = pipeline.ingestCounters();
  const endNs = timeNs(c[Counter.NOW_SEC], c[Counter.NOW_NSEC]);
  for (const { printer } of printers) await printer.finish(pipeline, endNs);
  await pipeline.close();
  return printers.map(({ out }) => out.text());
}

it('threads print what one thread prints', async () => {
  for (const [i, file] of fixtures.entries()) {
    const expected = await printed(await openCapture(file), PRINTS, ReportMode.PACKETS, { shards: 1 });
    // Starting the threads takes longest: each file gets one of the numbers.
    const shards = SHARDS[i % SHARDS.length];
    assertSame(expected.texts, await threaded(file, shards), `${file}, ${shards} shards in threads`);
  }
});

/** Hash of what the command prints, and how many bytes. */
function commandDigest(args: readonly string[]): Promise<{ digest: string; bytes: number }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['dist/cli.js', 'track', '-q', ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const hash = createHash('sha256');
    let bytes = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      hash.update(chunk);
      bytes += chunk.length;
    });
    child.on('error', reject);
    child.on('close', (status) => {
      if (status === 0) resolve({ digest: hash.digest('hex'), bytes });
      else reject(new Error(`exit status ${status}: ${args.join(' ')}`));
    });
  });
}

/** A key of its own for each number of shards, the default random one for one of them. */
const KEYS = [['--hash-key', '00112233aabbccdd'], ['--hash-key', 'ffeeddcc01234567'], [], []];

async function assertCommandSame(files: readonly string[]): Promise<string[]> {
  const digests: string[] = [];
  for (const { kind, output, traceTable } of PRINTS) {
    const table = traceTable === undefined ? [] : ['--trace-table', String(traceTable)];
    const print = ['-r', ...files, '--print', kind, '-o', output, ...table];
    const runs = [];
    for (const [i, shards] of SHARDS.entries())
      runs.push(await commandDigest([...print, '--shards', String(shards), ...KEYS[i]]));
    const distinct = new Set(runs.map((run) => run.digest));
    assert.ok(runs[0].bytes > 0);
    assert.equal(distinct.size, 1, `--print ${kind} -o ${output}: ${JSON.stringify(runs)}`);
    digests.push(`${kind} ${output}: ${runs[0].bytes} bytes, sha256 ${runs[0].digest.slice(0, 16)}`);
  }
  return digests;
}

/** They span two decades: the clock makes leaps of years. */
it('the command: twenty fixtures in one run', async () => {
  const files = fixtures.filter((file) => !/\/(bad|fmt)\//.test(file)).slice(0, 36);
  assert.ok(files.length >= 20);
  await assertCommandSame(files);
});

const BIG = join('captures', 'big', 'iot-lab-chronological.pcap');

it('the command: a day of a laboratory', { skip: missing(BIG) }, async (t) => {
  for (const line of await assertCommandSame([join(SHARED, BIG)])) t.diagnostic(line);
});

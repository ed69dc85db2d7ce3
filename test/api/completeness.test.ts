/**
 * Events of a tracker with threads, through the API, to a consumer that stalls at random and takes a snapshot whenever it
 * has missed something: every number is told or missed, and in the end its copy is the table. `--soak`: 10^7 events.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startPipeline } from '../../src/workers/pipeline.ts';
import { startServer } from '../support/api-server.ts';
import { createRandom, IS_SOAK, type Random, SEED } from '../support/random.ts';
import { until } from '../support/until.ts';

/** Each begins a connection, and most of them end it half a minute later. */
const PACKETS = IS_SOAK ? 5_400_000 : 200_000;
const PACKETS_PER_S = PACKETS / 300;
const RECORD_BYTES = 16 + 28;
const BLOCK = PACKETS / 200;
/** Blocks of a burst, and the longest pause between others. */
const HURRY_BLOCKS = 70;
const PAUSE_MS_MAX = IS_SOAK ? 800 : 50;
const RAW_IP = 101;
const START_S = 1_700_000_000;

/** Writes a capture of UDP packets, each of another connection, into a pipe: at times slowly, at times as fast as it is read. */
async function feed(pipe: string, random: Random): Promise<void> {
  const out = createWriteStream(pipe);
  const head = Buffer.alloc(24);
  for (const [i, word] of [0xa1b2c3d4, 0x00040002, 0, 0, 65535, RAW_IP].entries())
    head.writeUInt32LE(word, i * 4);
  out.write(head);
  let hurry = 0;
  for (let first = 0; first < PACKETS; first += BLOCK) {
    const count = Math.min(BLOCK, PACKETS - first);
    const block = Buffer.alloc(count * RECORD_BYTES);
    for (let i = 0; i < count; i++) writePacket(block, i * RECORD_BYTES, first + i);
    if (!out.write(block)) await once(out, 'drain');
    if (hurry > 0) hurry--;
    else if (random.chance(0.02)) hurry = HURRY_BLOCKS;
    else await sleep(random.below(PAUSE_MS_MAX));
  }
  out.end();
}

function writePacket(block: Buffer, at: number, n: number): void {
  const us = Math.floor((n * 1e6) / PACKETS_PER_S);
  block.writeUInt32LE(START_S + Math.floor(us / 1e6), at);
  block.writeUInt32LE(us % 1e6, at + 4);
  block.writeUInt32LE(28, at + 8);
  block.writeUInt32LE(28, at + 12);
  const ip = at + 16;
  block.writeUInt32BE(0x4500001c, ip);
  block.writeUInt32BE(0x40110000, ip + 8);
  block.writeUInt32BE(0x0a000000 + (n >>> 12), ip + 12);
  block.writeUInt32BE(0xc0000235, ip + 16);
  let sum = 0;
  for (let i = 0; i < 20; i += 2) sum += block.readUInt16BE(ip + i);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  block.writeUInt16BE(~sum & 0xffff, ip + 10);
  block.writeUInt16BE(1024 + (n & 4095), ip + 20);
  block.writeUInt16BE(53, ip + 22);
  block.writeUInt16BE(8, ip + 24);
}

/** As much of a line as is looked at. */
interface Line {
  readonly record: string;
  readonly owner: number;
  readonly seq: number;
  readonly type: string;
  readonly from: number;
  readonly to: number;
  readonly since: string;
  readonly id: number;
  readonly original: { readonly src: string; readonly sport: number };
  readonly connection: Line;
}

async function* linesOf(stream: IncomingMessage): AsyncGenerator<Line[]> {
  let rest = '';
  for await (const chunk of stream) {
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop() ?? '';
    yield lines.map((line) => JSON.parse(line) as Line);
  }
}

const numbersOf = (since: string): number[] =>
  since
    .replace(/^.*\//, '')
    .split(',')
    .map((pair) => Number(pair.split(':')[1]));

/** Of ids that two connections share the tuple tells. */
const keyOf = ({ id, original }: Line): string => `${id} ${original.src} ${original.sport}`;

test('a consumer that stalls always knows what it missed, and has the table in the end', async (t) => {
  const seed = SEED;
  const random: Random = createRandom(seed);
  const folder = mkdtempSync(join(tmpdir(), 'flowshard-events-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const pipe = join(folder, 'packets');
  assert.equal(spawnSync('mkfifo', [pipe]).status, 0);
  const pipeline = startPipeline({
    files: [pipe],
    shards: 2,
    service: true,
    hold: true,
    maxConnections: 2 * PACKETS,
  });
  const { control } = pipeline;
  assert.ok(control !== null);
  const server = await startServer({ control });
  t.after(async () => {
    await server.close();
    pipeline.stop();
    await pipeline.finished;
    await pipeline.close();
  });

  const copy = new Set<string>();
  let position: number[] = control.eventPosition().map(() => 0);
  let told = 0;
  let missed = 0;
  let snapshots = 0;
  /** Numbers that a snapshot made up for. */
  let skipped = 0;

  const stall = async (): Promise<void> => {
    if (random.chance(0.02)) await sleep(random.below(random.chance(0.1) ? 800 : 60));
  };

  function apply(line: Line): void {
    const { owner, seq, type, connection } = line;
    assert.equal(seq, position[owner], `seed ${seed}: owner ${owner} has a number missing or twice`);
    position[owner] = seq + 1;
    told++;
    if (type === 'DESTROY') copy.delete(keyOf(connection));
    else copy.add(keyOf(connection));
  }

  async function takeSnapshot(): Promise<void> {
    snapshots++;
    copy.clear();
    let last = '';
    for await (const lines of linesOf(await server.open('/v1/connections?format=ndjson&snapshot=true'))) {
      for (const line of lines) {
        last = line.record;
        if (line.record === 'connection') copy.add(keyOf(line));
        if (line.record !== 'snapshot') continue;
        const since = numbersOf(line.since);
        for (const [owner, number] of since.entries()) {
          assert.ok(number >= position[owner], `seed ${seed}: the snapshot is older than what was told`);
          skipped += number - position[owner];
        }
        position = since;
      }
      await stall();
    }
    assert.equal(last, 'snapshot-end', `seed ${seed}`);
  }

  /** Reads events until something was missed, or there are no more. */
  async function follow(isLast: () => boolean): Promise<'gap' | 'end'> {
    const since = position.map((number, owner) => `${owner}:${number}`).join(',');
    const stream = await server.open(`/v1/events?heartbeat=1&since=${since}`);
    try {
      for await (const lines of linesOf(stream)) {
        for (const line of lines) {
          if (line.record === 'event') apply(line);
          if (line.record !== 'gap') continue;
          assert.equal(line.from, position[line.owner], `seed ${seed}: the gap begins elsewhere`);
          position[line.owner] = line.to + 1;
          missed += line.to - line.from + 1;
          return 'gap';
        }
        if (isLast()) return 'end';
        await stall();
      }
      throw new Error('the stream has ended by itself');
    } finally {
      stream.destroy();
    }
  }

  const isRead = (): boolean => control.stats().packets === PACKETS;
  const isAllTold = (): boolean =>
    isRead() && control.eventPosition().every((number, owner) => number === position[owner]);
  const fed = feed(pipe, createRandom(seed + 1));
  while ((await follow(isAllTold)) === 'gap') await takeSnapshot();

  await fed;
  await until(isRead, 'the capture was read');
  assert.equal(
    told + missed + skipped,
    control.eventPosition().reduce((a, b) => a + b, 0),
    `seed ${seed}: a number is unexplained`,
  );
  const table = new Set<string>();
  for await (const lines of linesOf(await server.open('/v1/connections?format=ndjson')))
    for (const line of lines) table.add(keyOf(line));
  // Who is past the deadline is in no list, though the wheel may not have told of the end yet.
  for (const key of table) assert.ok(copy.has(key), `seed ${seed}: ${key} is missing in the copy`);
  assert.ok(copy.size - table.size <= PACKETS_PER_S, `seed ${seed}: ${copy.size - table.size} too many`);
  assert.ok(table.size > PACKETS / 20);
  assert.ok(told > 1000 && snapshots > 0, `told ${told}, ${snapshots} snapshots: the test shows nothing`);
  t.diagnostic(`${told} told, ${missed} missed in gaps, ${skipped} made up for by ${snapshots} snapshots`);
  assert.deepEqual(server.bugs, []);
});

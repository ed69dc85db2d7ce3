/** A table full of connections: the kernel's through ctnetlink, ours from packets; both must hold the same. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { captureHeader, handshakes } from '../../src/kernel/crowd/capture.ts';
import { createPopulation, PER_SOURCE, sourceText } from '../../src/kernel/crowd/population.ts';
import type { TcpConnection } from '../../src/kernel/linux/conntrack-request.ts';
import { KernelError } from '../../src/kernel/linux/kernel-error.ts';
import { type CrowdRun, startCrowdRun } from '../../src/workers/crowd-run.ts';
import { CLI, linesOf, tempFile } from '../cli/cli.ts';
import { isInstalled } from '../support/namespaces.ts';
import { kernelMissing } from './live.ts';

const skip = await kernelMissing();
const CONNECTIONS = 20 * PER_SOURCE + 100;
const FIRST_SEC = 1_700_000_000;

async function withCrowd(work: (crowd: CrowdRun) => Promise<void>): Promise<void> {
  const crowd = await startCrowdRun();
  try {
    await work(crowd);
  } finally {
    await crowd.close();
  }
}

/** Without what the two sides have not in common: seconds left, and what was counted. */
const bare = (line: string): string =>
  line.replace(/^(\S+ +\d+) \d+ /, '$1 ').replaceAll(/ (?:packets|bytes)=\d+/g, '');

describe('the population', () => {
  it('has each connection once, whatever their number', () => {
    for (const count of [1, 255, 256, 257, 1000, 7919, 3 * 7919, 20_000]) {
      const at = createPopulation(count);
      const seen = new Set<string>();
      const perSource = new Map<number, number>();
      const c: TcpConnection = { src: 0, dst: 0, sport: 0, dport: 0 };
      for (let i = 0; i < count; i++) {
        at(i, c);
        seen.add(`${c.src}:${c.sport}-${c.dst}:${c.dport}`);
        perSource.set(c.src, (perSource.get(c.src) ?? 0) + 1);
      }
      assert.equal(seen.size, count);
      const sizes = [...perSource.values()];
      assert.equal(sizes.filter((size) => size === PER_SOURCE).length, Math.floor(count / PER_SOURCE));
      assert.ok(sizes.every((size) => size <= PER_SOURCE));
    }
  });

  it('addresses are plain unicast ones', () => {
    assert.equal(sourceText(0), '10.0.0.1');
    assert.equal(sourceText(255), '10.0.1.0');
  });
});

describe('the kernel through ctnetlink', { skip }, () => {
  it('fills, counts, lists, chooses by source, deletes, flushes', () =>
    withCrowd(async (crowd) => {
      const count = async (): Promise<number> => (await crowd.ask({ ask: 'count' })).connections;
      const list = async (group: number | null): Promise<number> =>
        (await crowd.ask({ ask: 'list', group })).connections;
      assert.equal((await crowd.ask({ ask: 'fill', connections: CONNECTIONS })).connections, CONNECTIONS);
      assert.equal(await count(), CONNECTIONS);
      assert.equal(await list(null), CONNECTIONS);
      assert.equal(await list(3), PER_SOURCE);
      assert.equal(await list(20), 100);
      assert.equal(await list(21), 0);
      assert.equal((await crowd.ask({ ask: 'delete', group: 3 })).connections, PER_SOURCE);
      assert.equal(await list(3), 0);
      assert.equal(await list(4), PER_SOURCE);
      assert.equal(await count(), CONNECTIONS - PER_SOURCE);
      await crowd.ask({ ask: 'flush' });
      assert.equal(await count(), 0);
    }));

  it('a connection that is there already is an error with words', () =>
    withCrowd(async (crowd) => {
      await crowd.ask({ ask: 'fill', connections: 10 });
      await assert.rejects(crowd.ask({ ask: 'fill', connections: 10 }), (error) => {
        assert.ok(error instanceof KernelError);
        assert.match(error.message, /making 10 connections: EEXIST/);
        return true;
      });
    }));

  it('a program that fails is an error with what it said', () =>
    withCrowd(async (crowd) => {
      const command = ['sh', '-c', 'echo lost >&2; exit 3'];
      await assert.rejects(crowd.ask({ ask: 'run', command }), /exit 3 failed: lost/);
      await assert.rejects(crowd.ask({ ask: 'run', command: ['fs-no-such-program'] }), /ENOENT/);
    }));

  const noConntrack = skip || (!isInstalled('conntrack') && 'needs conntrack(8)');
  it('our packets make the same table as was put into the kernel', { skip: noConntrack }, () =>
    withCrowd(async (crowd) => {
      await crowd.ask({ ask: 'fill', connections: CONNECTIONS });
      const output = tempFile('kernel.txt', '');
      const { said } = await crowd.ask({ ask: 'run', command: ['sh', '-c', `conntrack -L > ${output}`] });
      assert.match(said, new RegExp(`${CONNECTIONS} flow entries have been shown`));
      const theirs = linesOf(readFileSync(output, 'utf8'));

      const pieces = [captureHeader(), ...handshakes(CONNECTIONS, createPopulation(CONNECTIONS), FIRST_SEC)];
      const capture = tempFile('crowd.pcap', Buffer.concat(pieces));
      const args = [CLI, 'track', '-r', capture, '--stats', '--json'];
      const { stdout, status } = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 1 << 26 });
      assert.equal(status, 0);
      const ours = linesOf(stdout);
      const stats = JSON.parse(ours.pop() ?? '');
      assert.equal(stats.tracked, 3 * CONNECTIONS);
      assert.deepEqual(stats.invalid, {});
      assert.deepEqual(ours.map(bare).sort(), theirs.map(bare).sort());
    }),
  );
});

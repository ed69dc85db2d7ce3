/** bench/live runs, with inputs so small that its times mean nothing; its counts are right all the same. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { enterOwnNetwork } from '../support/own-network.ts';

test('bench/live counts every packet that it sent', { skip: enterOwnNetwork() }, () => {
  const args = ['--packets', '3000', '--connections', '100', '--rate', '5000', '--seconds', '0.2'];
  const output = execFileSync(process.execPath, ['dist/bench/live.js', ...args], { encoding: 'utf8' });
  const rows = output.trim().split('\n').slice(1);
  assert.deepEqual(
    rows.map((row) => {
      const [sent, , read, wireDrops, kernelDrops, , unaccounted] = row
        .slice(18)
        .trim()
        .split(/ +/)
        .map(Number);
      return [sent, read + wireDrops + kernelDrops, unaccounted];
    }),
    [
      [3000, 3000, 0],
      [1000, 1000, 0],
    ],
  );
});

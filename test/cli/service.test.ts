/** The unit for systemd, and docs/service.md. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { isInstalled } from '../support/namespaces.ts';
import { linesOf, track } from './cli.ts';

const UNIT = 'packaging/flowshard.service';
const lines = linesOf(readFileSync(UNIT, 'utf8'));
const unitValue = (key: string): string =>
  lines.find((line) => line.startsWith(`${key}=`))?.slice(key.length + 1) ?? '';

describe('the unit', () => {
  it('starts the command with options that it has', async () => {
    const { stdout } = await track('--help');
    const options = [...unitValue('ExecStart').matchAll(/--[\w-]+/g)].map(([option]) => option);
    assert.ok(options.length >= 3);
    for (const option of options) assert.match(stdout, new RegExp(`^ {2}(?:-\\w, )?${option} `, 'm'));
  });

  it('has one right, and the socket that docs/service.md names', () => {
    assert.equal(unitValue('CapabilityBoundingSet'), 'CAP_NET_RAW');
    const socket = /--socket (\S+)/.exec(unitValue('ExecStart'))?.[1] ?? '';
    assert.ok(socket.startsWith(`/run/${unitValue('RuntimeDirectory')}/`));
    assert.ok(readFileSync('docs/service.md', 'utf8').includes(`\`${socket}\``));
  });

  const skip = isInstalled('systemd-analyze') ? false : 'needs systemd-analyze';
  it('is one that systemd takes', { skip }, () => {
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', UNIT], {
      encoding: 'utf8',
    });
    assert.doesNotMatch(stderr, /flowshard\.service/);
    assert.equal(status, 0, stderr);
  });
});

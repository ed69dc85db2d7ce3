/** The progress bar, under a pseudo terminal that `script` of util-linux makes. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { CLI, MIXED } from './cli.ts';

const hasScript = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux');
const skip = hasScript ? false : 'script of util-linux is not installed: no pseudo terminal';

/** What a terminal gets from a shell command. */
function onTerminal(command: string): string {
  const { stdout, status } = spawnSync('script', ['-qec', command, '/dev/null'], {
    encoding: 'utf8',
    timeout: 30_000,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  assert.equal(status, 0, stdout);
  return stdout;
}

const run = `'${process.execPath}' '${CLI}' track --print none`;

describe('on a terminal', { skip }, () => {
  it('a file has a bar with bytes, packets per second and time left, gone at the end', () => {
    const shown = onTerminal(`${run} -r '${MIXED}' -r '${MIXED}'`);
    assert.match(shown, /\d+(\.\d)? k?M?B( of \d+\.\d MB)?, [\d,]+ packets\/s/);
    // Cleared, cursor shown again, then the summary.
    const [, after] = shown.split('\x1b[?25h');
    assert.ok(after.includes('\x1b[2K9,418 packets, '), after);
  });

  it('a pipe has bytes and packets per second only', () => {
    const shown = onTerminal(`(cat '${MIXED}'; sleep 0.5) | ${run} -r -`);
    assert.match(shown, /\r?2\.9 MB, [\d,]+ packets\/s/);
    assert.doesNotMatch(shown, / of |s left/);
  });

  it('--quiet: none', () => {
    assert.equal(onTerminal(`${run} -q -r '${MIXED}'`), '');
  });

  it('none while lines scroll by', () => {
    const shown = onTerminal(`'${process.execPath}' '${CLI}' track --print events -r '${MIXED}'`);
    assert.equal(shown.includes('\x1b'), false);
  });
});

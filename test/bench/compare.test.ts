/** Two builds in turn: the revision is built in a folder of its own, and nothing of it is left. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { test } from 'node:test';

const git = (...args: string[]) => spawnSync('git', args, { encoding: 'utf8' });
const isCheckout = existsSync('.git') && git('rev-parse', 'HEAD').status === 0;

test('npm run bench -- --compare prints the ratios of both builds and leaves nothing behind', {
  skip: isCheckout ? false : 'not a checkout of git: there is no other revision',
}, () => {
  const args = ['--scale', 'tiny', '--only', 'startup', '--compare', 'HEAD'];
  const { status, stdout, stderr } = spawnSync(process.execPath, ['dist/bench/run.js', ...args], {
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^figure +HEAD \([0-9a-f]{7,}\) +here +unit +here by there +by least values$/m);
  assert.match(stdout, /^start-up to first packet( +[\d.]+){2} +s( +[\d.]+){2}$/m);
  assert.doesNotMatch(git('worktree', 'list').stdout, /flowshard-compare-/);
});

test('a revision that is not there is said to be none', {
  skip: isCheckout ? false : 'not a checkout of git',
}, () => {
  const { status, stderr } = spawnSync(
    process.execPath,
    ['dist/bench/run.js', '--scale', 'tiny', '--only', 'startup', '--compare', 'no-such-revision'],
    { encoding: 'utf8' },
  );
  assert.equal(status, 2);
  assert.match(stderr, /bench: there is no revision no-such-revision/);
});

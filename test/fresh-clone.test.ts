/**
 * What a newcomer does: a clone, then `npm start`, then again without a network. The clone is what git would
 * hand out of the working tree. Needs the npm registry or npm's cache once.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { it, type TestContext } from 'node:test';

const NPM_MS_MAX = 50_000;
/** Words of npm when it has neither network nor cache. */
const UNREACHABLE = /ENOTCACHED|EAI_AGAIN|ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|network/;

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** npm without what the npm that runs these tests put into the environment. */
function npm(cwd: string, args: readonly string[], extra: NodeJS.ProcessEnv = {}): Ran {
  const own = Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_)/i.test(name));
  const env = { ...Object.fromEntries(own), ...extra };
  return spawnSync('npm', args, { cwd, env, encoding: 'utf8', timeout: NPM_MS_MAX });
}

/** The files that git knows or would take, as they are now. */
function copyClone(to: string): boolean {
  const { status, stdout } = spawnSync(
    'git',
    ['ls-files', '-z', '--cached', '--others', '--exclude-standard'],
    {
      encoding: 'utf8',
    },
  );
  if (status !== 0) return false;
  for (const file of stdout.split('\0').filter((name) => name !== '' && existsSync(name))) {
    mkdirSync(dirname(join(to, file)), { recursive: true });
    cpSync(file, join(to, file));
  }
  return true;
}

function assertStarted({ status, stdout, stderr }: Ran): void {
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^tcp {6}6 \d+ ESTABLISHED src=.* \[ASSURED\] mark=0 use=1$/m);
  assert.match(stderr, /^flowshard v\S+: \d+ flow entries have been shown\.$/m);
  assert.match(stderr, /^4,709 packets, .* packets\/s, \d+ shards?$/m);
}

it('npm start in a fresh clone, and again without a network', { timeout: 110_000 }, (t: TestContext) => {
  const clone = mkdtempSync(join(tmpdir(), 'flowshard-clone-'));
  try {
    if (!copyClone(clone)) return t.skip('git is not there, or this is no working tree');
    const first = npm(clone, ['start'], { npm_config_prefer_offline: 'true' });
    if (first.status !== 0 && UNREACHABLE.test(first.stderr)) {
      return t.skip('the npm registry cannot be reached and the cache does not have the packages');
    }
    assertStarted(first);
    assertStarted(npm(clone, ['start'], { npm_config_offline: 'true' }));
    const help = npm(clone, ['start', '--', 'track', '--help'], { npm_config_offline: 'true' });
    assert.match(help.stdout, /^Usage: flowshard track /m);
  } finally {
    rmSync(clone, { recursive: true, force: true });
  }
});

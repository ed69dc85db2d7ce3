/** The command line of `flowshard contrast verdicts`, and what it says where the kernel cannot be asked. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { CLI, flowshard, MIXED } from './cli.ts';

const verdicts = (...args: readonly string[]) => flowshard(['contrast', 'verdicts', ...args]);

it('--help has examples, the exit statuses, and every kind of traffic', async () => {
  const { status, stdout, stderr } = await verdicts('--help');
  assert.equal(status, 0);
  assert.equal(stderr, '');
  for (const option of [
    '-r, --read',
    '--fuzz',
    '--seed',
    '--mix',
    '--checksum',
    '--set',
    '--helpers',
    '--write',
  ])
    assert.ok(stdout.includes(`\n  ${option} `), option);
  assert.match(stdout, /tcp, udp, icmp, sctp, gre,\s+other, headers,\s+fragments, damaged/);
  assert.match(stdout, /^Examples:$/m);
  for (const exit of ['0', '1', '2', '130']) assert.match(stdout, new RegExp(`^ {2}${exit} +\\w`, 'm'));
});

it('docs/contrast.md has the options of --help', async () => {
  const page = readFileSync('docs/contrast.md', 'utf8');
  const { stdout } = await verdicts('--help');
  const options = [...stdout.matchAll(/^ {2}((?:-\w, )?--[\w-]+(?: <[^>]+>)?) /gm)].map((match) => match[1]);
  const documented = [...page.matchAll(/^\| `(-[^`]*)`/gm)].map((match) => match[1]);
  assert.deepEqual(documented, options);
});

/** Arguments, and what the message must have. */
const WRONG: readonly (readonly [args: readonly string[], ...words: readonly RegExp[]])[] = [
  [[], /-r\/--read/, /captures, or --fuzz/],
  [['-r', MIXED, '--fuzz', '5'], /--fuzz/, /without -r\/--read/],
  [['-r', MIXED, '--mix', 'tcp'], /--mix/, /with --fuzz/],
  [['--fuzz', '0'], /--fuzz/, /"0"/, /a whole number from 1/],
  [['--fuzz', '5', '--mix', 'tcp,foo'], /--mix/, /"foo"/, /tcp, udp, icmp/],
  [['--fuzz', '5', '--set', 'foo=1'], /--set/, /"foo=1"/],
  [['--fuzz', '5', '--checksum', 'x'], /--checksum/, /verify, ignore/],
  [['--fuzz', '5', '--helpers', 'x'], /--helpers/, /"x"/],
  [['--fuzzy', '5'], /--fuzzy/, /no such option/],
  [['extra'], /contrast verdicts/, /named with -r/],
];

describe('a wrong command line: status 2, one message, nothing on standard output', () => {
  for (const [args, ...words] of WRONG)
    it(`contrast verdicts ${args.join(' ')}`, async () => {
      const { status, stdout, stderr } = await verdicts(...args);
      assert.equal(status, 2, stderr);
      assert.equal(stdout, '');
      assert.match(stderr, /^flowshard: [^\n]+\n$/);
      for (const word of words) assert.match(stderr, word);
    });
});

/** Nobody. Root gives up being it for this test. */
const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
const canRead = spawnSync('test', ['-r', 'node_modules/koffi/package.json'], user).status === 0;

it('without root it says what is missing and what to do, with status 1', {
  skip: canRead ? false : 'other users cannot read the project here',
}, () => {
  const run = spawnSync(process.execPath, [CLI, 'contrast', 'verdicts', '--fuzz', '10'], {
    encoding: 'utf8',
    ...user,
  });
  assert.equal(run.stdout, '');
  assert.equal(
    run.stderr,
    'flowshard: the kernel cannot be asked: a network namespace needs root; run it with sudo\n',
  );
  assert.equal(run.status, 1);
});

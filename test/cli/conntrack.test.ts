/**
 * `flowshard conntrack` without a kernel beside it: how it reads its command line, and what it does to a tracker
 * without threads. Whether that is what conntrack does is asked in conntrack-kernel.test.ts.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { ConntrackError } from '../../src/cli/conntrack/errors.ts';
import { type GetoptSpec, readWords } from '../../src/cli/conntrack/getopt.ts';
import { COMMAND_SPECS, OPTION_SPECS } from '../../src/cli/conntrack/options.ts';
import { parseConntrack } from '../../src/cli/conntrack/parse.ts';
import { runConntrack } from '../../src/cli/conntrack/run.ts';
import { networkOf } from '../../src/cli/conntrack/values.ts';
import { startServer, type TestServer } from '../support/api-server.ts';
import fc from '../support/fast-check.ts';
import { flowshard, linesOf, tempFile } from './cli.ts';
import { QUESTIONS, TABLE, WRONG } from './conntrack-lines.ts';

describe('options as getopt_long reads them', () => {
  type Id = 'list' | 'src' | 'srckey' | 'all' | 'zero' | 'own';
  const SPECS: readonly GetoptSpec<Id>[] = [
    { id: 'list', letter: 'L', names: ['list'], value: 'optional' },
    { id: 'src', letter: 's', names: ['src', 'orig-src'], value: 'required' },
    { id: 'srckey', names: ['srckey'], value: 'required' },
    { id: 'all', letter: 'a', names: ['all'], value: 'none' },
    { id: 'zero', letter: 'z', names: ['zero'], value: 'none' },
    { id: 'own', names: ['zoo'], value: 'required', isExact: true },
  ];
  const read = (...argv: readonly string[]): string =>
    [...readWords(argv, () => SPECS)]
      .map((word) => (word.kind === 'operand' ? `(${word.text})` : `${word.id}=${word.value}`))
      .join(' ');

  for (const [argv, words] of [
    [['-s', 'x'], 'src=x'],
    [['-sx'], 'src=x'],
    [['--src', 'x'], 'src=x'],
    [['--src=x=y'], 'src=x=y'],
    [['--src='], 'src='],
    [['--orig', 'x'], 'src=x'],
    [['-azsx'], 'all=null zero=null src=x'],
    [['-az', '-L'], 'all=null zero=null list=null'],
    [['-L', 'x', '-a'], 'list=x all=null'],
    [['-L', '-a', 'x'], 'list=null all=null (x)'],
    [['-s', '-a'], 'src=-a'],
    [['--z', '--zoo', 'x'], 'zero=null own=x'],
    [['-a', '--', '-s', '-'], 'all=null (-s) (-)'],
    [['-', ''], '(-) ()'],
  ] as const) {
    it(argv.join(' '), () => assert.equal(read(...argv), words));
  }

  for (const [argv, message] of [
    [['--sr', 'x'], /may mean --src, --srckey/],
    [['-x'], /-x: there is no such option/],
    [['--nonsense=1'], /--nonsense: there is no such option/],
    [['-s'], /-s: its value is missing/],
    [['--src'], /--src: its value is missing/],
    [['--all=1'], /--all: it takes no value/],
    [['--zo', 'x'], /--zo: there is no such option/],
  ] as const) {
    it(`not: ${argv.join(' ')}`, () => assert.throws(() => read(...argv), message));
  }

  it('any words: options, or an error of ours', () => {
    const words = [...COMMAND_SPECS, ...OPTION_SPECS].flatMap((spec) => [
      `-${spec.letter}`,
      `--${'id' in spec ? spec.id : spec.name}`,
    ]);
    const word = fc.oneof(fc.constantFrom(...words, 'tcp', '10.0.0.1', '5', 'expect'), fc.string());
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), (argv) => {
        try {
          parseConntrack(argv);
        } catch (error) {
          assert.ok(error instanceof ConntrackError, String(error));
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('masks beside addresses', () => {
  const network = (address: string, mask: string): string => networkOf('-s', address, true, mask).text;
  it('become lengths of prefixes', () => {
    assert.equal(network('10.0.0.0', '255.255.255.0'), '10.0.0.0/24');
    assert.equal(network('10.0.0.0', '255.255.255.255'), '10.0.0.0/32');
    assert.equal(network('10.0.0.0', '0.0.0.0'), '10.0.0.0/0');
    assert.equal(network('2001:db8::', 'ffff:ffff::'), '2001:db8::/32');
    assert.equal(network('::1', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'), '::1/128');
  });
  it('that are none are refused', () => {
    for (const mask of ['255.0.255.0', 'ffff::', 'x', '255.255.255.1'])
      assert.throws(() => network('10.0.0.0', mask), /not a mask/, mask);
    assert.throws(() => networkOf('-s', 'fe80::1%eth0'), /not an address/);
  });
});

describe('a table over the socket', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer();
  });
  after(async () => {
    await server.close();
    assert.deepEqual(server.bugs, []);
  });

  async function run(command: string): Promise<{ status: number; stdout: string; stderr: string }> {
    const stdout = new PassThrough();
    const stderr = new PassThrough();
    const argv = ['--socket', join(server.folder, 'api.sock'), ...command.split(' ')];
    const status = await runConntrack(argv, { stdout, stderr });
    return { status, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') };
  }

  it('is made, and asked about', async () => {
    for (const command of TABLE) {
      const { status, stderr } = await run(command);
      assert.equal(status, 0, `${command}: ${stderr}`);
      assert.match(stderr, /^flowshard v\S+ \(conntrack-compatible\): 1 flow entries have been created\.\n$/);
    }
    assert.equal((await run('-C')).stdout, `${TABLE.length}\n`);
    for (const command of QUESTIONS) {
      const { status, stderr } = await run(command);
      const isGet = command.startsWith('-G');
      assert.ok(status === 0 || (isGet && status === 1), `${command}: ${status} ${stderr}`);
    }
    const saved = await run('-L -o save');
    assert.equal((await run('-F')).status, 0);
    assert.equal((await run(`-R ${tempFile('saved', saved.stdout)}`)).status, 0);
    const lines = async (): Promise<string[]> => linesOf((await run('-L -o save')).stdout).sort();
    assert.deepEqual(await lines(), linesOf(saved.stdout).sort());
    const bad = await run(`-R ${tempFile('bad', `# a comment\n\n-L nonsense\n`)}`);
    assert.equal(bad.status, 2);
    assert.match(bad.stderr, /bad: line 3: "nonsense"/);
    const stats = linesOf((await run('-S')).stdout);
    for (const line of stats)
      assert.match(line, /^cpu=\d {3}\tfound=\d+ invalid=\d+ insert=\d+ .* chaintoolong=\d+ $/);
  });

  for (const command of WRONG) {
    it(`refuses ${command}`, async () => {
      const { status, stdout, stderr } = await run(command);
      assert.ok(status === 2 || status === 1, `${status}`);
      assert.equal(stdout, '');
      assert.match(stderr, /^flowshard v\S+ \(conntrack-compatible\): \S/);
    });
  }
});

it('the help has every option; the version is a line', async () => {
  for (const args of [['conntrack'], ['conntrack', '--help'], ['help', 'conntrack']]) {
    const { status, stdout } = await flowshard(args);
    assert.equal(status, 0);
    for (const { letter, name } of COMMAND_SPECS) assert.ok(stdout.includes(`-${letter}, --${name}`), name);
    for (const { id, aliases = [] } of OPTION_SPECS)
      for (const name of [id, ...aliases]) assert.ok(stdout.includes(`--${name}`), name);
  }
  assert.match((await flowshard(['conntrack', '-V'])).stdout, /^flowshard v\S+ \(conntrack-compatible\)\n$/);
});

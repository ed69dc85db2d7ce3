/** Shell completion, by running the shells that are here, and the manual page. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { describeCommands, nameOf } from '../../src/cli/completion/commands.ts';
import { manPage } from '../../src/cli/man-page.ts';
import { COMMANDS } from '../../src/cli/registry.ts';
import { isInstalled } from '../support/namespaces.ts';
import { flowshard, linesOf, tempFile } from './cli.ts';

const commands = await describeCommands();
const without = (program: string): string | false =>
  isInstalled(program) ? false : `${program} is not installed`;

async function scriptFile(shell: string): Promise<string> {
  const { status, stdout, stderr } = await flowshard(['completion', shell]);
  assert.equal(status, 0, stderr);
  return tempFile(`completion.${shell}`, stdout);
}

describe('completion in bash', { skip: without('bash') }, () => {
  /** What the last word may become. */
  async function completions(...words: readonly string[]): Promise<string[]> {
    const file = await scriptFile('bash');
    const line = words.map((word) => `'${word}'`).join(' ');
    const script = `source '${file}'; COMP_WORDS=(flowshard ${line}); COMP_CWORD=${words.length}; _flowshard; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr, status } = spawnSync('bash', ['--norc', '-c', script], {
      encoding: 'utf8',
      cwd: process.cwd(),
    });
    assert.deepEqual([status, stderr], [0, '']);
    return linesOf(stdout);
  }

  it('of commands', async () => {
    const names = COMMANDS.map(({ name }) => name);
    assert.deepEqual(await completions(''), [...names, 'help']);
    assert.deepEqual(await completions('tr'), ['track']);
    assert.deepEqual(await completions('--'), ['--help', '--version']);
    assert.deepEqual(await completions('help', 'wa'), ['watch']);
    assert.deepEqual(await completions('contrast', 'v'), ['verdicts']);
    assert.deepEqual((await completions('expect', '')).sort(), ['create', 'delete', 'flush', 'list']);
  });

  it('of options and their values', async () => {
    assert.deepEqual(await completions('track', '--pr'), ['--print']);
    assert.deepEqual(await completions('track', '--print', 'e'), ['events', 'expect']);
    assert.deepEqual(await completions('track', '-p', 'f'), ['flows']);
    assert.deepEqual(await completions('track', '--print', '=', 'f'), ['flows'], 'bash parts --print=f so');
    assert.deepEqual(await completions('track', '-r', 'package.js'), ['package.json']);
    assert.deepEqual(await completions('list', '--sort', ''), ['bytes', 'packets', 'age']);
    assert.deepEqual(await completions('contrast', 'verdicts', '--fu'), ['--fuzz']);
    assert.ok((await completions('track', '-i', '')).includes('lo'));
    assert.deepEqual(await completions('conntrack', '--du'), ['--dump']);
    assert.deepEqual(await completions('list', '--limit', ''), []);
  });

  it('of filters, settings and files', async () => {
    assert.deepEqual(await completions('list', 'dpo'), ['dport']);
    assert.deepEqual(await completions('watch', 'tcp', 'ESTAB'), ['ESTABLISHED']);
    assert.deepEqual(await completions('config', 'tcp_lo'), ['tcp_loose', 'tcp_loose=']);
    assert.deepEqual(await completions('explain', 'package.js'), ['package.json']);
  });
});

it('the script for zsh is one that zsh reads', { skip: without('zsh') }, async () => {
  const { status, stderr } = spawnSync('zsh', ['-n', await scriptFile('zsh')], { encoding: 'utf8' });
  assert.deepEqual([status, stderr], [0, '']);
});

it('the script for fish completes', { skip: without('fish') }, async () => {
  const file = await scriptFile('fish');
  const run = (line: string): string[] => {
    const { stdout } = spawnSync('fish', ['-c', `source ${file}; complete -C '${line}'`], {
      encoding: 'utf8',
    });
    return linesOf(stdout).map((found) => found.split('\t')[0]);
  };
  assert.deepEqual(run('flowshard tra'), ['track']);
  assert.deepEqual(run('flowshard track --print '), ['events', 'expect', 'flows', 'none', 'table', 'trace']);
});

it('no other shell', async () => {
  const { status, stderr } = await flowshard(['completion', 'tcsh']);
  assert.equal(status, 2);
  assert.match(stderr, /^flowshard: SHELL: "tcsh" is not allowed; allowed: bash, zsh, fish\n$/);
  assert.equal((await flowshard(['completion'])).status, 2);
});

describe('every command', () => {
  for (const command of commands) {
    it(`${nameOf(command)} has a help with examples, of itself, and exit statuses`, async () => {
      const { status, stdout } = await flowshard([...command.path, '--help']);
      assert.equal(status, 0);
      const { help, summary, subcommands } = command;
      assert.match(summary, /^[A-Z].*\.$/);
      if (subcommands.length > 0 && help === null) return;
      assert.ok(help !== null && help.examples.length > 0);
      for (const [line, what] of help.examples) {
        assert.ok(stdout.includes(`  # ${what}\n  ${line}\n`), line);
        assert.match(line, /flowshard/);
      }
      assert.ok(stdout.includes('\nExit status:\n'));
    });
  }

  it('is in the manual page, with its options', async () => {
    const page = await manPage();
    for (const command of commands) {
      assert.ok(page.includes(`.SS "flowshard ${nameOf(command).replaceAll('-', '\\-')}"`), nameOf(command));
      for (const { long, isHidden } of command.options)
        assert.ok(
          isHidden || page.includes(`\\fB${long.replaceAll('-', '\\-')}\\fR`),
          `${nameOf(command)} ${long}`,
        );
    }
  });

  it('and the manual page is drawn without a warning', { skip: without('man') }, async () => {
    const file = tempFile('flowshard.1', await manPage());
    const env = { ...process.env, MANWIDTH: '100', LC_ALL: 'C.UTF-8', MAN_KEEP_FORMATTING: '' };
    const { status, stdout, stderr } = spawnSync('man', ['--warnings', '-l', file], {
      encoding: 'utf8',
      env,
    });
    assert.deepEqual([status, stderr], [0, '']);
    assert.match(stdout, /^FLOWSHARD\(1\)/);
    assert.match(stdout, /flowshard list \[options\] \[filter\.\.\.\]/);
  });
});

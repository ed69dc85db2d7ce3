/** Ties docs/commands.md and docs/conntrack.md to the commands. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { COMMANDS } from '../../src/cli/registry.ts';
import { flowshard } from './cli.ts';
import { DIFFERENCES } from './conntrack-lines.ts';

const page = readFileSync('docs/commands.md', 'utf8');

it('docs/commands.md has every command that asks a tracker, in the order of the help, with its summary', () => {
  const rows = [...page.matchAll(/^\| `(\w+)` +\| ([A-Z].*\.) +\|$/gm)].map(([, name, summary]) => [
    name,
    summary,
  ]);
  const others = ['track', 'explain', 'gen', 'bench', 'contrast'];
  assert.deepEqual(
    rows,
    COMMANDS.filter(({ name }) => !others.includes(name)).map(({ name, summary }) => [name, summary]),
  );
});

it('docs/commands.md has the options that name a tracker, and the exit statuses', async () => {
  const { stdout } = await flowshard(['get', '--help']);
  const target = stdout.slice(stdout.indexOf('--socket'));
  for (const [option] of target.matchAll(/^ *--(?:socket|url|token-file|max-time) <\w+>/gm))
    assert.ok(page.includes(`\n| \`${option.trim()}\``), option);
  const [, statuses] = stdout.split('Exit status:\n');
  for (const [, status] of statuses.matchAll(/^ {2}(\d+) /gm))
    assert.ok(page.includes(`\n| ${status} `), status);
});

it('the message in docs/commands.md is what is printed', async () => {
  const { stderr } = await flowshard(['count', '--socket', '/nonexistent.sock']);
  assert.ok(page.includes(stderr.replace('/nonexistent.sock', '/run/flowshard.sock')), stderr);
});

it('docs/conntrack.md names what differs', () => {
  const text = readFileSync('docs/conntrack.md', 'utf8');
  for (const [command, , , named] of DIFFERENCES) assert.ok(text.includes(named), `${command}: ${named}`);
});

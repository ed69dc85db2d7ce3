/** Ties docs/cli.md to the command. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { SETTINGS } from '../../src/conntrack/settings.ts';
import { linesOf, mixedBytes, tempFile, track } from './cli.ts';

const page = readFileSync('docs/cli.md', 'utf8');

/** Cells of the rows of the table under a heading, without quotes. */
function table(heading: string): string[][] {
  const [, part] = page.split(`\n## ${heading}\n`);
  const rows = linesOf(part.split('\n## ')[0]).filter((line) => line.startsWith('|'));
  return rows.slice(2).map((row) =>
    row
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
}

const flagsOf = (help: string): string[] =>
  [...help.matchAll(/^ {2}((?:-\w, )?--[\w-]+(?: <[^>]+>)?) /gm)].map((match) => match[1]);

it('docs/cli.md has the options of --help, in their order, with their defaults', async () => {
  const { stdout } = await track('--help');
  const rows = table('Options of track');
  assert.deepEqual(
    rows.map(([flags]) => flags),
    flagsOf(stdout),
  );
  const blocks = stdout.split(/\n(?= {2}-)/).map((block) => block.replace(/\s+/g, ' ').trim());
  for (const [flags, standard] of rows) {
    if (standard === '' || standard === 'required') continue;
    const described = blocks.find((block) => block.startsWith(`${flags} `)) ?? '';
    assert.match(described, new RegExp(`default: "?${standard}"?\\)`), flags);
  }
});

it('docs/cli.md has every setting with both defaults', () => {
  const named = SETTINGS.filter((s) => s.name !== null);
  assert.deepEqual(
    table('Settings').map(([name, linux, classic]) => [name, linux, classic]),
    named.map((s) => [s.name, String(s.linux), String(s.classic ?? s.linux)]),
  );
});

it('docs/cli.md has the exit statuses of --help', async () => {
  const { stdout } = await track('--help');
  const [, part] = stdout.split('Exit status:\n');
  const inHelp = linesOf(part).map((line) => /^ {2}(\d+) /.exec(line)?.[1]);
  assert.deepEqual(
    table('Exit status').map(([status]) => status),
    inHelp,
  );
});

it('the messages in docs/cli.md are what is printed', async () => {
  const wrong = await track('-r', 'x.pcap', '--shards', '0');
  assert.ok(page.includes(`\n${wrong.stderr}`), wrong.stderr);
  const cut = tempFile('cut.pcap', mixedBytes.subarray(0, 100_000));
  const damaged = linesOf((await track('-r', cut)).stderr).at(-1) ?? '';
  assert.ok(page.includes(`\n${damaged.replace(cut, 'cut.pcap')}\n`), damaged);
});

it('README.md shows what npm start prints', async () => {
  const readme = readFileSync('README.md', 'utf8');
  const { stdout, stderr } = await track('-r', 'examples/captures/mixed-traffic.pcap', '--shards', '1');
  for (const line of linesOf(stdout).slice(-2)) assert.ok(readme.includes(`\n${line}\n`), line);
  for (const line of linesOf(stderr)) {
    if (!line.includes('packets/s')) assert.ok(readme.includes(`\n${line}\n`), line);
  }
});

/** The help, the version, and what happens when the command line is wrong. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { settingNames } from '../../src/conntrack/settings.ts';
import { flowshard, MIXED, track } from './cli.ts';

describe('help and version', () => {
  it('flowshard --help names the commands', async () => {
    const { status, stdout, stderr } = await flowshard(['--help']);
    assert.equal(status, 0);
    assert.equal(stderr, '');
    assert.match(stdout, /^Usage: flowshard /);
    assert.match(stdout, /^ {2}track /m);
    assert.match(stdout, /flowshard track --help/);
  });

  it('flowshard alone shows the help on standard error and fails', async () => {
    const { status, stdout, stderr } = await flowshard([]);
    assert.equal(status, 2);
    assert.equal(stdout, '');
    assert.match(stderr, /^Usage: flowshard /);
  });

  it('track --help has every option, every setting, examples and the exit statuses', async () => {
    const { status, stdout, stderr } = await track('--help');
    assert.equal(status, 0);
    assert.equal(stderr, '');
    const options = ['-r, --read', '-p, --print', '-o, --output', '-e, --event-mask', '--set', '--timeouts'];
    options.push('--max', '--shards', '--zone-from', '--checksum', '--no-acct', '--trace-table', '--stats');
    options.push('--json', '-q, --quiet', '-h, --help');
    for (const option of options) assert.ok(stdout.includes(`\n  ${option} `), option);
    for (const { name } of settingNames()) assert.match(stdout, new RegExp(`^ {2}${name} +\\d`, 'm'));
    assert.match(stdout, /^Examples:$/m);
    assert.match(stdout, /tcpdump .* \| flowshard track -r -/);
    for (const exit of ['0', '1', '2', '130']) assert.match(stdout, new RegExp(`^ {2}${exit} +\\w`, 'm'));
  });

  it('no default is shown that is only of the program: [], false', async () => {
    const { stdout } = await track('--help');
    assert.doesNotMatch(stdout, /default: (\[\]|false)/);
  });

  it('--version is that of package.json', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
    for (const option of ['--version', '-V']) {
      const { status, stdout } = await flowshard([option]);
      assert.equal(status, 0);
      assert.equal(stdout, `${version}\n`);
    }
  });
});

/** Arguments after `track -r FILE`, and what the message must have. */
const WRONG: readonly (readonly [args: readonly string[], ...words: readonly RegExp[]])[] = [
  [['--print', 'foo'], /-p\/--print/, /"foo"/, /table, flows, events, expect, trace, none/],
  [['-o', 'foo'], /-o\/--output/, /"foo"/, /text, extended, json, xml, proc, timestamp, id, halves/],
  [['-o', 'json,xml'], /-o\/--output/, /json/, /one of text, json, xml/],
  [['-o', 'json', '-o', 'xml'], /-o\/--output/, /one of text, json, xml/],
  [['--print', 'trace', '-o', 'xml'], /-o\/--output/, /"xml"/, /text or json/],
  [['--print', 'events', '-e', 'NEW,foo'], /-e\/--event-mask/, /"foo"/, /ALL, NEW, UPDATES, DESTROY/],
  [['-e', 'NEW'], /-e\/--event-mask/, /"NEW"/, /--print events/],
  [['--set', 'tcp_loose'], /--set/, /"tcp_loose"/, /NAME=VALUE/, /tcp_loose,/],
  [['--set', 'foo=1'], /--set/, /"foo=1"/, /tcp_timeout_syn_sent, .*udp_timeout/],
  [['--set', 'tcp_loose=2'], /--set tcp_loose/, /"2"/, /0 or 1/, /default is 1/],
  [['--set', 'udp_timeout=-1'], /--set udp_timeout/, /"-1"/, /whole seconds from 0 to 2147483/],
  [['--set', 'udp_timeout='], /--set udp_timeout/, /""/, /whole seconds/],
  [['--timeouts', 'modern'], /--timeouts/, /"modern"/, /linux, classic/],
  [['--max', '0'], /--max/, /"0"/, /a whole number from 1 to 16777216/],
  [['--max', '1e3'], /--max/, /"1e3"/, /a whole number/],
  [['--max'], /--max/, /a value is missing/, /--help/],
  [['--shards', '0'], /--shards/, /"0"/, /a whole number from 1 to 64/],
  [['--shards', '65'], /--shards/, /"65"/, /from 1 to 64/],
  [['--shards', 'two'], /--shards/, /"two"/, /from 1 to 64/],
  [['--zone-from', 'port'], /--zone-from/, /"port"/, /vlan/],
  [['--checksum', 'maybe'], /--checksum/, /"maybe"/, /verify, ignore/],
  [['--print', 'trace', '--trace-table', 'x'], /--trace-table/, /"x"/, /a whole number/],
  [['--trace-table', '5'], /--trace-table/, /"5"/, /--print trace/],
  [['--json'], /--json/, /without --stats/, /together with --stats/],
  [['--hash-key', 'abc'], /--hash-key/, /"abc"/, /16 hexadecimal digits/],
  [['--shrads', '2'], /--shrads/, /no such option/, /--shards/],
  [['-r', '-', '-'], /-r\/--read/, /"-"/, /standard input once/],
];

describe('a wrong command line: status 2, one message, nothing on standard output', () => {
  async function expectUsage(args: readonly string[], words: readonly RegExp[]): Promise<void> {
    const { status, stdout, stderr } = await flowshard(args);
    assert.equal(status, 2, `${args.join(' ')}: ${stderr}`);
    assert.equal(stdout, '');
    assert.match(stderr, /^flowshard: [^\n]+\n$/, 'one line');
    assert.doesNotMatch(stderr, /^flowshard: error|\n\s+at /);
    for (const word of words) assert.match(stderr, word);
  }

  for (const [args, ...words] of WRONG) {
    it(args.join(' '), () => expectUsage(['track', '-r', MIXED, ...args], words));
  }

  it('no capture, a capture without -r, no such command', async () => {
    await expectUsage(['track'], [/-r\/--read/, /no capture/, /flowshard track -r/]);
    await expectUsage(['track', '-r'], [/-r\/--read/, /a value is missing/]);
    await expectUsage(['track', 'extra', '-r', MIXED], [/named with -r/]);
    await expectUsage(['trakc'], [/trakc/, /no such command/, /track/]);
    await expectUsage(['--bogus'], [/--bogus/, /no such option/]);
  });
});

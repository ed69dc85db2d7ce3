/** `flowshard explain` as an operator runs it: stories, lists, errors, exit statuses, colours, pipes. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { settingNames } from '../../src/conntrack/settings.ts';
import { CLI, flowshard, linesOf, MIXED, mixedBytes, tempFile } from './cli.ts';

const RETRANS = 'test/fixtures/captures/tcp/arkime__wireshark-retrans.pcap';
const NTP = 'test/fixtures/captures/plain/zeek__NTP_sync.pcap';
const ESCAPE = '\x1b';
const explain = (...args: readonly string[]) => flowshard(['explain', ...args]);

describe('a story', () => {
  it('is text without colours where nobody reads it on a terminal', async () => {
    const { status, stdout, stderr } = await explain(RETRANS, 'tcp');
    assert.equal(status, 0);
    assert.equal(stderr, '');
    const golden = readFileSync('test/fixtures/explain/retransmissions.txt', 'utf8');
    // Before the table the file is named, here with its folder.
    const table = (text: string): string => text.slice(text.indexOf('\n  packet '));
    assert.equal(table(stdout), table(golden));
    assert.equal(stdout.includes(ESCAPE), false);
  });

  it('by tuple in several words, by packet, with the packet marked', async () => {
    const byTuple = await explain(RETRANS, 'tcp', '172.17.96.77:4000', '172.17.96.143');
    assert.equal(byTuple.status, 0);
    assert.match(byTuple.stdout, /^tcp {2}172\.17\.96\.143:59221 → 172\.17\.96\.77:4000\n/);
    const byPacket = await explain(RETRANS, '--packet', '11');
    assert.match(byPacket.stdout, /^▶ {5}11 /m);
    assert.match(byPacket.stdout, /^ +TCP: ports 4000 → 59221, SYN ACK, seq \d+, /m);
    assert.doesNotMatch(byTuple.stdout, /▶/);
  });

  it('--all folds nothing, --absolute shows what is in the packets', async () => {
    const folded = await explain(RETRANS, 'tcp');
    assert.match(folded.stdout, /^ +… 76 packets \(44 →, 32 ←\), [\d,]+ bytes, all accepted, ESTABLISHED$/m);
    const all = await explain(RETRANS, 'tcp', '--all');
    assert.doesNotMatch(all.stdout, /…/);
    assert.equal(linesOf(all.stdout).filter((line) => /^[· ] +\d+ +\d+\.\d{6} [ →←]/.test(line)).length, 108);
    const absolute = await explain(RETRANS, 'tcp', '--absolute');
    assert.match(absolute.stdout, / 1 +0\.000000 +→ SYN +\d{8,10} /);
  });

  it('--set, --timeouts and --checksum change what is told', async () => {
    const strict = await explain(RETRANS, '--packet', '8', '--set', 'tcp_timeout_unacknowledged=77');
    assert.match(strict.stdout, /^▶ +8 .* 77 s/m);
    const classic = await explain(
      RETRANS,
      'tcp',
      '--timeouts',
      'classic',
      '--set',
      'tcp_timeout_time_wait=5',
    );
    assert.match(classic.stdout, /TIME_WAIT +5 s/);
  });

  it('--json is one object to a line', async () => {
    const { stdout } = await explain(RETRANS, 'tcp', '--json');
    const records = linesOf(stdout).map((line) => JSON.parse(line));
    assert.equal(records[0].record, 'story');
    assert.equal(records.filter(({ record }) => record === 'packet').length, 108);
    assert.equal(records.at(-1).record, 'total');
  });

  it('of a packet without a connection', async () => {
    const { status, stdout } = await explain(MIXED, '--packet', '1', '--json');
    assert.equal(status, 0);
    assert.ok(linesOf(stdout).length > 0);
    const arp = linesOf(await flowshard(['track', '-r', MIXED, '--print', 'trace']).then((e) => e.stdout))
      .map((line) => JSON.parse(line))
      .find(({ why }) => why === 'not-ip');
    const lone = await explain(MIXED, '--packet', String(arp.n));
    assert.equal(lone.status, 0);
    assert.match(lone.stdout, new RegExp(`^packet ${arp.n} belongs to no connection\n`));
    assert.match(lone.stdout, /^skipped, not-ip$/m);
  });
});

describe('exit statuses', () => {
  it('4 and a list, where a TUPLE may mean several', async () => {
    const { status, stdout, stderr } = await explain(NTP, 'udp');
    assert.equal(status, 4);
    assert.match(stderr, /^flowshard: TUPLE: "udp" may mean 16 connections; name one of them:\n$/);
    const lines = linesOf(stdout);
    assert.equal(lines.length, 16);
    // Each of them can be pasted.
    const tuple = lines[3].trim().split(/ {2,}/)[0];
    const one = await explain(NTP, tuple);
    assert.equal(one.status, 0, one.stderr);
    const json = await explain(NTP, 'udp', '--json');
    assert.equal(json.status, 4);
    assert.equal(JSON.parse(linesOf(json.stdout)[3]).tuple, tuple);
  });

  it('a long list is cut, and says so', async () => {
    const { stdout } = await explain(MIXED, 'udp');
    const lines = linesOf(stdout);
    assert.equal(lines.length, 51);
    assert.match(lines[50], /^ {2}… and \d+ more$/);
  });

  it('3 where there is nothing of that description', async () => {
    const none = await explain(NTP, '203.0.113.77');
    assert.equal(none.status, 3);
    assert.equal(none.stdout, '');
    assert.match(
      none.stderr,
      /^flowshard: TUPLE: no packet of .* belongs to "203\.0\.113\.77"; it has 32 packets\n$/,
    );
    const packet = await explain(NTP, '--packet', '33');
    assert.equal(packet.status, 3);
    assert.match(packet.stderr, /^flowshard: --packet: .* has no packet 33; it has 32 packets\n$/);
  });

  it('1 where the file is damaged, with what could be told', async () => {
    const cut = tempFile('cut.pcap', readFileSync(RETRANS).subarray(0, 5000));
    const { status, stdout, stderr } = await explain(cut, 'tcp');
    assert.equal(status, 1);
    assert.match(stdout, /life 1/);
    assert.match(stderr, /^flowshard: .*cut\.pcap: at byte \d+: expected /);
    const missing = await explain('/no/such/file.pcap', 'tcp');
    assert.equal(missing.status, 1);
    assert.match(missing.stderr, /no\/such\/file\.pcap/);
  });

  const WRONG: readonly (readonly [args: readonly string[], ...words: readonly RegExp[]])[] = [
    [[], /FILE/, /missing/, /flowshard explain capture\.pcap/],
    [[NTP], /TUPLE/, /--packet N/, /--help/],
    [[NTP, 'udp', '--packet', '1'], /TUPLE/, /not both/],
    [[NTP, 'example.org:80'], /TUPLE/, /"example\.org:80"/, /10\.0\.0\.1:1234-10\.0\.0\.2:80/],
    [[NTP, '--packet', '0'], /--packet/, /"0"/, /a whole number from 1/],
    [[NTP, 'udp', '--color', 'sometimes'], /--color/, /auto, always, never/],
    [[NTP, 'udp', '--width', '10'], /--width/, /from 40 to 1000/],
    [[NTP, 'udp', '--set', 'foo=1'], /--set/, /"foo=1"/],
    [[NTP, 'udp', '--helpers', 'foo'], /--helpers/, /"foo"/],
    [[NTP, 'udp', '--jsno'], /--jsno/, /no such option/, /--json/],
    [['-', 'udp'], /FILE/, /"-"/, /read twice/],
  ];
  for (const [args, ...words] of WRONG) {
    it(`2: explain ${args.join(' ')}`, async () => {
      const { status, stdout, stderr } = await explain(...args);
      assert.equal(status, 2, stderr);
      assert.equal(stdout, '');
      assert.match(stderr, /^flowshard: [^\n]+\n$/);
      for (const word of words) assert.match(stderr, word);
    });
  }
});

describe('docs/explain.md', () => {
  const page = readFileSync('docs/explain.md', 'utf8');
  const blocks = [...page.matchAll(/```\n\$ flowshard (explain [^\n]*)\n([^`]*)```/g)];

  it('has examples', () => assert.ok(blocks.length >= 4));
  for (const [, command, shown] of blocks) {
    it(`shows what is printed: ${command}`, async () => {
      const { stdout, stderr } = await flowshard(command.split(' '));
      assert.equal(stderr + stdout, shown);
    });
  }

  it('shows a JSON record that is printed', async () => {
    const line = /```ndjson\n(.*)\n```/.exec(page)?.[1] ?? '';
    const { stdout } = await explain(
      'test/fixtures/captures/tcp/sv__tcp-session-ipv6-stream-out-of-window.pcap',
      'tcp',
      '--json',
    );
    assert.ok(linesOf(stdout).includes(line));
  });

  it('has the options of --help', async () => {
    const { stdout } = await explain('--help');
    for (const [, option] of stdout.matchAll(/^ {2}(--[\w-]+)/gm))
      assert.ok(page.includes(`\`${option}`), option);
  });
});

describe('help', () => {
  it('explain --help has the options, the forms of a TUPLE, settings, examples and exit statuses', async () => {
    const { status, stdout } = await explain('--help');
    assert.equal(status, 0);
    for (const option of [
      '--packet',
      '--all',
      '--absolute',
      '--json',
      '--color',
      '--width',
      '--set',
      '--checksum',
    ])
      assert.ok(stdout.includes(`\n  ${option} `), option);
    assert.match(stdout, /TUPLE names a connection/);
    for (const { name } of settingNames()) assert.match(stdout, new RegExp(`^ {2}${name} +\\d`, 'm'));
    for (const exit of ['0', '1', '2', '3', '4']) assert.match(stdout, new RegExp(`^ {2}${exit} +\\w`, 'm'));
  });

  it('its forms are understood', async () => {
    const { stdout } = await explain('--help');
    const [, part] = stdout.split('order of the endpoints does not matter:\n');
    const forms = linesOf(part.split('\n\n')[0]).map((line) => line.trim().split(/ {2,}/)[0]);
    assert.ok(forms.length >= 7);
    for (const form of forms.filter((each) => !each.includes('...') && !each.includes('  or  '))) {
      const { status, stderr } = await explain(NTP, form);
      assert.ok(status === 3 || status === 4, `${form}: ${status} ${stderr}`);
    }
  });
});

describe('colours', () => {
  const run = (environment: Record<string, string>, ...args: string[]): string =>
    spawnSync(process.execPath, [CLI, 'explain', RETRANS, 'tcp', ...args], {
      encoding: 'utf8',
      env: { ...process.env, ...environment },
    }).stdout;

  it('always and never', () => {
    assert.ok(run({}, '--color', 'always').startsWith(`${ESCAPE}[1mtcp`));
    assert.ok(run({ NO_COLOR: '1' }, '--color', 'always').includes(ESCAPE));
    assert.ok(!run({}, '--color', 'never').includes(ESCAPE));
  });

  it('change nothing but the colours', () => {
    const colours = new RegExp(`${ESCAPE}\\[[\\d;]*m`, 'g');
    assert.equal(run({}, '--color', 'always').replace(colours, ''), run({}));
  });

  const hasScript = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux');
  const skip = hasScript ? false : 'script of util-linux is not installed: no pseudo terminal';
  const onTerminal = (command: string): string =>
    spawnSync('script', ['-qec', command, '/dev/null'], {
      encoding: 'utf8',
      timeout: 30_000,
      stdio: ['ignore', 'pipe', 'pipe'],
    }).stdout;

  it('on a terminal, unless NO_COLOR is set; as wide as the terminal', { skip }, () => {
    const command = `'${process.execPath}' '${CLI}' explain '${RETRANS}' tcp`;
    assert.ok(onTerminal(`stty cols 100; TERM=xterm ${command}`).includes(ESCAPE));
    const plain = onTerminal(`stty cols 70; NO_COLOR=1 TERM=xterm ${command}`);
    assert.ok(!plain.includes(ESCAPE));
    for (const line of plain.split(/\r?\n/)) assert.ok(line.length <= 70, line);
  });
});

describe('standard output', () => {
  it('closed by its reader: ends quietly', () => {
    for (const option of ['--all', '--json']) {
      const command = `"${process.execPath}" "${CLI}" explain "${RETRANS}" tcp ${option} | head -n 1`;
      const { stdout, stderr } = spawnSync('sh', ['-c', command], { encoding: 'utf8', timeout: 30_000 });
      assert.equal(linesOf(stdout).length, 1);
      assert.equal(stderr, '');
    }
  });

  it('a full disk is said', () => {
    const command = `"${process.execPath}" "${CLI}" explain "${RETRANS}" tcp --all > /dev/full`;
    const { status, stderr } = spawnSync('sh', ['-c', command], { encoding: 'utf8', timeout: 30_000 });
    assert.equal(status, 1);
    assert.match(stderr, /^flowshard: standard output: ENOSPC/);
  });
});

describe('--stats of track', () => {
  it('has the reasons of each thread, and they add up to the totals', async () => {
    const bad = tempFile('mixed-bad.pcap', corrupted(mixedBytes));
    const { stdout } = await flowshard([
      'track',
      '-r',
      bad,
      '--print',
      'none',
      '--stats',
      '--json',
      '--shards',
      '3',
    ]);
    const stats = JSON.parse(linesOf(stdout).at(-1) ?? '');
    for (const outcome of ['invalid', 'untracked', 'skipped', 'dropped']) {
      const sums: Record<string, number> = {};
      for (const part of [stats.ingest, ...stats.shards, stats.masters ?? {}])
        for (const [name, n] of Object.entries<number>(part[outcome] ?? {}))
          sums[name] = (sums[name] ?? 0) + n;
      assert.deepEqual(sums, stats[outcome], outcome);
    }
    assert.ok(Object.keys(stats.ingest.skipped).length > 0);
    assert.ok(stats.shards.some(({ invalid }: { invalid: object }) => Object.keys(invalid).length > 0));
    const text = await flowshard(['track', '-r', bad, '--print', 'none', '--stats', '-q', '--shards', '3']);
    assert.match(text.stderr, /^ingest\.skipped\.not-ip=10$/m);
    assert.match(text.stderr, /^shards\.\d\.invalid\.tcp-checksum=\d+$/m);
  });
});

/** Some packets with a wrong transport checksum: the last byte of their data is changed. */
function corrupted(bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const view = new DataView(copy.buffer);
  let at = 24;
  for (let i = 0; at + 16 <= copy.length; i++) {
    const length = view.getUint32(at + 8, true);
    if (i % 7 === 0 && length > 80) copy[at + 16 + 70] ^= 1;
    at += 16 + length;
  }
  return copy;
}

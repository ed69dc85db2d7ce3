/** `flowshard gen` as an operator runs it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { describe, it } from 'node:test';
import { assertNothingLeft, CLI, flowshard, linesOf, start, tempFile } from './cli.ts';

const gen = (...args: readonly string[]) => flowshard(['gen', ...args]);
const page = readFileSync('docs/generator.md', 'utf8');

/** Packets of a capture, each of whose records must be whole. */
function packetsIn(bytes: Buffer): number {
  assert.equal(bytes.readUInt32LE(0), 0xa1b23c4d, 'nanoseconds');
  let packets = 0;
  let at = 24;
  for (; at < bytes.length; at += 16 + bytes.readUInt32LE(at + 8)) packets++;
  assert.equal(at, bytes.length, 'the last record is whole');
  return packets;
}

describe('docs/generator.md', () => {
  it('has the options of --help, in their order', async () => {
    const { stdout } = await gen('--help');
    const options = [...stdout.matchAll(/^ {2}((?:-\w, )?--[\w-]+(?: <[^>]+>)?) /gm)].map(
      (match) => match[1],
    );
    const documented = [...page.matchAll(/^\| `(-[^`]*)`/gm)].map((match) => match[1]);
    assert.deepEqual(documented, options);
  });

  it('shows what is printed', async () => {
    const { stderr } = await gen(
      ...'-w /dev/null --packets 1M --connections 20k --zipf 1.1 --syn-flood 50k'.split(' '),
    );
    const [first, ...rest] = linesOf(stderr);
    assert.ok(page.includes(`\n${rest.join('\n')}\n`), stderr);
    assert.ok(page.includes(`\n${first.replace(/ in .*/, '')} in `), stderr);
  });

  it('has the profiles', async () => {
    const { stdout } = await gen('--help');
    const [, choices] = /--profile <name>[^(]*\(choices:\s+([^)]*)\)/.exec(stdout) ?? [];
    const names = [...(choices ?? '').matchAll(/"([^"]+)"/g)].map(([, name]) => name);
    const rows = [...page.matchAll(/^\| `(\w[\w-]*)` +\| `--/gm)].map(([, name]) => name);
    assert.deepEqual(rows, names);
  });
});

/** Arguments, and what the message must have. */
const WRONG: readonly (readonly [args: string, ...words: readonly RegExp[]])[] = [
  ['', /-w\/--write/, /or --track/],
  ['-w - --track', /-w\/--write/, /without --track/],
  ['-w x --print table', /--print/, /with --track only/],
  ['-w x --one-way', /--one-way/, /with --track only/],
  ['--track --snaplen 60', /--snaplen/, /with -w/],
  ['-w x --rate 1T', /--rate/, /"1T"/, /20k or 1.5M/],
  ['-w x --packets 0', /--packets/, /"0"/],
  ['-w x --packets 1.5', /--packets/, /a whole number/],
  ['-w x --duration 5x', /--duration/, /500us, 20ms, 10s or 2m/],
  ['-w x --loss 100%', /--loss/, /a share from 0 to 0.99/],
  ['-w x --mix tcp=1,foo=2', /--mix/, /"foo=2"/, /tcp, udp, icmp, sctp, gre/],
  ['-w x --size 10', /--size/, /"10"/, /28 to 9000/],
  ['-w x --size 100-50', /--size/, /"100-50"/],
  ['-w x --lifetime fixed:x', /--lifetime/, /"fixed:x"/, /pareto:10s:1.2/],
  ['-w x --lifetime fixed:1s:2', /--lifetime/],
  ['-w x --connections 5 --new 5 --lifetime 2s', /--lifetime/, /two of/],
  ['-w x --connections 1M --lifetime 1s', /--rate/, /at least 6000000 packets per second/],
  ['-w x --profile foo', /--profile/, /web, dns, datacenter, syn-flood/],
  ['-w x --collisions 5', /--collisions/, /with --collision-key/],
  ['-w x --collision-slots 5', /--collisions/, /packets per second/],
  ['-w x --collisions 5 --collision-key xyz', /--collision-key/, /16 hexadecimal digits/],
  ['-w x --rate 0', /--rate/, /with an attack/],
  ['-w x extra', /gen: there is a word too many/],
];

describe('a wrong command line: status 2, one message, and nothing is made', () => {
  for (const [args, ...words] of WRONG)
    it(`gen ${args}`, async () => {
      const { status, stdout, stderr } = await gen(...args.split(' ').filter((word) => word !== ''));
      assert.equal(status, 2, stderr);
      assert.equal(stdout, '');
      assert.match(stderr, /^flowshard: [^\n]+\n$/);
      for (const word of words) assert.match(stderr, word);
      assert.equal(existsSync('x'), false);
    });
});

describe('a file', () => {
  it('has the packets, and the summary says how many, of what, and from which seed', async () => {
    const file = tempFile('a.pcap', 'what was there before');
    const { status, stdout, stderr } = await gen(
      '-w',
      file,
      '--packets',
      '30k',
      '--syn-flood',
      '10k',
      '--loss',
      '1%',
      '--seed',
      '9',
    );
    assert.equal(status, 0);
    assert.equal(stdout, '');
    assert.equal(packetsIn(readFileSync(file)), 30_000);
    const [first, kinds, connections, odd, seed] = linesOf(stderr);
    assert.match(
      first,
      /^30,000 packets, \d\.\d MB, 0\.\d{3} s of traffic in \d\.\d{3} s: [\d,]+ packets\/s$/,
    );
    assert.match(kinds, /^ {2}packets {5}tcp [\d,]+, udp [\d,]+, icmp [\d,]+, syn flood [\d,]+$/);
    assert.match(connections, /^ {2}connections [\d,]+ opened, \d+ ended$/);
    assert.match(odd, /^ {2}on purpose {2}lost \d+$/);
    assert.equal(seed, '  seed        9');
  });

  it('is the same for the same seed, and 10 s long where nothing says how long', async () => {
    const files = ['b.pcap', 'c.pcap', 'd.pcap'].map((name) => tempFile(name, ''));
    for (const [i, file] of files.entries()) {
      const { status } = await gen(
        '-w',
        file,
        '-q',
        '--rate',
        '2k',
        '--connections',
        '50',
        '--seed',
        i < 2 ? '5' : '6',
      );
      assert.equal(status, 0);
    }
    const [b, c, d] = files.map((file) => readFileSync(file));
    assert.equal(packetsIn(b), 20_000);
    assert.ok(b.equals(c));
    assert.equal(b.equals(d), false);
  });

  it('--json: one object, that adds up', async () => {
    const file = tempFile('e.pcap', '');
    const { stdout, stderr } = await gen(
      '-w',
      file,
      '--packets',
      '20k',
      '--port-scan',
      '50k',
      '--retransmit',
      '5%',
      '--json',
    );
    assert.equal(stderr, '');
    const result = JSON.parse(stdout);
    assert.equal(result.packets, 20_000);
    assert.equal(result.seed, 1);
    assert.equal(result.fileBytes, statSync(file).size);
    assert.equal(result.bytes, result.fileBytes - 24 - 16 * 20_000);
    const kinds = Object.values<number>(result.kinds);
    assert.equal(
      kinds.reduce((sum, n) => sum + n, 0),
      20_000,
    );
    assert.ok(result.kinds.portScan > 6600 && result.kinds.portScan < 6700);
    assert.ok(result.retransmitted > 0 && result.interrupted === false);
  });

  it('--profile is a starting point, and other options come before it', async () => {
    const run = async (...args: string[]) =>
      JSON.parse((await gen('-w', '/dev/null', '--packets', '20k', '--json', ...args)).stdout);
    const flood = await run('--profile', 'syn-flood');
    assert.ok(flood.kinds.synFlood > 17_000);
    const calm = await run('--profile', 'syn-flood', '--syn-flood', '50k');
    assert.ok(calm.kinds.synFlood > 9000 && calm.kinds.synFlood < 11_000);
    const dns = await run('--profile', 'dns');
    assert.ok(dns.kinds.udp > 18_000);
    for (const profile of ['web', 'datacenter'])
      assert.equal((await run('--profile', profile)).packets, 20_000);
    // What is given takes the place of what would contradict it.
    for (const given of [
      ['--new', '1k'],
      ['--new', '1k', '--connections', '100'],
      ['--lifetime', '1s'],
    ])
      assert.equal((await run('--profile', 'dns', ...given)).packets, 20_000);
  });

  it('--snaplen cuts frames short', async () => {
    const file = tempFile('f.pcap', '');
    await gen('-w', file, '--packets', '1000', '--size', '1000', '--snaplen', '54', '-q');
    assert.equal(statSync(file).size, 24 + 1000 * (16 + 54) - countOfShorter(readFileSync(file)));
  });

  it('that cannot be made is an error with its name', async () => {
    const { status, stderr } = await gen('-w', '/nonexistent/a.pcap', '--packets', '10');
    assert.equal(status, 1);
    assert.match(stderr, /^flowshard: \/nonexistent\/a\.pcap: ENOENT: no such file or directory/);
  });

  it('on a full disk is an error', {
    skip: existsSync('/dev/full') ? false : 'there is no /dev/full',
  }, async () => {
    const { status, stderr } = await gen('-w', '/dev/full', '--packets', '100k', '-q');
    assert.equal(status, 1);
    assert.match(stderr, /^flowshard: \/dev\/full: ENOSPC: no space left on device[^\n]*\n$/);
  });

  it('that may grow no further is cut to whole records', async () => {
    const file = tempFile('g.pcap', '');
    // A limit on the size of files, as a full disk in the midst of a chunk; 512 bytes a block.
    const command = `ulimit -f 5000; trap '' XFSZ; exec '${process.execPath}' '${CLI}' gen -w '${file}' --packets 100k -q`;
    const { status, stderr } = spawnSync('sh', ['-c', command], { encoding: 'utf8' });
    assert.equal(status, 1, stderr);
    assert.match(stderr, /EFBIG: file too large[^\n]*; 2\.\d MB are written, a whole capture\n$/);
    assert.ok(packetsIn(readFileSync(file)) > 1000);
  });
});

/** Bytes by which ACKs without data stay below 54 bytes: none over IPv4 have less than these. */
function countOfShorter(bytes: Buffer): number {
  let shorter = 0;
  for (let at = 24; at < bytes.length; at += 16 + bytes.readUInt32LE(at + 8))
    shorter += 54 - bytes.readUInt32LE(at + 8);
  return shorter;
}

describe('a pipe', () => {
  it('has what a file has, and JSON is on standard error', async () => {
    const file = tempFile('h.pcap', '');
    const args = ['--packets', '5000', '--connections', '100'];
    await gen('-w', file, '-q', ...args);
    const child = spawnSync(process.execPath, [CLI, 'gen', '-w', '-', '--json', ...args], {
      maxBuffer: 1 << 26,
    });
    assert.equal(child.status, 0);
    assert.ok(child.stdout.equals(readFileSync(file)));
    assert.equal(JSON.parse(child.stderr.toString()).packets, 5000);
  });

  it('whose reader has had enough is no error', () => {
    const command = `'${process.execPath}' '${CLI}' gen -w - --packets 5M; echo "status $?" >&2`;
    const { stdout, stderr } = spawnSync('sh', ['-c', `{ ${command}; } | head -c 24`], { timeout: 30_000 });
    assert.equal(stdout.length, 24);
    assert.equal(stderr.toString(), 'status 0\n');
  });

  it('leads into the tracker', () => {
    const node = `'${process.execPath}' '${CLI}'`;
    const command = `${node} gen -w - -q --packets 20k --connections 500 | ${node} track -r - -p none --stats --json -q`;
    const { stdout } = spawnSync('sh', ['-c', command], { encoding: 'utf8', timeout: 30_000 });
    const stats = JSON.parse(stdout);
    assert.equal(stats.tracked, 20_000);
    assert.equal(stats.verdicts.NEW, stats.connections.created);
  });
});

describe('a signal', () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    it(`${signal} ends it: a whole capture, the summary, status 130`, async () => {
      const file = tempFile(`${signal}.pcap`, '');
      const { child, ended } = start(['gen', '-w', file, '--packets', '1G', '--size', '64', '--json']);
      while (!existsSync(file) || statSync(file).size < 1_000_000)
        await new Promise((resolve) => setTimeout(resolve, 10));
      child.kill(signal);
      const { status, stdout } = await ended;
      assert.equal(status, 130);
      const result = JSON.parse(stdout);
      assert.equal(result.interrupted, true);
      assert.equal(packetsIn(readFileSync(file)), result.packets);
      assertNothingLeft(child);
    });

  it('ends --track: what was generated is tracked and reported', async () => {
    const words = 'gen --track --packets 1G --shards 1 --json --print events --rate 10k --connections 10';
    const { child, ended } = start(words.split(' '));
    await once(child.stdout, 'data');
    child.kill('SIGINT');
    const { status, stdout, stderr } = await ended;
    assert.equal(status, 130, stderr);
    const stats = JSON.parse(linesOf(stdout).at(-1) ?? '');
    assert.ok(stats.packets > 0);
    assert.equal(stats.tracked, stats.packets);
    assertNothingLeft(child);
  });
});

describe('--track', () => {
  it('says what the tracker made of it, and the seed', async () => {
    const { status, stdout, stderr } = await gen(
      '--track',
      '--packets',
      '20k',
      '--connections',
      '500',
      '--shards',
      '2',
      '--seed',
      '3',
    );
    assert.equal(status, 0);
    assert.equal(stdout, '');
    assert.match(stderr, /^20,000 packets, .* 2 shards$/m);
    assert.match(stderr, /^ {2}tracked {5}20,000 \(/m);
    assert.match(stderr, /^ {2}seed {8}3$/m);
  });

  it('prints what track prints of the same packets', async () => {
    const file = tempFile('i.pcap', '');
    const args = ['--packets', '3000', '--connections', '100', '--lifetime', '50ms', '--rate', '30k'];
    await gen('-w', file, '-q', ...args);
    for (const print of [['table'], ['events', '-o', 'json'], ['flows', '-o', 'extended']]) {
      const [straight, read] = [
        await gen('--track', '-q', '--print', ...print, ...args),
        await flowshard(['track', '-r', file, '-q', '--print', ...print]),
      ];
      assert.equal(straight.stdout, read.stdout);
      assert.ok(linesOf(read.stdout).length >= 100);
    }
  });

  it('takes settings, and the key that collisions are for', async () => {
    const key = '0123456789abcdef';
    const args = [
      '--track',
      '--json',
      '-q',
      '--shards',
      '1',
      '--rate',
      '0',
      '--collisions',
      '10k',
      '--collision-key',
      key,
    ];
    const more = [
      '--collision-slot-bits',
      '14',
      '--collision-slots',
      '32',
      '--collision-connections',
      '2k',
      '--packets',
      '2k',
    ];
    const known = JSON.parse((await gen(...args, ...more, '--hash-key', key)).stdout);
    assert.ok(known.shards[0].probeMax > 1000);
    const random = JSON.parse((await gen(...args, ...more)).stdout);
    assert.ok(random.shards[0].probeMax < 100);
    assert.equal(random.connections.created, 2000);
  });
});

const hasScript = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux');

describe('on a terminal', {
  skip: hasScript ? false : 'script of util-linux is not installed: no pseudo terminal',
}, () => {
  /** What a command leaves in the terminal when it ends, `script` may not read in time: the shell stays for a moment. */
  const onTerminal = (command: string) => {
    const line = `'${process.execPath}' '${CLI}' gen ${command}; status=$?; sleep 0.3; exit $status`;
    return spawnSync('script', ['-qec', line, '/dev/null'], {
      encoding: 'utf8',
      timeout: 30_000,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  };

  it('it writes no capture', () => {
    for (const where of ['-', '/dev/tty']) {
      const { stdout, status } = onTerminal(`-w ${where} --packets 10`);
      assert.equal(status, 2, stdout);
      assert.match(stdout, /^flowshard: -w\/--write: .* here it is a terminal[^\n]*\n$/);
    }
  });

  it('there is a bar, gone at the end', () => {
    for (const where of ['-w /dev/null', '--track']) {
      const { stdout, status } = onTerminal(`${where} --packets 2M --connections 1k`);
      assert.equal(status, 0);
      assert.match(stdout, /\[=* *\] [\d,]+ packets, .*[\d,]+ packets\/s/);
      const [, after] = stdout.split('\x1b[?25h');
      assert.match(after, /2,000,000 packets, /);
    }
    assert.equal(onTerminal('-w /dev/null --packets 100k -q').stdout, '');
  });
});

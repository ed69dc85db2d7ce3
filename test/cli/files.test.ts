/** Files that are missing, damaged or something else: what came before is tracked, the message says where. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { concat, enhancedBlock, interfaceBlock, pcapFile, sectionBlock } from '../ingest/capture-files.ts';
import { ethernet, udpPacket } from '../support/frames.ts';
import { linesOf, MIXED, MIXED_PACKETS, mixedBytes, statsOf, tempFile, track } from './cli.ts';

/** UDP packets from hosts of their own, one each second from `sec` on. */
function datagrams(count: number, sec: number, net: number) {
  return Array.from({ length: count }, (_, i) => {
    const ip = { src: `10.${net}.0.${i + 1}`, dst: '192.0.2.53' };
    const data = ethernet(udpPacket(ip, { sport: 1000 + i, dport: 53, payload: 4 }));
    return { sec: sec + i, nsec: 0, wireLength: data.length, data };
  });
}

/** Runs on one file and expects status 1 and its message. */
async function expectDamage(file: string, offset: number, expected: RegExp, found: RegExp): Promise<string> {
  const { status, stdout, stderr } = await track('-r', file);
  assert.equal(status, 1, stderr);
  const message = linesOf(stderr).at(-1) ?? '';
  assert.ok(message.startsWith(`flowshard: ${file}: at byte ${offset}: expected `), message);
  const [, before, after] = /expected (.*), found (.*)$/.exec(message) ?? ['', '', ''];
  assert.match(before, expected);
  assert.match(after, found);
  assert.doesNotMatch(stderr, /\n\s+at /, 'no stack trace');
  return stdout;
}

describe('files that are no captures', () => {
  const cases: readonly (readonly [name: string, bytes: Uint8Array | string, found: RegExp])[] = [
    ['empty.pcap', '', /an empty file/],
    ['short.pcap', 'ab', /2 bytes/],
    ['old.snoop', 'snoop\0\0\0\0\0\0\x02\0\0\0\x04', /Solaris snoop/],
    ['random.pcap', Uint8Array.from({ length: 300 }, (_, i) => (i * 37 + 11) & 0xff), /the bytes 0b 30/],
    ['text.pcap', 'this is not a capture\n', /74 68 69 73/],
    ['random.gz', gzipSync('this is not a capture\n'), /74 68 69 73/],
  ];
  for (const [name, bytes, found] of cases) {
    it(name, async () => {
      assert.equal(await expectDamage(tempFile(name, bytes), 0, /magic number/, found), '');
    });
  }

  it('a file that is missing, and a directory', async () => {
    await expectDamage('/nonexistent/x.pcap', 0, /a capture file/, /no such file/);
    await expectDamage('/', 0, /a capture file/, /a directory/);
  });

  it('says nothing else when nothing was read', async () => {
    const { stderr } = await track('-r', '/nonexistent/x.pcap');
    assert.equal(linesOf(stderr).length, 1);
  });
});

describe('files that end too early', () => {
  it('pcap in the middle of a record', async () => {
    const whole = pcapFile(datagrams(3, 1000, 1));
    const recordBytes = (whole.length - 24) / 3;
    const at = 24 + 2 * recordBytes;
    const inData = tempFile('data.pcap', whole.subarray(0, whole.length - 5));
    const table = await expectDamage(inData, at, /46 bytes of packet/, /end of the file after 41 bytes/);
    assert.equal(linesOf(table).length, 2);
    const inHeader = tempFile('header.pcap', whole.subarray(0, at + 7));
    assert.equal(linesOf(await expectDamage(inHeader, at, /./, /end of the file/)).length, 2);
  });

  it('pcap with an absurd length', async () => {
    const whole = pcapFile(datagrams(3, 1000, 1));
    const at = 24 + (whole.length - 24) / 3;
    new DataView(whole.buffer).setUint32(at + 8, 0x7fffffff, true);
    const table = await expectDamage(tempFile('absurd.pcap', whole), at, /./, /2147483647/);
    assert.equal(linesOf(table).length, 1);
  });

  it('pcapng in the middle of a block', async () => {
    const blocks = datagrams(3, 0, 1).map((p, i) =>
      enhancedBlock({ data: p.data, time: BigInt(1000 + i) * 1_000_000n }),
    );
    const whole = concat(sectionBlock(), interfaceBlock(), ...blocks);
    const at = whole.length - blocks[2].length;
    const file = tempFile('cut.pcapng', whole.subarray(0, whole.length - 3));
    assert.equal(linesOf(await expectDamage(file, at, /./, /end of the file/)).length, 2);
  });

  it('gzip that is cut', async () => {
    const whole = gzipSync(mixedBytes);
    const { status, stderr } = await track(
      '-r',
      tempFile('cut.pcap.gz', whole.subarray(0, whole.length / 2)),
    );
    assert.equal(status, 1);
    assert.match(stderr, /cut\.pcap\.gz: at byte \d+: expected .*, found .*\n$/);
    assert.match(stderr, /^[\d,]+ packets, /m);
  });
});

describe('several files', () => {
  it('are read in the order of time', async () => {
    const late = tempFile('late.pcap', pcapFile(datagrams(2, 2000, 2)));
    const early = tempFile('early.pcap', pcapFile(datagrams(2, 1999, 1)));
    const { status, stdout } = await track('-r', late, early, '--print', 'trace');
    assert.equal(status, 0);
    const seen = linesOf(stdout).map((line) => JSON.parse(line));
    assert.deepEqual(
      seen.map(({ n, ev }) => [n, /src=([\d.]+)/.exec(ev[0])?.[1]]),
      [
        [1, '10.1.0.1'],
        [2, '10.2.0.1'],
        [3, '10.1.0.2'],
        [4, '10.2.0.2'],
      ],
    );
  });

  it('go on when one is damaged; every damaged one is named', async () => {
    const cut = tempFile('cut-of-three.pcap', mixedBytes.subarray(0, 100_000));
    const { status, stdout, stderr } = await track('-r', cut, MIXED, '/nonexistent.pcap', '-q');
    assert.equal(status, 1);
    assert.ok(linesOf(stdout).length > 200);
    const errors = linesOf(stderr);
    assert.equal(errors.length, 2, stderr);
    assert.match(errors[0], /cut-of-three\.pcap: at byte \d+/);
    assert.match(errors[1], /\/nonexistent\.pcap: at byte 0/);
  });

  it('may be given with -r each or behind one', async () => {
    const one = await statsOf('-r', MIXED, MIXED);
    assert.equal(one.packets, 2 * MIXED_PACKETS);
    assert.equal((await statsOf('-r', MIXED, '-r', MIXED)).packets, 2 * MIXED_PACKETS);
  });
});

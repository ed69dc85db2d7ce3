/**
 * Whole stories as they are printed, against files of test/fixtures/explain. After a change of words or
 * layout look at them, then write them anew: FLOWSHARD_UPDATE=1 node scripts/test.mjs explain/golden
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { Question } from '../../src/explain/explain.ts';
import { outputJson } from '../../src/explain/json.ts';
import { loneLines } from '../../src/explain/text/others.ts';
import { noColours, terminalColours } from '../../src/explain/text/palette.ts';
import {
  answerTo,
  byPacket,
  byTuple,
  type Layout,
  recordsOf,
  type StoryOptions,
  scriptCapture,
  textOf,
} from './stories.ts';

const CAPTURES = 'test/fixtures/captures';
const GOLDEN = 'test/fixtures/explain';
const isUpdate = process.env.FLOWSHARD_UPDATE === '1';
if (isUpdate) mkdirSync(GOLDEN, { recursive: true });

const folder = mkdtempSync(join(tmpdir(), 'flowshard-golden-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function compare(name: string, text: string): void {
  const path = join(GOLDEN, name);
  if (isUpdate) writeFileSync(path, text);
  assert.equal(text, readFileSync(path, 'utf8'));
}

async function told(
  file: string,
  question: Question,
  layout: Layout & { json?: boolean } = {},
  options: StoryOptions = {},
): Promise<string> {
  const { answer } = await answerTo(file, question, options);
  if (answer.kind === 'lone')
    return `${loneLines({ ...answer.record, file: basename(file) }, layout.width ?? 120, layout.palette ?? noColours).join('\n')}\n`;
  assert.ok(answer.kind === 'story', answer.kind);
  const records = await recordsOf(file, answer.found, question.packet, options);
  // The folder of a temporary capture differs, also in length.
  const named = records.map((r) => (r.record === 'story' ? { ...r, file: basename(r.file) } : r));
  const lines = layout.json ? named.map(outputJson) : textOf(named, layout);
  return `${lines.join('\n')}\n`;
}

describe('stories of captures', () => {
  const retrans = `${CAPTURES}/tcp/arkime__wireshark-retrans.pcap`;
  const OUTSIDE = `${CAPTURES}/tcp/sv__tcp-session-ipv6-stream-out-of-window.pcap`;
  it('retransmissions, and a start from an ignored SYN', async () =>
    compare('retransmissions.txt', await told(retrans, byTuple('tcp'))));
  it('the same with one packet asked for, all of it, absolute', async () =>
    compare('retransmissions-all.txt', await told(retrans, byPacket(11), { all: true, absolute: true })));
  it('on a narrow terminal, in colour', async () =>
    compare('narrow.txt', await told(OUTSIDE, byTuple('tcp'), { width: 50, palette: terminalColours })));
  it('outside of the window, as JSON', async () =>
    compare('window.ndjson', await told(OUTSIDE, byTuple('tcp'), { json: true })));
  it('a FIN without ACK', async () =>
    compare('flags.txt', await told(`${CAPTURES}/tcp/zeek__fin_retransmission.pcap`, byTuple('tcp'))));
  it('UDP that becomes a stream or not', async () =>
    compare('udp.txt', await told(`${CAPTURES}/plain/zeek__NTP_sync.pcap`, byPacket(1))));
  it('a packet too small for its connection', async () =>
    compare('short.txt', await told(`${CAPTURES}/bad/sv__decode-too-small-test.pcap`, byPacket(3))));
  it('a packet without a connection', async () =>
    compare('lone.txt', await told(`${CAPTURES}/icmp6/zeek__icmp6-nd-short-options.pcap`, byPacket(1))));
});

const SCRIPTS: Readonly<Record<string, string>> = {
  // Several lives: deleted by a RST, expired, reopened.
  lives: `
    c S 1000
    s R. 0:1001
    c S 2000 +1s
    s S. 5000:2001
    c . 2001:5001
    c R 2001
    c S 3000 +2s
    s S. 6000:3001
    c S 9000 +200s
    s S. 7000:9001`,
  // What a RST may and may not do.
  resets: `
    c S 1000
    s S. 5000:1001
    c . 1001:5001
    s R 0
    s R 5010
    c . 1001:5001
    s R 5001
    c S 80000
    s S. 90000:80001
    c . 80001:90001`,
  // Let through without effect.
  ignored: `
    c S 1000 win 1000
    s S. 5000:1001 win 1000
    s S. 5000:1001 win 1000
    c . 1001:5001 win 1000
    c P. 2002:5001 len 998 win 1000
    s . 5001:-70000 win 1000
    c P. 1001:5001 len 10 win 1000
    s . 5001:3000 win 1000
    c S 300000 win 1000
    s . 5001:3000 win 1000
    c F. 3000:5001
    s F. 5001:3001
    c S 900000
    s . 5002:3001
    c . 3001:5002`,
  // ICMP errors about it, and to the wrong host; a wrong checksum.
  errors: `
    c udp
    s error 3/3 c udp
    s udp
    x error 3/1 c udp
    c error 11/0 s udp
    x error 3/3 s udp
    c udp badsum
    c udp +5s
    s udp +130s`,
  // FINs that are INVALID shorten the timer.
  shortened: `
    c S 1000
    s S. 5000:1001
    c . 1001:5001
    c F. 501001:5001
    s F. 505001:1001`,
};

describe('stories of scripts', () => {
  for (const [name, script] of Object.entries(SCRIPTS)) {
    it(name, async () => {
      const file = join(folder, `${name}.pcap`);
      writeFileSync(file, scriptCapture(script));
      compare(`${name}.txt`, await told(file, byPacket(1), { all: true }));
    });
  }

  it('the window does not matter with tcp_be_liberal', async () => {
    const file = join(folder, 'liberal.pcap');
    writeFileSync(file, scriptCapture('c S 1000\ns S. 5000:1001\nc . 1001:5001\nc P. 900000:5001 len 10'));
    compare('liberal.txt', await told(file, byTuple('tcp'), {}, { set: ['tcp_be_liberal=1'] }));
  });
});

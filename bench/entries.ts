/**
 * node dist/bench/entries.js: what a line costs, written as bytes from the words of an entry and, in the same run,
 * as a string from a connection. The checksum is that of the bytes; both ways must have the same. Processor time is measured, so that other processes count less.
 *
 *   node dist/bench/entries.js --entries 1000000 --rounds 5
 */
import { parseArgs } from 'node:util';
import { createRandom } from '../src/common/random.ts';
import { ENTRY_WORDS } from '../src/export/bytes/entry.ts';
import { connectionOf } from '../src/export/entry-view.ts';
import { createEntryWriter, type EntryPage } from '../src/export/entry-writer.ts';
import { connectionJson } from '../src/export/json.ts';
import { connectionLine, parseOutput } from '../src/export/text.ts';
import { connectionXml } from '../src/export/xml.ts';
import { Kind, Status } from '../src/shm/bits.ts';
import { Cold, Hot } from '../src/shm/offsets.generated.ts';

const PAGE_ENTRIES = 2048;
/** Chunks on their way to a socket before the first comes back. */
const CHUNKS_UNDERWAY = 4;
const ESTABLISHED = 3;
const STATUS = Status.CONFIRMED | Status.SEEN_REPLY | Status.ASSURED | Status.COUNTED;

const { values: flags } = parseArgs({
  options: {
    entries: { type: 'string', default: '200000' },
    rounds: { type: 'string', default: '5' },
    seed: { type: 'string', default: '1' },
  },
});
const entries = Number(flags.entries);
const rounds = Number(flags.rounds);

/** Established TCP connections with all counters. */
function createPage(isIpv6: boolean): EntryPage {
  const random = createRandom(Number(flags.seed));
  const words = new Int32Array(PAGE_ENTRIES * ENTRY_WORDS);
  const floats = new Float64Array(words.buffer);
  for (let at = 0; at < words.length; at += ENTRY_WORDS) {
    for (let i = 0; i < ENTRY_WORDS; i++) words[at + i] = random.word();
    words[at + Hot.KIND] = Kind.USED | (isIpv6 ? Kind.IPV6 : 0) | 6;
    const fromHi = random.below(2) << Status.FROM_HI_SHIFT;
    words[at + Hot.STATUS] = STATUS | fromHi | (ESTABLISHED << Status.STATE_SHIFT);
    words[at + Hot.DEADLINE] = random.below(432_000_000);
    words[at + Hot.MARK] = 0;
    words[at + Hot.LAST_NSEC] = random.below(1e9);
    words[at + Hot.WORDS + Cold.START_NSEC] = random.below(1e9);
    const counters = (at + Hot.PACKETS_ORIG) / 2;
    for (let i = 0; i < 4; i += 2) {
      floats[counters + i] = 1 + random.below(10_000);
      floats[counters + i + 1] = random.below(100_000_000);
    }
  }
  return { words, count: PAGE_ENTRIES, tickMs: 0 };
}

function sum(bytes: Uint8Array): number {
  let total = 0;
  for (let i = 0; i < bytes.length; i += 64) total = (total * 31 + bytes[i]) | 0;
  return total;
}

/** Calls with the size of each page until all entries are through; returns nanoseconds of processor time per entry. */
function timed(page: (count: number) => void): number {
  const start = process.cpuUsage();
  for (let left = entries; left > 0; left -= PAGE_ENTRIES) page(Math.min(left, PAGE_ENTRIES));
  const { user, system } = process.cpuUsage(start);
  return ((user + system) * 1000) / entries;
}

const LINES = { text: connectionLine, json: connectionJson, xml: connectionXml };
type Format = keyof typeof LINES;

function writeBytes(page: EntryPage, format: Format) {
  const writer = createEntryWriter({ output: parseOutput(format) });
  const underway: Uint8Array[] = [];
  let last: Uint8Array = new Uint8Array(0);
  const ns = timed((count) => {
    writer.writePage(page, count);
    last = writer.take();
    underway.push(last);
    if (underway.length > CHUNKS_UNDERWAY) writer.giveBack(underway.shift() ?? last);
  });
  return { ns, checksum: sum(last) };
}

function writeStrings({ words, tickMs }: EntryPage, format: Format) {
  const output = parseOutput(format);
  const line = LINES[format];
  let last: Uint8Array = new Uint8Array(0);
  const ns = timed((count) => {
    let text = '';
    for (let at = 0; at < count * ENTRY_WORDS; at += ENTRY_WORDS) {
      const entry = { hot: words, h: at, cold: words, c: at + Hot.WORDS };
      text += `${line(connectionOf(entry, tickMs, null), output)}\n`;
    }
    last = Buffer.from(text, 'latin1');
  });
  return { ns, checksum: sum(last) };
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1];

console.log('line          bytes, ns  strings, ns  times  checksum');
for (const format of ['text', 'json', 'xml'] as const) {
  for (const isIpv6 of [false, true]) {
    const page = createPage(isIpv6);
    const bytes: number[] = [];
    const strings: number[] = [];
    let checksum = 0;
    for (let round = 0; round < rounds; round++) {
      const a = writeBytes(page, format);
      const b = writeStrings(page, format);
      if (a.checksum !== b.checksum) throw new Error(`bench: ${format}: bytes and strings differ`);
      bytes.push(a.ns);
      strings.push(b.ns);
      checksum = a.checksum;
    }
    const [x, y] = [median(bytes), median(strings)];
    const name = `${format} ${isIpv6 ? 'IPv6' : 'IPv4'}`;
    console.log(
      `${name.padEnd(13)} ${x.toFixed(0).padStart(9)} ${y.toFixed(0).padStart(12)} ${(y / x).toFixed(1).padStart(6)}  ${checksum}`,
    );
  }
}

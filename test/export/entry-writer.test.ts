/** Bytes written from words are those of the string functions: random entries and events of all kinds. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ENTRY_WORDS } from '../../src/export/bytes/entry.ts';
import type { Connection, ConnectionEvent } from '../../src/export/connection.ts';
import { connectionOf, type EntryWords } from '../../src/export/entry-view.ts';
import { createEntryWriter, type EntryWriter, reportEventType } from '../../src/export/entry-writer.ts';
import { connectionJson, eventJson } from '../../src/export/json.ts';
import type { OutputOptions } from '../../src/export/options.ts';
import { procLine } from '../../src/export/proc.ts';
import { connectionLine, eventLine, parseOutput } from '../../src/export/text.ts';
import { connectionXml, eventXml } from '../../src/export/xml.ts';
import { Cold, Hot, Report } from '../../src/shm/offsets.generated.ts';
import { copyReport, eventOf } from '../../src/workers/report-order.ts';
import { randomEntry, randomReport, randomTick } from '../support/entries.ts';
import { createRandom, operations, seedOf } from '../support/random.ts';

const OUTPUTS = [
  'text',
  'text,extended,id',
  'text,id,halves,timestamp',
  'text,extended,timestamp',
  'json',
  'json,timestamp',
  'xml',
  'xml,timestamp',
  'proc',
].map(parseOutput);

const nameOf = (o: OutputOptions): string =>
  Object.entries(o)
    .filter(([, value]) => value !== false)
    .map(([key, value]) => (key === 'format' ? value : key))
    .join(',');

const LINES = {
  text: connectionLine,
  json: connectionJson,
  xml: connectionXml,
  proc: (c: Connection) => procLine(c),
};
const EVENT_LINES = { text: eventLine, json: eventJson, xml: eventXml, proc: eventLine };

const takeText = (writer: EntryWriter): string => Buffer.from(writer.take()).toString('latin1');

function entryAt(words: Int32Array, at: number): EntryWords {
  return { hot: words, h: at, cold: words, c: at + Hot.WORDS };
}

describe('entries', () => {
  for (const output of OUTPUTS) {
    it(`as the strings: ${nameOf(output)}`, (t) => {
      const random = createRandom(seedOf(t));
      const expected = new Map<number, number>();
      const none = createEntryWriter({ output });
      const some = createEntryWriter({ output, expected });
      for (let i = 0; i < operations(5000); i++) {
        const at = random.below(3) * ENTRY_WORDS;
        const words = new Int32Array(at + ENTRY_WORDS + 3);
        randomEntry(random, words, at);
        const tickMs = randomTick(random, words[at + Hot.DEADLINE]);
        const connection = connectionOf(entryAt(words, at), tickMs, null);
        none.write(words, at, tickMs);
        assert.equal(takeText(none), `${LINES[output.format](connection, output)}\n`);
        expected.clear();
        const count = 1 + random.below(2000);
        expected.set(random.below(2) === 0 ? connection.id : connection.id ^ 1, count);
        some.write(words, at, tickMs);
        const counted = { ...connection, expected: expected.get(connection.id) ?? 0 };
        assert.equal(takeText(some), `${LINES[output.format](counted, output)}\n`);
      }
    });
  }
});

describe('events', () => {
  const numbered = { owner: 3, seq: 0 };
  for (const output of OUTPUTS) {
    it(`as the strings: ${nameOf(output)}`, (t) => {
      const random = createRandom(seedOf(t));
      const writer = createEntryWriter({ output });
      const types = new Map<ConnectionEvent['type'] | null, number>();
      for (let i = 0; i < operations(5000); i++) {
        const at = random.below(2) * Report.WORDS;
        const words = new Int32Array(at + Report.WORDS);
        randomReport(random, words, at);
        const event = eventOf(copyReport(words, at, words[at + Report.TYPE]));
        const type = reportEventType(words, at);
        types.set(type, (types.get(type) ?? 0) + 1);
        assert.equal(type, event?.type ?? null);
        assert.equal(writer.writeEvent(words, at), event !== null);
        const line = event === null ? '' : `${EVENT_LINES[output.format](event, output)}\n`;
        assert.equal(takeText(writer), line);
        numbered.seq = random.word() * 2 ** random.below(21);
        writer.writeEvent(words, at, numbered);
        const number = `{"record":"event","owner":3,"seq":${numbered.seq}`;
        assert.equal(takeText(writer), line.replace('{"record":"event"', number));
      }
      for (const type of ['NEW', 'UPDATE', 'DESTROY', null] as const) assert.ok((types.get(type) ?? 0) > 50);
    });
  }
});

describe('chunks', () => {
  const output = parseOutput('text');
  const COUNT = 300;
  const words = new Int32Array(COUNT * ENTRY_WORDS);
  const random = createRandom(1);
  for (let i = 0; i < COUNT; i++) randomEntry(random, words, i * ENTRY_WORDS);
  const page = { words, count: COUNT, tickMs: 0 };
  const lineOf = (i: number): string =>
    `${connectionLine(connectionOf(entryAt(words, i * ENTRY_WORDS), 0, null), output)}\n`;
  const lines = Array.from({ length: COUNT }, (_, i) => lineOf(i));

  it('grow as far as is written', () => {
    const writer = createEntryWriter({ output, chunkBytes: 1 });
    writer.text('first\n');
    writer.writePage(page);
    writer.text('x'.repeat(100_000));
    writer.writePage(page, 2);
    const text = `first\n${lines.join('')}${'x'.repeat(100_000)}${lines[0]}${lines[1]}`;
    assert.equal(writer.bytes(), text.length);
    assert.equal(takeText(writer), text);
    assert.equal(writer.bytes(), 0);
    assert.equal(writer.take().length, 0);
  });

  it('become small again after a burst', () => {
    const writer = createEntryWriter({ output, chunkBytes: 16_384 });
    for (let i = 0; i < 5; i++) writer.writePage(page);
    assert.ok(writer.take().buffer.byteLength > 16_384);
    writer.write(words, 0, 0);
    assert.equal(takeText(writer), lines[0]);
    writer.writePage(page, 30);
    const bytes = writer.take();
    assert.equal(Buffer.from(bytes).toString('latin1'), lines.slice(0, 30).join(''));
    assert.equal(bytes.buffer.byteLength, 16_384);
  });

  it('stay as they were taken until they are given back', () => {
    const writer = createEntryWriter({ output, chunkBytes: 16_384 });
    const taken: { readonly bytes: Uint8Array; readonly text: string }[] = [];
    for (let round = 0; round < 200; round++) {
      let text = '';
      for (let left = random.below(50); left >= 0; left--) {
        const i = random.below(COUNT);
        writer.write(words, i * ENTRY_WORDS, 0);
        text += lines[i];
      }
      taken.push({ bytes: writer.take(), text });
      const done = taken.length > 6 ? taken.splice(random.below(taken.length), 1) : [];
      for (const chunk of [...taken, ...done]) {
        assert.equal(Buffer.from(chunk.bytes).toString('latin1'), chunk.text);
      }
      for (const { bytes } of done) writer.giveBack(bytes);
    }
  });

  it('given back are used again, others are not', () => {
    const writer = createEntryWriter({ output, chunkBytes: 16_384 });
    const fill = (): Uint8Array => {
      for (let i = 0; i < 50; i++) writer.write(words, i * ENTRY_WORDS, 0);
      return writer.take();
    };
    const first = fill();
    writer.giveBack(new Uint8Array(10));
    writer.giveBack(first);
    fill();
    assert.equal(fill().buffer, first.buffer);
  });
});

it('words are as many as the layouts have', () => {
  assert.equal(ENTRY_WORDS, Hot.WORDS + Cold.WORDS);
  assert.equal(ENTRY_WORDS, 44);
});

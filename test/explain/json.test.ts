/** What `explain --json` prints is valid under its schemas, and documented. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { outputJson } from '../../src/explain/json.ts';
import { STORY_SCHEMAS } from '../../src/explain/schemas.ts';
import type { AnyOutput } from '../../src/explain/story.ts';
import type { JsonSchema } from '../../src/export/schemas.ts';
import { problems } from '../support/schema.ts';
import { answerTo, byPacket, byTuple, recordsOf } from './stories.ts';

const CAPTURES = 'test/fixtures/captures';

function check(records: readonly AnyOutput[]): void {
  for (const record of records) {
    const line = outputJson(record);
    assert.ok(!line.includes('\n'));
    assert.deepEqual(problems(JSON.parse(line), STORY_SCHEMAS[record.record]), [], line);
    assert.deepEqual(
      Object.keys(JSON.parse(line)),
      Object.keys(STORY_SCHEMAS[record.record].properties ?? {}),
    );
  }
}

async function storyRecords(file: string, packet: number): Promise<AnyOutput[]> {
  const { answer } = await answerTo(file, byPacket(packet));
  if (answer.kind === 'lone') return [answer.record];
  assert.ok(answer.kind === 'story');
  return recordsOf(file, answer.found, packet);
}

describe('records as JSON', () => {
  const FILES = [
    'tcp/arkime__wireshark-retrans.pcap',
    'tcp/sv__tcp-session-ipv6-stream-out-of-window.pcap',
    'tcp/zeek__timeout-with-pings.pcap',
    'tcp/zeek__handshake-reorder.pcap',
    'plain/zeek__NTP_sync.pcap',
    'icmp/zeek__smtp.pcap',
    'icmp6/zeek__icmp6-nd-short-options.pcap',
    'bad/sv__decode-too-small-test.pcap',
  ];
  for (const file of FILES)
    it(`${file} is valid under the schemas`, async () => check(await storyRecords(`${CAPTURES}/${file}`, 1)));

  it('candidates are valid, too', async () => {
    const { answer } = await answerTo(`${CAPTURES}/plain/zeek__NTP_sync.pcap`, byTuple('udp'));
    assert.ok(answer.kind === 'several');
    check(answer.candidates);
  });

  it('times have all their digits', async () => {
    const [story, life] = await storyRecords(`${CAPTURES}/${FILES[0]}`, 1);
    assert.ok(story.record === 'story' && life.record === 'life');
    assert.match(outputJson(life), /"atNs":1259023909119790000,/);
  });
});

it('docs/explain.md names every key of the schemas', () => {
  const page = readFileSync('docs/explain.md', 'utf8');
  const walk = (schema: JsonSchema): void => {
    for (const [key, inner] of Object.entries(schema.properties ?? {})) {
      assert.ok(page.includes(`\`${key}\``), key);
      walk(inner);
    }
    if (schema.items !== undefined) walk(schema.items);
  };
  for (const schema of Object.values(STORY_SCHEMAS)) walk(schema);
});

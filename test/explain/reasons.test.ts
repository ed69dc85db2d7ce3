/** Each reason of docs/reasons.md is shown by explain for at least one packet, with its sentence. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { REASONS, Reason, reasonInfo } from '../../src/common/reasons.ts';
import { REASON_SENTENCES } from '../../src/explain/reason-sentences.ts';
import type { LoneRecord, PacketRecord } from '../../src/explain/story.ts';
import { pcapFile } from '../ingest/capture-files.ts';
import { SAMPLES } from '../packet/corpus.ts';
import { NOT_SHOWN, REASON_PACKETS } from './reason-packets.ts';
import { answerTo, byPacket, packetsOf, recordsOf, type StoryOptions } from './stories.ts';

const folder = mkdtempSync(join(tmpdir(), 'flowshard-reasons-'));
after(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
function temporary(bytes: Uint8Array): string {
  const path = join(folder, `${files++}.pcap`);
  writeFileSync(path, bytes);
  return path;
}

/** What is told of one packet. */
async function toldOf(
  file: string,
  packet: number,
  options: StoryOptions = {},
): Promise<PacketRecord | LoneRecord> {
  const { answer } = await answerTo(file, byPacket(packet), options);
  if (answer.kind === 'lone') return answer.record;
  assert.ok(answer.kind === 'story', `packet ${packet}: ${answer.kind}`);
  const told = packetsOf(await recordsOf(file, answer.found, packet, options)).find(({ n }) => n === packet);
  assert.ok(told !== undefined, `packet ${packet} is not in its story`);
  assert.ok(told.facts !== null);
  return told;
}

function checkTold(told: PacketRecord | LoneRecord, reason: Reason): void {
  assert.ok(reason !== Reason.NONE && reason !== Reason.COUNT);
  assert.equal(told.reason, reasonInfo(reason).name);
  assert.ok(told.why.length > 0);
  if (reason !== Reason.TCP_STATE) assert.equal(told.why[0], REASON_SENTENCES[reason].text);
  for (const sentence of told.why) assert.match(sentence, /^[A-Z].*[.]$|^[\w- ]+: .*\.$/s, sentence);
}

const shown = new Set<Reason>();

describe('packets that the decoder refuses', () => {
  for (const { name, frame, linkType, reason } of SAMPLES.filter((s) => s.reason !== Reason.NONE)) {
    it(`${reasonInfo(reason).name}: ${name}`, async () => {
      const data = Uint8Array.from(frame);
      const file = temporary(
        pcapFile([{ sec: 1000, nsec: 0, wireLength: data.length, data }], { network: linkType }),
      );
      const told = await toldOf(file, 1);
      // What the decoder calls a fragment is refused by the reassembly, for reasons of its own.
      if (reason === Reason.FRAGMENT) assert.match(told.reason ?? '', /^fragment/);
      else checkTold(told, reason);
      if (told.reason === reasonInfo(reason).name) shown.add(reason);
    });
  }
});

describe('packets that the tracker refuses', () => {
  for (const { reason, capture, packet, options, says } of REASON_PACKETS) {
    it(reasonInfo(reason).name, async () => {
      const told = await toldOf(temporary(capture), packet, options);
      checkTold(told, reason);
      const facts = (told.facts ?? []).map(({ name, text }) => `${name}: ${text}`);
      assert.match([...told.why, ...facts].join(' '), says);
      shown.add(reason);
    });
  }
});

it('every reason was shown', () => {
  const missing = [...REASONS.keys()].filter(
    (reason) => reason !== Reason.NONE && !shown.has(reason) && !NOT_SHOWN.has(reason),
  );
  assert.deepEqual(
    missing.map((reason) => reasonInfo(reason).name),
    [],
    'add a packet to test/packet/corpus.ts (decoder) or test/explain/reason-packets.ts (tracker)',
  );
});

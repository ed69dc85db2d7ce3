/** Stories of captures, in this thread; shared by the tests of explain. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { defaultHelpers } from '../../src/conntrack/helpers/registry.ts';
import { applySetting, createSettings, Setting } from '../../src/conntrack/settings.ts';
import { type Question, type Search, search, tellStory } from '../../src/explain/explain.ts';
import type { Found, SearchOptions } from '../../src/explain/find.ts';
import type { AnyRecord, PacketRecord } from '../../src/explain/story.ts';
import { noColours, type Palette } from '../../src/explain/text/palette.ts';
import { createStoryText } from '../../src/explain/text/text.ts';
import { parseTuple, type TuplePattern } from '../../src/explain/tuple-pattern.ts';
import { parseEncapsulation } from '../../src/packet/tunnels/options.ts';
import { type Packet, pcapFile } from '../ingest/capture-files.ts';
import { LINK_RAW } from '../support/frames.ts';
import type { Family } from '../support/packet-text.ts';
import { packetBuilder, Words } from '../support/packet-text.ts';

export interface StoryOptions {
  readonly set?: readonly string[];
  readonly maxConnections?: number;
  readonly oneWay?: boolean;
  /** As `--decap` takes it. */
  readonly decap?: string;
}

export function searchOptions(file: string, options: StoryOptions = {}): SearchOptions {
  const settings = createSettings();
  for (const assignment of options.set ?? []) applySetting(settings, assignment);
  if (options.oneWay) settings[Setting.ONE_WAY] = 1;
  return {
    file,
    settings,
    encapsulation: parseEncapsulation(options.decap === undefined ? undefined : [options.decap], undefined, {
      decap: '--decap',
      zoneFrom: '--zone-from',
    }),
    helpers: defaultHelpers(),
    maxConnections: options.maxConnections ?? 4096,
  };
}

export const byTuple = (text: string): Question => ({ packet: null, pattern: parseTuple([text]) });
export const byPacket = (packet: number): Question => ({ packet, pattern: null });

/** Means every connection. */
const END = { address: null, port: null };
export const EVERY: TuplePattern = { text: '', protocol: null, zone: null, ends: [END, END] };

export const answerTo = (file: string, question: Question, options: StoryOptions = {}): Promise<Search> =>
  search(searchOptions(file, options), question);

export async function recordsOf(
  file: string,
  found: Found,
  packet: number | null = null,
  options: StoryOptions = {},
): Promise<AnyRecord[]> {
  const records: AnyRecord[] = [];
  await tellStory({ ...searchOptions(file, options), found, packet }, async (some) => {
    records.push(...some);
    return true;
  });
  return records;
}

/** The story that answers a question, which must have one. */
export async function storyOf(
  file: string,
  question: Question,
  options: StoryOptions = {},
): Promise<AnyRecord[]> {
  const { answer } = await answerTo(file, question, options);
  assert.ok(answer.kind === 'story', `no story: ${answer.kind}`);
  return recordsOf(file, answer.found, question.packet, options);
}

export const packetsOf = (records: readonly AnyRecord[]): PacketRecord[] =>
  records.flatMap((r) => (r.record === 'packet' ? [r] : []));

export interface Layout {
  readonly width?: number;
  readonly palette?: Palette;
  readonly all?: boolean;
  readonly absolute?: boolean;
}

export function textOf(records: readonly AnyRecord[], layout: Layout = {}): string[] {
  const { width = 120, palette = noColours, all = false, absolute = false } = layout;
  const text = createStoryText({ width, palette, all, absolute });
  return records.flatMap((record) => text.add(record));
}

const START_S = 1_700_000_000;

/** A capture from the left sides of a script (test/support/script.ts), 10 ms apart unless it says more. */
export function scriptCapture(script: string, family: Family = 'IPv4'): Uint8Array {
  let ms = 0;
  const lines = script.split('\n').map((line) => line.trim());
  const packets = lines
    .filter((line) => line !== '')
    .map((line): Packet => {
      const { build, options } = packetBuilder(new Words(line.split(/\s+/)));
      ms += options.afterMs === 0 ? 10 : options.afterMs;
      const data = build(family);
      return { sec: START_S + Math.floor(ms / 1000), nsec: (ms % 1000) * 1e6, wireLength: data.length, data };
    });
  return pcapFile(packets, { network: LINK_RAW });
}

/** Captures of test/fixtures, by their path below captures. */
export function fixtureCaptures(): string[] {
  const [, ...rows] = readFileSync('test/fixtures/captures/SOURCES.tsv', 'utf8').trim().split('\n');
  return rows.map((row) => `test/fixtures/captures/${row.split('\t')[0]}`);
}

/** A story as lines for people. Takes the records one by one and gives lines as soon as they can be laid out. */

import { grouped } from '../../common/grouped.ts';
import type { AnyRecord, EndRecord, LifeRecord, PacketRecord, StoryRecord, TotalRecord } from '../story.ts';
import { destinationText, sourceText } from '../tuple-key.ts';
import { bytesText } from '../window-words.ts';
import {
  effectStyle,
  OTHER_COLUMNS,
  secondsSince,
  stateText,
  statusWord,
  TCP_COLUMNS,
  verdictText,
} from './cells.ts';
import { createFolder, type Folded, type Shown } from './fold.ts';
import type { Palette } from './palette.ts';
import { createTable, type Table } from './table.ts';
import { wrap } from './wrap.ts';

export interface TextOptions {
  /** Characters in a line. */
  readonly width: number;
  readonly palette: Palette;
  /** Every packet in a row of its own. */
  readonly all: boolean;
  /** Sequence numbers as they stand in the packets. */
  readonly absolute: boolean;
}

export interface StoryText {
  /** Lines that can be printed now. */
  add(record: AnyRecord): string[];
}

/** Rows that are looked at before the columns are as wide as they will be. */
const ROWS_MEASURED = 500;

type Waiting = { readonly shown: Shown } | { readonly lines: (table: Table) => string[] };

const count = (n: number, word: string): string => `${grouped(n)} ${word}${n === 1 ? '' : 's'}`;

/** `2015-01-03 12:58:18.157928 UTC` */
export function utcText(ns: bigint): string {
  const seconds = ns / 1_000_000_000n;
  const iso = new Date(Number(seconds) * 1000).toISOString().slice(0, 19).replace('T', ' ');
  const fraction = (ns % 1_000_000_000n).toString().padStart(9, '0');
  return `${iso}.${fraction.endsWith('000') ? fraction.slice(0, 6) : fraction} UTC`;
}

export function createStoryText(options: TextOptions): StoryText {
  const { palette, width } = options;
  const folder = createFolder();
  let story: StoryRecord | null = null;
  let startNs: bigint | null = null;
  let table: Table | null = null;
  let waiting: Waiting[] = [];
  /** Sentences of the run at hand, which need not be said again. */
  let said = new Set<string>();
  let saidOf = '';
  const saidInLife = new Set<string>();

  // ---- The beginning ----

  function begin(record: StoryRecord): string[] {
    story = record;
    const { protocolName, protocol, tuple, zone } = record;
    const name = protocolName === 'unknown' ? `protocol ${protocol}` : protocolName;
    const id = tuple.id === undefined ? '' : `  id ${tuple.id}`;
    const where = zone === 0 ? '' : `  zone ${zone}`;
    return [`${palette('bold', `${name}  ${sourceText(tuple)} → ${destinationText(tuple)}${id}`)}${where}`];
  }

  function opening(ns: bigint): string[] {
    const counting =
      story?.protocol === 6 && !options.absolute
        ? '; sequence numbers count from the first of each side'
        : '';
    const file = story === null ? '' : `${story.file}; `;
    return [
      ...wrap(`${file}seconds since ${utcText(ns)}${counting}`, 0, width).map((line) => palette('dim', line)),
      '',
    ];
  }

  // ---- Rows ----

  function packetLines(p: PacketRecord, t: Table): string[] {
    const isAsked = p.facts !== null;
    const marker = isAsked ? palette('bold', '▶') : markerOf(p);
    const lines = t.row(p, marker);
    lines.push(...whyLines(p, t.indent));
    for (const { name, text } of p.facts ?? [])
      lines.push(...wrap(`${name}: ${text}`, t.indent + 2, width).map((line) => palette('dim', line)));
    return lines;
  }

  function markerOf(p: PacketRecord): string {
    if (p.effect === 'refused' || p.effect === 'dropped') return palette('alarm', '✗');
    if (p.effect === 'ignored') return palette('yellow', '·');
    return p.effect === 'skipped' || p.effect === 'untracked' ? palette('magenta', '·') : ' ';
  }

  /** What was said: of packets that were accepted once in a life, of others once in a run of the same kind. */
  function saidBefore(p: PacketRecord): Set<string> {
    if (p.effect === 'accepted') return saidInLife;
    const key = `${p.effect} ${p.reason} ${p.window?.bound} ${p.life}`;
    if (key !== saidOf) said = new Set();
    saidOf = key;
    return said;
  }

  function whyLines(p: PacketRecord, indent: number): string[] {
    const before = saidBefore(p);
    // What was asked for has its facts below.
    const facts = new Set(p.facts?.map(({ name, text }) => `${name}: ${text}.`));
    // What is expected anew is no repetition.
    const isNews = p.expects.length > 0;
    const fresh = p.why.filter((sentence) => (isNews || !before.has(sentence)) && !facts.has(sentence));
    for (const sentence of p.why) before.add(sentence);
    if (fresh.length === 0 && p.reason === null) return [];
    const head = p.reason === null ? '' : `${verdictText(p)}, ${p.reason}:`;
    if (fresh.length === 0 && head !== '') return [];
    const lines = wrap(`${head} ${fresh.join(' ')}`.trim(), indent, width);
    const style = effectStyle(p);
    return lines.map((line, i) => (i === 0 && head !== '' ? line.replace(head, palette(style, head)) : line));
  }

  function foldedLines(f: Folded, t: Table): string[] {
    const { sample: p } = f;
    const arrows = `${grouped(f.original)} →, ${grouped(f.reply)} ←`;
    const outcome = p.reason === null ? `all ${p.effect}` : `all ${verdictText(p)} (${p.reason})`;
    const state = p.statusAfter === null ? '' : `, ${stateText(p)}`;
    const text = `… ${count(f.packets, 'packet')} (${arrows}), ${bytesText(f.bytes)}, ${outcome}${state}`;
    return wrap(text, t.indent, width).map((line) => palette('dim', line));
  }

  function shownLines(s: Shown, t: Table): string[] {
    return 'packet' in s ? packetLines(s.packet, t) : foldedLines(s.folded, t);
  }

  // ---- Borders ----

  function border(text: string): string {
    const rest = Math.max(2, width - text.length - 4);
    return palette('dim', `── ${text} ${'─'.repeat(rest)}`);
  }

  function lifeLines(r: LifeRecord): string[] {
    saidInLife.clear();
    const isTurned = r.original.src !== story?.tuple.src || r.original.sport !== story.tuple.sport;
    const picked = r.pickedUp ? ', picked up in mid-stream' : '';
    const turned = `  Opened by ${sourceText(r.original)}: from here on → is its direction.`;
    return [
      border(`life ${r.life}, ${utcText(r.atNs)}${picked}`),
      ...(isTurned ? [palette('bold', turned)] : []),
      ...foretoldText(r),
    ];
  }

  function foretoldText({ helper, master }: LifeRecord): string[] {
    const by = master?.tuple == null ? '' : ` by ${master.tuple}, whose helper is ${master.helper}`;
    return [
      ...(helper === null ? [] : [`  The helper ${helper} reads its packets.`]),
      ...(master === null ? [] : wrap(`It was foretold${by}.`, 2, width)),
    ];
  }

  function endLines(r: EndRecord): string[] {
    const state = r.state ?? statusWord(r.statusNames);
    const at = startNs === null ? '' : ` at ${secondsSince(r.atNs, startNs)}`;
    const counted =
      r.counted === null ? '' : ` Counted: ${side(r.counted.original)} →, ${side(r.counted.reply)} ←.`;
    const head = `end of life ${r.life}${at}, in ${state}.`;
    return wrap(`${head} ${r.why}${counted}`, 2, width).map((line, i) =>
      i === 0 ? line.replace(head, palette('bold', head)) : line,
    );
  }

  const side = ([packets, bytes]: readonly [number, number]): string =>
    `${count(packets, 'packet')} with ${bytesText(bytes)}`;

  // ---- The end ----

  function totalLines(r: TotalRecord): string[] {
    const effects = Object.entries(r.effects).filter(([, n]) => n > 0);
    const reasons = Object.entries(r.reasons).sort((a, b) => b[1] - a[1]);
    const became = effects.map(
      ([name, n]) => `${grouped(n)} ${name === 'opens' ? (n === 1 ? 'opens it' : 'open it') : name}`,
    );
    const why =
      reasons.length === 0 ? '' : ` (${reasons.map(([name, n]) => `${name} ${grouped(n)}`).join(', ')})`;
    const lives =
      r.lives === 1 ? 'one life' : r.lives === 0 ? 'no connection came of it' : `${r.lives} lives`;
    const lines = wrap(`${count(r.packets, 'packet')}: ${became.join(', ')}${why}; ${lives}.`, 0, width);
    if (r.alive !== null) {
      const status =
        ['ASSURED', 'SEEN_REPLY'].find((name) => r.alive?.statusNames.includes(name)) ?? 'UNREPLIED';
      const state = r.alive.state === null ? '' : `${r.alive.state}, `;
      lines.push(
        ...wrap(`Alive at the end of the capture: ${state}${status}, ${r.alive.leftS} s left.`, 0, width),
      );
    }
    for (const text of r.advice)
      lines.push(...wrap(`Hint: ${text}`, 0, width).map((line) => palette('dim', line)));
    return ['', ...lines];
  }

  // ---- The order of lines ----

  /** Lays out what has waited; from then on nothing waits any more. */
  function release(): string[] {
    if (table === null) {
      const rows = waiting.flatMap((w) => ('shown' in w && 'packet' in w.shown ? [w.shown.packet] : []));
      const columns = story?.protocol === 6 ? TCP_COLUMNS : OTHER_COLUMNS;
      table = createTable(columns, rows, { ...options, startNs: startNs ?? 0n });
      const lines = rows.length === 0 ? [] : [...opening(startNs ?? 0n), table.header()];
      lines.push(...flushWaiting(table));
      return lines;
    }
    return flushWaiting(table);
  }

  function flushWaiting(t: Table): string[] {
    const lines = waiting.flatMap((w) => ('shown' in w ? shownLines(w.shown, t) : w.lines(t)));
    waiting = [];
    return lines;
  }

  function enqueue(...more: Waiting[]): string[] {
    waiting.push(...more);
    return table !== null || waiting.length >= ROWS_MEASURED ? release() : [];
  }

  const asWaiting = (shown: readonly Shown[]): Waiting[] => shown.map((each) => ({ shown: each }));

  function add(record: AnyRecord): string[] {
    if (record.record === 'story') return begin(record);
    if (startNs === null && 'atNs' in record) startNs = record.atNs;
    switch (record.record) {
      case 'packet':
        return enqueue(...asWaiting(options.all ? [{ packet: record }] : folder.add(record)));
      case 'life':
        return enqueue(...asWaiting(folder.flush()), { lines: () => lifeLines(record) });
      case 'end':
        return enqueue(...asWaiting(folder.flush()), { lines: () => endLines(record) });
      default:
        waiting.push(...asWaiting(folder.flush()), { lines: () => totalLines(record) });
        return release();
    }
  }

  return { add };
}

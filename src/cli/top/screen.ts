/** A picture as lines of styled text that fit into a terminal. Nothing here writes. */
import { duration, percent, short } from './numbers.ts';
import { rowsOf } from './rows.ts';
import type { Picture, SortKey } from './sample.ts';

export type Style = 'plain' | 'bold' | 'dim' | 'good' | 'warn' | 'bad' | 'bar' | 'title';

export interface Span {
  readonly text: string;
  readonly style: Style;
}
export type Line = readonly Span[];

/** What the keys have set. */
export interface Mode {
  readonly sort: SortKey;
  readonly filter: string;
  readonly isPaused: boolean;
  /** While a filter is typed: what is there so far. */
  readonly typed: string | null;
  /** Something to tell: a filter that is wrong, a tracker that does not answer. */
  readonly trouble: string | null;
  readonly target: string;
  readonly intervalS: number;
}

const span = (text: string, style: Style = 'plain'): Span => ({ text, style });

/** Words that a terminal could take for orders are none. */
const harmless = (text: string): string => text.replaceAll(/[^\x20-\x7e]/g, '?');

/** Cut to the width. */
function cut(line: Line, width: number): Line {
  const spans: Span[] = [];
  let left = width;
  for (const { text, style } of line) {
    if (left <= 0) break;
    spans.push({ text: harmless(text).slice(0, left), style });
    left -= text.length;
  }
  return spans;
}

const LABEL_WIDTH = 13;
/** Below it labels are as long as they are. */
const LABELS_IN_LINE = 60;

const labelSpan = (text: string, width: number): Span =>
  span(width < LABELS_IN_LINE ? `${text} ` : text.padEnd(LABEL_WIDTH), 'dim');

/** Parts with two spaces between, as many as there is room for. */
function parts(label: string, items: readonly Line[], width: number): Line {
  const spans: Span[] = [labelSpan(label, width)];
  let used = spans[0].text.length;
  items.forEach((item, i) => {
    const length = item.reduce((sum, { text }) => sum + text.length, i === 0 ? 0 : 2);
    if (used + length > width) return;
    if (i > 0) spans.push(span('  '));
    spans.push(...item);
    used += length;
  });
  return spans;
}

const rate = (name: string, perS: number): Line => [span(`${name} `), span(`${short(perS)}/s`, 'bold')];

const FULL = 0.8;
const NEARLY_FULL = 0.95;
const BAR_WIDTH_MAX = 30;

/** `[#####-----]`: how full it is. */
function bar(part: number, width: number): Line {
  const filled = Math.min(width, Math.round(part * width));
  const style: Style = part >= NEARLY_FULL ? 'bad' : part >= FULL ? 'warn' : 'good';
  return [span('['), span('#'.repeat(filled), style), span('-'.repeat(width - filled), 'dim'), span(']')];
}

function headLine({ version, uptimeS }: Picture, mode: Mode, width: number): Line {
  const left = `flowshard top  ${mode.target}`;
  const paused = mode.isPaused ? 'PAUSED  ' : '';
  const right = `${paused}v${version}  up ${duration(uptimeS)}  every ${mode.intervalS}s`;
  const gap = width - left.length - right.length;
  // Where there is not room for both the right side says more.
  const text = gap >= 2 ? left + ' '.repeat(gap) + right : right.padEnd(width);
  return [span(text.slice(0, width).padEnd(width), 'bar')];
}

function tableLine({ entries, entriesMax }: Picture, width: number): Line {
  const fill = entriesMax === 0 ? 0 : entries / entriesMax;
  const words = `${short(entries)} of ${short(entriesMax)} (${percent(entries, entriesMax)}) `;
  const label = labelSpan('connections', width);
  const room = Math.min(BAR_WIDTH_MAX, width - label.text.length - words.length - 2);
  return [label, span(words, 'bold'), ...(room >= 5 ? bar(fill, room) : [])];
}

/** Losses in red while they last, else their total: none is passed over. */
function dropsLine({ drops }: Picture, width: number): Line {
  const some = drops.filter(([, total]) => total > 0);
  if (some.length === 0) return parts('drops', [[span('none', 'good')]], width);
  const items = some.map(
    ([name, total, perS]): Line => [
      span(`${name} `),
      perS > 0 ? span(`${short(perS)}/s`, 'bad') : span('0/s'),
      span(` (${short(total)})`, perS > 0 ? 'bad' : 'warn'),
    ],
  );
  const line = parts('drops', items, width);
  // What did not fit is at least counted.
  const shown = line.filter(({ text }) => some.some(([name]) => text === `${name} `)).length;
  return shown === some.length ? line : [...line, span(` +${some.length - shown}`, 'bad')];
}

function statesLine({ table }: Picture, width: number): Line {
  const states = Object.entries(table.states).sort((a, b) => b[1] - a[1]);
  return parts(
    'states',
    states.map(([name, count]): Line => [span(`${name} `), span(short(count), 'bold')]),
    width,
  );
}

/** `47 ms`, `380 us`. */
function durationText(ns: number): string {
  return ns >= 1e6 ? `${short(Math.round(ns / 1e6))} ms` : `${short(Math.round(ns / 1e3))} us`;
}

function shardsLine({ owners }: Picture, width: number): Line {
  const items = owners.map((owner): Line => {
    const name = owner.kind === 'masters' ? 'helpers' : String(owner.owner);
    const ring = owner.ringSlots === 0 ? 0 : owner.ringDepth / owner.ringSlots;
    const latency = owner.latencyNs === null ? '' : ` p99 ${durationText(owner.latencyNs.p99)}`;
    const style: Style = ring > FULL ? 'bad' : 'plain';
    return [
      span(`${name}: `, 'dim'),
      span(
        `${percent(owner.entries, owner.entriesMax)} ring ${percent(owner.ringDepth, owner.ringSlots)}`,
        style,
      ),
      span(latency),
    ];
  });
  return parts('shards', items, width);
}

function footLine(mode: Mode, width: number): Line {
  if (mode.typed !== null) {
    const prompt = 'filter: ';
    const typed = mode.typed.slice(-Math.max(1, width - prompt.length - 1));
    return [span(prompt, 'bold'), span(`${typed}_`)];
  }
  if (mode.trouble !== null) return [span(mode.trouble, 'bad')];
  const keys = ['q quit', '/ filter', 'b bytes', 'p packets', 'r rate', 'a age', 'space pause'];
  return [span(keys.join('  '), 'dim')];
}

function filterLine({ table }: Picture, { filter }: Mode): Line {
  if (filter === '') return [span('busiest of all', 'dim')];
  return [
    span('busiest of ', 'dim'),
    span(`${short(table.matching)}`, 'bold'),
    span(' with ', 'dim'),
    span(filter),
  ];
}

/** The whole screen: exactly `height` lines of at most `width` columns. */
export function screenOf(picture: Picture, mode: Mode, width: number, height: number): Line[] {
  const { packetsPerS, bitsPerS, createdPerS, endedPerS, refusals } = picture;
  const rates = [
    rate('packets', packetsPerS),
    rate('bits', bitsPerS),
    rate('new', createdPerS),
    rate('ended', endedPerS),
  ];
  // The most important first: on a low terminal the last ones give way to the table.
  const facts: Line[] = [
    headLine(picture, mode, width),
    parts('traffic', rates, width),
    tableLine(picture, width),
    dropsLine(picture, width),
    statesLine(picture, width),
    parts(
      'not tracked',
      refusals.map(([name, , perS]) => rate(name, perS)),
      width,
    ),
    shardsLine(picture, width),
  ];
  const factsMax = Math.max(2, Math.min(facts.length, height - 6));
  const [title, ...rows] = rowsOf(picture.table.busiest, mode.sort, width);
  const body: Line[] = [
    ...facts.slice(0, factsMax),
    filterLine(picture, mode),
    [span(title.cells.join(' ').padEnd(width), 'title')],
    ...rows.map(
      ({ cells, sorted }): Line =>
        cells.map((cell, i) =>
          span(i === cells.length - 1 ? cell : `${cell} `, i === sorted ? 'bold' : 'plain'),
        ),
    ),
  ];
  const room = Math.max(1, height - 1);
  const shown = body.slice(0, room);
  while (shown.length < room) shown.push([]);
  return [...shown, footLine(mode, width)].slice(-height).map((line) => cut(line, width));
}

/** Without styles: for `--once` and for tests. */
export const plainText = (lines: readonly Line[]): string[] =>
  lines.map((line) =>
    line
      .map(({ text }) => text)
      .join('')
      .trimEnd(),
  );

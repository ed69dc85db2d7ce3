/** The cells of a packet's row: what each column shows. */
import type { PacketRecord } from '../story.ts';
import type { Style } from './palette.ts';

export interface Cell {
  readonly text: string;
  readonly style: Style;
}

export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
  /** What goes first when there is little room: 1 before 2; 0 stays. */
  readonly drop: number;
  cell(p: PacketRecord, o: CellOptions): Cell;
}

export interface CellOptions {
  /** Nanoseconds since 1970 from which times count. */
  readonly startNs: bigint;
  /** Sequence numbers as they stand in the packets. */
  readonly absolute: boolean;
}

const NOTHING: Cell = { text: '', style: 'plain' };
const plain = (text: string): Cell => ({ text, style: 'plain' });
const dim = (text: string): Cell => ({ text, style: 'dim' });

/** Seconds with six digits, or nine where the capture has them. */
export function secondsSince(ns: bigint, startNs: bigint): string {
  const delta = ns - startNs;
  const sign = delta < 0n ? '-' : '';
  const size = delta < 0n ? -delta : delta;
  const fraction = (size % 1_000_000_000n).toString().padStart(9, '0');
  return `${sign}${size / 1_000_000_000n}.${fraction.endsWith('000') ? fraction.slice(0, 6) : fraction}`;
}

/** `432000 s`, `0.5 s`. */
export const timeoutText = (seconds: number): string => `${Number(seconds.toFixed(3))} s`;

/** The state of protocols without one of their own is what is known of the answers. */
export function statusWord(names: readonly string[]): string {
  if (names.includes('ASSURED')) return 'ASSURED';
  return names.includes('SEEN_REPLY') ? 'REPLIED' : 'UNREPLIED';
}

/** The state, or from which to which. */
export function stateText(p: PacketRecord): string {
  const { stateBefore, stateAfter, statusAfter } = p;
  if (stateAfter !== null)
    return stateBefore === null || stateBefore === stateAfter ? stateAfter : `${stateBefore} → ${stateAfter}`;
  return statusAfter === null ? 'no connection' : statusWord(statusAfter);
}

export const isChange = (p: PacketRecord): boolean =>
  p.effect === 'opens' || p.stateBefore !== p.stateAfter || p.gained.length > 0;

function stateCell(p: PacketRecord): Cell {
  if (p.statusAfter === null) return dim(stateText(p));
  return { text: stateText(p), style: isChange(p) ? 'bold' : 'plain' };
}

/** Style of what became of it. */
export function effectStyle(p: Pick<PacketRecord, 'effect'>): Style {
  switch (p.effect) {
    case 'refused':
    case 'dropped':
      return 'alarm';
    case 'ignored':
      return 'yellow';
    case 'skipped':
    case 'untracked':
      return 'magenta';
    case 'opens':
    case 'related':
      return 'green';
    default:
      return 'plain';
  }
}

/** `ct state`; the direction has an arrow of its own. */
export function verdictText(p: PacketRecord): string {
  if (p.verdict === null) return p.effect;
  return p.verdict.replace('/reply', '');
}

const ARROWS = { original: '→', reply: '←' } as const;

const number: Column = { title: 'packet', align: 'right', drop: 0, cell: (p) => plain(String(p.n)) };
const time: Column = {
  title: 'time',
  align: 'right',
  drop: 0,
  cell: (p, o) => plain(secondsSince(p.atNs, o.startNs)),
};
const arrow: Column = {
  title: '',
  align: 'left',
  drop: 0,
  cell: ({ direction }) =>
    direction === null
      ? NOTHING
      : { text: ARROWS[direction], style: direction === 'original' ? 'cyan' : 'magenta' },
};
const verdict: Column = {
  title: 'ct state',
  align: 'left',
  drop: 3,
  cell: (p) => ({ text: verdictText(p), style: effectStyle(p) }),
};
const state: Column = { title: 'state', align: 'left', drop: 0, cell: stateCell };
const timeout: Column = {
  title: 'timeout',
  align: 'right',
  drop: 0,
  cell: (p) => (p.timeoutS === null ? NOTHING : plain(timeoutText(p.timeoutS))),
};
const what = (title: string): Column => ({ title, align: 'left', drop: 0, cell: (p) => plain(p.what) });

/** Only data makes a range; that SYN and FIN count as one goes without saying. */
function sequenceText({ tcp }: PacketRecord, absolute: boolean): string {
  if (tcp === null) return '';
  const first = absolute ? tcp.seq : (tcp.relativeSeq ?? tcp.seq);
  const end = first === tcp.relativeSeq ? first + tcp.bytes : (first + tcp.bytes) % 2 ** 32;
  return tcp.bytes === 0 ? String(first) : `${first}..${end}`;
}

function acknowledgementText({ tcp }: PacketRecord, absolute: boolean): string {
  if (tcp?.ack == null) return '';
  return String(absolute ? tcp.ack : (tcp.relativeAck ?? tcp.ack));
}

export const TCP_COLUMNS: readonly Column[] = [
  number,
  time,
  arrow,
  what('flags'),
  { title: 'seq', align: 'right', drop: 5, cell: (p, o) => plain(sequenceText(p, o.absolute)) },
  { title: 'ack', align: 'right', drop: 4, cell: (p, o) => plain(acknowledgementText(p, o.absolute)) },
  {
    title: 'len',
    align: 'right',
    drop: 1,
    cell: (p) => (p.tcp === null ? NOTHING : plain(String(p.tcp.bytes))),
  },
  {
    title: 'window',
    align: 'right',
    drop: 2,
    cell: (p) => (p.tcp === null ? NOTHING : plain(String(p.tcp.windowScaled))),
  },
  verdict,
  state,
  timeout,
];

export const OTHER_COLUMNS: readonly Column[] = [
  number,
  time,
  arrow,
  what('what'),
  {
    title: 'bytes',
    align: 'right',
    drop: 1,
    cell: (p) => (p.bytes === null ? NOTHING : plain(String(p.bytes))),
  },
  verdict,
  state,
  timeout,
];

/** What is behind the columns: events, status bits, why the timeout is another one. */
export function notes(p: PacketRecord): string {
  const sack = p.tcp === null ? [] : p.tcp.sack.map(([left, right]) => `SACK ${left}..${right}`);
  const because = p.timeoutBecause === null ? [] : [p.timeoutBecause];
  const event = p.event === null ? [] : [`[${p.event}]`];
  return [...event, ...p.gained.map((name) => `+${name}`), ...because, ...sack].join(' ');
}

/**
 * Holds a trace of ours against the kernel's. Compared are the verdict of each packet, the sequence of
 * events of each connection (without ids, which are random), and, where the kernel's trace has it, the
 * table. Ends are a sequence of their own, of which the kernel's may be the shorter one: its garbage
 * collector reports an expiry when it comes by.
 */
import { connectionKey, endpointsOfLine } from './connection-key.ts';
import { rowsByNumber, type TraceRow } from './trace.ts';

export interface VerdictDifference {
  readonly kind: 'verdict';
  readonly n: number;
  readonly kernel: string | null;
  readonly ours: string | null;
  readonly why: string | null;
  /** The kernel's row. */
  readonly row: TraceRow;
}

export interface LineDifference {
  readonly kind: 'event' | 'end' | 'table';
  /** Packet: of the earlier one of the two lines. */
  readonly n: number;
  /** Connection (see connection-key.ts). */
  readonly key: string;
  /** Null: the other side has one more. */
  readonly kernel: string | null;
  readonly ours: string | null;
}

export type Difference = VerdictDifference | LineDifference;

export interface Count {
  compared: number;
  equal: number;
}

export interface ComparisonCounts {
  /** Of packets. */
  readonly verdicts: Count;
  /** Lines of events; those of a connection that come after one that differs count as different. */
  readonly events: Count;
  readonly ends: Count;
  /** Lines of tables, of both sides. */
  readonly table: Count;
}

export interface Comparison {
  readonly differences: readonly Difference[];
  readonly counts: ComparisonCounts;
}

/** What a class of differences says about a pair of event lines: then the comparison of that connection goes on. */
export type SameBut = (kernel: string, ours: string) => boolean;

interface Line {
  readonly n: number;
  readonly text: string;
}

/** "SKIP" is not IP, null refused by the IP layer: in damaged packets the border between them is no verdict. */
const sameVerdict = (a: string | null, b: string | null): boolean => (a ?? 'SKIP') === (b ?? 'SKIP');

export const normalized = (line: string): string =>
  line
    .replace(/ id=\d+$/, '')
    .replace(/\s+/g, ' ')
    .trim();

/** Seconds by which timeouts in a table may differ: the kernel prints it a while after the packet. */
const TABLE_SLACK_S = 2;

interface Sequence {
  /** Connection (see connection-key.ts). */
  readonly key: string;
  readonly lines: Line[];
}

/** The first tuple: ICMP queries of several kinds share a key. */
const TUPLE = /src=\S+ dst=\S+(?: (?:sport|dport|type|code|id|srckey|dstkey)=\S+)*/;

/** Events by connection; ends by tuple, since the kernel comes to what expires in an order of its own. */
function sequencesOf(rows: readonly TraceRow[], kind: 'event' | 'end'): Map<string, Sequence> {
  const sequences = new Map<string, Sequence>();
  for (const { n, ev } of rows) {
    for (const line of ev) {
      if (line.startsWith('[DESTROY]') !== (kind === 'end')) continue;
      const key = connectionKey(endpointsOfLine(line));
      const name = kind === 'event' ? key : `${key} ${TUPLE.exec(line)?.[0]}`;
      const text = normalized(line);
      const sequence = sequences.get(name);
      if (sequence === undefined) sequences.set(name, { key, lines: [{ n, text }] });
      else sequence.lines.push({ n, text });
    }
  }
  return sequences;
}

/**
 * Differences of one connection's events: those that the classes know by themselves, and the first
 * other one. Of ends we may have more.
 */
function sequenceDifferences(
  kind: 'event' | 'end',
  key: string,
  kernel: readonly Line[],
  ours: readonly Line[],
  sameBut: SameBut,
  count: Count,
): LineDifference[] {
  const found: LineDifference[] = [];
  const length = kind === 'end' ? kernel.length : Math.max(kernel.length, ours.length);
  count.compared += length;
  for (let i = 0; i < length; i++) {
    const [k, o] = [kernel.at(i), ours.at(i)];
    if (k?.text === o?.text) {
      count.equal++;
      continue;
    }
    const n = Math.min(k?.n ?? Number.POSITIVE_INFINITY, o?.n ?? Number.POSITIVE_INFINITY);
    found.push({ kind, n, key, kernel: k?.text ?? null, ours: o?.text ?? null });
    if (k === undefined || o === undefined || !sameBut(k.text, o.text)) break;
  }
  return found;
}

interface TableLine {
  readonly key: string;
  /** What must be equal. */
  readonly rest: string;
  readonly timeoutS: number;
  readonly text: string;
}

function tableLine(text: string): TableLine {
  const words = normalized(text).split(' ');
  const [timeout] = words.splice(4, 1);
  return {
    key: connectionKey(endpointsOfLine(text)),
    rest: words.join(' '),
    timeoutS: Number(timeout),
    text,
  };
}

const isSameLine = (a: TableLine, b: TableLine): boolean =>
  a.rest === b.rest && Math.abs(a.timeoutS - b.timeoutS) <= TABLE_SLACK_S;

/** The table is read a while after the packet: what only one side has may have expired in between. */
function isEnding({ kernel, ours }: LineDifference): boolean {
  if (kernel !== null && ours !== null) return false;
  return tableLine(kernel ?? ours ?? '').timeoutS < TABLE_SLACK_S;
}

function linesByKey(lines: readonly string[]): Map<string, TableLine[]> {
  const byKey = new Map<string, TableLine[]>();
  for (const line of lines.map(tableLine)) {
    const list = byKey.get(line.key);
    if (list === undefined) byKey.set(line.key, [line]);
    else list.push(line);
  }
  return byKey;
}

/** Two lines of one connection are one difference. */
function tableDifferences(
  n: number,
  kernel: readonly string[],
  ours: readonly string[],
  count: Count,
): LineDifference[] {
  const left = linesByKey(ours);
  const found: LineDifference[] = [];
  for (const [key, lines] of linesByKey(kernel)) {
    const own = left.get(key) ?? [];
    const unmatched = lines.filter((line) => {
      const at = own.findIndex((other) => isSameLine(line, other));
      if (at >= 0) own.splice(at, 1);
      return at < 0;
    });
    count.compared += lines.length;
    count.equal += lines.length - unmatched.length;
    for (const { text } of unmatched)
      found.push({ kind: 'table', n, key, kernel: text, ours: own.shift()?.text ?? null });
  }
  for (const [key, lines] of left) {
    count.compared += lines.length;
    for (const { text } of lines) found.push({ kind: 'table', n, key, kernel: null, ours: text });
  }
  return found.filter((d) => !isEnding(d));
}

const newCount = (): Count => ({ compared: 0, equal: 0 });

export function compareTraces(
  kernel: readonly TraceRow[],
  ours: readonly TraceRow[],
  sameBut: SameBut,
): Comparison {
  const differences: Difference[] = [];
  const counts = { verdicts: newCount(), events: newCount(), ends: newCount(), table: newCount() };
  const oursOf = rowsByNumber(ours);
  for (const row of kernel) {
    const own = oursOf(row.n);
    const [ct, why] = [own?.ct ?? null, own?.why ?? null];
    counts.verdicts.compared++;
    if (sameVerdict(row.ct, ct)) counts.verdicts.equal++;
    else differences.push({ kind: 'verdict', n: row.n, kernel: row.ct, ours: ct, why, row });
    if (row.tab !== null && own !== undefined)
      differences.push(...tableDifferences(row.n, row.tab, own.tab ?? [], counts.table));
  }
  for (const kind of ['event', 'end'] as const) {
    const [k, o] = [sequencesOf(kernel, kind), sequencesOf(ours, kind)];
    const count = kind === 'event' ? counts.events : counts.ends;
    // An end that only we have is one that the kernel had not come to yet.
    for (const name of kind === 'end' ? k.keys() : new Set([...k.keys(), ...o.keys()])) {
      const [there, here] = [k.get(name), o.get(name)];
      const key = there?.key ?? here?.key ?? '';
      const found = sequenceDifferences(kind, key, there?.lines ?? [], here?.lines ?? [], sameBut, count);
      differences.push(...found);
    }
  }
  const order = { verdict: 0, event: 1, end: 2, table: 3 };
  differences.sort((a, b) => a.n - b.n || order[a.kind] - order[b.kind]);
  return { differences, counts };
}

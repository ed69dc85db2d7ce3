/** Traces: JSON lines, one per packet, as the kernel's recorder and `--print trace` write them. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

export interface TraceRow {
  /** Packet number, from 1. */
  readonly n: number;
  /** Nanoseconds since 1970: when the tracker got the packet. */
  readonly t: bigint;
  /** The verdict; null when there was none. */
  readonly ct: string | null;
  /** Why, where the tracker says so. */
  readonly why: string | null;
  readonly ev: readonly string[];
  /** The table after the packet, while it was small. */
  readonly tab: readonly string[] | null;
}

/** Times do not fit a double: they are read from the text. */
const TIME = /"t": ?(\d+)/;

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((line) => typeof line === 'string') : [];
}

function parseRow(line: string): TraceRow | null {
  const fields: Record<string, unknown> = JSON.parse(line);
  if (typeof fields.n !== 'number') return null;
  return {
    n: fields.n,
    t: BigInt(TIME.exec(line)?.[1] ?? 0),
    // The recorder says "ERR" where the packet could not even be handed to the kernel.
    ct: typeof fields.ct === 'string' && fields.ct !== 'ERR' ? fields.ct : null,
    why: typeof fields.why === 'string' ? fields.why : null,
    ev: strings(fields.ev),
    tab: Array.isArray(fields.tab) ? strings(fields.tab) : null,
  };
}

/** Rows of the packets; other lines are left out. */
export function parseTrace(text: string): TraceRow[] {
  const rows: TraceRow[] = [];
  for (const line of text.split('\n')) {
    const row = line === '' ? null : parseRow(line);
    if (row !== null) rows.push(row);
  }
  return rows;
}

export function readTrace(file: string): TraceRow[] {
  const bytes = readFileSync(file);
  return parseTrace((file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString());
}

/** Rows by packet number. Traces that miss no packet need no index. */
export function rowsByNumber(rows: readonly TraceRow[]): (n: number) => TraceRow | undefined {
  if (rows.every((row, i) => row.n === i + 1)) return (n) => rows[n - 1];
  const byNumber = new Map(rows.map((row) => [row.n, row]));
  return (n) => byNumber.get(n);
}

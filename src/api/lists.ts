/** Lists of connections: a page of JSON, the whole table as a stream, or the greatest of it. */

import { OptionError } from '../common/errors.ts';
import type { Page, ScanOptions, ScanPosition, TrackerControl } from '../control/tracker-control.ts';
import { thresholdProgram } from '../query/compile.ts';
import type { Program } from '../query/program.ts';
import type { SortKind } from '../query/sort-key.ts';
import type { ApiContext } from './context.ts';
import { createEntryPieces, type EntryPieces, type LineFormat, showsUse } from './entry-forms.ts';
import { outputOf } from './format.ts';
import { cursorOf, cursorText, sinceText } from './positions.ts';
import type { Format } from './schemas/parts.ts';
import type { Pieces } from './streams.ts';
import { createTopEntries } from './top-entries.ts';

export interface ListQuery {
  readonly [key: string]: unknown;
  readonly format?: Format;
  readonly output?: string;
  readonly limit?: number;
  readonly cursor?: string;
  readonly sort?: SortKind;
  readonly snapshot?: boolean;
}

/** Connections in a page of JSON, and among the greatest: they are held in memory. */
export const LIMIT_MAX = 10_000;
const PAGE_LIMIT = 1000;
const SORT_LIMIT = 100;

/** Errors: OptionError for keys that do not go together */
function checkTogether(format: Format, { limit, cursor, sort, snapshot }: ListQuery): void {
  const isHeld = format === 'json' || sort !== undefined;
  if (isHeld && limit !== undefined && limit > LIMIT_MAX)
    throw new OptionError(
      'limit',
      String(limit),
      `1 to ${LIMIT_MAX}`,
      sort === undefined
        ? 'Stream with format=ndjson, or follow `next`'
        : 'The greatest are held in memory; without sort there may be more',
    );
  if (sort !== undefined && cursor !== undefined)
    throw new OptionError('cursor', cursor, 'without sort', 'The greatest are one page');
  if (
    snapshot === true &&
    (format !== 'ndjson' || sort !== undefined || cursor !== undefined || limit !== undefined)
  )
    throw new OptionError('snapshot', 'true', 'with format=ndjson, without sort, limit and cursor');
}

/** Entries after which the owners are told what no longer needs to be shown. */
const ROUND_ENTRIES = 8192;

/** The greatest entries of the table, each as a page. */
async function greatest(
  control: TrackerControl,
  filter: Program | null,
  sort: SortKind,
  limit: number,
): Promise<Page[]> {
  const top = createTopEntries(sort, limit);
  let program = filter;
  let from: ScanPosition | undefined;
  for (;;) {
    const start = from === undefined ? {} : { from };
    let next: ScanPosition | null = null;
    for await (const page of control.scan({
      filter: program,
      ...start,
      limit: Math.max(ROUND_ENTRIES, limit),
    })) {
      top.add(page);
      next = page.next;
    }
    if (next === null) return top.pages();
    from = next;
    const threshold = top.threshold();
    // Bytes and packets are whole numbers: what equals the least that is kept need not be shown either.
    if (threshold !== null)
      program = thresholdProgram(filter, sort, sort === 'age' ? threshold : threshold + 1);
  }
}

/**
 * A page as text of JSON: times have more digits than JSON.stringify writes.
 *
 * Errors: OptionError
 */
export async function connectionPage(
  { control, instance }: ApiContext,
  filter: Program | null,
  query: ListQuery,
): Promise<string> {
  checkTogether('json', query);
  const entries = createEntryPieces('ndjson', outputOf(undefined), new Map());
  let next: string | null = null;
  if (query.sort !== undefined) {
    for (const page of await greatest(control, filter, query.sort, query.limit ?? SORT_LIMIT))
      entries.page(page);
  } else {
    const from = query.cursor === undefined ? {} : { from: cursorOf(instance, query.cursor, control.owners) };
    for await (const page of control.scan({ filter, ...from, limit: query.limit ?? PAGE_LIMIT })) {
      entries.page(page);
      next = page.next === null ? null : cursorText(instance, page.next);
    }
  }
  const lines = Buffer.from(entries.take()).toString('latin1').trimEnd();
  // A line feed is never inside of an object.
  return `{"connections":[${lines.replaceAll('\n', ',')}],"next":${JSON.stringify(next)}}`;
}

/** A stream, and how many entries it had. */
export interface CountedPieces {
  readonly pieces: Pieces;
  count(): number;
}

interface Framed {
  readonly pages: AsyncIterable<Page> | Iterable<Page>;
  readonly entries: EntryPieces;
  /** Records around the entries, made when it is their turn. */
  before?(): string;
  after?(count: number): string;
}

function framed({ pages, entries, before, after }: Framed): CountedPieces {
  async function* pieces(): Pieces {
    if (before !== undefined) entries.text(before());
    for await (const page of pages) {
      entries.page(page);
      if (entries.isFull()) yield entries.take();
    }
    entries.end();
    if (after !== undefined) entries.text(after(entries.count()));
    yield entries.take();
  }
  return { pieces: pieces(), count: entries.count };
}

/**
 * The whole list, or the greatest of it, in one of the forms of lines.
 *
 * Errors: OptionError
 */
export async function listPieces(
  { control, instance }: ApiContext,
  format: Format,
  filter: Program | null,
  query: ListQuery,
): Promise<CountedPieces> {
  checkTogether(format, query);
  const output = outputOf(query.output);
  const from = query.cursor === undefined ? {} : { from: cursorOf(instance, query.cursor, control.owners) };
  const scan: ScanOptions = { filter, ...from, ...(query.limit === undefined ? {} : { limit: query.limit }) };
  const lines = format as LineFormat;
  const expected = showsUse(lines) ? await control.expectedCounts() : new Map<number, number>();
  const entries = createEntryPieces(lines, output, expected);
  if (query.sort !== undefined)
    return framed({ pages: await greatest(control, filter, query.sort, query.limit ?? SORT_LIMIT), entries });
  const pages = control.scan(scan);
  if (query.snapshot !== true) return framed({ pages, entries });
  const position = (): string => JSON.stringify(sinceText(instance, control.eventPosition()));
  return framed({
    pages,
    entries,
    before: () => `{"record":"snapshot","since":${position()}}\n`,
    after: (count) => `{"record":"snapshot-end","connections":${count},"until":${position()}}\n`,
  });
}

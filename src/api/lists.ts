/** Lists of connections: a page of JSON, the whole table as a stream, or the greatest of it. */

import { OptionError } from '../common/errors.ts';
import type { Page, ScanOptions, ScanPosition, TrackerControl } from '../control/tracker-control.ts';
import { connectionJson } from '../export/json.ts';
import { thresholdProgram } from '../query/compile.ts';
import type { Program } from '../query/program.ts';
import type { SortKind } from '../query/sort-key.ts';
import type { ApiContext } from './context.ts';
import { connectionAt, createEntryForm, type EntryForm, type LineFormat } from './entry-forms.ts';
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
      'Stream with format=ndjson, or follow `next`',
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
    if (threshold !== null) program = thresholdProgram(filter, sort, threshold);
  }
}

const jsonOf = (page: Page): string[] =>
  Array.from({ length: page.count }, (_, i) => connectionJson(connectionAt(page, i)));

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
  const items: string[] = [];
  let next: string | null = null;
  if (query.sort !== undefined) {
    for (const page of await greatest(control, filter, query.sort, query.limit ?? SORT_LIMIT))
      items.push(...jsonOf(page));
  } else {
    const from = query.cursor === undefined ? {} : { from: cursorOf(instance, query.cursor, control.owners) };
    for await (const page of control.scan({ filter, ...from, limit: query.limit ?? PAGE_LIMIT })) {
      items.push(...jsonOf(page));
      next = page.next === null ? null : cursorText(instance, page.next);
    }
  }
  return `{"connections":[${items.join(',')}],"next":${JSON.stringify(next)}}`;
}

/** A stream, and how many entries it had. */
export interface CountedPieces {
  readonly pieces: Pieces;
  count(): number;
}

interface Framed {
  readonly pages: AsyncIterable<Page> | Iterable<Page>;
  readonly form: EntryForm;
  /** Records around the entries, made when it is their turn. */
  before(): string;
  after(count: number): string;
}

function framed({ pages, form, before, after }: Framed): CountedPieces {
  let count = 0;
  async function* pieces(): Pieces {
    const head = before();
    if (head !== '') yield head;
    for await (const page of pages) {
      if (page.count === 0) continue;
      const text = form.page(page);
      yield count === 0 ? form.begin + text : text;
      count += page.count;
    }
    const tail = (count > 0 ? form.end : '') + after(count);
    if (tail !== '') yield tail;
  }
  return { pieces: pieces(), count: () => count };
}

const NOTHING = (): string => '';

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
  // JSON does not say how many a master foretold.
  const expected = format === 'ndjson' ? new Map<number, number>() : await control.expectedCounts();
  const form = createEntryForm(format as LineFormat, output, expected);
  if (query.sort !== undefined) {
    const pages = await greatest(control, filter, query.sort, query.limit ?? SORT_LIMIT);
    return framed({ pages, form, before: NOTHING, after: NOTHING });
  }
  const pages = control.scan(scan);
  if (query.snapshot !== true) return framed({ pages, form, before: NOTHING, after: NOTHING });
  const position = (): string => JSON.stringify(sinceText(instance, control.eventPosition()));
  return framed({
    pages,
    form,
    before: () => `{"record":"snapshot","since":${position()}}\n`,
    after: (count) => `{"record":"snapshot-end","connections":${count},"until":${position()}}\n`,
  });
}

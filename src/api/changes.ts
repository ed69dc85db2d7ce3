/** Answers to what changes many connections: how many there were, or which. */
import type { FastifyReply } from 'fastify';
import type { CreateAnswer, ScanPage } from '../control/tracker-control.ts';
import type { ApiContext } from './context.ts';
import { createEntryPieces, type EntryPieces, type LineFormat, showsUse } from './entry-forms.ts';
import { ApiError } from './errors.ts';
import { outputOf } from './format.ts';
import type { ErrorCode } from './forms.ts';
import type { Format } from './schemas/parts.ts';
import { type Pieces, sendPieces } from './streams.ts';

type Pages = AsyncGenerator<ScanPage>;

async function counted(pages: Pages): Promise<number> {
  let count = 0;
  for await (const page of pages) count += page.count;
  return count;
}

/** What was asked for is done to its end, whether or not somebody still reads about it. */
async function* listed(pages: Pages, entries: EntryPieces): Pieces {
  try {
    for (let next = await pages.next(); !next.done; next = await pages.next()) {
      entries.page(next.value);
      if (entries.isFull()) yield entries.take();
    }
    entries.end();
    yield entries.take();
  } finally {
    await counted(pages);
  }
}

export interface ModifiedQuery {
  readonly output?: string;
}

/** The answer to a change: as JSON how many, in the other formats which. */
export async function sendModified(
  context: ApiContext,
  reply: FastifyReply,
  format: Format,
  query: ModifiedQuery,
  word: 'deleted' | 'updated',
  modify: () => Pages,
): Promise<unknown> {
  if (format === 'json') return { [word]: await counted(modify()) };
  const output = outputOf(query.output);
  const lines = format as LineFormat;
  // Before anything is ended: whom the masters have foretold.
  const expected = showsUse(lines) ? await context.control.expectedCounts() : new Map<number, number>();
  const entries = createEntryPieces(lines, output, expected);
  return sendPieces(context, reply, format, listed(modify(), entries), entries.count);
}

type Refusal = Extract<CreateAnswer<never>, { readonly refused: unknown }>['refused'];
const REFUSALS: Readonly<Record<Refusal, readonly [number, ErrorCode, (what: string) => string, string?]>> = {
  exists: [409, 'exists', (what) => `there is such ${what} already`],
  full: [507, 'full', () => 'the table is full', 'Delete some, or start with a greater --max'],
  'no master': [409, 'no_master', () => 'there is no connection that could foretell it'],
  'not allowed': [422, 'not_allowed', (what) => `this tracker cannot make such ${what}`],
};

/** What was made. `what` with its article. Errors: ApiError for what was refused */
export function madeOf<T>(answer: CreateAnswer<T>, what: string): T {
  if ('made' in answer) return answer.made;
  const [status, code, message, advice] = REFUSALS[answer.refused];
  throw new ApiError(status, code, message(what), advice);
}

/** Pages of entries in the forms that lists are streamed in: pieces of bytes, each of many lines. */
import { PAGE_ENTRY_WORDS, type Page } from '../control/tracker-control.ts';
import type { Connection } from '../export/connection.ts';
import { connectionOf } from '../export/entry-view.ts';
import { createEntryWriter } from '../export/entry-writer.ts';
import type { OutputOptions } from '../export/options.ts';
import { xmlBegin, xmlEnd } from '../export/xml.ts';
import { Hot } from '../shm/offsets.generated.ts';

/** Entry `i` of a page. */
export function connectionAt(page: Page, i: number): Connection {
  const h = i * PAGE_ENTRY_WORDS;
  return connectionOf({ hot: page.words, h, cold: page.words, c: h + Hot.WORDS }, page.tickMs, null);
}

/** The forms that consist of one line for each entry. */
export type LineFormat = 'ndjson' | 'text' | 'xml';

/** Lines are gathered until a piece of this size is worth a turn. */
const PIECE_BYTES = 128 * 1024;

export interface EntryPieces {
  /** Something else than entries. ASCII. */
  text(text: string): void;
  page(page: Page): void;
  /** After the last page. */
  end(): void;
  /** Entries so far. */
  count(): number;
  /** Whether a piece is worth to be sent. */
  isFull(): boolean;
  /** What has been gathered. */
  take(): Uint8Array;
}

/**
 * Shapes:  `expected`: how many live connections each master foretold, by id
 * Cost:    as of the entry writer
 */
export function createEntryPieces(
  format: LineFormat,
  output: OutputOptions,
  expected: ReadonlyMap<number, number>,
): EntryPieces {
  const isXml = format === 'xml';
  const writer = createEntryWriter({
    output: { ...output, format: format === 'ndjson' ? 'json' : format },
    expected,
    chunkBytes: 2 * PIECE_BYTES,
  });
  let count = 0;
  return {
    text: writer.text,
    page(page) {
      // The conntrack command prints no document where there is no entry.
      if (isXml && count === 0 && page.count > 0) writer.text(xmlBegin());
      writer.writePage(page);
      count += page.count;
    },
    end() {
      if (isXml && count > 0) writer.text(xmlEnd());
    },
    count: () => count,
    isFull: () => writer.bytes() >= PIECE_BYTES,
    take: writer.take,
  };
}

/** Who is told how many a master foretold: `use=` of text and XML. */
export const showsUse = (format: LineFormat): boolean => format !== 'ndjson';

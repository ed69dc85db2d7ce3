/** Pages of entries in the forms that lists are streamed in. */
import type { Page } from '../control/tracker-control.ts';
import { PAGE_ENTRY_WORDS } from '../control/tracker-control.ts';
import type { Connection } from '../export/connection.ts';
import { connectionOf } from '../export/entry-view.ts';
import { connectionJson } from '../export/json.ts';
import { connectionLine, type OutputOptions } from '../export/text.ts';
import { connectionXml, xmlBegin, xmlEnd } from '../export/xml.ts';
import { Hot } from '../shm/offsets.generated.ts';

/** Entry `i` of a page. */
export function connectionAt(page: Page, i: number): Connection {
  const h = i * PAGE_ENTRY_WORDS;
  return connectionOf({ hot: page.words, h, cold: page.words, c: h + Hot.WORDS }, page.tickMs, null);
}

/** The forms that consist of one line for each entry. */
export type LineFormat = 'ndjson' | 'text' | 'xml';

export interface EntryForm {
  /** Before the first entry, where there is one. */
  readonly begin: string;
  /** All entries of a page. */
  page(page: Page): string;
  /** After the last one, where there was one. */
  readonly end: string;
}

/**
 * Shapes:  `expected`: how many live connections each master foretold, by id
 * Cost:    a string for each page
 */
export function createEntryForm(
  format: LineFormat,
  output: OutputOptions,
  expected: ReadonlyMap<number, number>,
): EntryForm {
  const withUse = (c: Connection): Connection =>
    expected.size === 0 ? c : { ...c, expected: expected.get(c.id) ?? 0 };
  const line: Readonly<Record<LineFormat, (c: Connection) => string>> = {
    ndjson: connectionJson,
    text: (c) => connectionLine(withUse(c), output),
    xml: (c) => connectionXml(withUse(c)),
  };
  const lineOf = line[format];
  const isXml = format === 'xml';
  return {
    begin: isXml ? xmlBegin() : '',
    end: isXml ? xmlEnd() : '',
    page(page) {
      let text = '';
      for (let i = 0; i < page.count; i++) text += `${lineOf(connectionAt(page, i))}\n`;
      return text;
    },
  };
}

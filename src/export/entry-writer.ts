/**
 * Entries and events straight into bytes, without strings: for dumps of millions of lines and streams of events.
 * The bytes are those of the string functions in this folder, which remain the model (test/export/entry-writer).
 */
import { ENTRY_WORDS } from './bytes/entry.ts';
import { reportEventType } from './bytes/event.ts';
import { type EventNumber, type ExpectedCounts, LINE_BYTES_MAX, type LineForm } from './bytes/form.ts';
import { jsonForm } from './bytes/json.ts';
import { putText } from './bytes/pieces.ts';
import { procForm } from './bytes/proc.ts';
import { textForm } from './bytes/text.ts';
import { xmlForm } from './bytes/xml.ts';
import type { OutputOptions } from './options.ts';

export { ENTRY_WORDS } from './bytes/entry.ts';
export { reportEventType } from './bytes/event.ts';
export type { EventNumber, ExpectedCounts } from './bytes/form.ts';

export interface EntryWriter {
  /** The line of an entry. Shapes: Hot, then Cold, from `at` on. Units: the owner's clock */
  write(words: Int32Array, at: number, tickMs: number): void;
  /** The lines of all entries of a page (src/control/tracker-control.ts), or of its first `count`. */
  writePage(page: EntryPage, count?: number): void;
  /**
   * The line of an event; false when the report stands for none. JSON has `owner` and `seq` where a number is
   * given.
   *
   * Shapes:  Report from `at` on
   */
  writeEvent(words: Int32Array, at: number, number?: EventNumber): boolean;
  /** ASCII text as it is, without a line feed: heads, ends and frames. */
  text(text: string): void;
  /** Bytes written since the last `take`. */
  bytes(): number;
  /** Another line may have no room: a good moment for `take`. */
  isFull(): boolean;
  /** These bytes. They are the caller's: nothing is written there any more, unless he gives them back. */
  take(): Uint8Array;
  /** Takes bytes that `take` gave and nobody will read again, to write there anew: spares memory and page faults. */
  giveBack(bytes: Uint8Array): void;
}

export interface EntryPage {
  readonly words: Int32Array;
  readonly count: number;
  readonly tickMs: number;
}

export interface EntryWriterOptions {
  /** `format`, and for text and events what else is printed. */
  readonly output: OutputOptions;
  /** How many live connections each master foretold, by id: `use=` is one more. */
  readonly expected?: ExpectedCounts;
  /** Bytes to begin with; it grows while more are written before they are taken, and comes back when they are few. */
  readonly chunkBytes?: number;
}

const CHUNK_BYTES = 1 << 18;
const LINE_FEED = 0x0a;
const NOTHING_EXPECTED: ExpectedCounts = new Map();
/** What fills less of the buffer than one part of so many is copied out of it. */
const COPY_FRACTION = 4;
/** Buffers given back that are kept. */
const SPARES_MAX = 4;

function formOf(output: OutputOptions, expected: ExpectedCounts): LineForm {
  switch (output.format) {
    case 'json':
      return jsonForm;
    case 'xml':
      return xmlForm(output, expected);
    case 'proc':
      return procForm(output, expected);
    default:
      return textForm(output, expected);
  }
}

/**
 * Thread: one. Cost: about 200 ns for a line of text, 400 for JSON; no allocation but of the buffers.
 * Errors: none; text that is not ASCII is a caller's bug
 */
export function createEntryWriter(options: EntryWriterOptions): EntryWriter {
  const form = formOf(options.output, options.expected ?? NOTHING_EXPECTED);
  const spares: ArrayBuffer[] = [];
  const firstCapacity = Math.max(options.chunkBytes ?? CHUNK_BYTES, 2 * LINE_BYTES_MAX);
  let capacity = firstCapacity;
  let view = fresh();
  let position = 0;
  /** Up to here a line of any length may begin. */
  let limit = capacity - LINE_BYTES_MAX;

  function fresh(): DataView {
    return new DataView(spares.pop() ?? new ArrayBuffer(capacity));
  }

  function resize(bytes: number): void {
    capacity = bytes;
    limit = capacity - LINE_BYTES_MAX;
    spares.length = 0;
    view = fresh();
  }

  function grow(bytes: number): void {
    const old = new Uint8Array(view.buffer, 0, position);
    let wanted = capacity;
    while (wanted - position < bytes) wanted *= 2;
    resize(wanted);
    new Uint8Array(view.buffer).set(old);
  }

  function write(words: Int32Array, at: number, tickMs: number): void {
    if (position > limit) grow(LINE_BYTES_MAX);
    const end = form.entry(view, position, words, at, tickMs);
    view.setUint8(end, LINE_FEED);
    position = end + 1;
  }

  return {
    write,
    writePage({ words, count: all, tickMs }, count = all) {
      for (let i = 0; i < count; i++) write(words, i * ENTRY_WORDS, tickMs);
    },
    writeEvent(words, at, number) {
      if (reportEventType(words, at) === null) return false;
      if (position > limit) grow(LINE_BYTES_MAX);
      const end = form.event(view, position, words, at, number ?? null);
      view.setUint8(end, LINE_FEED);
      position = end + 1;
      return true;
    },
    text(text) {
      if (position + text.length > limit) grow(text.length + LINE_BYTES_MAX);
      position = putText(view, position, text);
    },
    bytes: () => position,
    isFull: () => position > limit,
    take() {
      const written = new Uint8Array(view.buffer, 0, position);
      position = 0;
      // A few lines are cheaper to copy than a buffer to make.
      if (written.length >= capacity / COPY_FRACTION) {
        view = fresh();
        return written;
      }
      const copy = written.slice();
      if (capacity > firstCapacity) resize(firstCapacity);
      return copy;
    },
    giveBack({ buffer }) {
      if (buffer instanceof ArrayBuffer && buffer.byteLength === capacity && spares.length < SPARES_MAX) {
        spares.push(buffer);
      }
    },
  };
}

/**
 * The piece of a byte source that is in memory, and how it moves on. Both capture formats parse
 * inside it; they keep its fields in variables of their own between two refills.
 */
import type { ByteSource } from './byte-source.ts';

export const WINDOW_BYTES_DEFAULT = 1024 * 1024;
/**
 * The first reads are small: packets go out sooner, and the compiler has seen how a chunk ends before it makes code of the
 * loop over packets, which it otherwise would have to throw away.
 */
const FIRST_READS = 4;
const FIRST_READ_BYTES = 32 * 1024;

export interface ByteWindow {
  readonly source: ByteSource;
  /** Another object after a `refill` that had to grow. */
  readonly bytes: Uint8Array;
  /** The same memory as `bytes`. */
  readonly view: DataView;
  /** Where the valid bytes end in `bytes`. */
  readonly end: number;
  /** Bytes of the (decompressed) file before the first one in `bytes`. */
  readonly base: number;
  /** No byte will follow those in memory. */
  readonly ended: boolean;
  /**
   * Forgets the first `parsed` bytes, moves the rest to the front, and reads once behind it.
   *
   * Units:   `needed` is the size of the record that now starts at 0; grows to hold it
   * Errors:  none; the source knows why it ended
   */
  refill(parsed: number, needed: number): Promise<void>;
  close(): Promise<void>;
}

/** An empty window onto a source, which it owns from then on. */
export function createByteWindow(source: ByteSource, capacityBytes = WINDOW_BYTES_DEFAULT): ByteWindow {
  let bytes = new Uint8Array(capacityBytes);
  let view = new DataView(bytes.buffer);
  let end = 0;
  let base = 0;
  let ended = false;
  let reads = 0;

  function moveToFront(parsed: number): void {
    bytes.copyWithin(0, parsed, end);
    base += parsed;
    end -= parsed;
  }

  function grow(needed: number): void {
    const larger = new Uint8Array(Math.max(needed, 2 * bytes.length));
    larger.set(bytes.subarray(0, end));
    bytes = larger;
    view = new DataView(bytes.buffer);
  }

  return {
    source,
    get bytes() {
      return bytes;
    },
    get view() {
      return view;
    },
    get end() {
      return end;
    },
    get base() {
      return base;
    },
    get ended() {
      return ended;
    },
    async refill(parsed, needed) {
      if (parsed > 0) moveToFront(parsed);
      if (needed > bytes.length) grow(needed);
      if (ended || end === bytes.length) return;
      const room = bytes.length - end;
      const wanted = ++reads > FIRST_READS ? room : Math.min(room, Math.max(needed - end, FIRST_READ_BYTES));
      const answer = source.read(bytes, end, wanted);
      // A plain file answers with a number: awaiting that too would only cost a turn.
      const count = typeof answer === 'number' ? answer : await answer;
      end += count;
      if (count === 0) ended = true;
    },
    async close() {
      ended = true;
      await source.close();
    },
  };
}

/** Standard output: lines gathered into large writes, waiting when the reader is slow. */
import type { Writable } from 'node:stream';

const CHUNK_CHARS = 1 << 16;

export interface Output {
  line(text: string): void;
  /** Writes without adding a line feed. */
  raw(text: string): void;
  /** Writes bytes as they are. Null, or what to wait for before more is written. */
  bytes(piece: Uint8Array): Promise<void> | null;
  /** Waits until the reader has caught up. Call it often enough to bound memory. */
  drained(): Promise<void>;
  /** No more can be written. */
  isClosed(): boolean;
}

export interface StandardOutput extends Output {
  /** Waits until everything is written. */
  flushed(): Promise<void>;
  /** Closed and null: nobody reads any more (`| head`). Else why writing failed, in the words of the system (a full disk). */
  failure(): string | null;
}

export function createOutput(stream: Writable): StandardOutput {
  let parts: string[] = [];
  let chars = 0;
  let closed = false;
  let failure: string | null = null;
  /** Ends the wait of `drained`, if there is one. */
  let wake = (): void => {};
  stream.on('error', (error: NodeJS.ErrnoException) => {
    closed = true;
    if (error.code !== 'EPIPE') failure ??= error.message;
    wake();
  });
  stream.on('drain', () => wake());
  stream.on('close', () => {
    closed = true;
    wake();
  });

  function raw(text: string): void {
    if (closed) return;
    parts.push(text);
    chars += text.length;
    if (chars >= CHUNK_CHARS) push();
  }

  function push(): void {
    if (chars === 0) return;
    const text = parts.join('');
    parts = [];
    chars = 0;
    if (!closed) stream.write(text);
  }

  async function drained(): Promise<void> {
    push();
    if (closed || !stream.writableNeedDrain) return;
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  }

  function bytes(piece: Uint8Array): Promise<void> | null {
    push();
    if (closed || stream.write(piece)) return null;
    return drained();
  }

  async function flushed(): Promise<void> {
    push();
    // Errors come to the listener above; here only the moment counts.
    if (!closed) await new Promise<void>((resolve) => stream.write('', () => resolve()));
  }

  return {
    line: (text) => raw(`${text}\n`),
    raw,
    drained,
    bytes,
    flushed,
    isClosed: () => closed,
    failure: () => failure,
  };
}

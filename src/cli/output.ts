/** Standard output: lines gathered into large writes, waiting when the reader is slow. */
import { once } from 'node:events';
import type { Writable } from 'node:stream';

const CHUNK_CHARS = 1 << 16;

export interface Output {
  line(text: string): void;
  /** Writes without adding a line feed. */
  raw(text: string): void;
  /** Waits until the reader has caught up. Call it often enough to bound memory. */
  drained(): Promise<void>;
  /** Nobody reads any more (`| head`). */
  isClosed(): boolean;
}

export function createOutput(stream: Writable): Output {
  let parts: string[] = [];
  let chars = 0;
  let closed = false;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    closed = true;
  });

  function raw(text: string): void {
    if (closed) return;
    parts.push(text);
    chars += text.length;
    if (chars >= CHUNK_CHARS) push();
  }

  function push(): boolean {
    if (chars === 0) return true;
    const text = parts.join('');
    parts = [];
    chars = 0;
    return closed || stream.write(text);
  }

  async function drained(): Promise<void> {
    push();
    if (!closed && stream.writableNeedDrain)
      await Promise.race([once(stream, 'drain'), once(stream, 'close')]).catch(() => {});
  }

  return { line: (text) => raw(`${text}\n`), raw, drained, isClosed: () => closed };
}

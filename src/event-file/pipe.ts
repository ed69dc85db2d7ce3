/** Standard output, and named pipes: they take no more than their reader reads, and waiting for it costs no thread. */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '../common/clock.ts';
import type { Destination } from './destination.ts';

const NOTHING = async (): Promise<void> => {};

export function createStandardOutput(stream: Writable = process.stdout): Destination {
  let isOver = false;
  stream.on('error', () => {
    isOver = true;
  });
  stream.on('close', () => {
    isOver = true;
  });
  return {
    name: 'standard output',
    open: NOTHING,
    write: (lines) =>
      new Promise((resolve, reject) => {
        const onClose = (): void => reject(new Error('closed'));
        stream.once('close', onClose);
        stream.write(lines, (error) => {
          stream.off('close', onClose);
          // The error event comes after this.
          if (error) process.nextTick(reject, error);
          else resolve();
        });
      }),
    idle: NOTHING,
    reopen: () => {},
    close: NOTHING,
    isOver: () => isOver,
    rotations: () => 0,
  };
}

/** Pause while the pipe is full, and how long it may be until that is told. */
const FULL_MS = 1;
const PATIENCE_MS = 1000;

const isFull = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'EAGAIN';

/**
 * Opened for reading, too: so it stays what it is when its reader goes, and the next one finds what the pipe still holds, from
 * wherever the last one stopped.
 */
export function createNamedPipe(path: string): Destination {
  let pipe: FileHandle | null = null;
  /** Bytes of the lines at hand that are in the pipe. */
  let done = 0;

  async function opened(): Promise<FileHandle> {
    pipe ??= await open(path, constants.O_RDWR | constants.O_NONBLOCK);
    return pipe;
  }

  return {
    name: path,
    async open() {
      await opened();
    },
    async write(lines) {
      const out = await opened();
      let movedMs = monotonicMs();
      while (done < lines.length) {
        try {
          done += (await out.write(lines, done)).bytesWritten;
          movedMs = monotonicMs();
        } catch (error) {
          if (!isFull(error)) throw error;
          if (monotonicMs() - movedMs > PATIENCE_MS) throw new Error('nobody reads it');
          await sleep(FULL_MS);
        }
      }
      done = 0;
    },
    idle: NOTHING,
    reopen: () => {},
    async close() {
      await pipe?.close();
      pipe = null;
    },
    isOver: () => false,
    rotations: () => 0,
  };
}

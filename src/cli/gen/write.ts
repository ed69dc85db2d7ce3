/** Writes generated traffic into a file or a pipe: while one chunk is written, the next is made. */
import { close, closeSync, fstatSync, ftruncateSync, openSync, write } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isatty } from 'node:tty';
import { OptionError } from '../../common/errors.ts';
import { createChunk, fillChunk, writePcapHeader } from '../../traffic/pcap-chunk.ts';
import type { Traffic } from '../../traffic/traffic.ts';

const CHUNK_BYTES = 1 << 20;
const STDOUT = 1;
/** Before a pipe that would not wait is tried again. */
const AGAIN_MS = 1;

export interface Destination {
  /** As it was named; "standard output" for `-`. */
  readonly name: string;
  readonly fd: number;
}

/** Errors: OptionError for a terminal; those of node:fs */
export function openDestination(path: string): Destination {
  const isStdout = path === '-';
  const fd = isStdout ? STDOUT : openSync(path, 'w');
  if (isatty(fd)) {
    if (!isStdout) closeSync(fd);
    throw new OptionError(
      '-w/--write',
      path,
      'a file or a pipe: here it is a terminal, and a capture is no text',
    );
  }
  return { name: isStdout ? 'standard output' : path, fd };
}

export interface Written {
  /** All of it whole records. */
  readonly bytes: number;
  /** Why it could not be written to its end, in the words of the system; null where it could. */
  readonly failure: string | null;
  /** The reader of a pipe has gone. */
  readonly isClosed: boolean;
}

export interface Watcher {
  /** Asked between two chunks. */
  isStopped(): boolean;
  onProgress(bytes: number): void;
}

/** Resolves to the number of bytes written. */
function writeSome(fd: number, bytes: Uint8Array, from: number, to: number): Promise<number> {
  return new Promise((resolve, reject) => {
    write(fd, bytes, from, to - from, null, (error, written) => {
      if (error === null) resolve(written);
      else reject(error);
    });
  });
}

/** Errors: those of node:fs, but for a pipe that asks to be tried again */
async function writeAll(fd: number, bytes: Uint8Array, to: number): Promise<void> {
  let at = 0;
  while (at < to) {
    try {
      at += await writeSome(fd, bytes, at, to);
    } catch (error) {
      if (codeOf(error) !== 'EAGAIN') throw error;
      await sleep(AGAIN_MS);
    }
  }
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : '';

/** A full disk leaves part of a chunk behind: the file is cut to whole records. */
function cutTo(fd: number, bytes: number): void {
  try {
    if (fstatSync(fd).isFile()) ftruncateSync(fd, bytes);
  } catch {
    // The failure before this one is what is reported.
  }
}

/** Errors: none; see `failure` */
export async function writeTraffic(
  { fd }: Destination,
  traffic: Traffic,
  snapLenBytes: number,
  watcher: Watcher,
): Promise<Written> {
  const chunks = [createChunk(CHUNK_BYTES), createChunk(CHUNK_BYTES)];
  let bytes = 0;
  let from = writePcapHeader(chunks[0], snapLenBytes);
  try {
    let writing = Promise.resolve();
    for (let turn = 0; ; turn ^= 1) {
      const chunk = chunks[turn];
      const end = fillChunk(traffic, chunk, from, snapLenBytes);
      from = 0;
      await writing;
      watcher.onProgress(bytes);
      if (end === 0) break;
      writing = writeAll(fd, chunk.bytes, end).then(() => {
        bytes += end;
      });
      // Whoever waits for it gets the error.
      writing.catch(() => {});
      if (watcher.isStopped()) {
        await writing;
        break;
      }
    }
    return { bytes, failure: null, isClosed: false };
  } catch (error) {
    if (codeOf(error) === 'EPIPE') return { bytes, failure: null, isClosed: true };
    cutTo(fd, bytes);
    return { bytes, failure: error instanceof Error ? error.message : String(error), isClosed: false };
  }
}

/** Resolves when it is closed. */
export function closeDestination({ fd }: Destination): Promise<void> {
  return new Promise((resolve) => {
    if (fd === STDOUT) resolve();
    else close(fd, () => resolve());
  });
}

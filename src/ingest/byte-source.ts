/**
 * The bytes of a capture, wherever they come from: a plain file, a pipe, standard input, each of
 * them gzipped or not. Whoever reads does not see the difference, except that a plain file answers
 * at once and everything else by a promise.
 */
import { close, constants, fstat, open, readSync, read as readWithCallback, type Stats } from 'node:fs';
import { Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { CaptureError } from '../common/errors.ts';
import { createGunzipSource } from './gunzip-source.ts';

export interface ByteSource {
  /** File name as given, "-" for standard input. */
  readonly file: string;
  /** Bytes taken from the file as stored, so compressed where it is. */
  readonly storedBytesConsumed: number;
  /** Size of the file as stored, 0 when it is not known (a pipe). */
  readonly storedBytesTotal: number;
  /** Why `read` said 0 before the proper end of the bytes; null while all is well. */
  readonly failure: CaptureError | null;
  /**
   * Puts up to `length` bytes into `into` at `offset`.
   *
   * Units:   returns the bytes put, at least 1; 0 at the end or after a failure
   * Errors:  never throws or rejects; see `failure`
   */
  read(into: Uint8Array, offset: number, length: number): number | Promise<number>;
  close(): Promise<void>;
}

const STDIN_NAME = '-';
const STDIN_FD = 0;

/** Sleeps while a pipe is silent; the turns of the event loop before the first one cost less than a sleep. */
const SILENT_TURNS = 100;
const SILENT_SLEEP_MS = 1;
const SILENT_SLEEP_MS_MAX = 8;

const openFile = promisify(open);
const closeFile = promisify(close);
const statFile: (fd: number) => Promise<Stats> = promisify(fstat);

function errorCode(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : '';
}

/** Says in words what the system said as a code. */
function describeSystemError(cause: unknown): string {
  switch (errorCode(cause)) {
    case 'ENOENT':
      return 'no such file';
    case 'EACCES':
    case 'EPERM':
      return 'a file that this user may not read';
    case 'EISDIR':
      return 'a directory';
    case 'ENOTDIR':
      return 'a path that leads through something that is not a directory';
    case 'EMFILE':
    case 'ENFILE':
      return 'too many open files (raise the limit: ulimit -n)';
    default:
      return cause instanceof Error ? `the error "${cause.message}"` : String(cause);
  }
}

function openError(file: string, found: string): CaptureError {
  return new CaptureError({ file, offset: 0, expected: 'a capture file', found });
}

function readError(file: string, offset: number, cause: unknown): CaptureError {
  return new CaptureError({
    file,
    offset,
    expected: 'to read on',
    found: describeSystemError(cause),
  });
}

/** A regular file: its bytes are there, so reading them at once is faster than any waiting. */
function createFileSource(file: string, fd: number, sizeBytes: number): ByteSource {
  let consumedBytes = 0;
  let failure: CaptureError | null = null;
  let closed = false;

  return {
    file,
    storedBytesTotal: sizeBytes,
    get storedBytesConsumed() {
      return consumedBytes;
    },
    get failure() {
      return failure;
    },
    read(into, offset, length) {
      if (closed || failure !== null) return 0;
      try {
        const count = readSync(fd, into, offset, length, null);
        consumedBytes += count;
        return count;
      } catch (cause) {
        failure = readError(file, consumedBytes, cause);
        return 0;
      }
    },
    async close() {
      if (closed) return;
      closed = true;
      if (fd !== STDIN_FD) await closeFile(fd);
    },
  };
}

/**
 * A second descriptor of the same pipe or terminal that never blocks, or -1. A read that blocks
 * holds a thread of libuv's pool, and a worker cannot be terminated before it returns: a quiet pipe
 * would keep the whole process from ending. Setting O_NONBLOCK on the descriptor itself would change
 * it for every process that shares it; opening it again does not.
 */
async function openWithoutBlocking(fd: number): Promise<number> {
  try {
    return await openFile(`/proc/self/fd/${fd}`, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    // A socket, a pipe of another user, or no /proc: the caller reads the descriptor that it has.
    return -1;
  }
}

/** A pipe, terminal or device: bytes come when they come. */
async function createStreamSource(file: string, fd: number): Promise<ByteSource> {
  const pollFd = await openWithoutBlocking(fd);
  let consumedBytes = 0;
  let failure: CaptureError | null = null;
  let closed = false;

  function readBlocking(into: Uint8Array, offset: number, length: number): Promise<number> {
    return new Promise((resolve, reject) => {
      readWithCallback(fd, into, offset, length, null, (cause, count) => {
        if (cause === null) resolve(count);
        else reject(cause);
      });
    });
  }

  async function readWhenThere(into: Uint8Array, offset: number, length: number): Promise<number> {
    let sleepMs = SILENT_SLEEP_MS;
    for (let attempt = 0; !closed; attempt++) {
      try {
        return pollFd >= 0
          ? readSync(pollFd, into, offset, length, null)
          : await readBlocking(into, offset, length);
      } catch (cause) {
        if (errorCode(cause) !== 'EAGAIN') throw cause;
      }
      if (attempt < SILENT_TURNS) {
        await nextTurn();
      } else {
        await sleep(sleepMs);
        sleepMs = Math.min(2 * sleepMs, SILENT_SLEEP_MS_MAX);
      }
    }
    return 0;
  }

  return {
    file,
    storedBytesTotal: 0,
    get storedBytesConsumed() {
      return consumedBytes;
    },
    get failure() {
      return failure;
    },
    async read(into, offset, length) {
      if (closed || failure !== null) return 0;
      try {
        const count = await readWhenThere(into, offset, length);
        consumedBytes += count;
        return count;
      } catch (cause) {
        failure = readError(file, consumedBytes, cause);
        return 0;
      }
    },
    async close() {
      if (closed) return;
      closed = true;
      if (pollFd >= 0) await closeFile(pollFd);
      if (fd !== STDIN_FD) await closeFile(fd);
    },
  };
}

/**
 * A socket, which the standard input of a child of Node or of a service is: it cannot be opened a second
 * time, and a read that waits for it would keep the process from ending.
 */
function createSocketSource(file: string, fd: number): ByteSource {
  const socket = new Socket({ fd, readable: true, writable: false });
  let consumedBytes = 0;
  let failure: CaptureError | null = null;
  let over = false;
  let wake = (): void => {};
  socket.on('readable', () => wake());
  socket.on('end', () => {
    over = true;
    wake();
  });
  socket.on('error', (cause) => {
    over = true;
    failure = readError(file, consumedBytes, cause);
    wake();
  });

  return {
    file,
    storedBytesTotal: 0,
    get storedBytesConsumed() {
      return consumedBytes;
    },
    get failure() {
      return failure;
    },
    async read(into, offset, length) {
      for (;;) {
        const chunk: Buffer | null = over
          ? null
          : socket.read(Math.min(length, socket.readableLength) || undefined);
        if (chunk !== null) {
          into.set(chunk.length > length ? chunk.subarray(0, length) : chunk, offset);
          if (chunk.length > length) socket.unshift(chunk.subarray(length));
          consumedBytes += Math.min(chunk.length, length);
          return Math.min(chunk.length, length);
        }
        if (over) return 0;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    async close() {
      over = true;
      socket.destroy();
      wake();
    },
  };
}

/** Gives the first bytes of a source back to it, after somebody looked at them. */
function withHead(source: ByteSource, head: Uint8Array): ByteSource {
  let given = 0;
  return {
    file: source.file,
    storedBytesTotal: source.storedBytesTotal,
    get storedBytesConsumed() {
      return source.storedBytesConsumed;
    },
    get failure() {
      return source.failure;
    },
    read(into, offset, length) {
      if (given === head.length) return source.read(into, offset, length);
      const count = Math.min(length, head.length - given);
      into.set(head.subarray(given, given + count), offset);
      given += count;
      return count;
    },
    close: () => source.close(),
  };
}

const GZIP_MAGIC = [0x1f, 0x8b] as const; // RFC 1952 2.3.1

/** Puts a decompressor between where the first bytes say gzip; otherwise gives the source as it is. */
export async function decompressed(source: ByteSource): Promise<ByteSource> {
  const head = new Uint8Array(GZIP_MAGIC.length);
  let length = 0;
  while (length < head.length) {
    const count = await source.read(head, length, head.length - length);
    if (count === 0) break;
    length += count;
  }
  const whole = withHead(source, head.subarray(0, length));
  const isGzip = length === GZIP_MAGIC.length && GZIP_MAGIC.every((byte, at) => byte === head[at]);
  return isGzip ? createGunzipSource(whole) : whole;
}

async function sourceOfDescriptor(file: string, fd: number): Promise<ByteSource> {
  const stats = await statFile(fd);
  if (stats.isDirectory()) throw openError(file, 'a directory');
  if (stats.isSocket()) return createSocketSource(file, fd);
  return stats.isFile() ? createFileSource(file, fd, stats.size) : createStreamSource(file, fd);
}

/**
 * Opens a file, or standard input for "-", and looks whether it is gzipped.
 *
 * Thread:  any; standard input is read through descriptor 0, which works in a worker too
 * Errors:  rejects with a CaptureError when it cannot be opened
 */
export async function openByteSource(file: string): Promise<ByteSource> {
  let fd = -1;
  try {
    fd = file === STDIN_NAME ? STDIN_FD : await openFile(file, 'r');
    return await decompressed(await sourceOfDescriptor(file, fd));
  } catch (cause) {
    if (fd > STDIN_FD) await closeFile(fd);
    throw cause instanceof CaptureError ? cause : openError(file, describeSystemError(cause));
  }
}

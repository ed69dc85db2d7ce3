/**
 * Listening on a Unix socket that nobody but its owner can open, from its first moment on. A file left behind by a
 * process that is gone is replaced; the socket of a living one never is.
 */
import { existsSync, lstatSync, type Stats, unlinkSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import { dirname } from 'node:path';
import { OptionError } from '../common/errors.ts';

const OPTION = '--socket';
const ALLOWED = 'a path at which no other process listens';
const OTHER_PATH = 'Choose another one with --socket PATH';
/** What the kernel's address of a Unix socket has room for, without the closing zero. */
const PATH_BYTES_MAX = 107;
/** Everything but reading and writing by the owner. */
const PRIVATE_UMASK = 0o177;
const PROBE_MS = 2_000;

function infoOf(path: string): Stats | null {
  try {
    return lstatSync(path);
  } catch {
    return null;
  }
}

const isSame = (a: Stats, b: Stats | null): boolean => b !== null && a.ino === b.ino && a.dev === b.dev;

/** Whether a process listens at a socket. A full queue of connections is a sign of life as well. */
function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    const end = (alive: boolean): void => {
      socket.destroy();
      resolve(alive);
    };
    socket.setTimeout(PROBE_MS, () => end(true));
    socket.once('connect', () => end(true));
    socket.once('error', (error: NodeJS.ErrnoException) =>
      end(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'),
    );
  });
}

/** Errors: OptionError where the path is not free, and cannot be made so */
async function makeRoom(path: string): Promise<void> {
  const found = infoOf(path);
  if (found === null) {
    // Binding would say that permission is missing.
    if (!existsSync(dirname(path)))
      throw new OptionError(OPTION, path, ALLOWED, `Its folder does not exist. ${OTHER_PATH}`);
    return;
  }
  if (!found.isSocket())
    throw new OptionError(OPTION, path, ALLOWED, `There is a file that is no socket. ${OTHER_PATH}`);
  if (await isAlive(path))
    throw new OptionError(
      OPTION,
      path,
      ALLOWED,
      `Another process, perhaps flowshard, listens there. ${OTHER_PATH}`,
    );
  // Somebody else may have replaced it meanwhile: theirs stays.
  if (isSame(found, infoOf(path))) removeFile(path);
}

function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Gone already, or not ours to remove: listening says which.
  }
}

/** The socket is made with its mode, not given it afterwards: binding happens inside of this call. */
function bindPrivately(server: Server, path: string, backlog: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const before = process.umask(PRIVATE_UMASK);
    try {
      server.listen({ path, backlog }, () => {
        server.off('error', reject);
        resolve();
      });
    } finally {
      process.umask(before);
    }
  });
}

const WHY: Readonly<Record<string, string>> = {
  EADDRINUSE: 'Another process listens there',
  EACCES: 'No permission to make it',
  EPERM: 'No permission to make it',
  ENOTDIR: 'Its folder is none',
  EROFS: 'The file system is read-only',
};

export interface UnixListener {
  readonly path: string;
  /** Removes the file of the socket, if it is still ours. The server is closed by its owner. */
  unlink(): void;
}

/**
 * Units:  `backlog` is how many may wait to be accepted; a client beyond these is refused at once
 * Thread: main; other threads must not make files at that moment, since the mask of modes is the process's
 * Errors: OptionError naming --socket
 */
export async function listenOnUnixSocket(server: Server, path: string, backlog = 128): Promise<UnixListener> {
  if (Buffer.byteLength(path) > PATH_BYTES_MAX)
    throw new OptionError(OPTION, path, `at most ${PATH_BYTES_MAX} bytes`, OTHER_PATH);
  await makeRoom(path);
  try {
    await bindPrivately(server, path, backlog);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    throw new OptionError(OPTION, path, ALLOWED, `${WHY[code] ?? String(cause)}. ${OTHER_PATH}`);
  }
  const ours = infoOf(path);
  return {
    path,
    unlink() {
      if (ours !== null && isSame(ours, infoOf(path))) removeFile(path);
    },
  };
}

/**
 * A file of lines that grows up to a size or an age, then becomes FILE.1, which becomes FILE.2, and so on. Lines are
 * whole: one that a full disk cut short is completed later, or taken back when the file is left.
 */
import { type FileHandle, open, rename } from 'node:fs/promises';
import { monotonicMs } from '../common/clock.ts';
import type { Destination } from './destination.ts';

export interface Rotation {
  /** Infinity: never. */
  readonly bytes: number;
  readonly ms: number;
  /** Older files that stay. */
  readonly keep: number;
}

/** Whose the files are: who rotates them may be another user than who opened the first one. */
export interface FileOwner {
  readonly uid: number;
  readonly gid: number;
}

/** Readable by the group, as logs are. */
const FILE_MODE = 0o640;
/** Pause after a rotation that failed. */
const RETRY_MS = 10_000;
const LINE_FEED = 0x0a;

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT';

/** FILE.1 becomes FILE.2 and so on; the last one is overwritten. */
async function shift(path: string, keep: number): Promise<void> {
  for (let i = keep - 1; i >= 0; i--) {
    const from = i === 0 ? path : `${path}.${i}`;
    try {
      await rename(from, `${path}.${i + 1}`);
    } catch (error) {
      // Gaps between the older ones are no harm, nor is a file that somebody has moved away.
      if (!isMissing(error)) throw error;
    }
  }
}

/** An earlier run that was killed may have left the beginning of a line: it is no line of ours. Returns the bytes written. */
async function endLine(file: FileHandle, size: number): Promise<number> {
  if (size === 0) return 0;
  const { buffer } = await file.read(new Uint8Array(1), 0, 1, size - 1);
  if (buffer[0] === LINE_FEED) return 0;
  return (await file.write('\n')).bytesWritten;
}

export function createRotatingFile(
  path: string,
  { bytes: rotateBytes, ms: rotateMs, keep }: Rotation,
  owner: FileOwner | null,
  onTrouble: (error: unknown) => void,
): Destination {
  let file: FileHandle | null = null;
  let size = 0;
  let openedMs = 0;
  /** The lines at hand, and how many of their bytes are in the file. */
  let lines: Uint8Array = new Uint8Array();
  let done = 0;
  let isReopenWanted = false;
  let rotateAfterMs = 0;
  let isTroubled = false;
  let rotations = 0;

  async function opened(): Promise<FileHandle> {
    if (file !== null) return file;
    const made = await open(path, 'a+', FILE_MODE);
    const about = await made.stat();
    size = about.size;
    if (about.isFile()) size += await endLine(made, size);
    if (owner !== null && about.uid !== owner.uid) await made.chown(owner.uid, owner.gid).catch(() => {});
    openedMs = monotonicMs();
    file = made;
    return made;
  }

  /** Leaves the file, with whole lines: what is missing of those at hand comes into the next one. */
  async function leave(): Promise<void> {
    const left = file;
    if (left === null) return;
    const lineStart = done === 0 ? 0 : lines.lastIndexOf(LINE_FEED, done - 1) + 1;
    if (lineStart < done) await left.truncate(size - (done - lineStart)).catch(onTrouble);
    done = lineStart;
    file = null;
    await left.close().catch(onTrouble);
  }

  function isDue(more: number): boolean {
    if (size === 0 || done > 0) return false;
    const nowMs = monotonicMs();
    return nowMs >= rotateAfterMs && (size + more > rotateBytes || nowMs - openedMs >= rotateMs);
  }

  async function rotate(): Promise<void> {
    try {
      await shift(path, keep);
    } catch (error) {
      rotateAfterMs = monotonicMs() + RETRY_MS;
      if (!isTroubled) onTrouble(error);
      isTroubled = true;
      return;
    }
    isTroubled = false;
    rotations++;
    await leave();
  }

  return {
    name: path,
    async open() {
      await opened();
    },
    async write(given) {
      lines = given;
      if (isReopenWanted) {
        isReopenWanted = false;
        await leave();
      }
      await opened();
      if (isDue(lines.length)) await rotate();
      const out = await opened();
      while (done < lines.length) {
        const { bytesWritten } = await out.write(lines, done);
        done += bytesWritten;
        size += bytesWritten;
      }
      done = 0;
    },
    async idle() {
      if (file === null || !isDue(0)) return;
      await rotate();
      // So that whoever follows it finds the new one. What keeps it from being made is said when lines come.
      await opened().catch(() => {});
    },
    reopen() {
      isReopenWanted = true;
    },
    async close() {
      await leave();
    },
    isOver: () => false,
    rotations: () => rotations,
  };
}

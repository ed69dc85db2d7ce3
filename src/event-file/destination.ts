/** Where the lines of events go. */
import { statSync } from 'node:fs';
import { createNamedPipe, createStandardOutput } from './pipe.ts';
import { createRotatingFile, type FileOwner, type Rotation } from './rotating-file.ts';

export interface Destination {
  /** In messages. */
  readonly name: string;
  /** Makes sure that it can be written to. Errors: those of the system */
  open(): Promise<void>;
  /**
   * Writes whole lines. When it fails it is to be called with the same bytes again: what was written is not written twice.
   *
   * Errors: those of the system
   */
  write(lines: Uint8Array): Promise<void>;
  /** Now and then while there is nothing to write. */
  idle(): Promise<void>;
  /** Opens the path anew before the next lines: it was moved away. */
  reopen(): void;
  /** Leaves whole lines behind. */
  close(): Promise<void>;
  /** Nobody will ever read it again: the end of standard output. */
  isOver(): boolean;
  rotations(): number;
}

function isPipe(path: string): boolean {
  try {
    return statSync(path).isFIFO();
  } catch {
    return false;
  }
}

/** `-` is standard output. A file is given to `owner`, where it can be. `onTrouble` is told what keeps it from rotating: it writes on all the same. */
export function createDestination(
  path: string,
  rotation: Rotation,
  owner: FileOwner | null,
  onTrouble: (error: unknown) => void,
): Destination {
  if (path === '-') return createStandardOutput();
  return isPipe(path) ? createNamedPipe(path) : createRotatingFile(path, rotation, owner, onTrouble);
}

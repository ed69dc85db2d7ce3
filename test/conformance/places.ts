/** Where the captures and traces are: the project's own, and the larger collection beside the checkout. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

export const FIXTURES = join('test', 'fixtures');
/** Not part of the project: captures of other projects, with their traces and the kernel's recorder. */
export const SHARED = join('..', 'shared');

/** For `skip` of node:test: false when all are there, else the reason. */
export function missing(...parts: readonly string[]): string | false {
  const absent = parts.map((part) => join(SHARED, part)).filter((path) => !existsSync(path));
  return absent.length === 0
    ? false
    : `${absent.join(', ')} not there: only the project's fixtures are tested`;
}

/** Files below a folder, as paths relative to it, in order. */
export function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

export interface GoldenTrace {
  /** Path of the trace. */
  readonly trace: string;
  /** Path of the capture that it was made of. */
  readonly capture: string;
  /** The kernel was told to ignore checksums. */
  readonly ignoresChecksums: boolean;
  /** For messages. */
  readonly name: string;
}

const TRACE_ENDING = '.jsonl.gz';
const NO_CHECKSUMS = '.nocsum';

/** All traces of a folder, each with its capture. Errors: throws when a trace has no capture. */
export function goldenTraces(traces: string, captures: string): GoldenTrace[] {
  return filesBelow(traces)
    .filter((file) => file.endsWith(TRACE_ENDING))
    .map((file) => {
      const name = file.slice(0, -TRACE_ENDING.length);
      const ignoresChecksums = name.endsWith(NO_CHECKSUMS);
      const stem = ignoresChecksums ? name.slice(0, -NO_CHECKSUMS.length) : name;
      const capture = join(captures, stem);
      if (!existsSync(capture)) throw new Error(`${file}: there is no capture ${capture}`);
      return { trace: join(traces, file), capture, ignoresChecksums, name };
    });
}

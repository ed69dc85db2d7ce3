/** `--write-events`: its options, and the file as something that runs beside the tracker. */
import type { Command } from 'commander';
import { OptionError } from '../common/errors.ts';
import type { Identity } from '../live/privileges.ts';
import type { Pipeline } from '../workers/pipeline.ts';
import type { Attachment } from './attachments.ts';
import { wholeNumber } from './usage.ts';

export interface EventFlags {
  readonly writeEvents?: string;
  readonly rotateSize?: number;
  readonly rotateTime?: number;
  readonly rotateKeep?: number;
}

const OPTION = '--write-events';
const KEEP_USUAL = 10;
const KEEP_MAX = 10_000;
/** Events between two looks at what else the main thread has to do: some milliseconds. */
const EVENTS_AT_ONCE = 2048;
/** A file is rotated between two portions, so that a small one takes small portions. Units: bytes of a line, at most about that */
const LINE_BYTES = 1024;

const SIZE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  k: 1024,
  m: 1024 ** 2,
  g: 1024 ** 3,
  t: 1024 ** 4,
};
const SIZE_MIN = 4096;
const TIME_UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };
const TIME_MAX_S = 366 * 86_400;

function parseSize(value: string): number {
  const parts = /^(\d{1,12})([kmgt]?)b?$/i.exec(value);
  const bytes = parts === null ? Number.NaN : Number(parts[1]) * SIZE_UNITS[parts[2].toLowerCase()];
  if (!(bytes >= SIZE_MIN && bytes <= Number.MAX_SAFE_INTEGER))
    throw new OptionError('--rotate-size', value, 'a size from 4K on, as 100M or 2G');
  return bytes;
}

/** Units: ms */
function parseTime(value: string): number {
  const parts = /^(\d{1,9})([smhd])$/i.exec(value);
  const seconds = parts === null ? Number.NaN : Number(parts[1]) * TIME_UNITS[parts[2].toLowerCase()];
  if (!(seconds >= 1 && seconds <= TIME_MAX_S))
    throw new OptionError('--rotate-time', value, 'a time from 1s to 366d, as 30m, 1h or 1d');
  return seconds * 1000;
}

export function addEventOptions(command: Command): Command {
  return command
    .option(
      '--write-events <file>',
      'events as NDJSON into a file, which SIGHUP opens anew, or a named pipe; - is standard output. What a slow disk misses is a gap, told by number',
    )
    .option(
      '--rotate-size <size>',
      'with --write-events: a new file after so many bytes, as 100M (default: never)',
      parseSize,
    )
    .option(
      '--rotate-time <time>',
      'with --write-events: a new file after a time, as 1h (default: never)',
      parseTime,
    )
    .option(
      '--rotate-keep <n>',
      `with --write-events: older files that stay, FILE.1 being the youngest (default: ${KEEP_USUAL})`,
      wholeNumber('--rotate-keep', 1, KEEP_MAX),
    );
}

/** Errors: OptionError for options that go not together. `print`: what else is printed */
export function checkEventFlags(flags: EventFlags, print: string): void {
  const { writeEvents, rotateSize, rotateTime, rotateKeep } = flags;
  const given = [
    ['--rotate-size', rotateSize],
    ['--rotate-time', rotateTime],
    ['--rotate-keep', rotateKeep],
  ] as const;
  for (const [option, value] of given) {
    if (value === undefined) continue;
    if (writeEvents === undefined) throw new OptionError(option, String(value), `with ${OPTION} only`);
    if (writeEvents === '-')
      throw new OptionError(option, String(value), `with a file only, not with ${OPTION} -`);
  }
  if (rotateKeep !== undefined && rotateSize === undefined && rotateTime === undefined)
    throw new OptionError('--rotate-keep', String(rotateKeep), 'with --rotate-size or --rotate-time');
  if (writeEvents === undefined) return;
  if (writeEvents === '-' && print !== 'none')
    throw new OptionError('-p/--print', print, `none with ${OPTION} -, which takes standard output`);
  if (print === 'trace') throw new OptionError('-p/--print', print, `no trace with ${OPTION}`);
}

/** Starts writing, into files that belong to `owner`. `stop` ends the run. Errors: OptionError for a file that cannot be opened */
export async function attachEventFile(
  { writeEvents: path, rotateSize, rotateTime, rotateKeep }: EventFlags,
  { control, mainCounters }: Pick<Pipeline, 'control' | 'mainCounters'>,
  owner: Identity | null,
  stop: () => void,
): Promise<Attachment | null> {
  if (path === undefined || control === null) return null;
  const { createDestination } = await import('../event-file/destination.ts');
  const { startEventFile } = await import('../event-file/event-file.ts');
  const say = (words: string): void => void process.stderr.write(`flowshard: ${words}\n`);
  const bytes = rotateSize ?? Number.POSITIVE_INFINITY;
  const rotation = { bytes, ms: rotateTime ?? Number.POSITIVE_INFINITY, keep: rotateKeep ?? KEEP_USUAL };
  const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
  const destination = createDestination(path, rotation, owner, (error) =>
    say(`${path}: cannot be rotated: ${messageOf(error)}; goes on as it is`),
  );
  try {
    const file = await startEventFile({
      control,
      destination,
      eventsAtOnce: Math.max(1, Math.min(EVENTS_AT_ONCE, Math.floor(bytes / LINE_BYTES / control.owners))),
      counters: mainCounters,
      say,
      onOver: stop,
    });
    let isFailed = false;
    return {
      leave: async () => {},
      async finish() {
        const words = await file.finish();
        isFailed = words.length > 0;
        return words;
      },
      isFailed: () => isFailed,
      async reload() {
        file.reopen();
        return [];
      },
    };
  } catch (error) {
    throw new OptionError(OPTION, path, 'a file that can be written', messageOf(error));
  }
}

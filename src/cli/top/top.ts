/** `flowshard top`: a live view of a running tracker. */
import type { ReadStream, WriteStream } from 'node:tty';
import { type Command, Option } from 'commander';
import type { Client, Query } from '../../client/client.ts';
import { targetName } from '../../client/target.ts';
import { ExitStatus, OptionError } from '../../common/errors.ts';
import { addTargetOptions, COMMON_EXITS, runWithClient, type TargetFlags } from '../control/ask.ts';
import { addFilter, FILTER_SECTION, type FilterFlags, filterQuery } from '../control/filter.ts';
import { addHelp } from '../help.ts';
import type { StandardOutput } from '../output.ts';
import { choiceOption, wholeNumber } from '../usage.ts';
import { live } from './live.ts';
import { createTableReader, type Picture, pictureOf, readCounters, type SortKey } from './sample.ts';
import { type Mode, plainText, screenOf } from './screen.ts';
import { createTerminal } from './terminal.ts';

interface TopFlags extends TargetFlags {
  readonly interval: number;
  readonly sort: SortKey;
  readonly once?: true;
  readonly json?: true;
  readonly iterations?: number;
}

const SORT_KEYS: readonly SortKey[] = ['bytes', 'packets', 'rate', 'age'];
const INTERVAL_S = 2;
const INTERVAL_S_MIN = 0.2;
const INTERVAL_S_MAX = 3600;
/** Where standard output is no terminal. */
const ONCE_WIDTH = 120;
const ONCE_ROWS = 20;

function seconds(value: string): number {
  const number = /^\d{1,4}(\.\d{1,3})?$/.test(value) ? Number(value) : Number.NaN;
  if (!(number >= INTERVAL_S_MIN && number <= INTERVAL_S_MAX))
    throw new OptionError('-i/--interval', value, `seconds from ${INTERVAL_S_MIN} to ${INTERVAL_S_MAX}`);
  return number;
}

export function defineTop(command: Command): void {
  addFilter(command)
    .addOption(
      new Option('-i, --interval <seconds>', 'time between two pictures')
        .argParser(seconds)
        .default(INTERVAL_S),
    )
    .addOption(choiceOption('--sort <key>', 'which connections come first', SORT_KEYS).default('bytes'))
    .option('--once', 'one picture as plain text, after one interval')
    .option('--json', 'a JSON object for each interval instead of a picture')
    .option(
      '-n, --iterations <n>',
      'end after so many pictures',
      wholeNumber('-n/--iterations', 1, Number.MAX_SAFE_INTEGER),
    );
  addTargetOptions(command).action((words: readonly string[], flags: TopFlags & FilterFlags) =>
    top(words, flags),
  );
  addHelp(command, {
    before: [FILTER_SECTION],
    examples: [
      ['flowshard top', 'everything'],
      ['flowshard top tcp dport 443', 'the busiest of those that match'],
      ['flowshard top -i 0.5 --sort rate', 'twice a second, the liveliest first'],
      ['flowshard top --once', 'one picture, for a mail'],
      ['flowshard top --json -i 10', 'a line each ten seconds, for a program'],
    ],
    after: [
      {
        title: 'Keys',
        lines: [
          'q, Ctrl-C   quit                        /       type a filter; Enter takes it, Esc does not',
          'b p r a     sort by bytes, packets, bits per second (of the 200 greatest), age',
          'space       pause                       Ctrl-L  draw anew',
        ],
      },
      {
        title: 'What is shown',
        lines: [
          'drops: packets that were lost, by reason: per second, and in all; kernel: before they could be read. The table is',
          'read as often as takes the shards a twentieth of their time, counters at every interval. BIT/S needs two readings.',
        ],
      },
    ],
    exits: COMMON_EXITS,
  });
}

async function top(words: readonly string[], flags: TopFlags & FilterFlags): Promise<void> {
  const { stdin, stdout } = process;
  const isPlain = flags.once === true || flags.json === true;
  if (!isPlain && (stdout.isTTY !== true || stdin.isTTY !== true))
    throw new OptionError(
      'top',
      'no terminal',
      'a terminal on standard input and output',
      '--once prints one picture, --json a line for each interval',
    );
  const fixed = filterQuery(words, flags);
  await runWithClient(flags, async (client, out) => {
    const mode: Mode = {
      sort: flags.sort,
      filter: '',
      isPaused: false,
      typed: null,
      trouble: null,
      target: targetName(client.target),
      intervalS: flags.interval,
    };
    const iterations = flags.iterations ?? (flags.once ? 1 : Number.POSITIVE_INFINITY);
    const source = createSource(client, fixed);
    if (isPlain) return plain(source, mode, out, { ...flags, iterations });
    // The first question is asked before the screen is taken: whether a tracker is there is said in the usual place.
    await source.begin();
    const { NO_COLOR = '', TERM = '' } = process.env;
    const terminal = createTerminal(
      stdin as ReadStream,
      stdout as WriteStream,
      NO_COLOR === '' && TERM !== 'dumb',
    );
    return live({
      source,
      terminal,
      input: stdin as ReadStream,
      output: stdout as WriteStream,
      mode,
      iterations,
    });
  });
}

/** Pictures, one after the other. */
export interface Source {
  begin(): Promise<void>;
  /** Errors: ClientError; with the exit status USAGE for a filter that is wrong */
  picture(filter: string, sort: SortKey): Promise<Picture>;
}

/** `fixed`: the filter of the command line, which one that is typed adds to. */
export function createSource(client: Client, fixed: Query): Source {
  const reader = createTableReader(client);
  let before: Awaited<ReturnType<typeof readCounters>> | null = null;
  const queryOf = (filter: string): Query => {
    const given = fixed.filter;
    const texts = [...(Array.isArray(given) ? given.map(String) : []), ...(filter === '' ? [] : [filter])];
    return texts.length === 0 ? fixed : { ...fixed, filter: texts };
  };
  return {
    async begin() {
      before = await readCounters(client);
    },
    async picture(filter, sort) {
      const now = await readCounters(client);
      const table = await reader.look(queryOf(filter), sort);
      const picture = pictureOf(before ?? now, now, table);
      before = now;
      return picture;
    },
  };
}

/** `--once` and `--json`. */
async function plain(
  source: Source,
  mode: Mode,
  out: StandardOutput,
  flags: { readonly interval: number; readonly iterations: number; readonly json?: true },
): Promise<ExitStatus> {
  await source.begin();
  await source.picture('', mode.sort);
  for (let i = 0; i < flags.iterations && !out.isClosed(); i++) {
    await new Promise((resolve) => setTimeout(resolve, flags.interval * 1000));
    const picture = await source.picture('', mode.sort);
    if (flags.json) out.line(JSON.stringify({ record: 'top', ...picture }));
    else {
      const lines = screenOf(picture, mode, ONCE_WIDTH, ONCE_ROWS + 10);
      for (const line of plainText(lines.slice(0, -1))) if (line !== '') out.line(line);
    }
    await out.drained();
  }
  return ExitStatus.OK;
}

/** `flowshard explain`: the story of one connection, for people who stare at `ct state invalid`. */

import type { Command } from 'commander';
import { type CaptureError, ExitStatus, OptionError } from '../common/errors.ts';
import { grouped } from '../common/grouped.ts';
import { defaultHelpers, parseHelpers } from '../conntrack/helpers/registry.ts';
import { type Answered, type Question, search, tellStory } from '../explain/explain.ts';
import type { Found, SearchOptions } from '../explain/find.ts';
import { outputJson } from '../explain/json.ts';
import type { AnyRecord } from '../explain/story.ts';
import { candidateLines, loneLines } from '../explain/text/others.ts';
import { noColours, type Palette, terminalColours } from '../explain/text/palette.ts';
import { createStoryText } from '../explain/text/text.ts';
import { parseTuple } from '../explain/tuple-pattern.ts';
import { addHelp, type HelpParts } from './help.ts';
import { createOutput, type StandardOutput } from './output.ts';
import {
  addPacketOptions,
  addSettingOptions,
  encapsulationOf,
  SETTINGS_SECTION,
  settingsOf,
  type TrackingFlags,
} from './tracking-options.ts';
import { choiceOption, wholeNumber } from './usage.ts';

interface ExplainFlags extends TrackingFlags {
  readonly packet?: number;
  readonly all?: true;
  readonly absolute?: true;
  readonly json?: true;
  readonly color: 'auto' | 'always' | 'never';
  readonly width?: number;
}

const WIDTH_MIN = 40;
const WIDTH_MAX = 1000;
/** Where standard output is no terminal. */
const WIDTH_DEFAULT = 120;
const PACKET_MAX = 2 ** 32 - 1;
/** Connections listed for a TUPLE that means several. */
const CANDIDATES_SHOWN = 50;

const HELP: HelpParts = {
  before: [
    {
      title:
        'TUPLE names a connection; what is left out may be anything, and the order of the endpoints does not matter',
      lines: [
        '10.0.0.1:1234-10.0.0.2:80          -, ->, >, a comma or a space between the endpoints',
        'tcp 10.0.0.1.1234 > 10.0.0.2.80    with a protocol (tcp, udp, icmp, ..., or its number), ports as tcpdump has them',
        '[2001:db8::1]:53                   one endpoint; IPv6 with a port in brackets',
        '10.0.0.1 10.0.0.2                  only addresses',
        ':443  or  port 443                 only a port',
        'icmp 10.0.0.1 10.0.0.2 id 7        an ICMP query by its id',
        'zone 5 10.0.0.1                    with --zone-from',
        'src=10.0.0.1 dst=... sport=...     a line of conntrack',
      ],
    },
  ],
  examples: [
    ['flowshard explain capture.pcap 10.0.0.1:1234-10.0.0.2:80', 'one connection, packet by packet'],
    ['flowshard explain capture.pcap tcp 10.0.0.1 10.0.0.2', 'the same, if there is only one; else a list'],
    ['flowshard explain capture.pcap "[2001:db8::1]:53"', 'by one endpoint'],
    ['flowshard explain capture.pcap --packet 17', 'the connection of a packet, or why it has none'],
    ['flowshard explain capture.pcap :443 --set tcp_be_liberal=1', 'what would have been'],
  ],
  after: [SETTINGS_SECTION],
  exits: [
    [0, 'the story was told'],
    [1, 'the file was damaged or missing: what could be read is told'],
    [2, 'the command line was wrong: nothing was done'],
    [3, 'no packet has that tuple, or that number'],
    [4, 'the tuple may mean several connections, which are listed'],
  ],
};

/** Adds what the command takes, and what it does. */
export function defineExplain(command: Command): void {
  command
    .argument('<file>', 'a capture: pcap or pcapng, gzipped or not')
    .argument('[tuple...]', 'the connection, see below')
    .option(
      '--packet <n>',
      'the connection of packet n instead of a TUPLE, or why it has none',
      wholeNumber('--packet', 1, PACKET_MAX),
    )
    .option('--all', 'every packet in a row of its own: fold no runs')
    .option('--absolute', 'sequence numbers as they stand in the packets')
    .option('--json', 'one JSON object to a line, for programs')
    .addOption(
      choiceOption('--color <when>', 'colours: on a terminal unless NO_COLOR is set, always, or never', [
        'auto',
        'always',
        'never',
      ]).default('auto'),
    )
    .option(
      '--width <n>',
      "characters in a line (default: the terminal's, else 120)",
      wholeNumber('--width', WIDTH_MIN, WIDTH_MAX),
    );
  addSettingOptions(command);
  addPacketOptions(command).action(async (file: string, tuple: readonly string[], flags: ExplainFlags) => {
    process.exitCode = await explain(file, tuple, flags);
  });
  addHelp(command, HELP);
}

function questionOf(tuple: readonly string[], flags: ExplainFlags): Question {
  const packet = flags.packet ?? null;
  if (packet === null && tuple.length === 0)
    throw new OptionError('TUPLE', '', 'a TUPLE, or --packet N', 'flowshard explain --help shows the forms');
  if (packet !== null && tuple.length > 0)
    throw new OptionError('TUPLE', tuple.join(' '), 'a TUPLE or --packet N, not both');
  return { packet, pattern: packet === null ? parseTuple(tuple) : null };
}

function paletteOf({ color }: ExplainFlags): Palette {
  const { NO_COLOR = '', TERM = '' } = process.env;
  const isWanted = process.stdout.isTTY === true && NO_COLOR === '' && TERM !== 'dumb';
  return color === 'always' || (color === 'auto' && isWanted) ? terminalColours : noColours;
}

const widthOf = ({ width }: ExplainFlags): number =>
  width ?? Math.max(WIDTH_MIN, process.stdout.columns ?? WIDTH_DEFAULT);

const complain = (message: string): boolean => process.stderr.write(`flowshard: ${message}\n`);

/** Runs the command; returns the exit status. */
async function explain(file: string, tuple: readonly string[], flags: ExplainFlags): Promise<ExitStatus> {
  const question = questionOf(tuple, flags);
  if (file === '-')
    throw new OptionError(
      'FILE',
      '-',
      'the name of a file',
      'A capture is read twice, which a pipe cannot be',
    );
  const options: SearchOptions = {
    file,
    settings: settingsOf(flags),
    encapsulation: encapsulationOf(flags),
    maxConnections: flags.max,
    helpers: flags.helpers === undefined ? defaultHelpers() : parseHelpers(flags.helpers.join(',')),
  };
  const out = createOutput(process.stdout);
  const { answer, error } = await search(options, question);
  let failure: CaptureError | null = error;
  let status = ExitStatus.OK;
  if (answer.kind === 'story') failure = await printStory(options, answer.found, flags, out);
  else status = printOther(answer, question, file, flags, out);
  await out.flushed();
  if (out.failure() !== null) {
    complain(`standard output: ${out.failure()}`);
    return ExitStatus.FAILED;
  }
  if (failure === null || out.isClosed()) return status;
  complain(failure.message);
  return ExitStatus.FAILED;
}

async function printStory(
  options: SearchOptions,
  found: Found,
  flags: ExplainFlags,
  out: StandardOutput,
): Promise<CaptureError | null> {
  const text = createStoryText({
    width: widthOf(flags),
    palette: paletteOf(flags),
    all: flags.all === true,
    absolute: flags.absolute === true,
  });
  const print = (record: AnyRecord): void => {
    if (flags.json) out.line(outputJson(record));
    else for (const line of text.add(record)) out.line(line);
  };
  return tellStory({ ...options, found, packet: flags.packet ?? null }, async (records) => {
    records.forEach(print);
    await out.drained();
    return !out.isClosed();
  });
}

function printOther(
  answer: Exclude<Answered, { kind: 'story' }>,
  question: Question,
  file: string,
  flags: ExplainFlags,
  out: StandardOutput,
): ExitStatus {
  const lines = (text: readonly string[]): void => text.forEach(out.line);
  switch (answer.kind) {
    case 'lone':
      lines(
        flags.json ? [outputJson(answer.record)] : loneLines(answer.record, widthOf(flags), paletteOf(flags)),
      );
      return ExitStatus.OK;
    case 'several': {
      const { candidates, more } = answer;
      const shown = flags.json ? candidates : candidates.slice(0, CANDIDATES_SHOWN);
      const number = `${candidates.length}${more ? ' or more' : ''}`;
      complain(
        `TUPLE: ${JSON.stringify(question.pattern?.text)} may mean ${number} connections; name one of them:`,
      );
      lines(flags.json ? shown.map(outputJson) : candidateLines(shown, paletteOf(flags)));
      if (shown.length < candidates.length) lines([`  … and ${candidates.length - shown.length} more`]);
      return ExitStatus.AMBIGUOUS;
    }
    default: {
      const { packets } = answer;
      const what =
        question.packet === null
          ? `TUPLE: no packet of ${file} belongs to ${JSON.stringify(question.pattern?.text)}`
          : `--packet: ${file} has no packet ${question.packet}`;
      complain(`${what}; it has ${grouped(packets)} packets`);
      return ExitStatus.NOT_FOUND;
    }
  }
}

/** `flowshard gen`: synthetic traffic into a file, a pipe, or the tracker. */

import type { Command } from 'commander';
import { monotonicMs } from '../../common/clock.ts';
import { ExitStatus, OptionError } from '../../common/errors.ts';
import { grouped } from '../../common/grouped.ts';
import { expectedPackets, FRAME_BYTES_MAX, type TrafficOptions } from '../../traffic/options.ts';
import { SNAPLEN_WHOLE } from '../../traffic/pcap-chunk.ts';
import { Made } from '../../traffic/stage.ts';
import { createTraffic, Stamp } from '../../traffic/traffic.ts';
import { SHARDS_MAX } from '../../workers/limits.ts';
import { addHelp, type HelpParts } from '../help.ts';
import { startBar } from '../progress.ts';
import { bytesText } from '../summary.ts';
import { addPacketOptions, addSettingOptions, hashKeyOption, SETTINGS_SECTION } from '../tracking-options.ts';
import { choiceOption, collect, wholeNumber } from '../usage.ts';
import { genJson, genLines } from './report.ts';
import type { GenTrackFlags } from './track.ts';
import { addTrafficOptions, type TrafficFlags, trafficOf } from './traffic-options.ts';
import { closeDestination, type Destination, openDestination, writeTraffic } from './write.ts';

interface GenFlags extends TrafficFlags, GenTrackFlags {
  readonly write?: string;
  readonly snaplen?: number;
  readonly track?: true;
}

/** Those of --print that need no capture to be read again. */
const PRINT_KINDS = ['table', 'flows', 'events', 'expect', 'trace', 'none'];
const PROGRESS_MS = 100;

const HELP: HelpParts = {
  examples: [
    ['flowshard gen -w web.pcap --profile web --duration 10s --rate 200k', 'ten seconds of web traffic'],
    [
      'flowshard gen -w a.pcap --packets 1M --connections 100k --zipf 1.1',
      'a million packets, some connections popular',
    ],
    ['flowshard gen -w new.pcap --new 20k --lifetime 200ms --rate 500k', 'connections that come and go'],
    [
      'flowshard gen -w bad.pcap --packets 1M --loss 1% --reorder 2% --retransmit 2% --one-way-share 10%',
      'a network, and a capture, in bad shape',
    ],
    ['flowshard gen -w - --syn-flood 100k --duration 1s | tcpdump -r - -c 5', 'through a pipe'],
    [
      'flowshard gen --track --packets 5M --connections 1M --stats',
      'straight into the tracker, which says what it made of it',
    ],
    [
      'flowshard gen --track --collisions 100k --collision-key 0123456789abcdef --hash-key 0123456789abcdef --shards 1',
      'an attacker who knows the key; without --hash-key he does not',
    ],
  ],
  after: [
    {
      title: 'Numbers',
      lines: [
        'rates and counts as 500, 20k, 1.5M; times as 500us, 20ms, 10s, 2m; shares as 0.05 or 5%. Without a profile and other options:',
        '10,000 connections at 100,000 packets per second, TCP, UDP and ICMP, for 10 s. More in docs/generator.md.',
      ],
    },
    SETTINGS_SECTION,
  ],
  exits: [
    [0, 'all was generated; or the reader of the pipe had enough'],
    [1, 'the file could not be written, or the disk is full: what is there is a whole capture'],
    [2, 'the command line was wrong: nothing was done'],
    [130, 'ended by SIGINT or SIGTERM: what was generated until then is a whole capture'],
  ],
};

/** Adds what the command takes, and what it does. */
export function defineGen(command: Command): void {
  command
    .optionsGroup('Where to, one of them:')
    .option('-w, --write <file>', 'a capture (pcap with nanoseconds); - is standard output')
    .option(
      '--snaplen <bytes>',
      'with -w: bytes kept of each frame (default: all)',
      wholeNumber('--snaplen', 14, SNAPLEN_WHOLE),
    )
    .option('--track', 'the tracker of flowshard track');
  addTrafficOptions(command);
  command
    .optionsGroup('With --track, as of flowshard track:')
    .addOption(choiceOption('-p, --print <what>', 'what to print (default: none)', PRINT_KINDS))
    .option('-o, --output <form>', 'its form (default: text)', collect)
    .option('-e, --event-mask <types>', 'with --print events: which', collect)
    .option('--shards <n>', 'shard threads (default: cores less one)', wholeNumber('--shards', 1, SHARDS_MAX))
    .option('--stats', 'every counter')
    .option('--no-acct', 'no packet and byte counters')
    .addOption(hashKeyOption('--hash-key <hex>', 'fixed key of the hash: 16 hexadecimal digits'));
  addSettingOptions(command);
  addPacketOptions(command);
  command
    .optionsGroup('Others:')
    .option(
      '--json',
      'the summary as one JSON object on standard output, with -w - on standard error; with --track the counters',
    )
    .option('-q, --quiet', 'no summary and no progress bar')
    .action(async (flags: GenFlags) => {
      const traffic = trafficOf(flags);
      if (flags.track === true && flags.write !== undefined)
        throw new OptionError('-w/--write', flags.write, 'without --track: packets go to one of them');
      if (flags.track === true && flags.snaplen !== undefined)
        throw new OptionError('--snaplen', String(flags.snaplen), 'with -w/--write only');
      if (flags.track === true) {
        const { genTrack } = await import('./track.ts');
        process.exitCode = await genTrack(flags, traffic);
        return;
      }
      if (flags.write === undefined)
        throw new OptionError(
          '-w/--write',
          '',
          'a file, or - for a pipe; or --track instead',
          'For example: flowshard gen -w a.pcap',
        );
      checkNotTracking(command);
      process.exitCode = await genWrite(flags, flags.write, traffic);
    });
  addHelp(command, HELP);
}

/** Options of the tracker would have no effect without it: whoever gave them expects one. */
function checkNotTracking(command: Command): void {
  const of = command.options.filter((option) => option.helpGroupHeading?.startsWith('With --track') === true);
  for (const option of of) {
    if (command.getOptionValueSource(option.attributeName()) === 'cli')
      throw new OptionError(option.long ?? option.flags, 'without --track', 'with --track only');
  }
}

function problemOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Returns the exit status. */
async function genWrite(flags: GenFlags, path: string, options: TrafficOptions): Promise<ExitStatus> {
  let destination: Destination;
  try {
    destination = openDestination(path);
  } catch (error) {
    if (error instanceof OptionError) throw error;
    process.stderr.write(`flowshard: ${path}: ${problemOf(error)}\n`);
    return ExitStatus.FAILED;
  }
  const startMs = monotonicMs();
  const bytes = new Uint8Array(FRAME_BYTES_MAX);
  const traffic = createTraffic(options, { bytes, view: new DataView(bytes.buffer), at: 0 });
  const { made } = traffic;
  const expected = expectedPackets(options);
  const bar = flags.quiet === true ? null : await startBar();
  const secondsSince = (): number => (monotonicMs() - startMs) / 1000;
  let shownMs = 0;
  let signals = 0;
  const handle = (): void => {
    if (++signals === 1) return;
    bar?.stop();
    process.exit(ExitStatus.INTERRUPTED);
  };
  process.on('SIGINT', handle);
  process.on('SIGTERM', handle);
  const written = await writeTraffic(destination, traffic, flags.snaplen ?? SNAPLEN_WHOLE, {
    isStopped: () => signals > 0,
    onProgress(fileBytes) {
      const nowMs = monotonicMs();
      if (bar === null || nowMs - shownMs < PROGRESS_MS) return;
      shownMs = nowMs;
      const rate = Math.round(made[Made.PACKETS] / secondsSince());
      bar.update(
        made[Made.PACKETS] / expected,
        `${grouped(made[Made.PACKETS])} packets, ${bytesText(fileBytes)}, ${grouped(rate)} packets/s`,
      );
    },
  });
  await closeDestination(destination);
  bar?.stop();
  // Nobody reads on (`| head`): no words are wanted.
  if (written.isClosed) return ExitStatus.OK;
  const { stamp } = traffic;
  const result = {
    seed: options.seed,
    made,
    fileBytes: written.bytes,
    trafficS: stamp[Stamp.SEC] - (options.startSec | 0) + stamp[Stamp.NSEC] / 1e9,
    seconds: secondsSince(),
    isInterrupted: signals > 0,
  };
  if (flags.json === true) {
    const stream = path === '-' ? process.stderr : process.stdout;
    stream.write(`${JSON.stringify(genJson(result))}\n`);
  } else if (flags.quiet !== true) process.stderr.write(`${genLines(result).join('\n')}\n`);
  if (written.failure !== null) {
    const kept = written.bytes === 0 ? '' : `; ${bytesText(written.bytes)} are written, a whole capture`;
    process.stderr.write(`flowshard: ${destination.name}: ${written.failure}${kept}\n`);
    return ExitStatus.FAILED;
  }
  return signals > 0 ? ExitStatus.INTERRUPTED : ExitStatus.OK;
}

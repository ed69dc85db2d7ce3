/** `flowshard contrast verdicts`: the same packets through the running kernel and through us, and what differs. */

import { type Command, Option } from 'commander';
import { monotonicMs } from '../common/clock.ts';
import { ExitStatus, OptionError } from '../common/errors.ts';
import { grouped } from '../common/grouped.ts';
import { parseHelpers } from '../conntrack/helpers/registry.ts';
import { applySetting, createSettings, Setting } from '../conntrack/settings.ts';
import { createFuzzSource, FUZZ_KINDS, type FuzzKind } from '../kernel/fuzz/source.ts';
import { KernelError } from '../kernel/linux/kernel-error.ts';
import { captureSource, type PacketSource } from '../kernel/packet-source.ts';
import { sysctlOf } from '../kernel/sysctls.ts';
import { runContrast } from '../workers/contrast.ts';
import { defineControl } from './contrast-control.ts';
import { contrastJson, contrastLines, isAlike } from './contrast-report.ts';
import { defineThroughput } from './contrast-throughput.ts';
import { addHelp, type HelpParts } from './help.ts';
import { startBar } from './progress.ts';
import { choiceOption, collect, wholeNumber } from './usage.ts';

interface ContrastFlags {
  readonly read?: string[];
  readonly fuzz?: number;
  readonly seed: number;
  readonly mix?: readonly FuzzKind[];
  readonly checksum: 'verify' | 'ignore';
  readonly set?: readonly string[];
  readonly helpers?: readonly string[];
  readonly write?: string;
  readonly maxDifferences: number;
  readonly json?: true;
  readonly quiet?: true;
}

const FUZZ_MAX = 100_000_000;
const DIFFERENCES_MAX = 1_000_000;

function parseMix(value: string): readonly FuzzKind[] {
  return value.split(',').map((word) => {
    const kind = FUZZ_KINDS.find((each) => each === word.trim());
    if (kind === undefined) throw new OptionError('--mix', word, `a comma list of ${FUZZ_KINDS.join(', ')}`);
    return kind;
  });
}

const HELP: HelpParts = {
  examples: [
    ['sudo flowshard contrast verdicts -r capture.pcap', 'a capture'],
    [
      'sudo flowshard contrast verdicts -r capture.pcap --checksum ignore',
      'where the card makes the checksums',
    ],
    ['sudo flowshard contrast verdicts --fuzz 1000000 --seed 7', 'a million generated packets'],
    [
      'sudo flowshard contrast verdicts --fuzz 100000 --mix tcp --set tcp_loose=0',
      'TCP only, with a setting',
    ],
    [
      'sudo flowshard contrast verdicts --fuzz 100000 --write fuzz.pcapng; flowshard explain fuzz.pcapng --packet 42',
      'keep the packets, and look at one',
    ],
  ],
  after: [
    {
      title: 'What it needs',
      lines: [
        'root, /dev/net/tun and a kernel with nf_conntrack, nf_tables and nfnetlink_log; no other program. The kernel is',
        'asked in a network namespace of its own, which is gone afterwards. Names for --set: flowshard track --help.',
      ],
    },
  ],
  exits: [
    [0, 'nothing differs but what docs/differences.md names'],
    [1, 'something else differs; or the kernel cannot be asked; or a capture was damaged or missing'],
    [2, 'the command line was wrong: nothing was done'],
    [130, 'ended by SIGINT or SIGTERM: what the kernel had had until then was compared'],
  ],
};

/** Adds what the command takes, and what it does. */
export function defineContrast(contrast: Command): void {
  defineVerdicts(contrast);
  defineControl(contrast);
  defineThroughput(contrast);
}

function defineVerdicts(contrast: Command): void {
  const verdicts = contrast
    .helpCommand(false)
    .command('verdicts')
    .description(
      'Gives the same packets to the nf_conntrack of the running kernel and to flowshard, and says what differs.',
    )
    .helpOption('-h, --help', 'print this help')
    .option(
      '-r, --read <file...>',
      'captures: pcap or pcapng, gzipped or not; several are read in the order of time',
    )
    .option('--fuzz <n>', 'instead of captures: n generated packets', wholeNumber('--fuzz', 1, FUZZ_MAX))
    .option(
      '--seed <s>',
      'with --fuzz: the packets depend on it alone',
      wholeNumber('--seed', 0, 0xffff_ffff),
      1,
    )
    .addOption(
      new Option(
        '--mix <kinds>',
        `with --fuzz: comma list of ${FUZZ_KINDS.join(', ')} (default: all)`,
      ).argParser(parseMix),
    )
    .addOption(
      choiceOption('--checksum <mode>', 'verify checksums, or ignore them on both sides', [
        'verify',
        'ignore',
      ]).default('verify'),
    )
    .option('--set <name=value>', 'a setting by its kernel name, on both sides', collect)
    .option(
      '--helpers <list>',
      'helpers on both sides, as ftp:21,irc:6667,...; default, or none (default: "default")',
      collect,
    )
    .option('--write <file>', 'keep the packets with the times at which the kernel had them (pcapng)')
    .option(
      '--max-differences <n>',
      'differences that are shown of each cause',
      wholeNumber('--max-differences', 0, DIFFERENCES_MAX),
      5,
    )
    .option('--json', 'the result as one JSON object')
    .option('-q, --quiet', 'no progress bar, and nothing printed where nothing differs')
    .action(async (flags: ContrastFlags) => {
      process.exitCode = await contrastVerdicts(flags);
    });
  addHelp(verdicts, HELP);
}

function checkTogether(flags: ContrastFlags): void {
  if (flags.read === undefined && flags.fuzz === undefined)
    throw new OptionError('-r/--read', '', 'captures, or --fuzz with a number of packets');
  if (flags.read !== undefined && flags.fuzz !== undefined)
    throw new OptionError(
      '--fuzz',
      String(flags.fuzz),
      'without -r/--read: the packets come from one of them',
    );
  if (flags.mix !== undefined && flags.fuzz === undefined)
    throw new OptionError('--mix', flags.mix.join(','), 'with --fuzz only');
}

async function sourceOf(flags: ContrastFlags): Promise<PacketSource> {
  if (flags.fuzz === undefined) return captureSource(flags.read ?? []);
  return createFuzzSource({ packets: flags.fuzz, seed: flags.seed, mix: flags.mix ?? FUZZ_KINDS });
}

/** Runs the command; returns the exit status. */
async function contrastVerdicts(flags: ContrastFlags): Promise<ExitStatus> {
  checkTogether(flags);
  const settings = createSettings();
  for (const assignment of flags.set ?? []) applySetting(settings, assignment);
  if (flags.checksum === 'ignore') settings[Setting.CHECKSUM] = 0;
  // Also by --set checksum=0. The kernel's IP layer judges the header's all the same: it gets mended packets.
  const ignoreChecksums = settings[Setting.CHECKSUM] === 0;
  const sysctls = (flags.set ?? []).map(sysctlOf);
  if (ignoreChecksums) sysctls.push(sysctlOf('checksum=0'));

  const source = await sourceOf(flags);
  const startMs = monotonicMs();
  const bar = flags.quiet === true ? null : await startBar();
  let signals = 0;
  const handle = (): void => {
    if (++signals === 1) return;
    bar?.stop();
    process.exit(ExitStatus.INTERRUPTED);
  };
  process.on('SIGINT', handle);
  process.on('SIGTERM', handle);
  try {
    const result = await runContrast({
      source,
      settings,
      sysctls,
      helpers: parseHelpers((flags.helpers ?? ['default']).join(',')),
      ignoreChecksums,
      write: flags.write ?? null,
      isStopped: () => signals > 0,
      onProgress(packets) {
        const seconds = (monotonicMs() - startMs) / 1000;
        bar?.update(source.progress(), `${grouped(packets)} packets, ${grouped(packets / seconds)}/s`);
      },
    });
    bar?.stop();
    const alike = isAlike(result);
    const errors = source.errors();
    const wanted = {
      explainOptions: explainOptions(flags),
      differences: flags.maxDifferences,
      file: flags.write ?? onlyFile(flags),
      seed: flags.fuzz === undefined ? null : flags.seed,
    };
    const text = flags.json ? [JSON.stringify(contrastJson(result, wanted))] : contrastLines(result, wanted);
    if (flags.json || !alike || flags.quiet !== true) process.stdout.write(`${text.join('\n')}\n`);
    for (const error of errors) process.stderr.write(`flowshard: ${error}\n`);
    result.close();
    if (signals > 0) return ExitStatus.INTERRUPTED;
    return alike && errors.length === 0 ? ExitStatus.OK : ExitStatus.FAILED;
  } catch (error) {
    bar?.stop();
    if (!(error instanceof KernelError)) throw error;
    process.stderr.write(`flowshard: ${error.message}\n`);
    return ExitStatus.FAILED;
  } finally {
    await source.close();
  }
}

/** What `flowshard explain` must be told to judge as this run did. */
function explainOptions({ checksum, set = [], helpers = [] }: ContrastFlags): string {
  const words = [...set.map((each) => `--set ${each}`), ...helpers.map((each) => `--helpers ${each}`)];
  if (checksum === 'ignore') words.push('--checksum ignore');
  return words.map((word) => ` ${word}`).join('');
}

/** The capture that `flowshard explain` can be told to read; null when there are several. */
function onlyFile({ read }: ContrastFlags): string | null {
  return read?.length === 1 ? read[0] : null;
}

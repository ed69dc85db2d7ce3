/**
 * Words about the command line: the end of the help, and errors in our own form: the option, what was given,
 * what is allowed, what to do. The library that parses it has other words, which are put into these.
 */
import { type CommanderError, Option } from 'commander';
import { OptionError } from '../common/errors.ts';
import { settingNames } from '../conntrack/settings.ts';

const HELP_HINT = 'flowshard track --help lists the options';

/** An option that takes one of a few words. */
export function choiceOption(flags: string, description: string, choices: readonly string[]): Option {
  const names = flags.replace(/ <.*/, '').replace(', ', '/');
  // `choices` is for the help; the parser that it sets is replaced.
  return new Option(flags, description).choices(choices).argParser((value: string) => {
    if (!choices.includes(value)) throw new OptionError(names, value, choices.join(', '));
    return value;
  });
}

export function wholeNumber(option: string, min: number, max: number): (value: string) => number {
  return (value) => {
    if (!/^\d{1,15}$/.test(value) || Number(value) < min || Number(value) > max) {
      throw new OptionError(option, value, `a whole number from ${min} to ${max}`);
    }
    return Number(value);
  };
}

/** Gathers the values of an option that may be given more than once. */
export const collect = (value: string, previous: readonly string[] = []): readonly string[] => [
  ...previous,
  value,
];

/** `'-r, --read <file...>'` in a message as `-r/--read`. */
function quotedOption(message: string): string {
  const flags = /'([^']*)'/.exec(message)?.[1] ?? '';
  return flags.replace(/ <.*/, '').replace(', ', '/');
}

/** What to print for an error of the parser; null when it was none (help, version) or has been printed. */
export function usageMessage(error: CommanderError): string | null {
  const { code, message } = error;
  const suggestion = /\(Did you mean .*\?\)/.exec(message)?.[0].slice(1, -1) ?? '';
  const subject = quotedOption(message);
  const because = (what: string, advice: string): string =>
    `${subject}: ${what}; ${suggestion === '' ? advice : suggestion.replace('Did', 'did')}`;
  switch (code) {
    case 'commander.unknownOption':
      return because('there is no such option', HELP_HINT);
    case 'commander.unknownCommand':
      return because('there is no such command', 'flowshard --help lists the commands');
    case 'commander.optionMissingArgument':
      return because('a value is missing', HELP_HINT);
    case 'commander.missingMandatoryOptionValue':
      return because('no capture is named', 'for example: flowshard track -r capture.pcap');
    case 'commander.excessArguments':
      return 'track: a name stands alone; captures are named with -r: flowshard track -r capture.pcap';
    default:
      return message.startsWith('error: ') ? message.slice('error: '.length) : null;
  }
}

const EXAMPLES: readonly (readonly [command: string, what: string])[] = [
  ['flowshard track -r capture.pcap', 'the connections alive at the end, as conntrack -L'],
  ['flowshard track -r a.pcap.gz b.pcapng --print events', 'what conntrack -E would have shown'],
  ['flowshard track -r capture.pcap --print flows -o json', 'one record per connection, for programs'],
  ['flowshard track -r capture.pcap --print none --stats', 'where every packet went'],
  ['tcpdump -i eth0 -w - | flowshard track -r -', 'from a pipe; Ctrl-C ends both'],
  ['flowshard track -r capture.pcap --set tcp_loose=0', 'with a setting of the kernel'],
  [
    'flowshard track -r mirror.pcap --decap erspan,vxlan --zone-from vni',
    'what tunnels carry; a zone per VNI',
  ],
  ['flowshard track -r capture.pcap --checksum ignore', 'captured where the card makes the checksums'],
];

/** Below the options. */
export const TRACK_HELP = `
Examples:
${EXAMPLES.map(([command, what]) => `  # ${what}\n  ${command}`).join('\n')}

Names for --set (nf_conntrack_* without the prefix, and ipfrag_*), their defaults, and what they take:
${settingNames()
  .map((s) => `  ${s.name.padEnd(27)}${String(s.linux).padStart(7)}  ${s.allowed}`)
  .join('\n')}

Exit status:
  0    all was read
  1    a file was damaged or missing: what could be read is reported
  2    the command line was wrong: nothing was done
  130  ended by SIGINT or SIGTERM: what was read until then is reported`;

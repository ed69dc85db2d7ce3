/**
 * Words about the command line: the end of the help, and errors in our own form: the option, what was given,
 * what is allowed, what to do. The library that parses it has other words, which are put into these.
 */
import { type CommanderError, Option } from 'commander';
import { OptionError } from '../common/errors.ts';
import { settingNames } from '../conntrack/settings.ts';

/** What every message about an option ends in. */
const helpHint = (command: string): string =>
  `flowshard ${command} --help lists the options`.replace('  ', ' ');

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

/**
 * What to print for an error of the parser, where `command` is the one that was named, or nothing; null when it was
 * none (help, version) or has been printed.
 */
export function usageMessage(error: CommanderError, command: string): string | null {
  const { code, message } = error;
  const suggestion = /\(Did you mean .*\?\)/.exec(message)?.[0].slice(1, -1) ?? '';
  const subject = quotedOption(message);
  const because = (what: string, advice: string): string =>
    `${subject}: ${what}; ${suggestion === '' ? advice : suggestion.replace('Did', 'did')}`;
  switch (code) {
    case 'commander.unknownOption':
      return because('there is no such option', helpHint(command));
    case 'commander.unknownCommand':
      return because('there is no such command', 'flowshard --help lists the commands');
    case 'commander.optionMissingArgument':
      return because('a value is missing', helpHint(command));
    case 'commander.missingMandatoryOptionValue':
      return because('no capture is named', 'for example: flowshard track -r capture.pcap');
    case 'commander.missingArgument':
      return `${subject.toUpperCase()}: it is missing; for example: flowshard explain capture.pcap 10.0.0.1:1234-10.0.0.2:80`;
    case 'commander.excessArguments': {
      const reader = command === 'explain' ? 'track' : command;
      return `${reader}: a name stands alone; captures are named with -r: flowshard ${reader} -r capture.pcap`;
    }
    default:
      return message.startsWith('error: ') ? message.slice('error: '.length) : null;
  }
}

const EXAMPLES: readonly Example[] = [
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

type Example = readonly [command: string, what: string];

const examplesText = (examples: readonly Example[]): string =>
  `Examples:\n${examples.map(([command, what]) => `  # ${what}\n  ${command}`).join('\n')}`;

const SETTINGS_TEXT = `Names for --set (nf_conntrack_* without the prefix, and ipfrag_*), their defaults, and what they take:
${settingNames()
  .map((s) => `  ${s.name.padEnd(27)}${String(s.linux).padStart(7)}  ${s.allowed}`)
  .join('\n')}`;

/** Below the options. */
export const TRACK_HELP = `
${examplesText(EXAMPLES)}

${SETTINGS_TEXT}

Exit status:
  0    all was read
  1    a file was damaged or missing: what could be read is reported
  2    the command line was wrong: nothing was done
  130  ended by SIGINT or SIGTERM: what was read until then is reported`;

const EXPLAIN_EXAMPLES: readonly Example[] = [
  ['flowshard explain capture.pcap 10.0.0.1:1234-10.0.0.2:80', 'one connection, packet by packet'],
  ['flowshard explain capture.pcap tcp 10.0.0.1 10.0.0.2', 'the same, if there is only one; else a list'],
  ['flowshard explain capture.pcap "[2001:db8::1]:53"', 'by one endpoint'],
  ['flowshard explain capture.pcap --packet 17', 'the connection of a packet, or why it has none'],
  ['flowshard explain capture.pcap :443 --set tcp_be_liberal=1', 'what would have been'],
];

/** Below the options of explain. */
export const EXPLAIN_HELP = `
TUPLE names a connection; what is left out may be anything, and the order of the endpoints does not matter:
  10.0.0.1:1234-10.0.0.2:80          -, ->, >, a comma or a space between the endpoints
  tcp 10.0.0.1.1234 > 10.0.0.2.80    with a protocol (tcp, udp, icmp, ..., or its number), ports as tcpdump has them
  [2001:db8::1]:53                   one endpoint; IPv6 with a port in brackets
  10.0.0.1 10.0.0.2                  only addresses
  :443  or  port 443                 only a port
  icmp 10.0.0.1 10.0.0.2 id 7        an ICMP query by its id
  zone 5 10.0.0.1                    with --zone-from
  src=10.0.0.1 dst=... sport=...     a line of conntrack

${examplesText(EXPLAIN_EXAMPLES)}

${SETTINGS_TEXT}

Exit status:
  0    the story was told
  1    the file was damaged or missing: what could be read is told
  2    the command line was wrong: nothing was done
  3    no packet has that tuple, or that number
  4    the tuple may mean several connections, which are listed`;

const CONTRAST_EXAMPLES: readonly Example[] = [
  ['sudo flowshard contrast verdicts -r capture.pcap', 'a capture'],
  [
    'sudo flowshard contrast verdicts -r capture.pcap --checksum ignore',
    'where the card makes the checksums',
  ],
  ['sudo flowshard contrast verdicts --fuzz 1000000 --seed 7', 'a million generated packets'],
  ['sudo flowshard contrast verdicts --fuzz 100000 --mix tcp --set tcp_loose=0', 'TCP only, with a setting'],
  [
    'sudo flowshard contrast verdicts --fuzz 100000 --write fuzz.pcapng; flowshard explain fuzz.pcapng --packet 42',
    'keep the packets, and look at one',
  ],
];

/** Below the options of `contrast verdicts`. */
export const CONTRAST_HELP = `
${examplesText(CONTRAST_EXAMPLES)}

The kernel is asked in a network namespace of its own, which is gone afterwards. It needs root, /dev/net/tun and a kernel
with nf_conntrack, nf_tables and nfnetlink_log; no other program. Names for --set: flowshard track --help lists them.

Exit status:
  0    nothing differs but what docs/differences.md names
  1    something else differs; or the kernel cannot be asked; or a capture was damaged or missing
  2    the command line was wrong: nothing was done
  130  ended by SIGINT or SIGTERM: what the kernel had had until then was compared`;

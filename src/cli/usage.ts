/**
 * Values of options, and errors of the command line in our own form: the option, what was given, what is allowed, what
 * to do. The library that parses it has other words, which are put into these.
 */
import { type CommanderError, Option } from 'commander';
import { OptionError } from '../common/errors.ts';

/** Commands that read captures. */
const READERS: ReadonlySet<string> = new Set(['track', 'explain', 'contrast verdicts']);

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
      return command === 'track'
        ? because(
            'no capture is named',
            'for example: flowshard track -r capture.pcap; or an interface: -i eth0',
          )
        : because('it is missing', helpHint(command));
    case 'commander.missingArgument':
      return command === 'explain'
        ? `${subject.toUpperCase()}: it is missing; for example: flowshard explain capture.pcap 10.0.0.1:1234-10.0.0.2:80`
        : `${subject.toUpperCase()}: it is missing; ${helpHint(command)}`;
    case 'commander.excessArguments': {
      if (!READERS.has(command)) return `${command}: there is a word too many; ${helpHint(command)}`;
      const reader = command === 'explain' ? 'track' : command;
      return `${reader}: a name stands alone; captures are named with -r: flowshard ${reader} -r capture.pcap`;
    }
    default:
      return message.startsWith('error: ') ? message.slice('error: '.length) : null;
  }
}

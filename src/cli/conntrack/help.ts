/** The help of `flowshard conntrack`, from the table of its options. */
import { Command } from 'commander';
import { addHelp, type HelpParts } from '../help.ts';
import { COMMAND_SPECS, type CommandSpec, OPTION_SPECS, type OptionSpec, OWN_OPTIONS } from './options.ts';

const operandOf = ({ operand }: CommandSpec): string =>
  operand === null ? '' : operand === 'table' ? ' [table]' : ' <file>';

function flagsOf({ id, letter, aliases = [], metavar, isOptional }: OptionSpec): string {
  const value = metavar === undefined ? '' : isOptional ? ` [${metavar}]` : ` <${metavar}>`;
  const names = [id, ...aliases].map((name) => `--${name}`);
  // Commander knows one long name; the others are told with the meaning.
  return `${letter === undefined ? '' : `-${letter}, `}${names[0]}${value}`;
}

const meaningOf = ({ meaning, aliases = [] }: OptionSpec): string =>
  aliases.length === 0 ? meaning : `${meaning} (also ${aliases.map((name) => `--${name}`).join(', ')})`;

export const CONNTRACK_SUMMARY = 'Takes the commands and options of conntrack(8).';

const PROTOCOL_WORDS: Readonly<Record<string, string>> = {
  ports: 'behind -p tcp, udp, udplite, sctp, dccp',
  tcp: 'behind -p tcp, sctp',
  sctp: 'behind -p sctp',
  dccp: 'behind -p dccp',
  icmp: 'behind -p icmp, icmpv6',
  gre: 'behind -p gre',
};

const HELP: HelpParts = {
  before: [
    {
      title: 'Tables',
      lines: [
        'conntrack    the connections; where no table is named',
        'expect       what is expected',
        'dying, unconfirmed    always empty: a packet is tracked at once, and what has ended is gone',
      ],
    },
  ],
  examples: [
    ['flowshard conntrack -L', 'all connections'],
    ['flowshard conntrack -L -p tcp --dport 443 -s 10.0.0.0/8 -o extended', 'those that match'],
    ['flowshard conntrack -D -s 10.0.0.7', 'delete; the status is 1 where nothing matched'],
    ['flowshard conntrack -U -p tcp --dport 22 -m 0x1/0xff', 'set a mark'],
    ['flowshard conntrack -E -e NEW,DESTROY -o timestamp', 'events, until Ctrl-C'],
    ['flowshard conntrack -L -o save > file; flowshard conntrack -R file', 'save, and load'],
    ['alias conntrack="flowshard conntrack"', 'for scripts'],
  ],
  after: [
    {
      title: 'Where it differs',
      lines: [
        'It reads and changes the table of flowshard, never that of the kernel. Values that are no numbers are refused, as are',
        'words that belong to no option. docs/conntrack.md has the whole list.',
      ],
    },
  ],
  exits: [
    [0, 'done'],
    [1, 'nothing was deleted, changed or found; or no tracker answers'],
    [2, 'the command line was wrong: nothing was done'],
  ],
};

/** Adds what the command takes. The parser of the command line is our own (parse.ts). */
export function defineConntrack(command: Command): void {
  command.usage('COMMAND [options]').helpOption(false);
  for (const spec of COMMAND_SPECS)
    command.option(`-${spec.letter}, --${spec.name}${operandOf(spec)}`, spec.meaning);
  for (const spec of OPTION_SPECS) {
    const where = spec.group === undefined ? '' : `; ${PROTOCOL_WORDS[spec.group]}`;
    command.option(flagsOf(spec), `${meaningOf(spec)}${where}`);
  }
  for (const { id, metavar, meaning } of OWN_OPTIONS) command.option(`--${id} <${metavar}>`, meaning);
  addHelp(command, HELP);
}

export function helpText(): string {
  const command = new Command('flowshard').command('conntrack').description(CONNTRACK_SUMMARY);
  defineConntrack(command);
  let text = '';
  command.configureOutput({
    writeOut(part) {
      text += part;
    },
  });
  command.outputHelp();
  return text;
}

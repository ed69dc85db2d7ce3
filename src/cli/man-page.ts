/** The manual page, in roff, from the definitions of the commands. */
import { type CommandInfo, describeCommands, nameOf, type OptionInfo } from './completion/commands.ts';
import type { HelpSection } from './help.ts';

/** Text that roff takes for nothing else. */
const escaped = (text: string): string =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('`', '\\(ga')
    .replaceAll('^', '\\(ha')
    .replaceAll('~', '\\(ti')
    .replace(/^\./gm, '\\&.');

const paragraph = (text: string): string => `.PP\n${escaped(text)}`;
const literal = (lines: readonly string[]): string =>
  ['.PP', '.nf', '.RS 4', ...lines.map((line) => (line === '' ? '.sp' : escaped(line))), '.RE', '.fi'].join(
    '\n',
  );

function optionText({ short, long, metavar, summary }: OptionInfo): string {
  const names = [short, long].flatMap((name) => (name === null ? [] : [`\\fB${escaped(name)}\\fR`]));
  const value = metavar === '' ? '' : ` \\fI${escaped(metavar.replaceAll(/[<>]/g, ''))}\\fR`;
  return `.TP\n${names.join(', ')}${value}\n${escaped(summary)}`;
}

const sectionText = ({ title, lines }: HelpSection): string => `${paragraph(`${title}:`)}\n${literal(lines)}`;

/** Sections that several commands have come once, at the end. */
function sharedSections(commands: readonly CommandInfo[]): HelpSection[] {
  const uses = new Map<HelpSection, number>();
  for (const { help } of commands)
    for (const section of [...(help?.before ?? []), ...(help?.after ?? [])])
      uses.set(section, (uses.get(section) ?? 0) + 1);
  return [...uses].filter(([, count]) => count > 1).map(([section]) => section);
}

function commandText(command: CommandInfo, shared: readonly HelpSection[]): string {
  const { summary, usage, help } = command;
  const own = (sections: readonly HelpSection[] = []): string[] =>
    sections.filter((section) => !shared.includes(section)).map(sectionText);
  const parts = [
    `.SS "flowshard ${escaped(nameOf(command))}"`,
    `\\fBflowshard ${escaped(nameOf(command))}\\fR ${escaped(usage)}`,
    paragraph(summary),
    ...command.options.filter(({ isHidden }) => !isHidden).map(optionText),
    ...own(help?.before),
  ];
  if (help !== null) {
    parts.push(paragraph('Examples:'));
    parts.push(literal(help.examples.flatMap(([line, what]) => [`# ${what}`, line])));
    parts.push(...own(help.after));
    parts.push(paragraph('Exit status:'));
    for (const [status, meaning] of help.exits) parts.push(`.TP\n${status}\n${escaped(meaning)}`);
  }
  return parts.join('\n');
}

const tagged = (tag: string, text: string): string => `.TP\n\\fB${escaped(tag)}\\fR\n${escaped(text)}`;

export async function manPage(): Promise<string> {
  const commands = await describeCommands();
  const shared = sharedSections(commands);
  const top = commands.filter(({ path }) => path.length === 1);
  return `${[
    `.\\" Written by npm run generate from the definitions of the commands: do not edit.`,
    `.TH FLOWSHARD 1 "" "flowshard" "User Commands"`,
    '.SH NAME',
    'flowshard \\- a user\\-space connection tracker: what Linux nf_conntrack would keep',
    '.SH SYNOPSIS',
    '\\fBflowshard\\fR \\fIcommand\\fR [\\fIoptions\\fR]',
    '.br',
    '\\fBflowshard\\fR \\fBhelp\\fR [\\fIcommand\\fR]',
    '.br',
    '\\fBflowshard\\fR \\fB\\-\\-version\\fR',
    '.SH DESCRIPTION',
    escaped(
      'flowshard reads packets from captures, or from an interface that sees a mirror port, and keeps for every connection what the connection tracking of the Linux kernel would keep. A tracker that runs answers on a Unix socket: most commands ask it, or change it.',
    ),
    ...top.map(({ path, summary }) => tagged(path[0], summary)),
    '.SH COMMANDS',
    ...commands.map((command) => commandText(command, shared)),
    ...shared.flatMap((section) => [
      `.SH "${section.title.startsWith('FILTER') ? 'FILTERS' : 'SETTINGS'}"`,
      `${escaped(section.title)}:`,
      literal(section.lines),
    ]),
    '.SH ENVIRONMENT',
    tagged(
      'FLOWSHARD_SOCKET',
      'Socket of the tracker, for the commands that ask one, where --socket is not given.',
    ),
    tagged('XDG_RUNTIME_DIR', 'For users other than root: where the socket is.'),
    tagged('NO_COLOR', 'Not empty: no colours.'),
    '.SH FILES',
    tagged('/run/flowshard.sock', 'Socket of a tracker that root has started.'),
    '.SH "SEE ALSO"',
    '.BR conntrack (8),',
    '.BR tcpdump (1),',
    '.BR pcap\\-filter (7)',
  ].join('\n')}\n`;
}

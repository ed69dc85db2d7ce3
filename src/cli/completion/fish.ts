/** Completion for fish: a line for each command, option and value. */
import { type CommandInfo, nameOf, type OptionInfo, type ValueKind } from './commands.ts';

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

function valueWords(value: ValueKind): string {
  if (value.kind === 'words') return ` -x -a ${quoted(value.words.join(' '))}`;
  if (value.kind === 'interface') return " -x -a '(ls /sys/class/net 2>/dev/null)'";
  return value.kind === 'file' ? ' -r -F' : ' -x';
}

/** Where a line of the command counts: its words have been typed, and none that make it one of another command. */
function condition({ path, subcommands }: CommandInfo, all: readonly CommandInfo[]): string {
  const parents = all
    .filter((each) => path.length === 1 && each.subcommands.includes(path[0]))
    .map((each) => each.path[0]);
  const words = path.map((word) => `__fish_seen_subcommand_from ${word}`);
  if (parents.length > 0) words.push(`not __fish_seen_subcommand_from ${parents.join(' ')}`);
  const seen = words.join('; and ');
  const not =
    subcommands.length === 0 ? '' : `; and not __fish_seen_subcommand_from ${subcommands.join(' ')}`;
  return quoted(seen + not);
}

function optionLine(
  all: readonly CommandInfo[],
  command: CommandInfo,
  { short, long, value, summary }: OptionInfo,
): string {
  const names = `${short === null ? '' : ` -s ${short.slice(1)}`} -l ${long.slice(2)}`;
  const behind = value === null ? '' : valueWords(value);
  return `complete -c flowshard -n ${condition(command, all)}${names}${behind} -d ${quoted(summary)}`;
}

function linesOf(command: CommandInfo, all: readonly CommandInfo[]): string[] {
  const options = command.options.filter(({ isHidden }) => !isHidden);
  const [operand] = command.operands;
  const subs = all.filter(
    ({ path }) => path.length === command.path.length + 1 && path[0] === command.path[0],
  );
  return [
    ...subs.map(
      ({ path, summary }) =>
        `complete -c flowshard -n ${condition(command, all)} -a ${quoted(path.at(-1) ?? '')} -d ${quoted(summary)}`,
    ),
    ...(operand?.kind === 'words'
      ? [`complete -c flowshard -n ${condition(command, all)} -a ${quoted(operand.words.join(' '))}`]
      : []),
    ...(operand?.kind === 'file' ? [`complete -c flowshard -n ${condition(command, all)} -F`] : []),
    ...options.map((option) => optionLine(all, command, option)),
  ];
}

export function fishScript(commands: readonly CommandInfo[]): string {
  const top = commands.filter(({ path }) => path.length === 1);
  const lines = [
    '# Completion of flowshard for fish, made by: flowshard completion fish',
    '# Into ~/.config/fish/completions/flowshard.fish',
    'complete -c flowshard -f',
    ...top.map(
      (command) =>
        `complete -c flowshard -n __fish_use_subcommand -a ${quoted(nameOf(command))} -d ${quoted(command.summary)}`,
    ),
    "complete -c flowshard -n __fish_use_subcommand -a help -d 'print the help of a command'",
    `complete -c flowshard -n '__fish_seen_subcommand_from help' -a ${quoted(top.map(nameOf).join(' '))}`,
    ...commands.flatMap((command) => linesOf(command, commands)),
  ];
  return `${lines.join('\n')}\n`;
}

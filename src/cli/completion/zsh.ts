/** Completion for zsh: a function for `_arguments`, with the meaning of each option. */
import { type CommandInfo, nameOf, type OptionInfo, type ValueKind } from './commands.ts';

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** Text inside of the brackets and behind the colons of a specification. */
const plain = (text: string): string => text.replaceAll(/[[\]\\]/g, '\\$&').replaceAll(':', '\\:');

function action(value: ValueKind): string {
  if (value.kind === 'file') return '_files';
  if (value.kind === 'interface') return '_net_interfaces';
  return value.kind === 'words' ? `(${value.words.map((word) => plain(word)).join(' ')})` : ' ';
}

function optionSpecs({ short, long, value, summary, metavar }: OptionInfo): string[] {
  const name = metavar.replaceAll(/[<>[\]]/g, '');
  const behind = value === null ? '' : `:${plain(name)}:${action(value)}`;
  const names = [short, long].flatMap((one) => (one === null ? [] : [one]));
  const others = names.length > 1 ? `(${names.join(' ')})` : '';
  return names.map((one) => quoted(`${others}${one}[${plain(summary)}]${behind}`));
}

function functionOf(command: CommandInfo): string {
  const options = command.options.filter(({ isHidden }) => !isHidden).flatMap(optionSpecs);
  const [operand] = command.operands;
  const specs = operand === undefined ? options : [...options, quoted(`*: :${action(operand)}`)];
  if (command.subcommands.length > 0) specs.push(quoted(`1: :(${command.subcommands.join(' ')})`));
  return `    ${quoted(nameOf(command))})\n      _arguments -s ${specs.join(' \\\n        ')}\n      ;;`;
}

export function zshScript(commands: readonly CommandInfo[]): string {
  const top = commands.filter(({ path }) => path.length === 1);
  const parents = commands.filter(({ subcommands }) => subcommands.length > 0);
  const nested = parents.flatMap((parent) =>
    parent.subcommands.map((sub) => quoted(`${nameOf(parent)} ${sub}`)),
  );
  return `#compdef flowshard
# Completion of flowshard for zsh, made by: flowshard completion zsh
# Into a folder of $fpath as _flowshard.

_flowshard() {
  local -a commands
  local command
  commands=(
${top.map((each) => `    ${quoted(`${nameOf(each)}:${each.summary}`)}`).join('\n')}
    'help:print the help of a command'
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  command=$words[2]
  shift words
  (( CURRENT-- ))
  case "$command $words[2]" in
    ${nested.length === 0 ? "''" : nested.join('|')})
      if (( CURRENT > 2 )); then
        command="$command $words[2]"
        shift words
        (( CURRENT-- ))
      fi
      ;;
  esac
  case $command in
    help)
      _describe command commands
      ;;
${commands.map(functionOf).join('\n')}
  esac
}

if [ "$funcstack[1]" = _flowshard ]; then
  _flowshard "$@"
else
  compdef _flowshard flowshard
fi
`;
}

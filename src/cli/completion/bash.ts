/** Completion for bash: a function with a case for each command. Plain bash 3.2: no bash-completion is needed. */
import { type CommandInfo, nameOf, type OptionInfo, type ValueKind } from './commands.ts';

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** The command that prints candidates for a value. */
function candidates(value: ValueKind): string | null {
  if (value.kind === 'file') return 'files=1';
  if (value.kind === 'interface') return `words=$(ls /sys/class/net 2>/dev/null)`;
  return value.kind === 'words' ? `words=${quoted(value.words.join(' '))}` : null;
}

/** `'list -o'|'list --output') words='...' ;;` for each option that takes a value. */
function valueCases(command: CommandInfo): string[] {
  return command.options.flatMap((option: OptionInfo) => {
    if (option.value === null || !option.isValueNeeded) return [];
    const names = [option.short, option.long].flatMap((name) => (name === null ? [] : [name]));
    const pattern = names.map((name) => quoted(`${nameOf(command)} ${name}`)).join('|');
    return [`    ${pattern}) ${candidates(option.value) ?? 'words='} ;;`];
  });
}

function optionCase(command: CommandInfo): string {
  const words = command.options
    .filter(({ isHidden }) => !isHidden)
    .flatMap(({ short, long }) => (short === null ? [long] : [short, long]));
  return `    ${quoted(nameOf(command))}) words=${quoted(words.join(' '))} ;;`;
}

function operandCase(command: CommandInfo): string[] {
  const [operand] = command.operands;
  const words = command.subcommands.join(' ');
  if (words !== '') return [`    ${quoted(nameOf(command))}) words=${quoted(words)} ;;`];
  const found = operand === undefined ? null : candidates(operand);
  return found === null ? [] : [`    ${quoted(nameOf(command))}) ${found} ;;`];
}

export function bashScript(commands: readonly CommandInfo[]): string {
  const top = commands.filter(({ path }) => path.length === 1);
  const parents = commands.filter(({ subcommands }) => subcommands.length > 0);
  const nested = parents.flatMap((parent) =>
    parent.subcommands.map((sub) => quoted(`${nameOf(parent)} ${sub}`)),
  );
  return `# Completion of flowshard for bash, made by: flowshard completion bash
# For one shell: source <(flowshard completion bash)

_flowshard() {
  local cur prev command second words files i word
  cur=\${COMP_WORDS[COMP_CWORD]}
  prev=\${COMP_WORDS[COMP_CWORD - 1]}
  # --option=value comes as three words.
  [ "$cur" = = ] && cur=
  [ "$prev" = = ] && [ "$COMP_CWORD" -ge 2 ] && prev=\${COMP_WORDS[COMP_CWORD - 2]}
  command= second= words= files=
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    case $word in -*) continue ;; esac
    if [ -z "$command" ]; then
      command=$word
    elif [ -z "$second" ]; then
      second=$word
    fi
  done
  if [ -z "$command" ]; then
    case $cur in
    -*) words='--help --version' ;;
    *) words=${quoted([...top.map(nameOf), 'help'].join(' '))} ;;
    esac
  elif [ "$command" = help ]; then
    words=${quoted(top.map(nameOf).join(' '))}
  else
    case "$command $second" in
    ${nested.length === 0 ? "''" : nested.join('|')}) command="$command $second" ;;
    esac
    case "$command $prev" in
${commands.flatMap(valueCases).join('\n')}
    *)
      case $cur in
      -*)
        case $command in
${commands
  .map(optionCase)
  .map((line) => `    ${line}`)
  .join('\n')}
        esac
        ;;
      *)
        case $command in
${commands
  .flatMap(operandCase)
  .map((line) => `    ${line}`)
  .join('\n')}
        esac
        ;;
      esac
      ;;
    esac
  fi
  if [ -n "$files" ]; then
    COMPREPLY=($(compgen -f -- "$cur"))
  else
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
  fi
}

complete -o filenames -o bashdefault -F _flowshard flowshard
`;
}

/** The commands as data, read from their definitions: what completion and the manual page are made from. */
import type { Argument, Command, Option } from 'commander';
import { settingNames } from '../../conntrack/settings.ts';
import { FILTER_KEYS } from '../../query/keys.ts';
import { valueNames } from '../../query/values.ts';
import { type HelpParts, helpPartsOf } from '../help.ts';
import { COMMANDS, createProgram } from '../registry.ts';

/** What a value or an operand is: one of some words, a file, or anything. */
export type ValueKind =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'file' }
  | { readonly kind: 'interface' }
  | { readonly kind: 'other' };

export interface OptionInfo {
  readonly short: string | null;
  readonly long: string;
  /** As the help writes it: `<file...>`; empty where it takes none. */
  readonly metavar: string;
  readonly isValueNeeded: boolean;
  readonly value: ValueKind | null;
  readonly summary: string;
  readonly isHidden: boolean;
}

export interface CommandInfo {
  /** `['contrast', 'verdicts']` */
  readonly path: readonly string[];
  readonly summary: string;
  /** What stands behind its name in the help: `[options] <file> [tuple...]`. */
  readonly usage: string;
  readonly options: readonly OptionInfo[];
  readonly operands: readonly ValueKind[];
  readonly subcommands: readonly string[];
  /** The one that is meant where none is named. */
  readonly fallback: string | null;
  readonly help: HelpParts | null;
}

/** Words that may stand for a test of a filter, and its keys. */
function filterWords(): string[] {
  const names = (['protocol', 'state', 'status', 'family'] as const).flatMap((kind) => valueNames(kind));
  return [...FILTER_KEYS.map(({ name }) => name), 'not', ...new Set(names)];
}

const FILES: ReadonlySet<string> = new Set(['file', 'path']);

function kindOf(name: string, words: readonly string[] | undefined): ValueKind {
  if (words !== undefined && words.length > 0) return { kind: 'words', words };
  if (FILES.has(name)) return { kind: 'file' };
  if (name === 'filter') return { kind: 'words', words: filterWords() };
  return { kind: 'other' };
}

function operandOf(argument: Argument, command: Command): ValueKind {
  if (command.name() === 'config')
    return { kind: 'words', words: settingNames().flatMap(({ name }) => [name, `${name}=`]) };
  return kindOf(argument.name(), argument.argChoices);
}

function optionOf(option: Option): OptionInfo | null {
  const long = option.long ?? null;
  if (long === null) return null;
  const metavar = /[<[].*$/.exec(option.flags)?.[0] ?? '';
  const name = /^[<[]([\w-]+)/.exec(metavar)?.[1] ?? '';
  const isInterface = long === '--interface';
  return {
    short: option.short ?? null,
    long,
    metavar,
    isValueNeeded: option.required,
    value: metavar === '' ? null : isInterface ? { kind: 'interface' } : kindOf(name, option.argChoices),
    summary: option.description,
    isHidden: option.hidden,
  };
}

function infoOf(command: Command, path: readonly string[]): CommandInfo[] {
  const help = command.createHelp();
  const options = command.options.flatMap((option) => optionOf(option) ?? []);
  // Those that every command has are not among its options.
  const own = help.visibleOptions(command).filter(({ long }) => long === '--help');
  const subcommands = command.commands.map((sub) => sub.name());
  return [
    {
      path,
      summary: command.description(),
      usage: command.usage(),
      options: [...options, ...own.flatMap((option) => optionOf(option) ?? [])],
      operands: command.registeredArguments.map((argument) => operandOf(argument, command)),
      subcommands,
      fallback: subcommands.includes('list') && path[0] === 'expect' ? 'list' : null,
      help: helpPartsOf(command),
    },
    ...command.commands.flatMap((sub) => infoOf(sub, [...path, sub.name()])),
  ];
}

/** All commands and their subcommands, in the order of the help. Loads all definitions. */
export async function describeCommands(): Promise<CommandInfo[]> {
  const program = await createProgram(() => true);
  return program.commands
    .filter((command) => COMMANDS.some(({ name }) => name === command.name()))
    .flatMap((command) => infoOf(command, [command.name()]));
}

export const nameOf = ({ path }: CommandInfo): string => path.join(' ');

/**
 * What the help of a command has below its options: explanations, examples, exit statuses. Kept as data beside the
 * command, since the manual page is made from it as well.
 */
import type { Command } from 'commander';

/** What it does, and the command line. */
export type Example = readonly [command: string, what: string];

export interface HelpSection {
  readonly title: string;
  readonly lines: readonly string[];
}

export interface HelpParts {
  /** What must be known to read the examples. */
  readonly before?: readonly HelpSection[];
  readonly examples: readonly Example[];
  readonly after?: readonly HelpSection[];
  readonly exits: readonly (readonly [status: number, meaning: string])[];
}

const PARTS = new WeakMap<Command, HelpParts>();

/** Null where a command has only options. */
export const helpPartsOf = (command: Command): HelpParts | null => PARTS.get(command) ?? null;

const sectionLines = ({ title, lines }: HelpSection): string[] => [
  `${title}:`,
  ...lines.map((line) => (line === '' ? '' : `  ${line}`)),
  '',
];

/** Puts the parts below the options in the help of the command. */
export function addHelp(command: Command, parts: HelpParts): Command {
  PARTS.set(command, parts);
  const { before = [], examples, after = [], exits } = parts;
  const lines = [
    '',
    ...before.flatMap(sectionLines),
    'Examples:',
    ...examples.flatMap(([line, what]) => [`  # ${what}`, `  ${line}`]),
    '',
    ...after.flatMap(sectionLines),
    'Exit status:',
    ...exits.map(([status, meaning]) => `  ${String(status).padEnd(5)}${meaning}`),
  ];
  return command.addHelpText('after', lines.join('\n'));
}

/** From the words of `flowshard conntrack` to one command with its table and options, checked against each other. */
import { ConntrackError } from './errors.ts';
import { type GetoptSpec, readWords } from './getopt.ts';
import {
  allowedOptions,
  COMMAND_SPECS,
  type CommandLetter,
  groupsOf,
  OPTION_SPECS,
  type OptionId,
  type OptionSpec,
  OWN_OPTIONS,
  type OwnId,
  type ProtocolGroup,
  TABLES,
  type Table,
} from './options.ts';
import { protocolNumber } from './values.ts';

/** What the command line says, by the name of the option. */
export interface Given {
  readonly command: CommandLetter;
  readonly table: Table;
  /** Of -R. */
  readonly file: string | null;
  readonly values: ReadonlyMap<OptionId, string>;
  /** How each option was written, for messages. */
  readonly names: ReadonlyMap<OptionId, string>;
  /** Number of -p; null without. */
  readonly protocol: number | null;
  /** Which tracker. */
  readonly own: ReadonlyMap<OwnId, string>;
}

type Id = OptionId | `own ${OwnId}` | `command ${CommandLetter}`;

const COMMAND_GETOPT: readonly GetoptSpec<Id>[] = COMMAND_SPECS.map(({ letter, name, operand }) => ({
  id: `command ${letter}` as const,
  letter,
  names: [name],
  value: operand === null ? 'none' : operand === 'file' ? 'required' : 'optional',
}));

const getoptOf = (spec: OptionSpec): GetoptSpec<Id> => ({
  id: spec.id,
  ...(spec.letter === undefined ? {} : { letter: spec.letter }),
  names: [spec.id, ...(spec.aliases ?? [])],
  value: spec.metavar === undefined ? 'none' : spec.isOptional ? 'optional' : 'required',
});

const OWN_GETOPT: readonly GetoptSpec<Id>[] = OWN_OPTIONS.map(({ id }) => ({
  id: `own ${id}` as const,
  names: [id],
  value: 'required',
  isExact: true,
}));

/** What is known before any -p, and then. */
function specsFor(groups: readonly ProtocolGroup[]): readonly GetoptSpec<Id>[] {
  const known = OPTION_SPECS.filter(({ group }) => group === undefined || groups.includes(group));
  return [...COMMAND_GETOPT, ...OWN_GETOPT, ...known.map(getoptOf)];
}

function tableOf(word: string): Table {
  const table = TABLES.find((name) => name === word);
  if (table === undefined)
    throw new ConntrackError(`"${word}": there is no such table; there are ${TABLES.join(', ')}`);
  return table;
}

/** Given more than once they add up; of all others the last one counts. */
const LISTS: ReadonlySet<OptionId> = new Set(['output', 'event-mask', 'status']);

const isOwn = (id: Id): id is `own ${OwnId}` => id.startsWith('own ');
const isCommand = (id: Id): id is `command ${CommandLetter}` => id.startsWith('command ');

/**
 * Errors: ConntrackError
 */
export function parseConntrack(argv: readonly string[]): Given {
  let command: CommandLetter | null = null;
  let table: Table = 'conntrack';
  let file: string | null = null;
  let protocol: number | null = null;
  const values = new Map<OptionId, string>();
  const names = new Map<OptionId, string>();
  const own = new Map<OwnId, string>();
  let specs = specsFor([]);
  for (const word of readWords<Id>(argv, () => specs)) {
    if (word.kind === 'operand') throw new ConntrackError(`"${word.text}": a word that belongs to no option`);
    const { id, as, value } = word;
    if (isOwn(id)) {
      const name = OWN_OPTIONS.find((spec) => `own ${spec.id}` === id)?.id ?? 'socket';
      own.set(name, value ?? '');
      continue;
    }
    if (isCommand(id)) {
      const letter = COMMAND_SPECS.find((spec) => `command ${spec.letter}` === id)?.letter ?? 'h';
      if (command !== null) throw new ConntrackError(`-${command} and ${as}: one command at a time`);
      command = letter;
      if (letter === 'R') file = value;
      else if (value !== null) table = tableOf(value);
      continue;
    }
    const before = LISTS.has(id) ? values.get(id) : undefined;
    values.set(id, before === undefined ? (value ?? '') : `${before},${value ?? ''}`);
    names.set(id, as);
    if (id === 'protonum') {
      protocol = protocolNumber(value ?? '');
      specs = specsFor(groupsOf(protocol));
    }
  }
  if (command === null) {
    if (values.size > 0)
      throw new ConntrackError('no command: one of -L -G -D -I -A -U -E -F -C -S is needed');
    command = 'h';
  }
  const given: Given = { command, table, file, values, names, protocol, own };
  checkAllowed(given);
  return given;
}

function checkAllowed({ command, table, values, names }: Given): void {
  if (command === 'h' || command === 'V') return;
  const allowed = allowedOptions(command, table);
  if (allowed === null) throw new ConntrackError(`-${command} ${table}: the table has no such command`);
  for (const id of values.keys()) {
    if (!allowed.includes(id))
      throw new ConntrackError(`${names.get(id) ?? id}: it has no meaning with -${command} ${table}`);
  }
  for (const side of ['src', 'dst'] as const) {
    if (command !== 'I' && values.has(`mask-${side}`) && !values.has(side))
      throw new ConntrackError(`--mask-${side}: only with --${side}`);
  }
}

/** Errors: ConntrackError when one of them is missing */
export function demand({ command, values }: Given, ids: readonly OptionId[]): void {
  const missing = ids.find((id) => !values.has(id));
  if (missing !== undefined) throw new ConntrackError(`--${missing}: -${command} needs it`);
}

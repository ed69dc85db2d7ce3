/**
 * Reads a command line as conntrack does with getopt_long of the C library: letters that may be grouped, with values
 * that follow or are attached; long names that may be cut short while only one is meant, with `=` or a word behind.
 */
import { ConntrackError } from './errors.ts';

/** One option that may be given. */
export interface GetoptSpec<Id extends string> {
  readonly id: Id;
  readonly letter?: string;
  readonly names: readonly string[];
  /** An optional value is attached, or the next word where that is no option. */
  readonly value: 'none' | 'required' | 'optional';
  /** Its name cannot be cut short, so that it stands in no other name's way. */
  readonly isExact?: true;
}

export type Word<Id extends string> =
  | { readonly kind: 'option'; readonly id: Id; readonly as: string; readonly value: string | null }
  | { readonly kind: 'operand'; readonly text: string };

/**
 * The words of a command line, one by one. `specs` is asked for every option anew: an option may make others known.
 *
 * Errors: ConntrackError for what is unknown, means several or lacks its value
 */
export function* readWords<Id extends string>(
  argv: readonly string[],
  specs: () => readonly GetoptSpec<Id>[],
): Generator<Word<Id>, void, void> {
  const words = [...argv];
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === '--') {
      for (const text of words) yield { kind: 'operand', text };
      return;
    }
    if (!word.startsWith('-') || word === '-') {
      yield { kind: 'operand', text: word };
    } else if (word.startsWith('--')) {
      const [name = '', ...more] = word.slice(2).split('=');
      yield option(named(name, specs()), `--${name}`, more.length === 0 ? null : more.join('='));
    } else {
      yield* letters(word.slice(1));
    }
  }

  function* letters(group: string): Generator<Word<Id>, void, void> {
    for (let rest = group; rest !== ''; ) {
      const as = `-${rest[0]}`;
      const spec = specs().find(({ letter }) => letter === rest[0]);
      if (spec === undefined) throw unknown(as);
      const attached = rest.slice(1);
      rest = spec.value === 'none' ? attached : '';
      yield option(spec, as, spec.value === 'none' || attached === '' ? null : attached);
    }
  }

  function option(spec: GetoptSpec<Id>, as: string, attached: string | null): Word<Id> {
    if (spec.value === 'none') {
      if (attached !== null) throw new ConntrackError(`${as}: it takes no value, but has "${attached}"`);
      return { kind: 'option', id: spec.id, as, value: null };
    }
    const isNext = attached === null && (spec.value === 'required' || words[0]?.startsWith('-') === false);
    const value = isNext ? (words.shift() ?? null) : attached;
    if (spec.value === 'required' && value === null) throw new ConntrackError(`${as}: its value is missing`);
    return { kind: 'option', id: spec.id, as, value };
  }
}

function named<Id extends string>(name: string, all: readonly GetoptSpec<Id>[]): GetoptSpec<Id> {
  const exact = all.find(({ names }) => names.includes(name));
  if (exact !== undefined) return exact;
  const begin = all.filter(
    ({ names, isExact }) => isExact !== true && names.some((one) => one.startsWith(name)),
  );
  if (begin.length === 1) return begin[0];
  if (begin.length === 0) throw unknown(`--${name}`);
  const meant = begin.flatMap(({ names }) => names.filter((one) => one.startsWith(name)));
  throw new ConntrackError(`--${name}: it may mean ${meant.map((one) => `--${one}`).join(', ')}`);
}

const unknown = (as: string): ConntrackError => new ConntrackError(`${as}: there is no such option`);

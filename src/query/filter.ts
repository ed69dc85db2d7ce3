/**
 * Filters as data, and how they are read: from the parameters of a URL or of a command, or from one text. Both have
 * the same keys and values (keys.ts); docs/filters.md is for those who write them.
 */
import { OptionError } from '../common/errors.ts';
import { FILTER_KEYS, type FilterKey, type FilterKeyInfo, filterKey, filterKeyNames } from './keys.ts';
import { nearest } from './near.ts';
import { type Alternative, parseAlternative, valueNames } from './values.ts';

/** One test of a connection: holds when any of the alternatives does, or, when negated, none. */
export interface FilterTest {
  readonly key: FilterKey;
  readonly negated: boolean;
  readonly alternatives: readonly Alternative[];
}

/** All tests must hold. Without tests: every connection. */
export interface Filter {
  readonly tests: readonly FilterTest[];
}

/** Matches every connection. */
export const EVERYTHING: Filter = { tests: [] };

/** The parameter whose value is a whole text. */
const TEXT_PARAMETER = 'filter';
const DOCUMENTED = 'docs/filters.md has the language';
/** Words that people put between tests, and which change nothing. */
const CONJUNCTIONS: ReadonlySet<string> = new Set(['and', '&&']);
const DISJUNCTIONS: ReadonlySet<string> = new Set(['or', '||']);
/** Where a word alone may stand for a pair: `tcp` for `protocol tcp`, `assured` for `status assured`, `::1` for `host ::1`. */
const KEYS_OF_WORDS: readonly FilterKey[] = ['family', 'protocol', 'status', 'state', 'host'];
const KEYS_ALLOWED = `the keys ${FILTER_KEYS.map(({ name }) => name).join(', ')}`;
const COMPARISON = /^[<>]/;
/** More than any program has room for; bounds the work that a request can cause. */
const TEXT_MAX = 16_384;

export type FilterParameters = Readonly<Record<string, string | readonly string[]>>;

/**
 * Reads a filter from parameters. A key that comes more than once is that many tests, all of which must hold; `filter`
 * is a text as `parseFilterText` takes it.
 *
 * Errors: OptionError with the key, the value and what is allowed
 */
export function parseFilter(params: FilterParameters): Filter {
  const tests: FilterTest[] = [];
  for (const [name, given] of Object.entries(params)) {
    const values = typeof given === 'string' ? [given] : given;
    const key = name === TEXT_PARAMETER ? null : keyOf(name);
    for (const value of values)
      tests.push(...(key === null ? parseFilterText(value).tests : [parseTest(key, value, false)]));
  }
  return { tests };
}

/**
 * Reads a filter from one text: `proto tcp dport 80,443 src 10.0.0.0/8 not assured bytes>1M age>1h`.
 *
 * Errors: OptionError with the key (or `filter`), the value and what is allowed
 */
export function parseFilterText(text: string): Filter {
  if (text.length > TEXT_MAX)
    throw new OptionError(
      TEXT_PARAMETER,
      `${text.slice(0, 40)}...`,
      `a text of at most ${TEXT_MAX} characters`,
    );
  const words = text
    .split(',')
    .map((part) => part.trim())
    .join(',');
  const tests: FilterTest[] = [];
  let at = 0;
  const take = (pattern: RegExp): string | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(words)?.[0] ?? null;
    if (found !== null) at += found.length;
    return found;
  };
  for (;;) {
    take(/\s+/y);
    if (at >= words.length) return { tests };
    let negated = false;
    while (take(/(?:not\b|!)\s*/y) !== null) negated = !negated;
    const name = take(/[A-Za-z][A-Za-z0-9-]*(?![A-Za-z0-9_.:/,-])/y) ?? '';
    const key = filterKey(name);
    if (key === null) {
      const word = name + (take(/\S+/y) ?? '');
      if (negated || !CONJUNCTIONS.has(word)) tests.push(wordTest(word, negated));
      continue;
    }
    const comparison = take(/\s*(?:!=|>=|<=|=|>|<)\s*/y)?.trim() ?? '';
    if (comparison === '') take(/\s+/y);
    const value = take(/\S+/y) ?? '';
    tests.push(parseTest(key, comparison + value, negated));
  }
}

/** A filter as text that reads back as the same filter. */
export function formatFilter(filter: Filter): string {
  return filter.tests
    .map(({ key, negated, alternatives }) => {
      // A name that means several things is several alternatives with one text.
      const texts = new Set(alternatives.map(({ text }) => text));
      return `${negated ? 'not ' : ''}${key} ${[...texts].join(',')}`;
    })
    .join(' ');
}

/** Both: for callers that add a condition of their own. */
export const bothFilters = (a: Filter, b: Filter): Filter => ({ tests: [...a.tests, ...b.tests] });

function keyOf(name: string): FilterKeyInfo {
  return filterKey(name) ?? failKey(name);
}

function failKey(name: string): never {
  const near = nearest(name, [...filterKeyNames(), TEXT_PARAMETER]);
  const hint = near === null ? DOCUMENTED : `Did you mean ${near}?`;
  throw new OptionError(TEXT_PARAMETER, shortened(name), KEYS_ALLOWED, hint);
}

const shortened = (text: string): string => (text.length > 80 ? `${text.slice(0, 77)}...` : text);

/** A word that stands for a pair. */
function wordTest(word: string, negated: boolean): FilterTest {
  if (word === '')
    throw new OptionError(TEXT_PARAMETER, 'not', 'a test behind "not", such as not state ESTABLISHED');
  if (DISJUNCTIONS.has(word)) {
    const hint = 'Alternatives are parted by commas: dport 80,443';
    throw new OptionError(TEXT_PARAMETER, word, 'tests that must all hold', hint);
  }
  // A number alone could be anything.
  for (const name of /^[\d,]*$/.test(word) ? [] : KEYS_OF_WORDS) {
    const key = keyOf(name);
    const found = listed(word).map((text) => parseAlternative(key, text));
    const alternatives = found.flatMap((several) => several ?? []);
    if (!found.includes(null)) return { key: name, negated, alternatives };
  }
  const near = nearest(word, [...filterKeyNames(), ...KEYS_OF_WORDS.flatMap((key) => wordsOf(key))]);
  const allowed = `${KEYS_ALLOWED}; names of protocols, states and status bits; addresses`;
  const hint = near === null ? DOCUMENTED : `Did you mean ${near}?`;
  throw new OptionError(TEXT_PARAMETER, shortened(word), allowed, hint);
}

/** What a list names, each once. */
const listed = (list: string): string[] => [...new Set(list.split(',').map((text) => text.trim()))];

const wordsOf = (key: FilterKey): readonly string[] => valueNames(keyOf(key).kind);

/** `value` may begin with "!" or "!=", which negate once more, or with "=", which says nothing. */
function parseTest(key: FilterKeyInfo, value: string, negated: boolean): FilterTest {
  const [, sign, plain] = /^\s*(!=?|=)?(.*)$/s.exec(value) ?? [null, undefined, value];
  const texts = listed(plain);
  if (texts.length > 1 && texts.some((text) => COMPARISON.test(text)))
    return failValue(key, value, 'A comparison stands alone; ranges may be listed: 1-5,9-');
  const alternatives = texts.flatMap(
    (text) => parseAlternative(key, text) ?? failValue(key, text === '' ? value : text, hintOf(key, text)),
  );
  return { key: key.name, negated: negated !== (sign?.startsWith('!') ?? false), alternatives };
}

function hintOf(key: FilterKeyInfo, text: string): string {
  if (text === '') return 'A value is missing';
  const near = nearest(text, valueNames(key.kind));
  return near === null ? '' : `Did you mean ${near}?`;
}

function failValue(key: FilterKeyInfo, value: string, hint: string): never {
  throw new OptionError(key.name, shortened(value), key.takes, hint);
}

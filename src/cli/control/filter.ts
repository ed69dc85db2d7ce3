/** Filters on the command line: words of the filter language, and an option for each of its keys. */
import { type Command, Option } from 'commander';
import type { Query } from '../../client/client.ts';
import { FILTER_KEYS } from '../../query/keys.ts';
import type { HelpSection } from '../help.ts';
import { collect } from '../usage.ts';

/** Letters that mean the same in conntrack(8). */
const LETTERS: ReadonlySet<string> = new Set(['s', 'd', 'p', 'f', 'u', 'm', 'w']);

/** What commander makes of `--reply-src`. */
const attribute = (name: string): string =>
  name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());

/** Values of the options, by attribute. */
export type FilterFlags = Readonly<Record<string, unknown>>;

/** `[filter...]`, and the options; these are not listed one by one: the section has them. */
export function addFilter(command: Command): Command {
  command.argument('[filter...]', 'which connections, see below');
  for (const { name, flag, metavar, meaning } of FILTER_KEYS) {
    const letter = flag !== undefined && LETTERS.has(flag) ? `-${flag}, ` : '';
    command.addOption(
      new Option(`${letter}--${name} <${metavar.toLowerCase()}>`, meaning).argParser(collect).hideHelp(),
    );
  }
  return command;
}

const keyLine = ({ name, metavar, meaning, example }: (typeof FILTER_KEYS)[number]): string =>
  `${`${name} ${metavar}`.padEnd(22)}${meaning}: ${name} ${example}`;

export const FILTER_SECTION: HelpSection = {
  title: 'FILTER is words: tests that must all hold, each a key and a value. Values may be lists and ranges',
  lines: [
    ...FILTER_KEYS.map(keyLine),
    '',
    'A test is also KEY=VALUE, KEY>VALUE, KEY<VALUE (in quotes, for the shell), not KEY VALUE, or an option: --KEY VALUE,',
    'and -s -d -p -f -u -m -w as in conntrack. tcp, ESTABLISHED, assured, 10.0.0.1 alone are understood; a number alone is',
    'an id. docs/filters.md has all of it.',
  ],
};

/** The filter as keys of a query; empty where there is none. */
export function filterQuery(words: readonly string[], flags: FilterFlags): Query {
  const query: Record<string, readonly string[]> = {};
  for (const { name } of FILTER_KEYS) {
    const values = flags[attribute(name)];
    if (Array.isArray(values)) query[name] = values.map(String);
  }
  const [first = ''] = words;
  if (words.length === 1 && /^\d{1,10}$/.test(first)) query.id = [...(query.id ?? []), first];
  else if (words.length > 0) query.filter = [words.join(' ')];
  return query;
}

export const isEmpty = (query: Query): boolean => Object.keys(query).length === 0;

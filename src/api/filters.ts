/** The filter of a request: keys of the query in the one filter language of flowshard (src/query, docs/filters.md). */
import type { RawEvent } from '../control/tracker-control.ts';
import { programOf } from '../query/compile.ts';
import { bothFilters, type Filter, type FilterParameters, parseFilter } from '../query/filter.ts';
import { filterKeyNames, filterSchemaProperties } from '../query/keys.ts';
import { createMatcher } from '../query/matcher.ts';
import type { Program } from '../query/program.ts';
import { Hot, Report } from '../shm/offsets.generated.ts';
import type { Schema } from './schemas/parts.ts';

type Query = Readonly<Record<string, unknown>>;

/** Keys of a filter, for the schema of a route's query. */
export const FILTER_QUERY: Readonly<Record<string, Schema>> = Object.fromEntries(
  Object.entries(filterSchemaProperties()).map(([name, schema]) => [name, { ...schema, maxItems: 64 }]),
);

const NAMES: readonly string[] = [...filterKeyNames(), 'filter'];

/** Errors: OptionError for a value that is not allowed */
function parsedFilter(query: Query): Filter {
  const given: Record<string, readonly string[]> = {};
  for (const name of NAMES) {
    const values = query[name];
    if (Array.isArray(values)) given[name] = values.map(String);
  }
  return parseFilter(given satisfies FilterParameters);
}

/** null: no filter is given, all match. Errors: OptionError for a value that is not allowed */
export function filterOf(query: Query): Program | null {
  const filter = parsedFilter(query);
  return filter.tests.length === 0 ? null : programOf(filter);
}

/** The same, and the id must be this one. */
export function filterOfId(id: number, query: Query): Program {
  return programOf(bothFilters(parseFilter({ id: String(id) }), parsedFilter(query)));
}

/** Whether the connection of an event matches, as it then was; null: all do. Errors: OptionError */
export function matcherOf(query: Query): ((event: RawEvent) => boolean) | null {
  const program = filterOf(query);
  if (program === null) return null;
  const matcher = createMatcher();
  matcher.load(program);
  return ({ words }) =>
    matcher.matches(
      words,
      null,
      Report.HOT,
      words,
      Report.HOT + Hot.WORDS,
      words[Report.TICK],
      words[Report.SEC] >>> 0,
    );
}

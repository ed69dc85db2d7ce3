/** The filter of a request: keys of the query in the one filter language of flowshard (src/query, docs/filters.md). */
import type { RawEvent } from '../control/tracker-control.ts';
import { programOf } from '../query/compile.ts';
import { bothFilters, type Filter, parseFilter } from '../query/filter.ts';
import { filterKeyNames, filterSchemaProperties } from '../query/keys.ts';
import { createMatcher } from '../query/matcher.ts';
import type { Program } from '../query/program.ts';
import { Hot, Report } from '../shm/offsets.generated.ts';
import type { Schema } from './schemas/parts.ts';

type Query = Readonly<Record<string, unknown>>;

const NAMES: ReadonlySet<string> = new Set([...filterKeyNames(), 'filter']);
/** Marks such a schema; no keyword of the validator. */
export const FILTER_MARK = 'x-filter';

/**
 * The query of a route that takes a filter beside keys of its own. Fifty keys in each of ten routes would keep the
 * validator busy for most of a second at every start: they are checked here, and described in the document only.
 */
export const withFilter = (own: Readonly<Record<string, unknown>>): Schema => ({
  type: 'object',
  properties: own,
  [FILTER_MARK]: true,
});

const isFilterQuery = (schema: unknown): schema is Schema =>
  typeof schema === 'object' && schema !== null && FILTER_MARK in schema;

/** The schema of a query as the OpenAPI document has it: with all keys of a filter, and no others. */
export function describedQuery(schema: unknown): unknown {
  if (!isFilterQuery(schema)) return schema;
  const { [FILTER_MARK]: _mark, properties, ...rest } = schema;
  return {
    ...rest,
    properties: { ...filterSchemaProperties(), ...(properties as Schema) },
    additionalProperties: false,
  };
}

/** Errors: OptionError for a key that is neither of the route nor of a filter, with what may have been meant */
export function checkFilterKeys(query: unknown, schema: unknown): void {
  if (!isFilterQuery(schema)) return;
  for (const key of Object.keys(query as Query))
    if (!Object.hasOwn(schema.properties as Schema, key) && !NAMES.has(key)) parseFilter({ [key]: '' });
}

/** Errors: OptionError for a value that is not allowed */
function parsedFilter(query: Query): Filter {
  const given: Record<string, string | readonly string[]> = {};
  for (const name of NAMES) {
    const value = query[name];
    if (typeof value === 'string') given[name] = value;
    // A key that came more than once.
    else if (Array.isArray(value)) given[name] = value.map(String);
  }
  return parseFilter(given);
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

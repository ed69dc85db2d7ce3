/** Holds values against the JSON Schemas of the project. */
import type { JsonSchema } from '../../src/export/schemas.ts';

/** What is wrong with a value under a schema; the keywords of draft 2020-12 that our schemas use. */
export function problems(value: unknown, schema: JsonSchema, at = '$'): string[] {
  const found: string[] = [];
  if (schema.const !== undefined && value !== schema.const) found.push(`${at}: not ${schema.const}`);
  if (schema.enum !== undefined && !schema.enum.some((one) => one === value))
    found.push(`${at}: not in the list`);
  if (schema.type !== undefined && ![schema.type].flat().includes(typeOf(value, schema.type))) {
    found.push(`${at}: not ${schema.type}`);
  }
  if (typeof value === 'number') {
    if (schema.minimum !== undefined && value < schema.minimum) found.push(`${at}: below ${schema.minimum}`);
    if (schema.maximum !== undefined && value > schema.maximum) found.push(`${at}: above ${schema.maximum}`);
  }
  const { items } = schema;
  if (Array.isArray(value) && items !== undefined) {
    found.push(...value.flatMap((item, i) => problems(item, items, `${at}[${i}]`)));
  } else if (typeof value === 'object' && value !== null) {
    found.push(...objectProblems(value, schema, at));
  }
  return found;
}

function objectProblems(value: object, schema: JsonSchema, at: string): string[] {
  const found: string[] = [];
  const entries = new Map(Object.entries(value));
  const properties = schema.properties ?? {};
  for (const key of schema.required ?? []) if (!entries.has(key)) found.push(`${at}: no ${key}`);
  for (const [key, others] of Object.entries(schema.dependentRequired ?? {})) {
    if (entries.has(key))
      for (const other of others) if (!entries.has(other)) found.push(`${at}: ${key} without ${other}`);
  }
  for (const [key, item] of entries) {
    if (key in properties) found.push(...problems(item, properties[key], `${at}.${key}`));
    else if (schema.additionalProperties === false) found.push(`${at}: ${key} is not known`);
  }
  return found;
}

function typeOf(value: unknown, wanted: JsonSchema['type']): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value !== 'number') return typeof value;
  return [wanted].flat().includes('integer') && Number.isInteger(value) ? 'integer' : 'number';
}

/**
 * A query is text: this makes numbers and truth values of it where the schema of the route has them, so that the
 * validator need not guess. Bodies are JSON and are never converted: "5" is not 5.
 */

type Values = Record<string, unknown>;

const isObject = (value: unknown): value is Values => typeof value === 'object' && value !== null;

function typeOf(schema: unknown): unknown {
  return isObject(schema) ? schema.type : undefined;
}

function converted(value: unknown, type: unknown): unknown {
  if (typeof value !== 'string') return value;
  // A key without a value, as in `?snapshot`, is a yes.
  if (type === 'boolean')
    return value === 'true' || value === '' || value === '1'
      ? true
      : value === 'false' || value === '0'
        ? false
        : value;
  if ((type === 'integer' || type === 'number') && /^\d{1,16}$/.test(value)) return Number(value);
  return value;
}

/**
 * Converts in place.
 *
 * Errors: none; what cannot be converted stays text, and the validator says what is wrong with it
 */
export function convertQuery(values: unknown, schema: unknown): void {
  if (!isObject(values) || !isObject(schema) || !isObject(schema.properties)) return;
  for (const [key, value] of Object.entries(values)) {
    if (Object.hasOwn(schema.properties, key)) values[key] = converted(value, typeOf(schema.properties[key]));
  }
}

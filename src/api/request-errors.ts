/**
 * What the validator finds wrong with a request, as one sentence: which value, and what is allowed there. Schemas stay the
 * one place that knows what is allowed.
 */
import type { ErrorForm } from './forms.ts';

/** As much of an error of the validator as is used; `data` and `parentSchema` come with its option `verbose`. */
interface SchemaError {
  readonly keyword: string;
  readonly instancePath: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly data?: unknown;
  readonly parentSchema?: Readonly<Record<string, unknown>>;
}

export type Finding = Pick<ErrorForm['error'], 'message' | 'allowed'>;

const VALUE_LENGTH_MAX = 80;
const WHOLE: Readonly<Record<string, string>> = { querystring: 'the query', params: 'the path' };
const PLAIN: Readonly<Record<string, string>> = { boolean: 'true or false', number: 'a number' };

type Values = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Values => typeof value === 'object' && value !== null;

function text(value: unknown): string {
  const json = JSON.stringify(value) ?? 'nothing';
  return json.length > VALUE_LENGTH_MAX ? `${json.slice(0, VALUE_LENGTH_MAX)}...` : json;
}

/** What a schema allows, as a phrase. */
function phrase(schema: unknown): string {
  if (!isObject(schema)) return 'something else';
  const { type, anyOf, items, properties, minimum, maximum, maxLength, minProperties } = schema;
  if (Array.isArray(anyOf)) return anyOf.map(phrase).join(', or ');
  if (Array.isArray(schema.enum)) return schema.enum.join(', ');
  if (type === 'integer')
    return maximum === undefined ? 'a whole number' : `a whole number from ${minimum ?? 0} to ${maximum}`;
  if (type === 'string') return maxLength === undefined ? 'text' : `text of at most ${maxLength} characters`;
  if (type === 'array') return `a list of ${phrase(items)}`;
  if (isObject(properties)) {
    const keys = Object.keys(properties);
    return keys.length === 0 ? 'nothing' : `${minProperties === 1 ? 'some of ' : ''}${keys.join(', ')}`;
  }
  return PLAIN[String(type)] ?? 'an object';
}

/** Of alternatives that all failed the one that came furthest, else that there were alternatives. */
function chosen(errors: readonly SchemaError[]): SchemaError {
  const last = errors[errors.length - 1];
  if (last.keyword !== 'anyOf') return errors[0];
  const isFurther = ({ keyword, instancePath }: SchemaError): boolean =>
    instancePath.length > last.instancePath.length ||
    keyword === 'required' ||
    keyword === 'additionalProperties';
  return errors.find(isFurther) ?? last;
}

/**
 * Shapes: `context` is the part of the request: body, querystring, params
 * Errors: none
 */
export function findingOf(errors: readonly SchemaError[], context: string): Finding {
  const { keyword, instancePath, params, data, parentSchema } = chosen(errors);
  const at = instancePath.slice(1).replaceAll('/', '.');
  const inside = (key: unknown): string => (at === '' ? String(key) : `${at}.${key}`);
  const allowed = phrase(parentSchema);
  if (keyword === 'required') return { message: `${inside(params.missingProperty)} is missing` };
  if (keyword === 'additionalProperties')
    return { message: `${inside(params.additionalProperty)} is not known here`, allowed };
  const name = at === '' ? (WHOLE[context] ?? 'the body') : at;
  if (data === undefined || data === null) return { message: `${name} is missing`, allowed };
  return { message: `${name}: ${text(data)} is not allowed`, allowed };
}

/**
 * JSON Schemas (draft 2020-12, as OpenAPI 3.1 has them) of what the routes share. Each that has an `$id` becomes a
 * component of the OpenAPI document; others refer to it by `ref`.
 */
import { ERROR_CODES } from '../forms.ts';

/** A schema is data for Fastify and for the document; nothing here reads it. */
export type Schema = Readonly<Record<string, unknown>>;

/** Refers to a schema by its `$id`. */
export const ref = (id: string): Schema => ({ $ref: `${id}#` });

/** An object with these keys and no others. */
export function strict(
  properties: Readonly<Record<string, unknown>>,
  required: readonly string[] = [],
): Schema {
  return { type: 'object', properties, required, additionalProperties: false };
}

/** The same, all of them there. */
export const whole = (properties: Readonly<Record<string, unknown>>): Schema =>
  strict(properties, Object.keys(properties));

/** The query of a route that takes none. */
export const NO_QUERY: Schema = strict({});

export const text = (description: string, more: Schema = {}): Schema => ({
  type: 'string',
  description,
  ...more,
});

export const whole32 = (description: string): Schema => integer(description, 2 ** 32 - 1);

export function integer(description: string, maximum: number, minimum = 0): Schema {
  return { type: 'integer', description, minimum, maximum };
}

export const amount = (description: string): Schema => ({ type: 'number', description, minimum: 0 });

export const nullable = (schema: Schema): Schema => ({ ...schema, type: [schema.type, 'null'] });

/** A media type and what it holds, as an answer of a route has it. */
export function content(description: string, types: Readonly<Record<string, Schema>>): Schema {
  return {
    description,
    content: Object.fromEntries(Object.entries(types).map(([type, schema]) => [type, { schema }])),
  };
}

export const json = (description: string, schema: Schema): Schema =>
  content(description, { 'application/json': schema });

export const errorSchema: Schema = {
  $id: 'Error',
  title: 'What went wrong',
  examples: [
    {
      error: {
        code: 'invalid_value',
        message: 'limit: "x" is not allowed',
        allowed: 'a whole number from 1 to 10000',
      },
    },
  ],
  ...whole({
    error: strict(
      {
        code: { type: 'string', enum: ERROR_CODES, description: 'a word to rely on' },
        message: text('a sentence for people'),
        allowed: text('what would have been right'),
        advice: text('what to do'),
      },
      ['code', 'message'],
    ),
  }),
};

const MEANINGS: Readonly<Record<number, string>> = {
  400: 'The request is wrong; nothing was done',
  401: 'No token, or not the right one',
  403: 'Refused: the request comes from a page in a browser',
  404: 'There is no such thing',
  406: 'None of the accepted media types is there',
  409: 'It exists already, or it is not clear which is meant',
  413: 'The request is too large',
  415: 'The body is not application/json',
  422: 'Understood, but this tracker does not do that',
  429: 'Too many requests; Retry-After says when',
  503: 'Not ready, or a thread has failed',
  507: 'The table is full',
};

/** Answers for errors: those that any route may give, and others by status. */
export function errors(...statuses: readonly number[]): Record<string, Schema> {
  const all = [400, 401, 403, 429, 503, ...statuses];
  const known = all.map((status) => [status, json(MEANINGS[status], ref('Error'))]);
  return { ...Object.fromEntries(known), default: json('Any other error', ref('Error')) };
}

/** Media types of the formats that lists can be had in. */
export const MEDIA = {
  json: 'application/json',
  ndjson: 'application/x-ndjson',
  text: 'text/plain',
  xml: 'application/xml',
  sse: 'text/event-stream',
} as const;
export type Format = keyof typeof MEDIA;

const TEXT_FORM = text('lines as the conntrack command prints them');
const XML_FORM = text('a document as `conntrack -o xml` prints it; empty where there is no entry');

/** A list in all its forms: whole as JSON, or streamed. */
export function listAnswer(description: string, page: Schema, line: Schema): Schema {
  return content(description, {
    [MEDIA.json]: page,
    [MEDIA.ndjson]: line,
    [MEDIA.text]: TEXT_FORM,
    [MEDIA.xml]: XML_FORM,
  });
}

/** Keys of the query that choose the form of a list. */
export const FORMAT_QUERY: Readonly<Record<string, Schema>> = {
  format: {
    type: 'string',
    enum: ['json', 'ndjson', 'text', 'xml'],
    description: 'form of the answer; by default what the Accept header asks for, or json',
  },
  output: text('with format=text: comma list of extended, id, halves', { examples: ['extended,id'] }),
};

const PORT = integer('TCP, UDP, UDP-Lite, SCTP', 0xffff);

export const tupleProperties: Readonly<Record<string, Schema>> = {
  src: text('source address', { maxLength: 45, examples: ['10.0.0.1'] }),
  dst: text('destination address', { maxLength: 45, examples: ['192.0.2.7'] }),
  sport: PORT,
  dport: PORT,
  type: integer('ICMP and ICMPv6', 255),
  code: integer('ICMP and ICMPv6', 255),
  id: integer('ICMP and ICMPv6', 0xffff),
  srckey: integer('GRE', 0xffff),
  dstkey: integer('GRE', 0xffff),
};

export const tupleSchema: Schema = {
  $id: 'Tuple',
  title: 'Addresses and the transport part of one direction',
  ...strict(tupleProperties, ['src', 'dst']),
};

export const PROTOCOL: Schema = {
  description: 'IP protocol number, or its name',
  anyOf: [
    integer('', 255),
    { type: 'string', enum: ['tcp', 'udp', 'udplite', 'icmp', 'icmpv6', 'gre', 'sctp'] },
  ],
  examples: ['tcp'],
};

export const FAMILY: Schema = {
  type: 'string',
  enum: ['ipv4', 'ipv6'],
  description: 'by default that of the addresses',
};

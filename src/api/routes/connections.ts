/** Routes of the table of connections as a whole: list, count, look up, delete, change, create. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { connectionJson } from '../../export/json.ts';
import { SORT_KINDS } from '../../query/sort-key.ts';
import { madeOf, sendModified } from '../changes.ts';
import type { ApiContext } from '../context.ts';
import { COUNT_KINDS, type CountKind, countConnections } from '../count.ts';
import { ApiError } from '../errors.ts';
import { filterOf, withFilter } from '../filters.ts';
import { formatOf } from '../format.ts';
import type { ChangeForm, NewConnectionForm } from '../forms.ts';
import { connectionPage, type ListQuery, listPieces } from '../lists.ts';
import {
  errors,
  FAMILY,
  FORMAT_QUERY,
  type Format,
  integer,
  json,
  listAnswer,
  NO_QUERY,
  ref,
  type Schema,
  strict,
  text,
  tupleProperties,
} from '../schemas/parts.ts';
import { sendPieces } from '../streams.ts';
import { changeOf, lookupOf, newConnectionOf } from '../tuple-forms.ts';
import { registerOneConnectionRoutes } from './connection.ts';

export const LIST_FORMATS: readonly Format[] = ['json', 'ndjson', 'text', 'xml'];
const CONNECTION_TYPE = 'application/json';

type Query = Readonly<Record<string, unknown>>;

const listQuery: Schema = withFilter({
  ...FORMAT_QUERY,
  limit: integer(
    'most entries; json has pages of 1000 by default, the others all',
    Number.MAX_SAFE_INTEGER,
    1,
  ),
  cursor: text('`next` of the page before', { maxLength: 64 }),
  sort: {
    type: 'string',
    enum: SORT_KINDS,
    description: 'the greatest first, at most `limit` (100) of them',
  },
  snapshot: {
    type: 'boolean',
    description: 'with format=ndjson: begin and end with records that say which events belong to it',
  },
});

const ALL: Schema = { type: 'boolean', description: 'really all: needed where no filter is given' };
const manyQuery: Schema = withFilter({ ...FORMAT_QUERY, all: ALL });

/** Whether everything is meant. Errors: ApiError where nothing says what is */
export function checkedFilter(query: Query): ReturnType<typeof filterOf> {
  const filter = filterOf(query);
  if (filter !== null || query.all === true) return filter;
  throw new ApiError(
    400,
    'filter_needed',
    'there is no filter, which would mean all',
    'Give a filter, or all=true',
  );
}

/** The format of a list: that of the query, or of the Accept header. */
export function listFormat(request: FastifyRequest): Format {
  const { format } = request.query as { format?: Format };
  return formatOf(format, request.headers.accept, LIST_FORMATS);
}

export function registerConnectionRoutes(app: FastifyInstance, context: ApiContext): void {
  const { control } = context;
  registerOneConnectionRoutes(app, context);

  app.get<{ Querystring: ListQuery }>('/v1/connections', {
    schema: {
      operationId: 'listConnections',
      tags: ['connections'],
      summary: 'Lists connections, or streams all of them',
      querystring: listQuery,
      response: {
        200: listAnswer('Connections that match', ref('ConnectionPage'), {
          anyOf: [ref('Connection'), ref('Snapshot'), ref('SnapshotEnd')],
        }),
        ...errors(406),
      },
    },
    async handler(request, reply) {
      const format = listFormat(request);
      const filter = filterOf(request.query);
      if (format === 'json') {
        const page = await connectionPage(context, filter, request.query);
        return reply.type(CONNECTION_TYPE).send(page);
      }
      const list = await listPieces(context, format, filter, request.query);
      return sendPieces(context, reply, format, list.pieces, list.count);
    },
  });

  app.get<{ Querystring: Query & { by?: CountKind } }>('/v1/connections/count', {
    schema: {
      operationId: 'countConnections',
      tags: ['connections'],
      summary: 'Counts connections',
      description: 'Without a filter from the counters, at no cost.',
      querystring: withFilter({
        by: { type: 'string', enum: COUNT_KINDS, description: 'count by kind as well; reads the table' },
      }),
      response: { 200: json('The count', ref('Count')), ...errors() },
    },
    handler: (request) => countConnections(control, filterOf(request.query), request.query.by),
  });

  app.get<{ Querystring: Parameters<typeof lookupOf>[0] }>('/v1/connections/lookup', {
    schema: {
      operationId: 'lookupConnection',
      tags: ['connections'],
      summary: 'Finds the connection of a tuple, of either direction',
      querystring: strict(
        {
          ...tupleProperties,
          protocol: text('number or name', { maxLength: 8 }),
          family: FAMILY,
          zone: integer('', 0xffff),
        },
        ['protocol', 'src', 'dst'],
      ),
      response: { 200: json('The connection', ref('Connection')), ...errors(404) },
    },
    async handler(request, reply) {
      const { protocol } = request.query;
      const number = /^\d{1,3}$/.test(String(protocol)) ? Number(protocol) : protocol;
      const found = await control.find(lookupOf({ ...request.query, protocol: number }));
      if (found === null) throw new ApiError(404, 'not_found', 'there is no such connection');
      return reply.type(CONNECTION_TYPE).send(connectionJson(found));
    },
  });

  app.delete<{ Querystring: Query }>('/v1/connections', {
    schema: {
      operationId: 'deleteConnections',
      tags: ['connections'],
      summary: 'Deletes connections that match, or all',
      description: 'With another format than json those that were deleted are listed.',
      querystring: manyQuery,
      response: { 200: listAnswer('What was deleted', ref('Deleted'), ref('Connection')), ...errors(406) },
    },
    async handler(request, reply) {
      const format = listFormat(request);
      const filter = checkedFilter(request.query);
      if (format === 'json' && filter === null) return { deleted: await control.flush() };
      return sendModified(context, reply, format, request.query, 'deleted', () => control.remove({ filter }));
    },
  });

  app.patch<{ Querystring: Query; Body: ChangeForm }>('/v1/connections', {
    schema: {
      operationId: 'updateConnections',
      tags: ['connections'],
      summary: 'Changes connections that match, or all',
      description: 'With another format than json those that were changed are listed, as they are now.',
      querystring: manyQuery,
      body: ref('Change'),
      response: {
        200: listAnswer('What was changed', ref('Updated'), ref('Connection')),
        ...errors(406, 413, 415),
      },
    },
    handler(request, reply) {
      const format = listFormat(request);
      const filter = checkedFilter(request.query);
      const change = changeOf(request.body);
      return sendModified(context, reply, format, request.query, 'updated', () =>
        control.update({ filter }, change),
      );
    },
  });

  app.post<{ Body: NewConnectionForm }>('/v1/connections', {
    schema: {
      operationId: 'createConnection',
      tags: ['connections'],
      summary: 'Makes a connection',
      querystring: NO_QUERY,
      body: ref('NewConnection'),
      response: { 201: json('As it was made', ref('Connection')), ...errors(409, 413, 415, 422, 507) },
    },
    async handler(request, reply) {
      const made = madeOf(await control.create(newConnectionOf(request.body)), 'a connection');
      reply.header('location', `/v1/connections/${made.id}`);
      return reply.code(201).type(CONNECTION_TYPE).send(connectionJson(made));
    },
  });
}

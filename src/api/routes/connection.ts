/**
 * Routes of one connection, by its id. An id has 32 bits: in a table of a million connections a hundred pairs share
 * one. So a filter may stand beside it, and where several connections match nothing is done.
 */
import type { FastifyInstance } from 'fastify';
import { type Connection, StatusBit } from '../../export/connection.ts';
import { connectionJson } from '../../export/json.ts';
import type { Program } from '../../query/program.ts';
import type { ApiContext } from '../context.ts';
import { connectionAt } from '../entry-forms.ts';
import { ApiError } from '../errors.ts';
import { filterOfId, withFilter } from '../filters.ts';
import type { ChangeForm } from '../forms.ts';
import { errors, json, ref, strict, whole32 } from '../schemas/parts.ts';
import { changeOf } from '../tuple-forms.ts';

interface OneRequest {
  readonly Params: { readonly id: number };
  readonly Querystring: Readonly<Record<string, unknown>>;
}

const params = strict({ id: whole32('id of a connection') }, ['id']);
const querystring = withFilter({});

const notFound = (id: number) => new ApiError(404, 'not_found', `there is no connection with the id ${id}`);

/** The filter of the id, where exactly one connection has it. Errors: ApiError 404 and 409 */
async function onlyOne(
  { control }: ApiContext,
  id: number,
  query: OneRequest['Querystring'],
): Promise<{ filter: Program; connection: Connection }> {
  const filter = filterOfId(id, query);
  const found: Connection[] = [];
  for await (const page of control.scan({ filter, limit: 2 }))
    for (let i = 0; i < page.count; i++) found.push(connectionAt(page, i));
  if (found.length === 0) throw notFound(id);
  if (found.length > 1)
    throw new ApiError(
      409,
      'ambiguous',
      `several connections have the id ${id}`,
      'Add a filter, such as src and sport',
    );
  return { filter, connection: found[0] };
}

/** The one page of one connection that a change gives; null where there is none: it may have ended in between. */
async function changed(pages: ReturnType<ApiContext['control']['remove']>): Promise<string | null> {
  let text: string | null = null;
  for await (const page of pages) if (page.count > 0) text ??= connectionJson(connectionAt(page, 0));
  return text;
}

const isFixed = ({ status }: Connection): boolean => (status & StatusBit.FIXED_TIMEOUT) !== 0;
const timeoutFixed = () => new ApiError(409, 'not_allowed', 'its timeout is fixed');

export function registerOneConnectionRoutes(app: FastifyInstance, context: ApiContext): void {
  const { control } = context;
  const shared = { tags: ['connections'], params, querystring };
  const path = '/v1/connections/:id';

  app.get<OneRequest>(path, {
    schema: {
      ...shared,
      operationId: 'getConnection',
      summary: 'One connection',
      response: { 200: json('The connection', ref('Connection')), ...errors(404, 409) },
    },
    async handler(request, reply) {
      const { connection } = await onlyOne(context, request.params.id, request.query);
      return reply.type('application/json').send(connectionJson(connection));
    },
  });

  app.delete<OneRequest>(path, {
    schema: {
      ...shared,
      operationId: 'deleteConnection',
      summary: 'Ends one connection',
      response: { 200: json('As it was', ref('Connection')), ...errors(404, 409) },
    },
    async handler(request, reply) {
      const { id } = request.params;
      const { filter } = await onlyOne(context, id, request.query);
      const text = await changed(control.remove({ filter }));
      if (text === null) throw notFound(id);
      return reply.type('application/json').send(text);
    },
  });

  app.patch<OneRequest & { Body: ChangeForm }>(path, {
    schema: {
      ...shared,
      operationId: 'updateConnection',
      summary: 'Changes the mark, the timeout or the status of one connection',
      body: ref('Change'),
      response: { 200: json('As it is now', ref('Connection')), ...errors(404, 409, 413, 415) },
    },
    async handler(request, reply) {
      const { id } = request.params;
      const { filter, connection } = await onlyOne(context, id, request.query);
      const pages = control.update({ filter }, changeOf(request.body));
      const text = await changed(pages);
      // The tracker leaves it alone, and says no more about it than about one that has ended.
      if (text === null && request.body.timeoutS !== undefined && isFixed(connection)) throw timeoutFixed();
      if (text === null) throw notFound(id);
      return reply.type('application/json').send(text);
    },
  });
}

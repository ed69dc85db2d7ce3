/** Routes of expectations. They are few, so that lists are made at once. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Expectation } from '../../export/expectation.ts';
import {
  expectationJson,
  expectationLine,
  expectationXml,
  expectXmlBegin,
  expectXmlEnd,
} from '../../export/expectation.ts';
import { madeOf } from '../changes.ts';
import type { ApiContext } from '../context.ts';
import { ApiError } from '../errors.ts';
import { EXPECTATION_QUERY, type ExpectationQuery, expectationFilterOf } from '../expectation-filter.ts';
import { formatOf } from '../format.ts';
import type { NewExpectationForm } from '../forms.ts';
import {
  errors,
  FORMAT_QUERY,
  type Format,
  json,
  listAnswer,
  NO_QUERY,
  ref,
  strict,
} from '../schemas/parts.ts';
import { type Pieces, sendPieces } from '../streams.ts';
import { newExpectationOf } from '../tuple-forms.ts';

const FORMATS: readonly Format[] = ['json', 'ndjson', 'text', 'xml'];
/** Lines of one piece of an answer. */
const LINES = 256;

type ListQuery = ExpectationQuery & { readonly format?: Format };

const LINE: Readonly<Record<string, (x: Expectation) => string>> = {
  ndjson: expectationJson,
  text: expectationLine,
  xml: expectationXml,
};

async function* linesOf(format: Format, all: readonly Expectation[]): Pieces {
  if (all.length === 0) return;
  if (format === 'xml') yield expectXmlBegin();
  for (let i = 0; i < all.length; i += LINES)
    yield all
      .slice(i, i + LINES)
      .map((x) => `${LINE[format](x)}\n`)
      .join('');
  if (format === 'xml') yield expectXmlEnd();
}

const sendLines = (
  context: ApiContext,
  reply: FastifyReply,
  format: Format,
  all: readonly Expectation[],
): Promise<FastifyReply> => sendPieces(context, reply, format, linesOf(format, all), () => all.length);

export function registerExpectationRoutes(app: FastifyInstance, context: ApiContext): void {
  const { control } = context;
  const tags = ['expectations'];
  const { output: _output, ...formatQuery } = FORMAT_QUERY;
  const path = '/v1/expectations';

  async function matching(query: ExpectationQuery): Promise<Expectation[]> {
    const filter = expectationFilterOf(query);
    const all = await control.expectations();
    return filter === null ? all : all.filter(filter);
  }

  app.get<{ Querystring: ListQuery }>(path, {
    schema: {
      tags,
      operationId: 'listExpectations',
      summary: 'Lists what is expected',
      querystring: strict({ ...EXPECTATION_QUERY, ...formatQuery }),
      response: {
        200: listAnswer('Expectations that match', ref('ExpectationPage'), ref('Expectation')),
        ...errors(406),
      },
    },
    async handler(request, reply) {
      const format = formatOf(request.query.format, request.headers.accept, FORMATS);
      const all = await matching(request.query);
      if (format !== 'json') return sendLines(context, reply, format, all);
      return { expectations: all.map((x) => ({ record: 'expectation', ...x })) };
    },
  });

  app.get<{ Querystring: ExpectationQuery }>(`${path}/count`, {
    schema: {
      tags,
      operationId: 'countExpectations',
      summary: 'Counts expectations',
      querystring: strict(EXPECTATION_QUERY),
      response: { 200: json('The count', ref('Count')), ...errors() },
    },
    handler: async (request) => ({ count: (await matching(request.query)).length }),
  });

  app.delete<{ Querystring: ListQuery & { readonly all?: boolean } }>(path, {
    schema: {
      tags,
      operationId: 'deleteExpectations',
      summary: 'Deletes expectations that match, or all',
      querystring: strict({
        ...EXPECTATION_QUERY,
        ...formatQuery,
        all: { type: 'boolean', description: 'really all: needed where no filter is given' },
      }),
      response: {
        200: listAnswer('What was deleted', ref('Deleted'), ref('Expectation')),
        ...errors(406),
      },
    },
    async handler(request, reply) {
      const format = formatOf(request.query.format, request.headers.accept, FORMATS);
      const filter = expectationFilterOf(request.query);
      if (filter === null && request.query.all !== true)
        throw new ApiError(
          400,
          'filter_needed',
          'there is no filter, which would mean all',
          'Give a filter, or all=true',
        );
      const ended = await control.removeExpectations(filter ?? (() => true));
      return format === 'json' ? { deleted: ended.length } : sendLines(context, reply, format, ended);
    },
  });

  app.post<{ Body: NewExpectationForm }>(path, {
    schema: {
      tags,
      operationId: 'createExpectation',
      summary: 'Makes an expectation',
      querystring: NO_QUERY,
      body: ref('NewExpectation'),
      response: { 201: json('As it was made', ref('Expectation')), ...errors(409, 413, 415, 422, 507) },
    },
    async handler(request, reply) {
      const made = madeOf(await control.createExpectation(newExpectationOf(request.body)), 'an expectation');
      return reply.code(201).send({ record: 'expectation', ...made });
    },
  });
}

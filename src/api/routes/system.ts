/** Routes about the tracker itself: counters, owners, settings, metrics, health, the kernel beside it. */
import type { FastifyInstance } from 'fastify';
import { changeSettings } from '../../conntrack/settings-change.ts';
import type { ApiContext } from '../context.ts';
import type { ConfigForm, HealthForm } from '../forms.ts';
import { OPENAPI_PATH } from '../openapi.ts';
import { content, errors, json, NO_QUERY, ref, type Schema, text } from '../schemas/parts.ts';
import { namedSetting, settingsForm } from '../settings-form.ts';

const tags = ['system'];

/** Schema of a route that gives one form, whatever stands in the query: who watches over a service may add to it. */
const lenient = (operationId: string, summary: string, id: string): Record<string, unknown> => ({
  tags,
  operationId,
  summary,
  response: { 200: json(summary, ref(id)), ...errors() },
});

/** The same, and a query is an error. */
const plain = (...words: Parameters<typeof lenient>): Record<string, unknown> => ({
  ...lenient(...words),
  querystring: NO_QUERY,
});

function registerHealth(app: FastifyInstance, context: ApiContext): void {
  app.get(
    '/healthz',
    { exposeHeadRoute: true, schema: lenient('health', 'Whether it lives', 'Health') },
    (): HealthForm => ({ status: 'ok' }),
  );

  const notReady: Schema = json('Not ready', ref('Health'));
  const schema = lenient('ready', 'Whether it tracks packets', 'Health');
  const response = { ...errors(), 200: json('Ready', ref('Health')), 503: notReady };
  app.get(
    '/readyz',
    { exposeHeadRoute: true, schema: { ...schema, response } },
    (_request, reply): HealthForm => {
      const reason = context.notReady();
      if (reason === null) return { status: 'ok' };
      void reply.code(503);
      return { status: 'not ready', reason };
    },
  );
}

function registerConfig(app: FastifyInstance, { control, run }: ApiContext): void {
  const config = (): ConfigForm => ({ settings: settingsForm(control.settings), run });
  app.get('/v1/config', { schema: plain('getConfig', 'Settings, and how it was started', 'Config') }, config);

  app.patch<{ Body: Record<string, number> }>('/v1/config', {
    schema: {
      tags,
      operationId: 'changeConfig',
      summary: 'Changes timeouts and switches',
      description: 'A timeout counts for what packets refresh from then on, as in the kernel.',
      querystring: NO_QUERY,
      body: ref('SettingsChange'),
      response: { 200: json('As they are now', ref('Config')), ...errors(413, 415) },
    },
    handler(request) {
      try {
        changeSettings(control.settings, request.body);
      } catch (error) {
        throw namedSetting(error);
      }
      return config();
    },
  });
}

export function registerSystemRoutes(app: FastifyInstance, context: ApiContext): void {
  const { control, version, instance } = context;

  app.get('/v1/stats', { schema: plain('stats', 'All counters', 'Stats') }, () => ({
    record: 'stats',
    version,
    instance,
    uptimeS: context.uptimeS(),
    ...control.stats(),
  }));

  app.get('/v1/shards', { schema: plain('shards', 'The threads that own connections', 'Shards') }, () => ({
    shards: control.ownersInfo(),
  }));

  app.get(
    '/v1/contrast',
    {
      schema: {
        ...plain('contrast', 'Beside the nf_conntrack of this host', 'Contrast'),
        description: 'Whoever asks first waits for one interval, a second.',
      },
    },
    () => context.contrast(),
  );

  app.get('/v1/version', { schema: plain('version', 'What answers', 'Version') }, () => ({
    version,
    api: 'v1',
    node: process.versions.node,
    instance,
  }));

  app.get(
    '/metrics',
    {
      schema: {
        tags,
        operationId: 'metrics',
        summary: 'Metrics for Prometheus',
        response: {
          200: content('Metrics', { 'text/plain': text('the text format of Prometheus, version 0.0.4') }),
          ...errors(),
        },
      },
    },
    async (_request, reply) => {
      const { type, text: body } = await context.metrics();
      return reply.type(type).send(body);
    },
  );

  app.get(
    OPENAPI_PATH,
    {
      schema: {
        tags,
        operationId: 'openapi',
        summary: 'This document',
        querystring: NO_QUERY,
        response: { 200: json('OpenAPI 3.1', { type: 'object', additionalProperties: true }) },
      },
    },
    () => app.swagger(),
  );

  registerConfig(app, context);
  registerHealth(app, context);
}

/**
 * The control API as a Fastify instance: limits, who may ask, errors, schemas and the OpenAPI document, and the
 * routes. One instance serves one listener (a Unix socket, or a TCP port), since who may ask differs.
 */
import swagger from '@fastify/swagger';
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { checkAccess, type Policy } from './access/policy.ts';
import type { ApiContext } from './context.ts';
import { answerOf, answerOfStatus, errorForm } from './errors.ts';
import { checkFilterKeys, FILTER_MARK } from './filters.ts';
import { filesLimit } from './open-files.ts';
import { openApiOptions } from './openapi.ts';
import { convertQuery } from './query-values.ts';
import { registerConnectionRoutes } from './routes/connections.ts';
import { registerEventRoutes } from './routes/events.ts';
import { registerExpectationRoutes } from './routes/expectations.ts';
import { registerSystemRoutes } from './routes/system.ts';
import { COMPONENTS } from './schemas/all.ts';
import { rejectedBeforeRouting } from './wire-errors.ts';

/** What a client may send, and how long it may take. */
export interface ApiLimits {
  readonly bodyBytes: number;
  readonly headerBytes: number;
  /** From the first byte, or the connection, to the end of the headers; and to the end of the request. */
  readonly headersMs: number;
  readonly requestMs: number;
  /** Between two requests of one connection. */
  readonly keepAliveMs: number;
  readonly connections: number;
  /** Requests of one address in a second; TCP only. */
  readonly requestsPerS: number;
}

export const LIMITS: ApiLimits = {
  bodyBytes: 64 * 1024,
  headerBytes: 16 * 1024,
  headersMs: 10_000,
  requestMs: 30_000,
  keepAliveMs: 60_000,
  connections: 4096,
  requestsPerS: 200,
};

/** Longest value of one parameter of a path: an id. */
const PARAMETER_LENGTH_MAX = 64;
/** How often Node looks for requests that take too long. */
const CHECK_MS_MAX = 5_000;

/** Numbers and truth values of the query and of the path, where the schema has them. */
async function convertTexts({ query, params, routeOptions }: FastifyRequest): Promise<void> {
  checkFilterKeys(query, routeOptions.schema?.querystring);
  convertQuery(query, routeOptions.schema?.querystring);
  convertQuery(params, routeOptions.schema?.params);
}

/** The errors of routes, of validation and of Fastify have one form. */
function addErrorHandlers(app: FastifyInstance, context: ApiContext): void {
  app.setErrorHandler((error, _request, reply) => {
    const { status, form } = answerOf(error, context.onBug);
    if (status === 401) reply.header('www-authenticate', 'Bearer');
    return reply.code(status).type('application/json').send(form);
  });
  const methodsOf = methodsByPath(app);
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0];
    const message = `there is no ${request.method} ${path}`;
    const advice = 'GET /v1/openapi.json has all routes';
    const methods = methodsOf(path).join(', ');
    reply.type('application/json');
    if (methods === '') return reply.code(404).send(errorForm('not_found', message, undefined, advice));
    return reply
      .code(405)
      .header('allow', methods)
      .send(errorForm('method_not_allowed', message, methods, advice));
  });
}

/** Which methods a path has. To be called before the routes are added. */
function methodsByPath(app: FastifyInstance): (path: string) => readonly string[] {
  const routes: { readonly pattern: RegExp; readonly methods: readonly string[] }[] = [];
  app.addHook('onRoute', ({ url, method }) => {
    const pattern = new RegExp(`^${url.replaceAll('.', '\\.').replace(/:\w+/g, '[^/]+')}$`);
    routes.push({ pattern, methods: [method].flat() });
  });
  return (path) => [
    ...new Set(routes.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => methods)),
  ];
}

function addAccess(app: FastifyInstance, policy: Policy): void {
  app.addHook('onRequest', async (request) => {
    checkAccess(policy, { path: request.url.split('?', 1)[0], headers: request.headers });
  });
}

/**
 * A hook of the instance, not of each route as the plugin would by itself: hooks of routes come after those of the
 * instance, so that neither wrong tokens nor paths that do not exist would be counted, and could be tried without limit.
 */
async function addRateLimit(app: FastifyInstance, max: number): Promise<void> {
  const { default: rateLimit } = await import('@fastify/rate-limit');
  await app.register(rateLimit, { global: false, max, timeWindow: 1000 });
  app.addHook('onRequest', app.rateLimit());
}

/**
 * Thread: main.
 * Errors: none of its own
 */
export async function createApi(
  context: ApiContext,
  policy: Policy,
  limits: ApiLimits = LIMITS,
): Promise<FastifyInstance> {
  const app = Fastify({
    bodyLimit: limits.bodyBytes,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: limits.keepAliveMs,
    http: {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headersMs,
      connectionsCheckingInterval: Math.min(CHECK_MS_MAX, limits.headersMs),
    },
    routerOptions: { maxParamLength: PARAMETER_LENGTH_MAX },
    exposeHeadRoutes: false,
    forceCloseConnections: true,
    return503OnClosing: false,
    // Nothing is converted or taken away: what is not allowed is an error.
    ajv: {
      customOptions: {
        coerceTypes: false,
        removeAdditional: false,
        useDefaults: true,
        allErrors: false,
        // Errors carry the value and its schema: see request-errors.ts.
        verbose: true,
        keywords: [FILTER_MARK],
      },
    },
    frameworkErrors: (error, _request, reply) => {
      const { status, form } = answerOfStatus(error.statusCode ?? 400, error.message);
      const body = JSON.stringify(form);
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
      reply.raw.writeHead(status, headers).end(body);
    },
    clientErrorHandler: rejectedBeforeRouting,
  });
  // Clients must not use up the files that the tracker itself needs.
  app.server.maxConnections = Math.min(limits.connections, Math.ceil(filesLimit() / 2) || limits.connections);
  // JSON that a schema does not describe is still told; tests hold answers against the schemas.
  app.setSerializerCompiler(() => (value) => JSON.stringify(value));
  app.removeContentTypeParser('text/plain');
  addErrorHandlers(app, context);
  // Before it is asked who it is: who tries tokens is limited as well.
  if (policy.kind !== 'unix') await addRateLimit(app, limits.requestsPerS);
  addAccess(app, policy);
  app.addHook('preValidation', convertTexts);
  for (const schema of COMPONENTS) app.addSchema(schema);
  await app.register(swagger, openApiOptions(context.version));
  await app.register(async (routes) => {
    registerConnectionRoutes(routes, context);
    registerExpectationRoutes(routes, context);
    registerEventRoutes(routes, context);
    registerSystemRoutes(routes, context);
  });
  await app.ready();
  return app;
}

/** What the OpenAPI document says beside the routes. */
import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import { describedQuery } from './filters.ts';

export const OPENAPI_PATH = '/v1/openapi.json';

/** Groups of routes. */
export const TAGS = {
  connections: 'the table of connections',
  expectations: 'connections that others foretell',
  events: 'what happens to connections, as it happens',
  system: 'the tracker itself',
} as const;

const described = (query: unknown): { querystring?: unknown } =>
  query === undefined ? {} : { querystring: describedQuery(query) };

export function openApiOptions(version: string): FastifyDynamicSwaggerOptions {
  return {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'flowshard',
        summary: 'Control of a running connection tracker',
        description: 'Over a Unix socket, or over TCP with a bearer token.',
        version,
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: 'http://localhost', description: 'the Unix socket, or the address of --listen' }],
      tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
      components: {
        securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'TCP only: --token-file' } },
      },
      security: [{}, { token: [] }],
    },
    transform: ({ schema, url }) => ({
      url,
      schema: schema === undefined ? {} : { ...schema, ...described(schema.querystring) },
    }),
    // Components are called by the id of their schema.
    refResolver: {
      buildLocalReference: (json, _base, _fragment, i) =>
        typeof json.$id === 'string' ? json.$id : `schema-${i}`,
    },
  };
}

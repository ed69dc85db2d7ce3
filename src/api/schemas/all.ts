/** Every schema that is a component of the OpenAPI document. */
import * as connections from './connections.ts';
import * as events from './events.ts';
import * as expectations from './expectations.ts';
import { errorSchema, type Schema, tupleSchema } from './parts.ts';
import * as system from './system.ts';

export const COMPONENTS: readonly Schema[] = [
  errorSchema,
  tupleSchema,
  ...Object.values(connections),
  ...Object.values(expectations),
  ...Object.values(events),
  ...Object.values(system),
];

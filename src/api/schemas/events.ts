/** JSON Schemas of the lines of /v1/events. */
import { eventSchema as eventLine } from '../../export/schemas.ts';
import { integer, type Schema, text, whole } from './parts.ts';

const NUMBER_MAX = Number.MAX_SAFE_INTEGER;
const owner = integer('a shard, or the connections with helpers', 64);
const since = text('value of `since` that goes on from here', { examples: ['5f3a9c01/0:123,1:77'] });

const { record, ...rest } = eventLine.properties ?? {};

export const eventSchema: Schema = {
  $id: 'Event',
  title: 'What happened to a connection',
  ...whole({ record, owner, seq: integer('number of the event, of its owner', NUMBER_MAX), ...rest }),
};

export const gapSchema: Schema = {
  $id: 'Gap',
  title: 'Events that were overwritten before they could be read',
  ...whole({
    record: { const: 'gap' },
    owner,
    from: integer('first one', NUMBER_MAX),
    to: integer('last one', NUMBER_MAX),
    missed: integer('how many', NUMBER_MAX),
  }),
};

export const positionSchema: Schema = {
  $id: 'Position',
  title: 'How far the events have come',
  ...whole({ record: { const: 'position' }, since }),
};

export const restartSchema: Schema = {
  $id: 'Restart',
  title: '`since` is of another run of the tracker: begin anew with a snapshot',
  ...whole({ record: { const: 'restart' }, since }),
};

/** JSON Schemas of connections, of what changes them, and of the lines of a snapshot. */
import { TIMEOUT_MAX_S } from '../../conntrack/settings.ts';
import { connectionSchema as connectionLine } from '../../export/schemas.ts';
import {
  FAMILY,
  integer,
  nullable,
  PROTOCOL,
  ref,
  type Schema,
  strict,
  text,
  whole,
  whole32,
} from './parts.ts';

/** The dialect is that of the whole document. */
const { $schema: _dialect, ...line } = connectionLine;

export const connectionSchema: Schema = { $id: 'Connection', ...line, title: 'A connection' };

export const connectionPageSchema: Schema = {
  $id: 'ConnectionPage',
  title: 'A page of connections',
  ...whole({
    connections: { type: 'array', items: ref('Connection') },
    next: nullable(text('value of `cursor` for the next page; null after the last one, and with `sort`')),
  }),
};

export const countSchema: Schema = {
  $id: 'Count',
  title: 'How many there are',
  ...strict(
    {
      count: integer('all that match', Number.MAX_SAFE_INTEGER),
      by: {
        type: 'object',
        description: 'with `by`: how many of each kind',
        additionalProperties: integer('', Number.MAX_SAFE_INTEGER),
      },
    },
    ['count'],
  ),
};

export const deletedSchema: Schema = {
  $id: 'Deleted',
  title: 'How many were deleted',
  ...whole({ deleted: integer('', Number.MAX_SAFE_INTEGER) }),
};

export const updatedSchema: Schema = {
  $id: 'Updated',
  title: 'How many were changed',
  ...whole({ updated: integer('', Number.MAX_SAFE_INTEGER) }),
};

const TIMEOUT = integer('seconds from now', TIMEOUT_MAX_S);

export const changeSchema: Schema = {
  $id: 'Change',
  title: 'What to change',
  examples: [
    { mark: 7 },
    { mark: { value: 256, mask: 65280 }, timeoutS: 60 },
    { status: ['FIXED_TIMEOUT'], timeoutS: 3600 },
  ],
  minProperties: 1,
  ...strict({
    mark: {
      description: 'a number replaces the mark; with a mask: new = (old & ~mask) ^ value',
      anyOf: [whole32('new mark'), whole({ value: whole32('bits to set'), mask: whole32('bits to change') })],
    },
    timeoutS: TIMEOUT,
    status: {
      type: 'array',
      items: { type: 'string', enum: ['ASSURED', 'FIXED_TIMEOUT'] },
      maxItems: 8,
      description: 'status bits to set',
    },
  }),
};

export const newConnectionSchema: Schema = {
  $id: 'NewConnection',
  title: 'A connection to make',
  examples: [
    {
      protocol: 'tcp',
      original: { src: '10.0.0.1', dst: '192.0.2.7', sport: 40000, dport: 443 },
      timeoutS: 600,
      state: 'ESTABLISHED',
      status: ['SEEN_REPLY', 'ASSURED'],
    },
  ],
  ...strict(
    {
      family: FAMILY,
      protocol: PROTOCOL,
      original: ref('Tuple'),
      zone: integer('', 0xffff),
      timeoutS: TIMEOUT,
      state: text('protocol state: TCP, SCTP', { maxLength: 32 }),
      mark: whole32(''),
      status: {
        type: 'array',
        items: { type: 'string', enum: ['SEEN_REPLY', 'ASSURED', 'FIXED_TIMEOUT'] },
        maxItems: 8,
      },
    },
    ['protocol', 'original', 'timeoutS'],
  ),
};

export const snapshotSchema: Schema = {
  $id: 'Snapshot',
  title: 'First line of a snapshot',
  ...whole({
    record: { const: 'snapshot' },
    since: text('position of the events before the first connection'),
  }),
};

export const snapshotEndSchema: Schema = {
  $id: 'SnapshotEnd',
  title: 'Last line of a snapshot',
  ...whole({
    record: { const: 'snapshot-end' },
    connections: integer('lines in between', Number.MAX_SAFE_INTEGER),
    until: text('with the events from `since` to here applied, the copy is the table as it was then'),
  }),
};

/** JSON Schemas of expectations: connections that others foretell. */
import { TIMEOUT_MAX_S } from '../../conntrack/settings.ts';
import {
  FAMILY,
  integer,
  nullable,
  PROTOCOL,
  ref,
  type Schema,
  strict,
  text,
  tupleProperties,
  whole,
  whole32,
} from './parts.ts';

export const expectationSchema: Schema = {
  $id: 'Expectation',
  title: 'A connection that is expected',
  ...whole({
    record: { const: 'expectation' },
    family: { type: 'string', enum: ['ipv4', 'ipv6'] },
    protocol: integer('IP protocol number', 255),
    protocolName: text('its name, or unknown'),
    tuple: ref('Tuple'),
    mask: ref('Tuple'),
    master: ref('Tuple'),
    masterId: whole32('id of the connection that foretold it'),
    flags: { type: 'array', items: { type: 'string', enum: ['PERMANENT', 'INACTIVE', 'USERSPACE'] } },
    class: integer('row of the policy of its helper', 255),
    className: nullable(text('name of that row')),
    helper: text('helper that foretold it'),
    assigns: nullable(text('helper of the new connection')),
    zone: integer('', 0xffff),
    timeoutS: integer('whole seconds until it expires', TIMEOUT_MAX_S),
  }),
};

export const expectationPageSchema: Schema = {
  $id: 'ExpectationPage',
  title: 'All expectations that match',
  ...whole({ expectations: { type: 'array', items: ref('Expectation') } }),
};

export const newExpectationSchema: Schema = {
  $id: 'NewExpectation',
  title: 'An expectation to make',
  examples: [
    {
      protocol: 'tcp',
      tuple: { src: '192.0.2.7', dst: '10.0.0.1', sport: 0, dport: 40001 },
      mask: { src: '255.255.255.255', dst: '255.255.255.255', sport: 0, dport: 65535 },
      master: { src: '10.0.0.1', dst: '192.0.2.7', sport: 40000, dport: 21 },
      timeoutS: 60,
    },
  ],
  ...strict(
    {
      family: FAMILY,
      protocol: PROTOCOL,
      tuple: ref('Tuple'),
      mask: {
        description: 'which bits of the tuple must agree; by default all',
        ...strict(tupleProperties),
      },
      master: {
        description:
          'original direction of the connection that foretells it; its protocol by default the same',
        ...strict({ ...tupleProperties, protocol: PROTOCOL }, ['src', 'dst']),
      },
      zone: integer('', 0xffff),
      timeoutS: integer('seconds from now', TIMEOUT_MAX_S),
      helper: text('helper that foretells it', { maxLength: 32 }),
      permanent: { type: 'boolean', description: 'stays when a connection has come' },
    },
    ['protocol', 'tuple', 'master', 'timeoutS'],
  ),
};

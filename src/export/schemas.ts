/**
 * JSON Schemas (draft 2020-12) of the objects in json.ts and flows.ts. Each stands alone. A test holds
 * every printed object against them.
 */

/** As much of a schema as is used here. */
export interface JsonSchema {
  readonly $schema?: string;
  readonly title?: string;
  readonly description?: string;
  readonly type?: string | readonly string[];
  readonly const?: string;
  readonly enum?: readonly (string | null)[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean;
  readonly dependentRequired?: Readonly<Record<string, readonly string[]>>;
}

export const DIALECT = 'https://json-schema.org/draft/2020-12/schema';

export const END_REASONS = [
  'timeout',
  'reset',
  'reopened',
  'evicted',
  'end of capture',
  'helper',
  'deleted',
] as const;

export function unsigned(bits: number, description: string): JsonSchema {
  return { description, type: 'integer', minimum: 0, maximum: 2 ** bits - 1 };
}

/** Larger than a double holds exactly, hence no maximum. */
export function nanoseconds(description: string): JsonSchema {
  return { description: `${description}, nanoseconds since 1970`, type: 'integer', minimum: 0 };
}

/** An object whose keys are all there, except the optional ones, and no others. */
export function record(
  properties: Readonly<Record<string, JsonSchema>>,
  optional: readonly string[] = [],
): JsonSchema {
  const required = Object.keys(properties).filter((key) => !optional.includes(key));
  return { type: 'object', properties, required, additionalProperties: false };
}

/** Keys that come together. */
const DIRECTION_PAIRS: Readonly<Record<string, readonly string[]>> = {
  sport: ['dport'],
  dport: ['sport'],
  type: ['code', 'id'],
  code: ['type', 'id'],
  id: ['type', 'code'],
  srckey: ['dstkey'],
  dstkey: ['srckey'],
  packets: ['bytes'],
  bytes: ['packets'],
};

const direction: JsonSchema = {
  ...record(
    {
      src: { description: 'source address', type: 'string' },
      dst: { description: 'destination address', type: 'string' },
      sport: unsigned(16, 'source port: TCP, UDP, UDP-Lite, SCTP'),
      dport: unsigned(16, 'destination port'),
      type: unsigned(8, 'ICMP and ICMPv6'),
      code: unsigned(8, 'ICMP and ICMPv6'),
      id: unsigned(16, 'ICMP and ICMPv6'),
      srckey: unsigned(16, 'GRE, version 1'),
      dstkey: unsigned(16, 'GRE, version 1'),
      packets: { description: 'only with accounting', type: 'integer', minimum: 0 },
      bytes: { description: 'layer 3, headers included; only with accounting', type: 'integer', minimum: 0 },
    },
    Object.keys(DIRECTION_PAIRS),
  ),
  dependentRequired: DIRECTION_PAIRS,
};

const identity: Readonly<Record<string, JsonSchema>> = {
  id: unsigned(32, 'the same for all records of a connection'),
  family: { description: 'address family', enum: ['ipv4', 'ipv6'] },
  protocol: unsigned(8, 'IP protocol number'),
  protocolName: { description: 'tcp, udp, udplite, icmp, icmpv6, gre, sctp or unknown', type: 'string' },
};

const SECONDS: JsonSchema = { type: 'integer', minimum: 0 };
/** Keys of `content` that some protocols have. */
const OF_SOME: readonly string[] = ['greTimeouts'];

const content: Readonly<Record<string, JsonSchema>> = {
  original: { ...direction, description: 'direction of the first packet' },
  reply: { ...direction, description: 'direction of the answers' },
  state: { description: 'protocol state: TCP, SCTP', type: ['string', 'null'] },
  greTimeouts: {
    description: 'GRE only: seconds that it lives until it is answered, and then',
    ...record({ timeoutS: SECONDS, streamTimeoutS: SECONDS }),
  },
  status: unsigned(32, 'status bits'),
  statusNames: { description: 'names of the bits that are set', type: 'array', items: { type: 'string' } },
  helper: { description: 'helper that reads its packets', type: ['string', 'null'] },
  master: { ...unsigned(32, 'id of the connection that foretold it'), type: ['integer', 'null'] },
  halves: { description: 'directions of which packets were seen', enum: ['original', 'reply', 'both'] },
  zone: unsigned(16, 'zone'),
  mark: unsigned(32, 'mark'),
};

const end: JsonSchema = {
  description: 'null while the connection lives',
  ...record({
    atNs: nanoseconds('when it ended'),
    reason: { description: 'why it ended', enum: END_REASONS },
  }),
  type: ['object', 'null'],
};

const connection: Readonly<Record<string, JsonSchema>> = {
  ...identity,
  ...content,
  timeoutS: { description: 'whole seconds until expiry', type: 'integer', minimum: 0 },
  startNs: nanoseconds('first packet'),
  lastNs: nanoseconds('last packet'),
  end,
};

/** What `connectionJson` prints. */
export const connectionSchema: JsonSchema = {
  $schema: DIALECT,
  title: 'flowshard connection',
  ...record({ record: { const: 'connection' }, ...connection }, OF_SOME),
};

/** What `eventJson` prints. */
export const eventSchema: JsonSchema = {
  $schema: DIALECT,
  title: 'flowshard event',
  ...record({
    record: { const: 'event' },
    type: { description: 'what happened', enum: ['NEW', 'UPDATE', 'DESTROY'] },
    atNs: nanoseconds('when it happened'),
    withState: { description: 'whether the line of text has the protocol state', type: 'boolean' },
    connection: { ...record(connection, OF_SOME), description: 'the connection as it then was' },
  }),
};

/** What `flowJson` prints. */
export const flowSchema: JsonSchema = {
  $schema: DIALECT,
  title: 'flowshard flow record',
  ...record(
    {
      record: { const: 'flow' },
      ...identity,
      ...content,
      startNs: nanoseconds('first packet'),
      lastNs: nanoseconds('last packet'),
      endNs: { ...nanoseconds('when it ended, null while it lives'), type: ['integer', 'null'] },
      durationS: { description: 'seconds from the first to the last packet', type: 'number', minimum: 0 },
      endReason: { description: 'why it ended, null while it lives', enum: [...END_REASONS, null] },
    },
    OF_SOME,
  ),
};

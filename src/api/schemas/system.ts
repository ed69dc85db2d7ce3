/** JSON Schemas of what is told about the tracker itself: counters, owners, settings, health, the kernel beside it. */
import { amount, integer, nullable, type Schema, strict, text, whole } from './parts.ts';

const MANY = Number.MAX_SAFE_INTEGER;
const counter = (description: string): Schema => integer(description, MANY);
const countsByName = (description: string): Schema => ({
  type: 'object',
  description,
  additionalProperties: counter(''),
});

const refusals: Readonly<Record<string, Schema>> = {
  invalid: countsByName('packets that a tracker calls INVALID, by reason'),
  untracked: countsByName('packets that it leaves alone, by reason'),
  skipped: countsByName('packets that never reached it, by reason'),
  dropped: countsByName('packets that were lost, by reason'),
};

const connections: Schema = whole({
  created: counter(''),
  ended: countsByName('by reason'),
  alive: counter(''),
});

/** Later versions may count more: keys that are not here are allowed. */
const open = (schema: Schema): Schema => ({ ...schema, additionalProperties: true });

const tracker: Readonly<Record<string, Schema>> = {
  tracked: counter('packets attached to a connection'),
  ...refusals,
  connections,
  probeMax: counter('longest probe that an insertion needed'),
};

const live: Readonly<Record<string, Schema>> = {
  kernelPackets: counter('received at interfaces, with those that the kernel dropped'),
  kernelDrops: counter('dropped by the kernel, because the ring was full'),
  kernelFreezes: counter('how often the ring was full'),
  ownTransmissions: counter('sent by this host itself, and left away'),
  cutShort: counter('fewer bytes captured than were on the wire'),
  checksumsOpen: counter('checksums that the card was still to make, not verified'),
  interfaceLost: counter('how often an interface went down or away'),
};

const eventFile: Readonly<Record<string, Schema>> = {
  written: counter('events that became lines'),
  missed: counter('events that the file came too late for'),
  rotations: counter(''),
  failures: counter('writes that failed, and were tried again'),
};

export const statsSchema: Schema = {
  $id: 'Stats',
  title: 'All counters',
  ...open(
    whole({
      record: { const: 'stats' },
      version: text('of flowshard'),
      instance: text('one run of the tracker, as in positions of events'),
      uptimeS: amount('seconds since the API was there'),
      packets: counter('read; tracked and the sums of invalid, untracked, skipped and dropped'),
      bytes: counter('on the wire'),
      tracked: counter('packets attached to a connection'),
      ...refusals,
      ignored: counter('of the tracked: without effect'),
      relatedErrors: counter('of the tracked: ICMP errors about a connection'),
      verdicts: countsByName('of the tracked, by verdict'),
      connections,
      fragments: open(whole({ datagrams: counter('put together'), bytesMax: counter('most memory') })),
      tunnels: countsByName('tunnel headers that were taken off, by kind'),
      zoneCut: counter('tunnel numbers larger than a zone'),
      timeBackward: counter('packets whose time lay before their predecessor'),
      live: { ...open(whole(live)), type: ['object', 'null'], description: 'null where captures are read' },
      eventFile: {
        ...open(whole(eventFile)),
        type: ['object', 'null'],
        description: 'null without --write-events',
      },
      ingest: open(whole(refusals)),
      masters: { ...open(whole(tracker)), type: ['object', 'null'] },
      expectations: countsByName('created, matched, refused, givenUp'),
      shards: { type: 'array', items: open(whole({ shard: counter(''), ...tracker })) },
    }),
  ),
};

const latency: Schema = {
  description: 'from arrival to the state updated, ns; null where it is not measured',
  ...whole({
    count: counter(''),
    min: amount(''),
    p50: amount(''),
    p90: amount(''),
    p99: amount(''),
    p999: amount(''),
    max: amount(''),
  }),
};

export const ownersSchema: Schema = {
  $id: 'Shards',
  title: 'The threads that own connections',
  ...whole({
    shards: {
      type: 'array',
      items: open(
        whole({
          owner: integer('number of the shard', 64),
          kind: { type: 'string', enum: ['shard', 'masters'], description: 'masters: those with helpers' },
          entries: counter('connections'),
          entriesMax: counter('room for'),
          indexSlots: counter(''),
          load: amount('entries per index slot'),
          probeMax: counter('longest probe that an insertion needed'),
          wheelBacklog: counter('connections that are due and not yet expired'),
          expiryLagMs: amount('by how much the wheel is behind'),
          ringDepth: counter('descriptors that wait'),
          ringSlots: counter('room for'),
          nextEvent: counter('number of the next event'),
          bytes: counter('of memory'),
          latencyNs: nullable(latency),
        }),
      ),
    },
  }),
};

export const configSchema: Schema = {
  $id: 'Config',
  title: 'Settings, and how the tracker was started',
  ...whole({
    settings: {
      type: 'object',
      description: 'by the kernel name, without nf_conntrack_',
      additionalProperties: whole({
        value: integer('', MANY),
        default: integer('of the kernel', MANY),
        unit: { type: 'string', enum: ['seconds', 'switch', 'count', 'bytes'] },
        min: integer('', MANY),
        max: integer('', MANY),
        changeable: { type: 'boolean', description: 'while the tracker runs' },
      }),
    },
    run: { type: 'object', description: 'how it was started', additionalProperties: true },
  }),
};

export const settingsChangeSchema: Schema = {
  $id: 'SettingsChange',
  title: 'Settings to change, by name: all of them, or on an error none',
  type: 'object',
  minProperties: 1,
  maxProperties: 64,
  additionalProperties: { type: 'integer' },
  examples: [{ tcp_timeout_established: 86400, tcp_be_liberal: 1 }],
};

export const versionSchema: Schema = {
  $id: 'Version',
  title: 'What answers',
  ...whole({
    version: text('of flowshard'),
    api: { const: 'v1' },
    node: text('of Node.js'),
    instance: text('one run of the tracker'),
  }),
};

export const healthSchema: Schema = {
  $id: 'Health',
  title: 'Whether it lives, or is ready',
  ...strict({ status: { type: 'string', enum: ['ok', 'not ready'] }, reason: text('why it is not ready') }, [
    'status',
  ]),
};

const side: Readonly<Record<string, Schema>> = Object.fromEntries(
  [
    ['packetsPerS', 'packets per second'],
    ['newPerS', 'new connections per second'],
    ['foundPerS', 'packets of known connections per second'],
    ['invalidPerS', 'INVALID packets per second'],
    ['insertFailedPerS', 'connections that could not be added, per second'],
    ['earlyDropPerS', 'connections that made room for others, per second'],
    ['dropPerS', 'packets lost per second'],
    ['entries', 'connections'],
    ['entriesMax', 'room for'],
    ['bytesPerConnection', 'memory of one connection'],
    ['packetCostNs', 'CPU time per packet, ns'],
  ].map(([key, description]) => [key, nullable(amount(description))]),
);

export const contrastSchema: Schema = {
  $id: 'Contrast',
  title: 'This tracker and nf_conntrack of this host, over the last interval',
  ...whole({
    intervalS: amount('length of the interval'),
    flowshard: whole(side),
    kernel: { anyOf: [whole(side), { const: 'not loaded' }] },
    notes: {
      type: 'array',
      items: { type: 'string' },
      description: 'why a number is null, or what it covers',
    },
  }),
};

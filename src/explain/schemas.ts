/** JSON Schemas of the records of a story (story.ts). A test holds every printed object against them. */
import { DIALECT, END_REASONS, type JsonSchema, nanoseconds, record, unsigned } from '../export/schemas.ts';
import type { AnyOutput } from './story.ts';

const text = (description: string): JsonSchema => ({ description, type: 'string' });
const orNull = (schema: JsonSchema): JsonSchema => ({ ...schema, type: [schema.type ?? [], 'null'].flat() });
const list = (items: JsonSchema, description: string): JsonSchema => ({ description, type: 'array', items });
const count = (description: string): JsonSchema => ({ description, type: 'integer', minimum: 0 });
const seconds = (description: string): JsonSchema => ({ description, type: 'number', minimum: 0 });
const packet = (description: string): JsonSchema => ({ description, type: 'integer', minimum: 1 });

const tuple = record(
  {
    src: text('source address'),
    dst: text('destination address'),
    sport: unsigned(16, 'source port'),
    dport: unsigned(16, 'destination port'),
    type: unsigned(8, 'ICMP'),
    code: unsigned(8, 'ICMP'),
    id: unsigned(16, 'ICMP'),
    srckey: unsigned(16, 'GRE'),
    dstkey: unsigned(16, 'GRE'),
  },
  ['sport', 'dport', 'type', 'code', 'id', 'srckey', 'dstkey'],
);
const names = list({ type: 'string' }, 'names of the status bits that are set');
const facts = list(record({ name: text('what'), text: text('in words') }), 'what its bytes say');
const state = orNull(text('protocol state: TCP, SCTP'));

const tcp = record({
  flags: text('SYN, FIN, RST, PSH, URG, ECE, CWR, ACK'),
  seq: unsigned(32, 'as it stands in the packet'),
  ack: orNull(unsigned(32, 'as it stands in the packet; null without ACK')),
  relativeSeq: { description: 'counted from the first one of its side', type: ['integer', 'null'] },
  relativeEnd: { description: 'the same of its end: data, SYN and FIN', type: ['integer', 'null'] },
  relativeAck: { description: 'counted from the first one of the other side', type: ['integer', 'null'] },
  bytes: count('payload'),
  window: unsigned(16, 'as it stands in the packet'),
  windowScaled: count('with the scale that the tracker knows'),
  sack: list({ type: 'array', items: { type: 'integer' } }, 'left and right edges'),
  options: list({ type: 'string' }, 'other options, in words'),
});

const window = record({
  bound: { enum: ['seq-over', 'seq-beyond', 'ack-over', 'seq-under', 'ack-under'] },
  forgiven: { type: 'boolean' },
  value: unsigned(32, 'what was judged'),
  limit: unsigned(32, 'what it was held against'),
  by: count('by how much it missed, bytes'),
  seq: unsigned(32, 'of the segment'),
  end: unsigned(32, 'of the segment'),
  ack: unsigned(32, 'of the segment'),
  sack: unsigned(32, 'highest edge of its SACK blocks, else ack'),
  senderEnd: unsigned(32, 'end of what the sender was seen to send'),
  senderMaxEnd: unsigned(32, 'right edge that was offered to it'),
  senderMaxWindow: unsigned(32, 'largest window that it offered'),
  receiverEnd: unsigned(32, 'end of what the receiver was seen to send'),
  receiverMaxWindow: unsigned(32, 'largest window that it offered'),
});

const expected = record({
  protocol: unsigned(8, 'IP protocol number'),
  src: text('source address, or any'),
  sport: orNull(unsigned(16, 'source port; null for any')),
  dst: text('destination address'),
  dport: unsigned(16, 'destination port'),
  timeoutS: seconds('until it is forgotten'),
});

const EFFECTS = [
  'opens',
  'accepted',
  'ignored',
  'related',
  'refused',
  'untracked',
  'skipped',
  'dropped',
] as const;
const counted = list(count('packets, then bytes'), 'of one direction');

const story = (title: AnyOutput['record'], properties: Readonly<Record<string, JsonSchema>>): JsonSchema => ({
  $schema: DIALECT,
  title: `flowshard explain: ${title}`,
  ...record({ record: { const: title }, ...properties }),
});

/** By the value of `record`. */
export const STORY_SCHEMAS: Readonly<Record<AnyOutput['record'], JsonSchema>> = {
  story: story('story', {
    file: text('the capture'),
    family: { enum: ['ipv4', 'ipv6'] },
    protocol: unsigned(8, 'IP protocol number'),
    protocolName: text('tcp, udp, ... or unknown'),
    zone: unsigned(16, 'zone'),
    tuple,
    packet: orNull(packet('the packet that was asked for')),
  }),
  life: story('life', {
    life: packet('number of this life of the connection'),
    n: packet('the packet that opens it'),
    atNs: nanoseconds('when'),
    original: tuple,
    pickedUp: { type: 'boolean' },
    helper: orNull(text('the helper that reads its packets')),
    master: orNull({
      ...record({
        id: unsigned(32, 'id of the connection that foretold it'),
        tuple: orNull(text('that connection')),
        helper: orNull(text('its helper')),
      }),
    }),
  }),
  packet: story('packet', {
    n: packet('number'),
    atNs: nanoseconds('when'),
    life: orNull(packet('the life it belongs to; null while there is none')),
    direction: { enum: ['original', 'reply', null] },
    what: text('flags, UDP, echo request 1, ...'),
    bytes: orNull(count('layer 3')),
    tcp: orNull(tcp),
    effect: { enum: EFFECTS },
    verdict: orNull(text('as ct of a trace')),
    reason: orNull(text('name of docs/reasons.md')),
    stateBefore: state,
    stateAfter: state,
    statusAfter: orNull(names),
    timeoutS: orNull(seconds('the timeout that it set')),
    timeoutBecause: orNull(text('why it is not that of the state')),
    leftS: orNull(seconds('until expiry')),
    gained: names,
    event: { enum: ['NEW', 'UPDATE', null] },
    why: list({ type: 'string' }, 'sentences'),
    window: orNull(window),
    expects: list(expected, 'what its helper expects because of it'),
    facts: orNull(facts),
  }),
  end: story('end', {
    life: packet('which life ended'),
    atNs: nanoseconds('when'),
    reason: { enum: END_REASONS },
    n: orNull(packet('the packet that ended it; null for a timeout')),
    state,
    statusNames: names,
    why: text('a sentence'),
    counted: orNull(record({ original: counted, reply: counted })),
  }),
  total: story('total', {
    lives: count('lives'),
    packets: count('packets of the story'),
    effects: record(Object.fromEntries(EFFECTS.map((effect) => [effect, count('packets')]))),
    reasons: { description: 'packets by reason', type: 'object' },
    alive: orNull(
      record({ life: packet('which'), state, statusNames: names, leftS: seconds('until expiry') }),
    ),
    advice: list({ type: 'string' }, 'what may help'),
  }),
  lone: story('lone', {
    file: text('the capture'),
    n: packet('number'),
    atNs: nanoseconds('when'),
    outcome: text('invalid, untracked, skipped or dropped'),
    reason: text('name of docs/reasons.md'),
    why: list({ type: 'string' }, 'sentences'),
    facts,
    advice: list({ type: 'string' }, 'what may help'),
  }),
  candidate: story('candidate', {
    tuple: text('as explain takes it'),
    firstPacket: packet('its first packet'),
    packets: count('how many'),
    firstNs: nanoseconds('first packet'),
    lastNs: nanoseconds('last packet'),
  }),
};

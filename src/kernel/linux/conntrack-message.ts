/** Messages of ctnetlink, as connections and events of src/export: the same data that we print of our own. */
import { ipv4Text, ipv6Text } from '../../export/addresses.ts';
import {
  type Connection,
  type ConnectionEvent,
  type Direction,
  type EventType,
  StatusBit,
  type Tuple,
} from '../../export/connection.ts';
import { protocolName, SCTP_STATE_NAMES, TCP_STATE_NAMES } from '../../export/names.ts';
import { type Attributes, attributesOf, Flag, type Message, nestedOf, numberOf, textOf } from './netlink.ts';
import { FAMILY_HEADER_BYTES, Family, Subsystem, typeOf } from './nfnetlink.ts';

/** Multicast groups. */
export enum Group {
  NEW = 1,
  UPDATE = 2,
  DESTROY = 3,
}

export enum Type {
  NEW = 0,
  GET = 1,
  DELETE = 2,
}

export enum Attribute {
  TUPLE_ORIGINAL = 1,
  TUPLE_REPLY = 2,
  STATUS = 3,
  PROTOCOL_INFO = 4,
  HELPER = 5,
  TIMEOUT = 7,
  MARK = 8,
  COUNTERS_ORIGINAL = 9,
  COUNTERS_REPLY = 10,
  USE = 11,
  ID = 12,
  ZONE = 18,
}

export enum TuplePart {
  ADDRESSES = 1,
  PROTOCOL = 2,
}

export enum Address {
  V4_SOURCE = 1,
  V4_DESTINATION = 2,
  V6_SOURCE = 3,
  V6_DESTINATION = 4,
}

export enum Protocol {
  NUMBER = 1,
  SOURCE_PORT = 2,
  DESTINATION_PORT = 3,
  ICMP_ID = 4,
  ICMP_TYPE = 5,
  ICMP_CODE = 6,
  ICMPV6_ID = 7,
  ICMPV6_TYPE = 8,
  ICMPV6_CODE = 9,
}

export enum ProtocolInfo {
  TCP = 1,
  SCTP = 3,
}
/** Within either. */
export const PROTOCOL_STATE = 1;

enum Counters {
  PACKETS = 1,
  BYTES = 2,
}

const HELPER_NAME = 1;

const GRE = 47;

function addressText(bytes: Uint8Array | undefined): string {
  if (bytes === undefined) return '';
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const word = (i: number): number => view.getInt32(i * 4);
  return bytes.length === 4 ? ipv4Text(word(0)) : ipv6Text(word(0), word(1), word(2), word(3));
}

function transport(a: Attributes, protocol: number): Omit<Tuple, 'src' | 'dst'> {
  const sport = numberOf(a, Protocol.SOURCE_PORT);
  if (sport !== undefined) {
    const dport = numberOf(a, Protocol.DESTINATION_PORT) ?? 0;
    return protocol === GRE ? { srckey: sport, dstkey: dport } : { sport, dport };
  }
  const id = numberOf(a, Protocol.ICMP_ID) ?? numberOf(a, Protocol.ICMPV6_ID);
  if (id === undefined) return {};
  const type = numberOf(a, Protocol.ICMP_TYPE) ?? numberOf(a, Protocol.ICMPV6_TYPE) ?? 0;
  const code = numberOf(a, Protocol.ICMP_CODE) ?? numberOf(a, Protocol.ICMPV6_CODE) ?? 0;
  return { type, code, id };
}

export function tupleOf(a: Attributes): { readonly protocol: number; readonly tuple: Tuple } {
  const addresses = nestedOf(a, TuplePart.ADDRESSES);
  const fields = nestedOf(a, TuplePart.PROTOCOL);
  const protocol = numberOf(fields, Protocol.NUMBER) ?? 0;
  const src = addressText(addresses.get(Address.V4_SOURCE) ?? addresses.get(Address.V6_SOURCE));
  const dst = addressText(addresses.get(Address.V4_DESTINATION) ?? addresses.get(Address.V6_DESTINATION));
  return { protocol, tuple: { src, dst, ...transport(fields, protocol) } };
}

function direction(tuple: Tuple, counters: Attributes): Direction {
  const packets = numberOf(counters, Counters.PACKETS);
  if (packets === undefined) return tuple;
  return { ...tuple, packets, bytes: numberOf(counters, Counters.BYTES) ?? 0 };
}

function stateOf(a: Attributes): string | null {
  const info = nestedOf(a, Attribute.PROTOCOL_INFO);
  const tcp = numberOf(nestedOf(info, ProtocolInfo.TCP), PROTOCOL_STATE);
  if (tcp !== undefined) return TCP_STATE_NAMES[tcp];
  const sctp = numberOf(nestedOf(info, ProtocolInfo.SCTP), PROTOCOL_STATE);
  return sctp === undefined ? null : SCTP_STATE_NAMES[sctp];
}

/**
 * A connection as it is told of. The kernel gives no times, and of its master not the id.
 *
 * Units:   `payload` is what follows the netlink header
 */
export function connectionOfMessage(payload: Uint8Array): Connection {
  const a = attributesOf(payload, FAMILY_HEADER_BYTES);
  const original = tupleOf(nestedOf(a, Attribute.TUPLE_ORIGINAL));
  const reply = tupleOf(nestedOf(a, Attribute.TUPLE_REPLY));
  const status = numberOf(a, Attribute.STATUS) ?? 0;
  return {
    id: numberOf(a, Attribute.ID) ?? 0,
    family: payload[0] === Family.IPV4 ? 'ipv4' : 'ipv6',
    protocol: original.protocol,
    protocolName: protocolName(original.protocol),
    original: direction(original.tuple, nestedOf(a, Attribute.COUNTERS_ORIGINAL)),
    reply: direction(reply.tuple, nestedOf(a, Attribute.COUNTERS_REPLY)),
    state: stateOf(a),
    status,
    helper: textOf(nestedOf(a, Attribute.HELPER), HELPER_NAME) ?? null,
    master: null,
    halves: (status & StatusBit.SEEN_REPLY) === 0 ? 'original' : 'both',
    // Held by the table, and by the connections that it foretold.
    expected: (numberOf(a, Attribute.USE) ?? 1) - 1,
    zone: numberOf(a, Attribute.ZONE) ?? 0,
    mark: numberOf(a, Attribute.MARK) ?? 0,
    timeoutS: numberOf(a, Attribute.TIMEOUT) ?? 0,
    startNs: 0n,
    lastNs: 0n,
    end: null,
  };
}

const NEW = typeOf(Subsystem.CONNTRACK, Type.NEW);
const DELETE = typeOf(Subsystem.CONNTRACK, Type.DELETE);

/** Null for what is no event of a connection. */
export function eventOfMessage({ type, flags, payload }: Message): ConnectionEvent | null {
  if (type !== NEW && type !== DELETE) return null;
  const connection = connectionOfMessage(payload);
  const created: EventType = (flags & Flag.CREATE) !== 0 ? 'NEW' : 'UPDATE';
  const event = type === DELETE ? 'DESTROY' : created;
  return { type: event, atNs: 0n, withState: connection.state !== null, connection };
}

/** Type of the message that asks for the table. */
export const CONNECTIONS_REQUEST = typeOf(Subsystem.CONNTRACK, Type.GET);

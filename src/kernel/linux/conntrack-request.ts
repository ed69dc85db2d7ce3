/** Requests to ctnetlink about the table: make a connection, list, delete, count. No system call here. */
import { StatusBit } from '../../export/connection.ts';
import {
  Address,
  Attribute,
  PROTOCOL_STATE,
  Protocol,
  ProtocolInfo,
  TuplePart,
  Type,
} from './conntrack-message.ts';
import { attributesOf, createMessageWriter, Flag, type MessageWriter } from './netlink.ts';
import { FAMILY_HEADER_BYTES, Family, familyHeader, Subsystem, typeOf } from './nfnetlink.ts';

/** An established TCP connection over IPv4, assured. Addresses as int32. */
export interface TcpConnection {
  src: number;
  dst: number;
  sport: number;
  dport: number;
}

const TCP = 6;
const TCP_ESTABLISHED = 3;
const STATISTICS = 5;
const ATTRIBUTE_FILTER = 25;
const FILTER_ORIGINAL = 1;
const FILTER_REPLY = 2;
/** Of the parts of a tuple that a filter may name, the source address. */
const FILTER_SOURCE = 1;

const NO_BYTES = new Uint8Array(0);
const IPV4 = familyHeader(Family.IPV4);
const word = (value: number): Uint8Array =>
  Uint8Array.of(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);

function tuple(writer: MessageWriter, attribute: Attribute, c: TcpConnection): void {
  writer.nested(attribute, () => {
    writer.nested(TuplePart.ADDRESSES, () => {
      writer.bytes(Address.V4_SOURCE, word(c.src));
      writer.bytes(Address.V4_DESTINATION, word(c.dst));
    });
    writer.nested(TuplePart.PROTOCOL, () => {
      writer.u8(Protocol.NUMBER, TCP);
      writer.be16(Protocol.SOURCE_PORT, c.sport);
      writer.be16(Protocol.DESTINATION_PORT, c.dport);
    });
  });
}

const reversed = (c: TcpConnection): TcpConnection => ({
  src: c.dst,
  dst: c.src,
  sport: c.dport,
  dport: c.sport,
});

function request(type: number, flags: number, body: (writer: MessageWriter) => void): Uint8Array {
  const writer = createMessageWriter();
  writer.begin(typeOf(Subsystem.CONNTRACK, type), Flag.REQUEST | flags, 1, IPV4);
  body(writer);
  writer.end();
  return writer.take();
}

/** Makes it. The kernel answers only where `acknowledged`, or when it refuses. */
export function createRequest(c: TcpConnection, timeoutS: number, acknowledged: boolean): Uint8Array {
  const flags = Flag.CREATE | Flag.EXCLUSIVE | (acknowledged ? Flag.ACK : 0);
  return request(Type.NEW, flags, (writer) => {
    tuple(writer, Attribute.TUPLE_ORIGINAL, c);
    tuple(writer, Attribute.TUPLE_REPLY, reversed(c));
    writer.be32(Attribute.STATUS, StatusBit.CONFIRMED | StatusBit.SEEN_REPLY | StatusBit.ASSURED);
    writer.be32(Attribute.TIMEOUT, timeoutS);
    writer.nested(Attribute.PROTOCOL_INFO, () =>
      writer.nested(ProtocolInfo.TCP, () => writer.u8(PROTOCOL_STATE, TCP_ESTABLISHED)),
    );
  });
}

/** The kernel chooses by source address itself (since Linux 5.8), so that the others are not copied. */
function sourceFilter(writer: MessageWriter, source: number): void {
  writer.nested(Attribute.TUPLE_ORIGINAL, () =>
    writer.nested(TuplePart.ADDRESSES, () => writer.bytes(Address.V4_SOURCE, word(source))),
  );
  writer.nested(ATTRIBUTE_FILTER, () => {
    writer.u32(FILTER_ORIGINAL, FILTER_SOURCE);
    writer.u32(FILTER_REPLY, 0);
  });
}

/** All, or those whose first packet came from an address. */
export const listRequest = (source: number | null): Uint8Array =>
  request(Type.GET, Flag.DUMP, (writer) => {
    if (source !== null) sourceFilter(writer, source);
  });

/** Deletes the connection that a message of the list told of. */
export const deleteRequest = (payload: Uint8Array): Uint8Array =>
  request(Type.DELETE, Flag.ACK, (writer) => {
    const told = attributesOf(payload, FAMILY_HEADER_BYTES);
    writer.nested(Attribute.TUPLE_ORIGINAL, () => writer.raw(told.get(Attribute.TUPLE_ORIGINAL) ?? NO_BYTES));
    writer.bytes(Attribute.ID, told.get(Attribute.ID) ?? NO_BYTES);
  });

export const flushRequest = (): Uint8Array => request(Type.DELETE, Flag.ACK, () => {});

export const countRequest = (): Uint8Array => request(STATISTICS, Flag.ACK, () => {});
export const COUNT_ENTRIES = 1;

/**
 * Netlink messages as bytes: a writer that keeps lengths and padding right, and views of what comes back.
 * No system call here.
 *
 * Source: RFC 3549; observed
 */
import { endianness } from 'node:os';

/** Headers and most of rtnetlink are in the order of the host; nfnetlink's values are big-endian. */
const HOST_LITTLE = endianness() === 'LE';

export const HEADER_BYTES = 16;
const ATTRIBUTE_BYTES = 4;
const NESTED = 0x8000;
const TYPE_MASK = 0x3fff;
const align4 = (length: number): number => (length + 3) & ~3;

export enum Flag {
  REQUEST = 0x1,
  ACK = 0x4,
  DUMP = 0x300,
  /** For a request that must not meet what it names. */
  EXCLUSIVE = 0x200,
  CREATE = 0x400,
  APPEND = 0x800,
}

/** Types below those of any family. */
export enum ControlType {
  ERROR = 2,
  DONE = 3,
}

const encoder = new TextEncoder();

/** Writes messages one after another into one buffer that grows. */
export function createMessageWriter() {
  let bytes = new Uint8Array(4096);
  let view = new DataView(bytes.buffer);
  let length = 0;
  let messageStart = 0;

  function reserve(more: number): number {
    if (length + more > bytes.length) {
      const grown = new Uint8Array(Math.max(bytes.length * 2, length + more));
      grown.set(bytes);
      bytes = grown;
      view = new DataView(bytes.buffer);
    }
    const at = length;
    length += more;
    return at;
  }

  /** Type and length, then the value, padded. */
  function attribute(type: number, value: Uint8Array): void {
    const at = reserve(align4(ATTRIBUTE_BYTES + value.length));
    view.setUint16(at, ATTRIBUTE_BYTES + value.length, HOST_LITTLE);
    view.setUint16(at + 2, type, HOST_LITTLE);
    bytes.set(value, at + ATTRIBUTE_BYTES);
  }

  function number(type: number, size: 1 | 2 | 4, value: number, isHostOrder: boolean): void {
    const raw = new DataView(new ArrayBuffer(size));
    if (size === 1) raw.setUint8(0, value);
    else if (size === 2) raw.setUint16(0, value, isHostOrder && HOST_LITTLE);
    else raw.setUint32(0, value, isHostOrder && HOST_LITTLE);
    attribute(type, new Uint8Array(raw.buffer));
  }

  return {
    /** Begins a message; `end` must follow. `family` are the bytes between the header and the attributes. */
    begin(type: number, flags: number, sequence: number, family: Uint8Array): void {
      messageStart = reserve(HEADER_BYTES);
      view.setUint16(messageStart + 4, type, HOST_LITTLE);
      view.setUint16(messageStart + 6, flags, HOST_LITTLE);
      view.setUint32(messageStart + 8, sequence, HOST_LITTLE);
      view.setUint32(messageStart + 12, 0, HOST_LITTLE);
      bytes.set(family, reserve(align4(family.length)));
    },
    end(): void {
      view.setUint32(messageStart, length - messageStart, HOST_LITTLE);
    },
    bytes: attribute,
    /** Attributes that are bytes already. */
    raw(attributes: Uint8Array): void {
      bytes.set(attributes, reserve(align4(attributes.length)));
    },
    u8: (type: number, value: number) => number(type, 1, value, true),
    be16: (type: number, value: number) => number(type, 2, value, false),
    be32: (type: number, value: number) => number(type, 4, value, false),
    /** In the order of the host. */
    u32: (type: number, value: number) => number(type, 4, value, true),
    /** With the zero that ends it. */
    text: (type: number, value: string) => attribute(type, encoder.encode(`${value}\0`)),
    nested(type: number, body: () => void): void {
      const at = reserve(ATTRIBUTE_BYTES);
      body();
      view.setUint16(at, length - at, HOST_LITTLE);
      view.setUint16(at + 2, type | NESTED, HOST_LITTLE);
    },
    /** All messages so far. */
    take(): Uint8Array {
      const all = bytes.slice(0, length);
      length = 0;
      return all;
    },
  };
}

export type MessageWriter = ReturnType<typeof createMessageWriter>;

export interface Message {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  /** What follows the header. */
  readonly payload: Uint8Array;
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

/** The messages of what one `recv` gave. One that is cut off ends it. */
export function* messagesOf(bytes: Uint8Array): Generator<Message> {
  const view = viewOf(bytes);
  for (let at = 0; at + HEADER_BYTES <= bytes.length; ) {
    const length = view.getUint32(at, HOST_LITTLE);
    if (length < HEADER_BYTES || at + length > bytes.length) return;
    yield {
      type: view.getUint16(at + 4, HOST_LITTLE),
      flags: view.getUint16(at + 6, HOST_LITTLE),
      sequence: view.getUint32(at + 8, HOST_LITTLE),
      payload: bytes.subarray(at + HEADER_BYTES, at + length),
    };
    at += align4(length);
  }
}

export type Attributes = ReadonlyMap<number, Uint8Array>;

/** Attributes by type, from `from` on; of a type that comes twice the last one. */
export function attributesOf(bytes: Uint8Array, from = 0): Attributes {
  const attributes = new Map<number, Uint8Array>();
  const view = viewOf(bytes);
  for (let at = from; at + ATTRIBUTE_BYTES <= bytes.length; ) {
    const length = view.getUint16(at, HOST_LITTLE);
    if (length < ATTRIBUTE_BYTES || at + length > bytes.length) break;
    const type = view.getUint16(at + 2, HOST_LITTLE) & TYPE_MASK;
    attributes.set(type, bytes.subarray(at + ATTRIBUTE_BYTES, at + length));
    at += align4(length);
  }
  return attributes;
}

const NONE: Attributes = new Map();

export function nestedOf(attributes: Attributes, type: number): Attributes {
  const value = attributes.get(type);
  return value === undefined ? NONE : attributesOf(value);
}

/** Big-endian of one, two, four or eight bytes; undefined where the attribute is missing. */
export function numberOf(attributes: Attributes, type: number): number | undefined {
  const value = attributes.get(type);
  if (value === undefined) return undefined;
  return value.reduce((sum, byte) => sum * 256 + byte, 0);
}

/** Up to the zero that ends it. */
export function textOf(attributes: Attributes, type: number): string | undefined {
  const value = attributes.get(type);
  if (value === undefined) return undefined;
  const end = value.indexOf(0);
  return Buffer.from(end < 0 ? value : value.subarray(0, end)).toString();
}

/** The number of an error message: 0 for an acknowledgement. */
export function errorOf(message: Message): number {
  return Math.abs(viewOf(message.payload).getInt32(0, HOST_LITTLE));
}

/** A 32-bit number as the host keeps it, for what is compared with a register of nf_tables. */
export function hostWord(value: number): Uint8Array {
  const raw = new DataView(new ArrayBuffer(4));
  raw.setUint32(0, value, HOST_LITTLE);
  return new Uint8Array(raw.buffer);
}

/** In the order of the host, of a structure in front of attributes. */
export const hostU32 = (bytes: Uint8Array, at: number): number => viewOf(bytes).getUint32(at, HOST_LITTLE);
export const hostU16 = (bytes: Uint8Array, at: number): number => viewOf(bytes).getUint16(at, HOST_LITTLE);

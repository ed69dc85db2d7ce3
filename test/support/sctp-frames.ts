/** SCTP packets byte by byte, with a CRC32c made bit by bit. */
import { type Addresses, type IpOptions, ipPacket } from './frames.ts';

const PROTOCOL_SCTP = 132;

/** Chunk types by the names that scripts use. */
export const SCTP_TYPES: Readonly<Record<string, number>> = {
  data: 0,
  init: 1,
  'init-ack': 2,
  sack: 3,
  heartbeat: 4,
  'heartbeat-ack': 5,
  abort: 6,
  shutdown: 7,
  'shutdown-ack': 8,
  error: 9,
  'cookie-echo': 10,
  'cookie-ack': 11,
  'shutdown-complete': 14,
};

export interface ChunkFields {
  readonly type: number;
  readonly flags?: number;
  /** What the length field says instead of the right length. */
  readonly length?: number;
  /** After the chunk header; padded with zeroes to a multiple of 4. */
  readonly body?: readonly number[];
}

export interface SctpFields {
  readonly sport: number;
  readonly dport: number;
  readonly tag: number;
  readonly chunks: readonly ChunkFields[];
  /** Bytes after the last chunk. */
  readonly trailer?: readonly number[];
  readonly badChecksum?: boolean;
}

const u16 = (value: number): number[] => [(value >>> 8) & 0xff, value & 0xff];
const u32 = (value: number): number[] => [...u16(value >>> 16), ...u16(value)];

/** CRC32c of all bytes given. */
export function crc32c(bytes: readonly number[]): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ ((crc & 1) === 1 ? 0x82f63b78 : 0);
  }
  return ~crc >>> 0;
}

/** The body of an INIT or INIT ACK. */
const initBody = (initiateTag: number): number[] => [
  ...u32(initiateTag),
  ...u32(65536),
  ...u16(10),
  ...u16(10),
  ...u32(1),
];

/** `init:77`, `abort/1` or `data=3`: a chunk with its initiate tag, its flags, another length than the right one. */
function chunkOf(text: string): ChunkFields {
  const match = /^(#\d+|[a-z-]+)(?::(\d+))?(?:\/(\d+))?(?:=(\d+))?$/.exec(text);
  const [, name, tag, flags, length] = match ?? [];
  const type = name?.startsWith('#') ? Number(name.slice(1)) : SCTP_TYPES[name ?? ''];
  if (type === undefined) throw new Error(`no such chunk ${text}`);
  return {
    type,
    flags: Number(flags ?? 0),
    ...(length === undefined ? {} : { length: Number(length) }),
    ...(tag === undefined ? {} : { body: initBody(Number(tag)) }),
  };
}

/** Chunks with commas between them; `-` for none. */
export const chunksOf = (text: string): ChunkFields[] => (text === '-' ? [] : text.split(',').map(chunkOf));

export function sctpChunk({ type, flags = 0, length, body = [] }: ChunkFields): number[] {
  const padding = new Array<number>((4 - (body.length % 4)) % 4).fill(0);
  return [type, flags, ...u16(length ?? 4 + body.length), ...body, ...padding];
}

export function sctpSegment(fields: SctpFields): number[] {
  const header = [...u16(fields.sport), ...u16(fields.dport), ...u32(fields.tag), 0, 0, 0, 0];
  const bytes = [...header, ...fields.chunks.flatMap(sctpChunk), ...(fields.trailer ?? [])];
  const crc = crc32c(bytes) ^ (fields.badChecksum === true ? 0x100 : 0);
  // Lowest byte first.
  bytes.splice(8, 4, ...u32(crc).reverse());
  return bytes;
}

export function sctpPacket(ip: Addresses, fields: SctpFields, options: IpOptions = {}): Uint8Array {
  return ipPacket(ip, PROTOCOL_SCTP, sctpSegment(fields), options);
}

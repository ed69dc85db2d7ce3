/** Builds capture files byte by byte, and reads them through memory; shared by the tests of ingest. */
import type { ByteSource } from '../../src/ingest/byte-source.ts';
import { openCaptureSource } from '../../src/ingest/open-capture.ts';
import { type CaptureReader, ReadStatus, Rec } from '../../src/ingest/reader.ts';

export interface Packet {
  readonly sec: number;
  readonly nsec: number;
  readonly wireLength: number;
  readonly data: Uint8Array;
}

export interface ReadPacket extends Packet {
  readonly file: string;
  readonly linkType: number;
}

/** Appends fields in one byte order. */
export class Bytes {
  private readonly values: number[] = [];
  constructor(private readonly littleEndian: boolean) {}
  u16(...words: number[]): this {
    for (const word of words) this.number(word, 2);
    return this;
  }
  u32(...words: number[]): this {
    for (const word of words) this.number(word, 4);
    return this;
  }
  /** A 64-bit field in the way of the field's byte order. */
  u64(value: bigint): this {
    const raw = BigInt.asUintN(64, value);
    const halves = [Number(raw >> 32n), Number(raw & 0xffff_ffffn)];
    return this.u32(...(this.littleEndian ? halves.reverse() : halves));
  }
  raw(bytes: Iterable<number>): this {
    for (const byte of bytes) this.values.push(byte);
    return this;
  }
  padTo4(): this {
    while (this.values.length % 4 !== 0) this.values.push(0);
    return this;
  }
  done(): Uint8Array {
    return Uint8Array.from(this.values);
  }
  private number(value: number, size: number): void {
    for (let at = 0; at < size; at++) {
      const shift = 8 * (this.littleEndian ? at : size - 1 - at);
      this.values.push((value >>> shift) & 0xff);
    }
  }
}

export interface PcapOptions {
  readonly littleEndian?: boolean;
  readonly nano?: boolean;
  readonly snapLen?: number;
  readonly network?: number;
  readonly version?: readonly [number, number];
  readonly magic?: number;
}

export function pcapHeader(options: PcapOptions = {}): Uint8Array {
  const magic = options.magic ?? (options.nano === true ? 0xa1b23c4d : 0xa1b2c3d4);
  return new Bytes(options.littleEndian ?? true)
    .u32(magic)
    .u16(...(options.version ?? [2, 4]))
    .u32(0, 0, options.snapLen ?? 65535, options.network ?? 1)
    .done();
}

export function pcapRecord(words: readonly number[], data: Uint8Array, littleEndian = true): Uint8Array {
  return new Bytes(littleEndian)
    .u32(...words)
    .raw(data)
    .done();
}

export function pcapFile(packets: readonly Packet[], options: PcapOptions = {}): Uint8Array {
  const unit = options.nano === true ? 1 : 1000;
  const records = packets.map((packet) =>
    pcapRecord(
      [packet.sec, Math.floor(packet.nsec / unit), packet.data.length, packet.wireLength],
      packet.data,
      options.littleEndian ?? true,
    ),
  );
  return concat(pcapHeader(options), ...records);
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => Array.from(part)));
}

export function block(type: number, body: Uint8Array, littleEndian = true): Uint8Array {
  const padded = new Bytes(littleEndian).raw(body).padTo4().done();
  const total = padded.length + 12;
  return new Bytes(littleEndian).u32(type, total).raw(padded).u32(total).done();
}

export function sectionBlock(littleEndian = true, version: readonly [number, number] = [1, 0]): Uint8Array {
  const body = new Bytes(littleEndian)
    .u32(0x1a2b3c4d)
    .u16(...version)
    .u64(-1n)
    .done();
  return block(0x0a0d0d0a, body, littleEndian);
}

export function option(code: number, value: Uint8Array, littleEndian = true): Uint8Array {
  return new Bytes(littleEndian).u16(code, value.length).raw(value).padTo4().done();
}

export interface InterfaceFields {
  readonly linkType?: number;
  readonly snapLen?: number;
  readonly resolution?: number;
  readonly offsetSec?: bigint;
  /** Put after the others as they are. */
  readonly rawOptions?: Uint8Array;
}

export function interfaceBlock(fields: InterfaceFields = {}, littleEndian = true): Uint8Array {
  const body = new Bytes(littleEndian).u16(fields.linkType ?? 1, 0).u32(fields.snapLen ?? 0);
  if (fields.resolution !== undefined) {
    body.raw(option(9, Uint8Array.of(fields.resolution), littleEndian));
  }
  if (fields.offsetSec !== undefined) {
    body.raw(option(14, new Bytes(littleEndian).u64(fields.offsetSec).done(), littleEndian));
  }
  if (fields.rawOptions !== undefined) body.raw(fields.rawOptions);
  return block(1, body.done(), littleEndian);
}

export interface EnhancedFields {
  readonly interfaceId?: number;
  readonly time?: bigint;
  readonly data: Uint8Array;
  readonly wireLength?: number;
  readonly captureLength?: number;
}

function timedBody(fields: EnhancedFields, head: Bytes): Uint8Array {
  const time = BigInt.asUintN(64, fields.time ?? 0n);
  return head
    .u32(Number(time >> 32n), Number(time & 0xffff_ffffn))
    .u32(fields.captureLength ?? fields.data.length, fields.wireLength ?? fields.data.length)
    .raw(fields.data)
    .done();
}

export function enhancedBlock(fields: EnhancedFields, littleEndian = true): Uint8Array {
  const head = new Bytes(littleEndian).u32(fields.interfaceId ?? 0);
  return block(6, timedBody(fields, head), littleEndian);
}

export function oldPacketBlock(fields: EnhancedFields, littleEndian = true): Uint8Array {
  const head = new Bytes(littleEndian).u16(fields.interfaceId ?? 0, 0xffff);
  return block(2, timedBody(fields, head), littleEndian);
}

export function simpleBlock(data: Uint8Array, wireLength: number, littleEndian = true): Uint8Array {
  return block(3, new Bytes(littleEndian).u32(wireLength).raw(data).done(), littleEndian);
}

/** A source of bytes that gives at most `step` at a time, in the manner of a pipe. */
export function memorySource(bytes: Uint8Array, step = 1 << 20, file = 'memory'): ByteSource {
  let at = 0;
  return {
    file,
    get storedBytesConsumed() {
      return at;
    },
    storedBytesTotal: bytes.length,
    failure: null,
    async read(into, offset, length) {
      const count = Math.min(step, length, bytes.length - at);
      into.set(bytes.subarray(at, at + count), offset);
      at += count;
      return count;
    },
    close: () => Promise.resolve(),
  };
}

export interface ReadResult {
  readonly packets: ReadPacket[];
  readonly reader: CaptureReader;
  readonly error: string | null;
}

/** Reads to the end, copying every packet. */
export async function drain(reader: CaptureReader): Promise<ReadResult> {
  const packets: ReadPacket[] = [];
  for (;;) {
    const status = reader.next();
    if (status === ReadStatus.END) break;
    if (status === ReadStatus.NEED_BYTES) {
      await reader.fill();
      continue;
    }
    const { record, bytes, file } = reader;
    const offset = record[Rec.OFFSET];
    packets.push({
      file,
      sec: record[Rec.SEC] >>> 0,
      nsec: record[Rec.NSEC],
      wireLength: record[Rec.WIRE_LENGTH],
      linkType: record[Rec.LINK_TYPE],
      data: bytes.slice(offset, offset + record[Rec.CAPTURE_LENGTH]),
    });
  }
  await reader.close();
  return { packets, reader, error: reader.error?.message ?? null };
}

export async function readBytes(bytes: Uint8Array, step?: number, bufferBytes?: number): Promise<ReadResult> {
  const options = bufferBytes === undefined ? {} : { bufferBytes };
  return drain(await openCaptureSource(memorySource(bytes, step), options));
}

export function bytesOf(length: number, first = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (first + at) & 0xff);
}

/** A copy of a capture that bears the times at which the kernel saw its packets. */
import type { CapturedPacket } from './captures.ts';

const NANOSECOND_MAGIC = 0xa1b23c4d;
const SNAP_LENGTH = 262_144;
const SECTION = 0x0a0d0d0a;
const INTERFACE = 1;
const ENHANCED_PACKET = 6;
/** if_tsresol of nanoseconds, padded to four bytes, and the end of options. */
const RESOLUTION_OPTION = [9 | (1 << 16), 9, 0];
const NSEC_PER_SEC = 1_000_000_000n;
/** The kernel's recorder reads no more of a frame. */
const FRAME_BYTES_MAX = 0xffff;

export interface StampedPacket {
  readonly packet: CapturedPacket;
  /** Nanoseconds since 1970. */
  readonly t: bigint;
}

function words(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => {
    view.setUint32(i * 4, value, true);
  });
  return bytes;
}

function block(type: number, ...body: readonly Uint8Array[]): Uint8Array {
  const bytes = body.reduce((sum, part) => sum + part.length, 0);
  const total = 12 + ((bytes + 3) & ~3);
  return Buffer.concat([words(type, total), ...body, new Uint8Array(total - 12 - bytes), words(total)]);
}

/** pcap: one link type. */
function pcap(stamped: readonly StampedPacket[], linkType: number): Uint8Array {
  const parts = [words(NANOSECOND_MAGIC, 2 | (4 << 16), 0, 0, SNAP_LENGTH, linkType)];
  for (const { packet, t } of stamped) {
    const data = packet.data.subarray(0, FRAME_BYTES_MAX);
    const { length } = data;
    parts.push(words(Number(t / NSEC_PER_SEC), Number(t % NSEC_PER_SEC), length, length), data);
  }
  return Buffer.concat(parts);
}

export interface StampedBytes {
  readonly bytes: Uint8Array;
  /** By packet: where its data lies in `bytes`, and how many there are. */
  readonly offsets: readonly number[];
  readonly lengths: readonly number[];
}

/** Before the data of an enhanced packet block. */
const PACKET_HEADER_BYTES = 28;

/** The blocks of a pcapng file, as packets come: an interface for each link type, before its first packet. */
export function createStamper(): (stamped: readonly StampedPacket[]) => StampedBytes {
  const linkTypes: number[] = [];
  let begun = false;
  return (stamped) => {
    const parts: Uint8Array[] = [];
    const offsets: number[] = [];
    const lengths: number[] = [];
    let length = 0;
    const add = (part: Uint8Array): void => {
      parts.push(part);
      length += part.length;
    };
    if (!begun) add(block(SECTION, words(0x1a2b3c4d, 1, 0xffffffff, 0xffffffff)));
    begun = true;
    for (const { packet, t } of stamped) {
      const { linkType } = packet;
      if (!linkTypes.includes(linkType)) {
        linkTypes.push(linkType);
        add(block(INTERFACE, words(linkType, SNAP_LENGTH, ...RESOLUTION_OPTION)));
      }
      const data = packet.data.subarray(0, FRAME_BYTES_MAX);
      const time = [Number(t >> 32n), Number(t & 0xffff_ffffn)];
      offsets.push(length + PACKET_HEADER_BYTES);
      lengths.push(data.length);
      const head = words(linkTypes.indexOf(linkType), ...time, data.length, data.length);
      add(block(ENHANCED_PACKET, head, data));
    }
    return { bytes: Buffer.concat(parts), offsets, lengths };
  };
}

/**
 * The kernel was given what was captured and no more, so here the wire length is the capture length.
 *
 * Units: nanoseconds
 */
export function stampCapture(stamped: readonly StampedPacket[]): Uint8Array {
  const linkTypes = [...new Set(stamped.map(({ packet }) => packet.linkType))];
  return linkTypes.length <= 1 ? pcap(stamped, linkTypes[0] ?? 1) : createStamper()(stamped).bytes;
}

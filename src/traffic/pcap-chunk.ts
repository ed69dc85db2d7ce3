/** Generated traffic as the bytes of a pcap file with nanoseconds, chunk by chunk. Chunks are whole records. */
import { FRAME_BYTES_MAX } from './options.ts';
import { Stamp, type Traffic } from './traffic.ts';

const MAGIC_NS = 0xa1b23c4d | 0;
const VERSION = (4 << 16) | 2;
/** What a file says of frames that are whole. */
export const SNAPLEN_WHOLE = 262_144;
const LINKTYPE_ETHERNET = 1;
export const PCAP_HEADER_BYTES = 24;
const RECORD_BYTES = 16;

/** Memory that chunks are made in. */
export interface Chunk {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

export function createChunk(size: number): Chunk {
  const bytes = new Uint8Array(size);
  return { bytes, view: new DataView(bytes.buffer) };
}

/** What every such file begins with. Units: returns bytes */
export function writePcapHeader({ view }: Chunk, snapLenBytes: number): number {
  view.setInt32(0, MAGIC_NS, true);
  view.setInt32(4, VERSION, true);
  view.setInt32(8, 0, true);
  view.setInt32(12, 0, true);
  view.setInt32(16, snapLenBytes, true);
  view.setInt32(20, LINKTYPE_ETHERNET, true);
  return PCAP_HEADER_BYTES;
}

/**
 * Fills a chunk from `from` on with records, until the next might not fit or the traffic ends. Of each frame at most
 * `snapLenBytes` are kept.
 *
 * Units:   returns where the last record ends; `from` when there are no more
 * Cost:    four stores and one frame per packet, no allocation
 */
export function fillChunk(
  traffic: Traffic,
  { bytes, view }: Chunk,
  from: number,
  snapLenBytes: number,
): number {
  const { to, stamp } = traffic;
  to.bytes = bytes;
  to.view = view;
  const last = bytes.length - FRAME_BYTES_MAX - RECORD_BYTES;
  let at = from;
  while (at <= last) {
    to.at = at + RECORD_BYTES;
    const length = traffic.next();
    if (length === 0) break;
    view.setInt32(at, stamp[Stamp.SEC], true);
    view.setInt32(at + 4, stamp[Stamp.NSEC], true);
    const kept = Math.min(length, snapLenBytes);
    view.setInt32(at + 8, kept, true);
    view.setInt32(at + 12, length, true);
    at += RECORD_BYTES + kept;
  }
  return at;
}

/** Where the packets for both trackers come from: captures, or the generator. */
import { Reason } from '../common/reasons.ts';
import { captureErrors, mergeCaptures } from '../ingest/merge.ts';
import { openCapture } from '../ingest/open-capture.ts';
import { ReadStatus, Rec } from '../ingest/reader.ts';
import { Link, locateIp } from '../packet/link.ts';
import type { CapturedPacket } from './compare/captures.ts';

export interface PacketSource {
  /** At most `count` packets, numbered from 1 on; an empty list is the end. */
  next(count: number): Promise<CapturedPacket[]>;
  /** How much of all has been given, from 0 to 1; for a progress bar. */
  progress(): number;
  /** Why reading ended early, in words; empty while all is well. */
  errors(): readonly string[];
  close(): Promise<void>;
}

/** Several captures are read in the order of time, as `flowshard track` reads them. */
export async function captureSource(files: readonly string[]): Promise<PacketSource> {
  const reader = mergeCaptures(await Promise.all(files.map((file) => openCapture(file))));
  let n = 0;
  let ended = false;

  async function next(count: number): Promise<CapturedPacket[]> {
    const packets: CapturedPacket[] = [];
    while (packets.length < count && !ended) {
      const status = reader.next();
      if (status === ReadStatus.END) ended = true;
      else if (status === ReadStatus.NEED_BYTES) await reader.fill();
      else {
        const { record, bytes } = reader;
        const at = record[Rec.OFFSET];
        packets.push({
          n: ++n,
          linkType: record[Rec.LINK_TYPE],
          wireLength: record[Rec.WIRE_LENGTH],
          data: bytes.slice(at, at + record[Rec.CAPTURE_LENGTH]),
        });
      }
    }
    return packets;
  }

  return {
    next,
    progress: () => (reader.bytesTotal === 0 ? 0 : reader.bytesConsumed / reader.bytesTotal),
    errors: () => captureErrors(reader).map((error) => error.message),
    close: () => reader.close(),
  };
}

const link = new Int32Array(Link.WORDS);
const NOTHING = new Uint8Array(0);
const IPV4_HEADER_BYTES = 20;

/** What the kernel gets of a frame: from the IP header on; nothing where there is none. */
export function ipPart({ data, linkType }: CapturedPacket): Uint8Array {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  if (locateIp(view, 0, data.length, linkType, link) !== Reason.NONE) return NOTHING;
  const ip = data.subarray(link[Link.OFFSET]);
  return ip.length < IPV4_HEADER_BYTES ? NOTHING : ip;
}

/** A copy with the right IPv4 header checksum, for captures made before the card filled it in. */
export function mended(ip: Uint8Array): Uint8Array {
  const headerBytes = (ip[0] & 15) * 4;
  if (ip[0] >>> 4 !== 4 || headerBytes < IPV4_HEADER_BYTES || ip.length < headerBytes) return ip;
  const copy = ip.slice();
  const view = new DataView(copy.buffer);
  view.setUint16(10, 0);
  let sum = 0;
  for (let at = 0; at < headerBytes; at += 2) sum += view.getUint16(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  view.setUint16(10, ~sum & 0xffff);
  return copy;
}

/** The first packets of prepared traffic as the bytes of a capture file. */
import { FrameHeader } from '../../src/shm/frame-block.ts';
import type { Traffic } from './blocks.ts';

const MAGIC_NANOSECONDS = 0xa1b23c4d;
const SNAP_LENGTH = 262_144;

export function pcapOf({ block }: Traffic, packets: number): Uint8Array {
  const header = new Uint8Array(24);
  const view = new DataView(header.buffer);
  view.setUint32(0, MAGIC_NANOSECONDS, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, 4, true);
  view.setUint32(16, SNAP_LENGTH, true);
  view.setUint32(20, block.linkType, true);
  const { words } = block;
  const bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
  const parts: Uint8Array[] = [header];
  for (let at = 0, n = 0; at < words.length && n < packets; n++) {
    const captured = words[at + FrameHeader.CAPTURE_LENGTH];
    const recordBytes = FrameHeader.WORDS * 4 + captured;
    // The header of a record is that of the file format, when times are nanoseconds.
    parts.push(bytes.slice(at * 4, at * 4 + recordBytes));
    at += FrameHeader.WORDS + ((captured + 3) >> 2);
  }
  return Buffer.concat(parts);
}

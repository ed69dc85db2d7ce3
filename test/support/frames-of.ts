/** The Ethernet frames of a capture, to be put on a wire. */
import { readFileSync } from 'node:fs';
import { ReadStatus, Rec } from '../../src/ingest/reader.ts';
import { LinkType } from '../../src/packet/link.ts';
import { openBytes } from '../conformance/open-bytes.ts';

const ETHERNET_HEADER_BYTES = 14;

export async function framesOf(path: string): Promise<Uint8Array[]> {
  const reader = await openBytes(readFileSync(path), path);
  const frames: Uint8Array[] = [];
  for (;;) {
    const status = reader.next();
    if (status === ReadStatus.END) return frames;
    if (status === ReadStatus.NEED_BYTES) {
      await reader.fill();
      continue;
    }
    const { record } = reader;
    const bytes = record[Rec.CAPTURE_LENGTH];
    if (record[Rec.LINK_TYPE] === LinkType.ETHERNET && bytes >= ETHERNET_HEADER_BYTES)
      frames.push(reader.bytes.slice(record[Rec.OFFSET], record[Rec.OFFSET] + bytes));
  }
}

/** The packets of a capture, through the project's own reader. */
import { openCapture } from '../../ingest/open-capture.ts';
import { type CaptureReader, ReadStatus, Rec } from '../../ingest/reader.ts';

export interface CapturedPacket {
  /** From 1. */
  readonly n: number;
  readonly linkType: number;
  readonly wireLength: number;
  readonly data: Uint8Array;
}

export interface CaptureContent {
  readonly packets: readonly CapturedPacket[];
  /** Why reading ended early, or null. */
  readonly error: string | null;
}

async function drain(reader: CaptureReader, max: number): Promise<CaptureContent> {
  const packets: CapturedPacket[] = [];
  while (packets.length < max) {
    const status = reader.next();
    if (status === ReadStatus.END) break;
    if (status === ReadStatus.NEED_BYTES) {
      await reader.fill();
      continue;
    }
    const { record } = reader;
    const at = record[Rec.OFFSET];
    packets.push({
      n: packets.length + 1,
      linkType: record[Rec.LINK_TYPE],
      wireLength: record[Rec.WIRE_LENGTH],
      data: reader.bytes.slice(at, at + record[Rec.CAPTURE_LENGTH]),
    });
  }
  const error = reader.error?.message ?? null;
  await reader.close();
  return { packets, error };
}

export async function readCapture(
  file: string,
  packetsMax = Number.POSITIVE_INFINITY,
): Promise<CaptureContent> {
  return drain(await openCapture(file), packetsMax);
}

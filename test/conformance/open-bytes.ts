/** A capture in memory, through the project's own reader. */
import { openCaptureSource } from '../../src/ingest/open-capture.ts';
import type { CaptureReader } from '../../src/ingest/reader.ts';
import { memorySource } from '../ingest/capture-files.ts';

export async function openBytes(bytes: Uint8Array, file: string): Promise<CaptureReader> {
  return openCaptureSource(memorySource(bytes, bytes.length, file));
}

/** Opens a capture of whatever kind it turns out to be. */
import { CaptureError } from '../common/errors.ts';
import { type ByteSource, openByteSource } from './byte-source.ts';
import { type ByteWindow, createByteWindow, WINDOW_BYTES_DEFAULT } from './byte-window.ts';
import { CaptureFormat, describeUnknown, detectFormat, MAGIC_BYTES_MAX } from './capture-formats.ts';
import { createFailedReader } from './failed-reader.ts';
import { createPcapReader, PCAP_HEADER_BYTES } from './pcap.ts';
import { createPcapngReader } from './pcapng.ts';
import type { CaptureReader } from './reader.ts';

export interface OpenCaptureOptions {
  /** Memory for the bytes of the file; grows when one record is larger. */
  readonly bufferBytes?: number;
}

/** Reads until that many bytes are in memory or the file ends. */
async function refillTo(window: ByteWindow, bytes: number): Promise<void> {
  while (window.end < bytes && !window.ended) await window.refill(0, bytes);
}

function unknownFormat(window: ByteWindow): CaptureError {
  const head = window.bytes.subarray(0, Math.min(window.end, MAGIC_BYTES_MAX));
  return new CaptureError({
    file: window.source.file,
    offset: 0,
    expected: 'a pcap or pcapng magic number',
    found: describeUnknown(head),
  });
}

/**
 * Reads a capture from bytes that somebody else provides; decompressed already.
 *
 * Errors:  never rejects; the reader's `error` says what is wrong
 */
export async function openCaptureSource(
  source: ByteSource,
  options: OpenCaptureOptions = {},
): Promise<CaptureReader> {
  const window = createByteWindow(source, options.bufferBytes ?? WINDOW_BYTES_DEFAULT);
  // No more than the magic number: a pcapng pipe may hold back what follows its first block.
  await refillTo(window, 4);
  switch (detectFormat(window.bytes.subarray(0, window.end))) {
    case CaptureFormat.PCAP:
      await refillTo(window, PCAP_HEADER_BYTES);
      return createPcapReader(window);
    case CaptureFormat.PCAPNG:
      return createPcapngReader(window);
    default:
      await refillTo(window, MAGIC_BYTES_MAX);
      return createFailedReader(source.failure ?? unknownFormat(window), window);
  }
}

/**
 * Opens a pcap or pcapng file, gzipped or not; "-" is standard input.
 *
 * Errors:  never rejects: a file that cannot be read gives a reader that has `error` set and ends
 *          at once, so that the other files of a run go on
 */
export async function openCapture(file: string, options: OpenCaptureOptions = {}): Promise<CaptureReader> {
  try {
    return await openCaptureSource(await openByteSource(file), options);
  } catch (cause) {
    if (cause instanceof CaptureError) return createFailedReader(cause);
    throw cause;
  }
}

/** A reader of a file that cannot be read at all: it says why and ends, so that other files go on. */
import type { CaptureError } from '../common/errors.ts';
import type { ByteWindow } from './byte-window.ts';
import { type CaptureReader, ReadStatus, Rec } from './reader.ts';

/** `window` is what was opened before it failed; the reader closes it. */
export function createFailedReader(error: CaptureError, window: ByteWindow | null = null): CaptureReader {
  const bytes = new Uint8Array(0);
  return {
    file: error.file,
    bytes,
    view: new DataView(bytes.buffer),
    record: new Int32Array(Rec.WORDS),
    bytesConsumed: window === null ? 0 : window.source.storedBytesConsumed,
    bytesTotal: window === null ? 0 : window.source.storedBytesTotal,
    error,
    next: () => ReadStatus.END,
    fill: () => Promise.resolve(),
    close: () => (window === null ? Promise.resolve() : window.close()),
  };
}

/**
 * A gzipped byte source, unpacked as it is read. Several gzip members one after the other are one
 * stream of bytes, as RFC 1952 2.2 has it.
 */
import type { TransformOptions } from 'node:stream';
import { createGunzip, type ZlibOptions } from 'node:zlib';
import { CaptureError } from '../common/errors.ts';
import type { ByteSource } from './byte-source.ts';

const PACKED_CHUNK_BYTES = 64 * 1024;
/**
 * What zlib unpacks at once. Where the packed data is damaged, what zlib had unpacked of this
 * piece is lost, so a bigger one loses more packets before the damage.
 */
const UNPACKED_CHUNK_BYTES = 16 * 1024;

const GUNZIP_OPTIONS: ZlibOptions & TransformOptions = {
  chunkSize: UNPACKED_CHUNK_BYTES,
  // With a high-water mark of one byte zlib stops after each piece until it is taken, so at most one
  // piece waits, and an error cannot throw away one that nobody has read yet.
  readableHighWaterMark: 1,
};

function gunzipError(packed: ByteSource, unpackedBytes: number, cause: Error): CaptureError {
  const isTruncated = 'code' in cause && cause.code === 'Z_BUF_ERROR';
  const at = `${packed.storedBytesConsumed} bytes of gzip data`;
  return new CaptureError({
    file: packed.file,
    offset: unpackedBytes,
    expected: isTruncated ? 'the rest of the gzip data' : 'sound gzip data',
    found: isTruncated ? `the end of the file after ${at}` : `"${cause.message}" within the first ${at}`,
  });
}

/** Unpacks `packed`, which it owns from then on. */
export function createGunzipSource(packed: ByteSource): ByteSource {
  const gunzip = createGunzip(GUNZIP_OPTIONS);
  let piece: Uint8Array | null = null;
  let taken = 0;
  let unpackedBytes = 0;
  let failure: CaptureError | null = null;
  let ended = false;
  let started = false;
  let wake = (): void => {};

  gunzip.on('readable', () => wake());
  gunzip.on('close', () => {
    ended = true;
    wake();
  });
  gunzip.on('end', () => {
    ended = true;
    wake();
  });
  gunzip.on('error', (cause) => {
    failure ??= packed.failure ?? gunzipError(packed, unpackedBytes, cause);
    wake();
  });

  function write(chunk: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      gunzip.write(chunk, () => resolve());
    });
  }

  /** Feeds the decompressor for as long as it takes more. */
  async function pump(): Promise<void> {
    while (!gunzip.destroyed) {
      const chunk = new Uint8Array(PACKED_CHUNK_BYTES);
      const length = await packed.read(chunk, 0, chunk.length);
      if (length === 0) break;
      await write(chunk.subarray(0, length));
    }
    // Ended only now, not with the last chunk: zlib reports a missing rest after all that is there.
    if (!gunzip.destroyed) gunzip.end();
  }

  function take(into: Uint8Array, offset: number, length: number, from: Uint8Array): number {
    const count = Math.min(length, from.length - taken);
    into.set(from.subarray(taken, taken + count), offset);
    taken += count;
    unpackedBytes += count;
    if (taken === from.length) {
      piece = null;
      taken = 0;
    }
    return count;
  }

  return {
    file: packed.file,
    storedBytesTotal: packed.storedBytesTotal,
    get storedBytesConsumed() {
      return packed.storedBytesConsumed;
    },
    get failure() {
      return failure;
    },
    async read(into, offset, length) {
      if (!started) {
        started = true;
        void pump();
      }
      for (;;) {
        piece ??= gunzip.read() as Uint8Array | null;
        if (piece !== null) return take(into, offset, length, piece);
        if (ended || failure !== null) return 0;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    async close() {
      gunzip.destroy();
      await packed.close();
    },
  };
}

/**
 * Several captures as one, in the order of time: what a reader of one file gives, from many.
 * A file that is damaged ends alone. Packets of equal time come in the order of the files, and a
 * file whose own times run backward keeps its own order.
 */
import type { CaptureError } from '../common/errors.ts';
import { createFileHeap } from './merge-heap.ts';
import type { Mutable } from './mutable.ts';
import { type CaptureReader, ReadStatus, Rec } from './reader.ts';

export interface MergedCapture extends CaptureReader {
  /** Of every file that ended early, in the order of the files. */
  readonly errors: readonly CaptureError[];
}

function isMerged(reader: CaptureReader): reader is MergedCapture {
  return 'errors' in reader;
}

/** Why files ended early, be it one reader or several merged; empty while all is well. */
export function captureErrors(reader: CaptureReader): readonly CaptureError[] {
  if (isMerged(reader)) return reader.errors;
  return reader.error === null ? [] : [reader.error];
}

/**
 * One reader over all; a single one is given back as it is.
 *
 * Between two packets `file`, `bytes`, `view` and `record` may become another file's, so whoever
 * reads asks for them again after each `next`.
 *
 * Cost:    `next` compares about log2(files) times and allocates nothing
 * Errors:  see `captureErrors`
 */
export function mergeCaptures(readers: readonly CaptureReader[]): CaptureReader {
  return readers.length === 1 ? readers[0] : createMerge(readers);
}

function createMerge(readers: readonly CaptureReader[]): MergedCapture {
  const heap = createFileHeap(readers);
  /** Files before this one have shown their first packet. */
  let primed = 0;
  /** The first packet of the heap was given out, so its file must show the next one. */
  let isFirstSpent = false;
  let hungry: CaptureReader | null = null;

  /** Until every file has shown its first packet no order can be told. */
  function prime(): ReadStatus {
    while (primed < readers.length) {
      const reader = readers[primed];
      const status = reader.next();
      if (status === ReadStatus.NEED_BYTES) {
        hungry = reader;
        return status;
      }
      if (status === ReadStatus.PACKET) heap.add(primed);
      else noteEnd();
      primed++;
    }
    return ReadStatus.PACKET;
  }

  function advanceFirst(): ReadStatus {
    const reader = readers[heap.first()];
    const status = reader.next();
    if (status === ReadStatus.NEED_BYTES) {
      hungry = reader;
      return status;
    }
    isFirstSpent = false;
    if (status === ReadStatus.PACKET) {
      heap.sinkFirst();
    } else {
      heap.removeFirst();
      noteEnd();
    }
    return ReadStatus.PACKET;
  }

  function next(): ReadStatus {
    if (primed < readers.length && prime() === ReadStatus.NEED_BYTES) return ReadStatus.NEED_BYTES;
    if (isFirstSpent && advanceFirst() === ReadStatus.NEED_BYTES) return ReadStatus.NEED_BYTES;
    if (heap.size() === 0) return ReadStatus.END;
    show(readers[heap.first()]);
    isFirstSpent = true;
    return ReadStatus.PACKET;
  }

  /** A file ended, perhaps early. */
  function noteEnd(): void {
    merged.errors = readers.flatMap((reader) => reader.error ?? []);
    merged.error = merged.errors[0] ?? null;
  }

  function show(current: CaptureReader): void {
    merged.file = current.file;
    merged.bytes = current.bytes;
    merged.view = current.view;
    merged.record = current.record;
  }

  /** One unknown size makes the sum unknown; a file that could not be opened has no bytes. */
  function totalBytes(): number {
    const isKnown = readers.every((reader) => reader.bytesTotal > 0 || reader.error !== null);
    return isKnown ? readers.reduce((sum, reader) => sum + reader.bytesTotal, 0) : 0;
  }

  // Properties of the packet path are plain, not getters: see the reader of pcap.
  const none = new Uint8Array(0);
  const merged: Mutable<MergedCapture> = {
    file: '',
    bytes: none,
    view: new DataView(none.buffer),
    record: new Int32Array(Rec.WORDS),
    bytesConsumed: 0,
    bytesTotal: totalBytes(),
    error: null,
    errors: [],
    next,
    async fill() {
      if (hungry === null) return;
      await hungry.fill();
      hungry = null;
      merged.bytesConsumed = readers.reduce((sum, reader) => sum + reader.bytesConsumed, 0);
    },
    async close() {
      for (const reader of readers) await reader.close();
    },
  };
  return merged;
}

/**
 * What every capture source offers to the ingest loop: a cursor over packets.
 *
 * The loop calls `next` until it says NEED_BYTES, then awaits `fill`, and so on until END. Only
 * `fill` waits; `next` is on the packet path and neither allocates nor throws. The packet that
 * `next` found stays readable in `bytes` until the following call of `next` or `fill`.
 */
import type { CaptureError } from '../common/errors.ts';

export enum ReadStatus {
  /** `record` describes a packet. */
  PACKET = 0,
  /** The next record is not wholly in memory: await `fill`, then call `next` again. */
  NEED_BYTES = 1,
  /** No more packets. `error` says whether the file ended as it should. */
  END = 2,
}

/** Words of `CaptureReader.record`. */
export enum Rec {
  /** Of the packet's first byte in `bytes`. */
  OFFSET = 0,
  /** Bytes captured. */
  CAPTURE_LENGTH = 1,
  /** Bytes on the wire; never less than the capture length. */
  WIRE_LENGTH = 2,
  /** Seconds since 1970, an unsigned 32-bit number kept as int32. */
  SEC = 3,
  /** Nanoseconds within the second. */
  NSEC = 4,
  /** LINKTYPE_ value of the packet's interface. */
  LINK_TYPE = 5,
  WORDS = 6,
}

export interface CaptureReader {
  /** File name as given, "-" for standard input. */
  readonly file: string;
  /** The chunk in memory. May be another object after `fill`. */
  readonly bytes: Uint8Array;
  /** The same memory as `bytes`. */
  readonly view: DataView;
  /** Written by `next`; words as in `Rec`. */
  readonly record: Int32Array;
  /** Bytes consumed of the file as stored (compressed, where it is), for a progress bar. */
  readonly bytesConsumed: number;
  /** Size of the file as stored, 0 when it is not known (a pipe). */
  readonly bytesTotal: number;
  /** Why reading ended early; null while all is well. */
  readonly error: CaptureError | null;
  next(): ReadStatus;
  fill(): Promise<void>;
  close(): Promise<void>;
}

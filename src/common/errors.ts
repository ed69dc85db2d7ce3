/**
 * The errors that people see. A programmer's error is an assertion (assert.ts) and an odd packet is
 * a reason (reasons.ts); only what an operator can mend, or a damaged file, becomes one of these.
 */

/** Exit statuses that scripts can rely on. */
export enum ExitStatus {
  OK = 0,
  /** Something was read and reported, but not all of it could be: a damaged capture, a full disk. */
  FAILED = 1,
  /** The command line was wrong; nothing was done. */
  USAGE = 2,
  /** What was asked for is not there: no connection or packet of that description. */
  NOT_FOUND = 3,
  /** What was asked for may be several things. */
  AMBIGUOUS = 4,
  /** Ended by SIGINT; what had been seen until then was reported. */
  INTERRUPTED = 130,
}

/** A wrong option or value: which one, what is allowed, what to do. */
export class OptionError extends Error {
  override readonly name = 'OptionError';
  readonly code = 'FLOWSHARD_OPTION';
  constructor(
    readonly option: string,
    readonly value: string,
    /** What would have been right, as a phrase: "a whole number from 1 to 64". */
    readonly allowed: string,
    /** What to do; empty where that is clear. */
    readonly hint = '',
  ) {
    super(
      `${option}: ${JSON.stringify(value)} is not allowed; allowed: ${allowed}${hint === '' ? '' : `. ${hint}`}`,
    );
  }
}

/** Who would have to answer has ended: the run is over, or a thread of it failed. */
export class TrackerEndedError extends Error {
  override readonly name = 'TrackerEndedError';
  readonly code = 'FLOWSHARD_ENDED';
  constructor() {
    super('the tracker has ended');
  }
}

/** The fields of a CaptureError, as they travel between threads. */
export interface CaptureErrorFields {
  readonly file: string;
  /** Bytes from the start of the file, after decompression. */
  readonly offset: number;
  readonly expected: string;
  readonly found: string;
}

/** A file that cannot be read any further. What came before the offset has been tracked. */
export class CaptureError extends Error implements CaptureErrorFields {
  override readonly name = 'CaptureError';
  readonly code = 'FLOWSHARD_CAPTURE';
  readonly file: string;
  readonly offset: number;
  readonly expected: string;
  readonly found: string;
  constructor(fields: CaptureErrorFields) {
    super(`${fields.file}: at byte ${fields.offset}: expected ${fields.expected}, found ${fields.found}`);
    this.file = fields.file;
    this.offset = fields.offset;
    this.expected = fields.expected;
    this.found = fields.found;
  }
}

/**
 * How far the reports of a thread have come, beside a log: there every record is an event with a number, so that progress
 * cannot be a record, as it is in a ring.
 */

enum Word {
  SEC = 0,
  NSEC = 1,
  /** Odd while the others are being written. */
  TURN = 2,
}

/** A cache line. */
export const PROGRESS_WORDS = 16;

/** Nothing before this time will be reported any more. Thread: the one writer. */
export function sayProgress(progress: Int32Array, sec: number, nsec: number): void {
  Atomics.add(progress, Word.TURN, 1);
  Atomics.store(progress, Word.SEC, sec);
  Atomics.store(progress, Word.NSEC, nsec);
  Atomics.add(progress, Word.TURN, 1);
}

/** Units: unsigned seconds since 1970, and nanoseconds. */
export function readProgress(progress: Int32Array): { readonly sec: number; readonly nsec: number } {
  for (;;) {
    const turn = Atomics.load(progress, Word.TURN);
    const sec = Atomics.load(progress, Word.SEC) >>> 0;
    const nsec = Atomics.load(progress, Word.NSEC);
    if ((turn & 1) === 0 && Atomics.load(progress, Word.TURN) === turn) return { sec, nsec };
  }
}

/**
 * The only module that reads a clock or draws random numbers. Tracking runs on the time of the
 * packets; what is here serves the summary, the progress bar and the key of the hash, and at a live
 * interface the time that passes while no packets come.
 */
import { randomBytes } from 'node:crypto';

/** Milliseconds on a clock that never goes back. For durations of our own work only. */
export const monotonicMs = (): number => performance.now();

/** 32 random bits, as int32. */
export const randomWord = (): number => randomBytes(4).readInt32LE(0);

/** A name of `bytes` random bytes in hexadecimal digits. */
export const randomName = (bytes: number): string => randomBytes(bytes).toString('hex');

/** Microseconds on the same clock, as the service manager wants them. */
export const monotonicUs = (): bigint => process.hrtime.bigint() / BigInt(1000);

/**
 * Milliseconds on the system's monotonic clock, which is the same in all threads: for times that one thread notes and another
 * one reads. A call costs as much as `monotonicMs`, and allocates nothing.
 */
export function createSharedClock(): () => number {
  let offsetMs = Number.POSITIVE_INFINITY;
  // Between the two readings this thread may have had to wait: the least difference is the right one.
  for (let i = 0; i < 16; i++) {
    const fineMs = performance.now();
    offsetMs = Math.min(offsetMs, Number(process.hrtime.bigint()) / 1e6 - fineMs);
  }
  return () => performance.now() + offsetMs;
}

/** What a wall clock is made from; tests put their own in. */
export interface ClockSources {
  /** Milliseconds that never go back, with a fraction. */
  readonly monotonicMs: () => number;
  /** Whole milliseconds since 1970, that may be set. */
  readonly wallMs: () => number;
}

export interface WallClock {
  /** Milliseconds since 1970, to some microseconds. Goes back only when the system's clock was set back. */
  nowMs(): number;
}

/** The system's clock is slewed by at most this part. Source: adjtimex(2), 500 ppm */
const SLEW_MAX = 0.0005;

/**
 * The time of day, finer than Node tells it, and close to the stamps of packets however long it runs: each reading
 * of the coarse clock bounds how far the fine one is from it, and the bounds of all readings are put together.
 *
 * Units:  ms. Error: below 1 ms at once, some 10 us after some readings
 * Thread: any, one each
 */
export function createWallClock(
  sources: ClockSources = { monotonicMs, wallMs: () => Date.now() },
): WallClock {
  /** Wall less monotonic clock lies between these, as of `atMs`. */
  let least = Number.NEGATIVE_INFINITY;
  let most = Number.POSITIVE_INFINITY;
  let atMs = sources.monotonicMs();
  return {
    nowMs() {
      const fineMs = sources.monotonicMs();
      const offsetMs = sources.wallMs() - fineMs;
      const slewMs = (fineMs - atMs) * SLEW_MAX;
      atMs = fineMs;
      least = Math.max(least - slewMs, offsetMs);
      most = Math.min(most + slewMs, offsetMs + 1);
      if (least > most) {
        // The clock was set.
        least = offsetMs;
        most = offsetMs + 1;
      }
      return fineMs + (least + most) / 2;
    },
  };
}

const wall = createWallClock();

/** The time of day of this thread, for the latency of packets, whose arrival the kernel stamps, and for the clock of a live run that has no packets. */
export const wallMs = (): number => wall.nowMs();

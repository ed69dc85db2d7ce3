/**
 * The only module that reads a clock or draws random numbers. Tracking runs on the time of the
 * packets; what is here serves the summary, the progress bar and the key of the hash.
 */
import { randomBytes } from 'node:crypto';

/** Milliseconds on a clock that never goes back. For durations of our own work only. */
export const monotonicMs = (): number => performance.now();

/**
 * Milliseconds since 1970 with fractions of microseconds. For the latency of packets, whose arrival the kernel stamps,
 * and for the clock of a live run that has no packets. Drift against the system's clock is taken out when it passes 2 ms.
 */
export function wallMs(): number {
  const now = monotonicMs() + offsetMs;
  const steps = Date.now() - now;
  if (steps < 3 && steps > -2) return now;
  offsetMs += steps;
  return now + steps;
}
let offsetMs = performance.timeOrigin;

/** 32 random bits, as int32. */
export const randomWord = (): number => randomBytes(4).readInt32LE(0);

/** A name of `bytes` random bytes in hexadecimal digits. */
export const randomName = (bytes: number): string => randomBytes(bytes).toString('hex');

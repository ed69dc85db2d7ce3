/**
 * The only module that reads a clock or draws random numbers. Tracking runs on the time of the
 * packets; what is here serves the summary, the progress bar and the key of the hash.
 */
import { randomBytes } from 'node:crypto';

/** Milliseconds on a clock that never goes back. For durations of our own work only. */
export const monotonicMs = (): number => performance.now();

/** 32 random bits, as int32. */
export const randomWord = (): number => randomBytes(4).readInt32LE(0);

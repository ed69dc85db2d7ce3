/** Runs a program over the entries of a segment, in the thread that owns them. */

import { Cold, Hot } from '../shm/offsets.generated.ts';
import type { Segment } from '../shm/segment.ts';
import { createMatcher } from './matcher.ts';
import type { Program } from './program.ts';

export interface SegmentMatcher {
  /** Shapes: the words of a program; none for all entries. */
  load(program: Int32Array): void;
  /** Units: as Matcher.matches */
  matches(entry: number, nowMs: number, nowSec: number): boolean;
}

export function createEntryMatcher({ hot, hotF64, cold }: Segment): SegmentMatcher {
  const matcher = createMatcher();
  return {
    // What the main thread wrote into a mailbox was made by programOf.
    load: (program) => matcher.load(program.length === 0 ? null : (program as Program)),
    matches: (entry, nowMs, nowSec) =>
      matcher.matches(hot, hotF64, entry * Hot.WORDS, cold, entry * Cold.WORDS, nowMs, nowSec),
  };
}

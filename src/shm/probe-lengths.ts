/** How far the entries of an index lie from where their probes begin. */
import { Counter } from './counters.ts';
import type { Segment } from './segment.ts';

export interface ProbeLengths {
  readonly entries: number;
  /** Slots that a search for an entry passes before it: 0 for one that lies at home. */
  readonly mean: number;
  readonly max: number;
}

/** Thread: any, when the owners have stopped. Cost: all slots. */
export function probeLengths(segments: readonly Pick<Segment, 'index' | 'counters'>[]): ProbeLengths {
  let entries = 0;
  let sum = 0;
  let max = 0;
  for (const { index, counters } of segments) {
    // The index uses as many of its slots as it has grown to.
    const mask = counters[Counter.INDEX_SLOTS] - 1;
    for (let slot = 0; slot <= mask; slot++) {
      if (index[(slot << 1) + 1] === 0) continue;
      const length = (slot - index[slot << 1]) & mask;
      entries++;
      sum += length;
      if (length > max) max = length;
    }
  }
  return { entries, mean: entries === 0 ? 0 : sum / entries, max };
}

/** Rings of one reader with several writers: their slots lie in one array, since a tracker is compiled for one. */
import type { RingMemory } from './segment.ts';
import { createRingMemory, createSharedI32 } from './segment.ts';

export interface RingBlock {
  /** Shapes: a power of two of rings, each `slots` * words */
  readonly slots: Int32Array;
  readonly rings: readonly RingMemory[];
}

/** `writers` rings of `slots` slots each, with one bell for the reader of all. */
export function createRingBlock(writers: number, slots: number, words: number, bell: Int32Array): RingBlock {
  if (writers === 1) {
    const ring = createRingMemory(slots, words, bell);
    return { slots: ring.slots, rings: [ring] };
  }
  const places = 2 ** Math.ceil(Math.log2(writers));
  const all = createSharedI32(places * slots * words);
  const rings = Array.from({ length: writers }, (_, i) => ({
    ...createRingMemory(1, words, bell),
    slots: all.subarray(i * slots * words, (i + 1) * slots * words),
  }));
  return { slots: all, rings };
}

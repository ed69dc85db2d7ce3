/** Counting connections where they lie, when their owners have stopped. */
import { Kind, Status } from './bits.ts';
import { Hot } from './offsets.generated.ts';
import type { Segment } from './segment.ts';

/** ASSURED connections that a packet up to this number created. Cost: all slots of the index. */
export function assuredUpTo(segments: readonly Pick<Segment, 'index' | 'hot'>[], lastPacket: number): number {
  let found = 0;
  for (const { index, hot } of segments) {
    for (let slot = 1; slot < index.length; slot += 2) {
      const h = index[slot] * Hot.WORDS;
      if (index[slot] === 0 || (hot[h + Hot.KIND] & Kind.USED) === 0) continue;
      if ((hot[h + Hot.STATUS] & Status.ASSURED) !== 0 && hot[h + Hot.CREATED] >>> 0 <= lastPacket) found++;
    }
  }
  return found;
}

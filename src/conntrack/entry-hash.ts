/** The hash of an entry's tuple: kept nowhere, since only the end of a connection needs it. */
import type { Hash4 } from '../common/hash.ts';
import { Kind } from '../shm/bits.ts';
import { Cold, Hot } from '../shm/offsets.generated.ts';

/** Shapes: the entries of a segment. Thread: their owner. */
export function createEntryHash(hash4: Hash4, hot: Int32Array, cold: Int32Array): (entry: number) => number {
  return (entry) => {
    const h = entry * Hot.WORDS;
    const kind = hot[h + Hot.KIND];
    const lo = hot[h + Hot.LO0];
    const hi = hot[h + Hot.HI0];
    if ((kind & Kind.IPV6) === 0) return hash4(lo, hi, hot[h + Hot.L4], kind);
    const c = entry * Cold.WORDS;
    return hash4(
      hash4(lo, cold[c + Cold.LO1], cold[c + Cold.LO2], cold[c + Cold.LO3]),
      hash4(hi, cold[c + Cold.HI1], cold[c + Cold.HI2], cold[c + Cold.HI3]),
      hot[h + Hot.L4],
      kind,
    );
  };
}

/** The id of a connection: what events, tables and expectations call it by. */
import { createHash4 } from '../common/hash.ts';
import { Cold, Hot } from './offsets.generated.ts';

/** Unkeyed on purpose: an id must not depend on the run or on the number of shards. */
const idHash = createHash4({ k0: 0x666c6f77, k1: 0x73686172 });

/** Stable for the life of a connection and equal for any number of shards. Shapes: words as in Hot and Cold. */
export function connectionId(hot: Int32Array, h: number, cold: Int32Array, c: number): number {
  return (
    idHash(
      hot[h + Hot.LO0] ^ cold[c + Cold.LO3],
      hot[h + Hot.HI0] ^ cold[c + Cold.HI3],
      hot[h + Hot.L4] ^ hot[h + Hot.KIND],
      hot[h + Hot.CREATED],
    ) >>> 0
  );
}

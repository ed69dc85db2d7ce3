/** What a list may be sorted by: a number of each entry, greater first. */
import { bytesOf, oldnessOf, packetsOf } from './entry-fields.ts';

export type SortKind = 'bytes' | 'packets' | 'age';

export const SORT_KINDS: readonly SortKind[] = ['bytes', 'packets', 'age'];

/**
 * The number by which an entry is sorted, the greatest first.
 *
 * Shapes:  as `Matcher.matches`
 * Units:   bytes or packets of both directions, -1 without accounting; age: minus the time of the first packet in ms
 *          since 1970, so that it is the same whenever it is asked
 * Cost:    no allocation
 */
export function sortKey(
  kind: SortKind,
  hot: Int32Array,
  hotF64: Float64Array | null,
  h: number,
  cold: Int32Array,
  c: number,
): number {
  switch (kind) {
    case 'bytes':
      return bytesOf(hot, hotF64, h);
    case 'packets':
      return packetsOf(hot, hotF64, h);
    case 'age':
      return oldnessOf(cold, c);
  }
}

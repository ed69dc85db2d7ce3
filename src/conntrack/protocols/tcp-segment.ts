/** What a TCP descriptor says of its segment, and how sequence numbers are compared. Stateless. */
import { Meta, Side, Sides } from '../../shm/bits.ts';
import { Desc, Hot } from '../../shm/offsets.generated.ts';

/** Words from one side's four fields to the other's. */
export const SIDE_WORDS = Hot.END_REPLY - Hot.END_ORIG;

/** The four fields of a side, counted from its first. */
export enum SideWord {
  END = 0,
  MAXEND = 1,
  MAXWIN = 2,
  MAXACK = 3,
}

/** Order of sequence numbers, modulo 2^32. */
export const before = (a: number, b: number): boolean => ((a - b) | 0) < 0;
export const after = (a: number, b: number): boolean => ((b - a) | 0) < 0;

/** First sequence number after the segment of the descriptor at word `d`; `meta` is its META. */
export function segmentEnd(desc: Int32Array, d: number, meta: number): number {
  const length = desc[d + Desc.WINDOW] & 0xffff;
  return (
    (desc[d + Desc.SEQ] + length + ((meta & Meta.SYN) !== 0 ? 1 : 0) + ((meta & Meta.FIN) !== 0 ? 1 : 0)) | 0
  );
}

/** Flags and scale that the options of a SYN give to its side, in the places of the original side. */
export function optionBits(meta: number): number {
  let bits = (meta & Meta.SACK_PERM) !== 0 ? Side.SACK_PERM : 0;
  if ((meta & Meta.WINDOW_SCALE) !== 0) {
    bits |= Side.WINDOW_SCALE | (((meta >>> Meta.SCALE_SHIFT) & 0xf) << Sides.SCALE_ORIG_SHIFT);
  }
  return bits;
}

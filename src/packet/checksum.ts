/**
 * The Internet checksum. RFC 1071: the sum does not depend on byte order, so words are added as the
 * machine reads them, 32 bits at a time, and swapped at the end where it matters.
 */

/** Words added before the sum is folded, so that it never leaves 31 bits. */
const FOLD_WORDS = 8192;

/**
 * Folded one's complement sum of bytes in little-endian words, plus `initial` (under 2^20, need not
 * be folded). A correct message with its checksum in place sums to 0xffff.
 *
 * Units:  16-bit sum in the byte order of the bytes read as little-endian
 * Cost:   one load per 4 bytes, no allocation
 */
export function onesSum(view: DataView, start: number, length: number, initial: number): number {
  let sum = initial;
  let at = start;
  let words = length >>> 2;
  while (words > 0) {
    const stop = Math.min(words, FOLD_WORDS);
    let low = 0;
    let high = 0;
    for (let i = 0; i < stop; i++) {
      const word = view.getInt32(at, true);
      low += word & 0xffff;
      high += word >>> 16;
      at += 4;
    }
    sum += (low & 0xffff) + (low >>> 16) + (high & 0xffff) + (high >>> 16);
    words -= stop;
  }
  if ((length & 2) !== 0) {
    sum += view.getUint16(at, true);
    at += 2;
  }
  if ((length & 1) !== 0) sum += view.getUint8(at);
  sum = (sum & 0xffff) + (sum >>> 16);
  return (sum & 0xffff) + (sum >>> 16);
}

/** Both halves of a word. */
const halves = (word: number): number => (word & 0xffff) + (word >>> 16);

/** Sum of 8 bytes, not folded: the addresses of an IPv4 pseudo header. */
export function sum8(view: DataView, at: number): number {
  return halves(view.getInt32(at, true)) + halves(view.getInt32(at + 4, true));
}

/** Sum of 20 bytes, not folded: an IPv4 or TCP header without options, written out since every packet has them. */
export function sum20(view: DataView, at: number): number {
  return (
    halves(view.getInt32(at, true)) +
    halves(view.getInt32(at + 4, true)) +
    halves(view.getInt32(at + 8, true)) +
    halves(view.getInt32(at + 12, true)) +
    halves(view.getInt32(at + 16, true))
  );
}

/** Folds a sum of less than 2^32. */
export function foldSum(sum: number): number {
  const once = (sum & 0xffff) + (sum >>> 16);
  return (once & 0xffff) + (once >>> 16);
}

/** A 16-bit number as onesSum sees it when it stands in the packet in network order. */
export const swap16 = (value: number): number => ((value & 0xff) << 8) | ((value >>> 8) & 0xff);

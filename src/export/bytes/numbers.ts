/**
 * Numbers as decimal and hexadecimal digits, by tables of three decimal digits, which fit into the first-level
 * cache. All functions write at `p` and return where the digits end; they need OVERSHOOT bytes of room behind.
 *
 * A number of 32 bits is given as an int32 whatever its sign: a larger one would be put on the heap to be handed over.
 */
import { putText } from './pieces.ts';

const THOUSAND = 1000;
const MILLION = 1_000_000;
const BILLION = 1_000_000_000;
const LENGTH_SHIFT = 24;

/** By number below 1000: its digits, the first in the lowest byte, and in the highest byte how many they are. */
const SHORT = new Uint32Array(THOUSAND);
/** By number below 1000: three digits, with leading zeros. */
const PADDED = new Uint32Array(THOUSAND);
for (let n = 0; n < THOUSAND; n++) {
  const short = n.toString();
  SHORT[n] = charsOf(short) | (short.length << LENGTH_SHIFT);
  PADDED[n] = charsOf(short.padStart(3, '0'));
}

/** By number below 256: two hexadecimal digits. */
const HEX = new Uint16Array(256);
for (let n = 0; n < HEX.length; n++) HEX[n] = charsOf(n.toString(16).padStart(2, '0'));

/** Up to four characters as a little-endian number. */
export function charsOf(text: string): number {
  let chars = 0;
  for (let i = 0; i < text.length; i++) chars |= text.charCodeAt(i) << (8 * i);
  return chars;
}

/** A number below 1000. */
export function putSmall(view: DataView, p: number, n: number): number {
  const digits = SHORT[n];
  view.setUint32(p, digits, true);
  return p + (digits >>> LENGTH_SHIFT);
}

/** A number below 1,000,000. */
export function putPort(view: DataView, p: number, n: number): number {
  if (n < THOUSAND) return putSmall(view, p, n);
  const thousands = (n / THOUSAND) | 0;
  const end = putSmall(view, p, thousands);
  view.setUint32(end, PADDED[n - thousands * THOUSAND], true);
  return end + 3;
}

/** An unsigned number of 32 bits. */
export function putWord(view: DataView, p: number, word: number): number {
  const n = word >>> 0;
  if (n < THOUSAND) return putSmall(view, p, n);
  const thousands = (n / THOUSAND) >>> 0;
  const end = thousands < THOUSAND ? putSmall(view, p, thousands) : putThousands(view, p, thousands);
  view.setUint32(end, PADDED[n - thousands * THOUSAND], true);
  return end + 3;
}

/** 1000 to 4,294,967. */
function putThousands(view: DataView, p: number, n: number): number {
  const thousands = (n / THOUSAND) | 0;
  const end =
    thousands < THOUSAND ? putSmall(view, p, thousands) : putSmall(view, p, (thousands / THOUSAND) | 0);
  if (thousands >= THOUSAND) {
    view.setUint32(end, PADDED[thousands % THOUSAND], true);
    view.setUint32(end + 3, PADDED[n - thousands * THOUSAND], true);
    return end + 6;
  }
  view.setUint32(end, PADDED[n - thousands * THOUSAND], true);
  return end + 3;
}

/** A number below 1,000,000,000, as nine digits. */
export function putPadded9(view: DataView, p: number, n: number): number {
  const millions = (n / MILLION) | 0;
  view.setUint32(p, PADDED[millions], true);
  return putPadded6(view, p + 3, n - millions * MILLION);
}

/** A number below 1,000,000, as six digits. */
export function putPadded6(view: DataView, p: number, n: number): number {
  const thousands = (n / THOUSAND) | 0;
  view.setUint32(p, PADDED[thousands], true);
  view.setUint32(p + 3, PADDED[n - thousands * THOUSAND], true);
  return p + 6;
}

/** Of the upper word of a float: bits of the fraction, behind the one that is not stored; and the exponent of 1. */
const FRACTION_BITS = 20;
const FRACTION_MASK = 0xfffff;
const FRACTION_ONE = 0x100000;
const SCALE_OF_ONE = 1023;

const floatWords = new Int32Array(2);
const float = new Float64Array(floatWords.buffer);

/** A float that lies in two words and holds a whole number, as counters are kept. */
export function putCounter(view: DataView, p: number, words: Int32Array, at: number): number {
  const high = words[at + 1];
  const scale = (high >>> FRACTION_BITS) - SCALE_OF_ONE;
  // Below 2^31 integers alone give the digits: a float read from two words just written is waited for.
  if (scale >= 0 && scale <= FRACTION_BITS) {
    return putWord(view, p, ((high & FRACTION_MASK) | FRACTION_ONE) >>> (FRACTION_BITS - scale));
  }
  if (scale > FRACTION_BITS && scale < 31) {
    const low = words[at] >>> (FRACTION_BITS + 32 - scale);
    return putWord(view, p, (((high & FRACTION_MASK) | FRACTION_ONE) << (scale - FRACTION_BITS)) | low);
  }
  floatWords[0] = words[at];
  floatWords[1] = high;
  const word = float[0] | 0;
  return word === float[0] && word >= 0 ? putWord(view, p, word) : putLarge(view, p);
}

/** A whole number of any size. */
export function putNumber(view: DataView, p: number, n: number): number {
  float[0] = n;
  return putLarge(view, p);
}

/** The float at hand. */
function putLarge(view: DataView, p: number): number {
  const n = float[0];
  if (n >= 0 && n < BILLION && Number.isInteger(n)) return putWord(view, p, n);
  // What no counter holds is written all the same as String has it.
  if (!(Number.isSafeInteger(n) && n > 0)) return putText(view, p, String(n));
  const billions = Math.floor(n / BILLION);
  return putPadded9(view, putWord(view, p, billions), n - billions * BILLION);
}

/** Nanoseconds since 1970: seconds without sign, then nanoseconds. */
export function putNs(view: DataView, p: number, sec: number, nsec: number): number {
  return sec === 0 ? putWord(view, p, nsec) : putPadded9(view, putWord(view, p, sec), nsec);
}

/** A number of 16 bits, in hexadecimal without leading zeros. */
export function putHex16(view: DataView, p: number, n: number): number {
  const length = n === 0 ? 1 : (35 - Math.clz32(n)) >> 2;
  const digits = HEX[n >>> 8] | (HEX[n & 0xff] << 16);
  view.setUint32(p, digits >>> (8 * (4 - length)), true);
  return p + length;
}

/** A number of 16 bits, as four hexadecimal digits. */
export function putHex16Padded(view: DataView, p: number, n: number): number {
  view.setUint32(p, HEX[n >>> 8] | (HEX[n & 0xff] << 16), true);
  return p + 4;
}

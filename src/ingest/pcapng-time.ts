/**
 * From the 64-bit timestamps of pcapng, whose unit each interface chooses, to seconds and
 * nanoseconds, exactly (what is finer than a nanosecond is cut off) and without BigInt.
 */
import { Rec } from './reader.ts';

/** Value of if_tsresol when an interface does not say: microseconds. */
export const RESOLUTION_DEFAULT = 6;

const TWO_16 = 0x1_0000;
const TWO_32 = 0x1_0000_0000;
const NSEC_PER_SEC = 1_000_000_000;
/** 10^9 is 2^9 * 5^9. */
const FIVE_TO_9 = 1_953_125;
const POWERS_OF_10 = new Int32Array([1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9]);
const SEC_MAX = 0xffff_ffff;
/** With a larger divisor a remainder times 2^16 might pass 2^53. */
const DIVISOR_DECADES_MAX = 11;

/** Stores a time, moved into what 32 bits hold when it is outside. */
function storeTime(record: Int32Array, sec: number, nsec: number): void {
  if (sec < 0) {
    record[Rec.SEC] = 0;
    record[Rec.NSEC] = 0;
  } else if (sec > SEC_MAX) {
    record[Rec.SEC] = SEC_MAX;
    record[Rec.NSEC] = NSEC_PER_SEC - 1;
  } else {
    record[Rec.SEC] = sec;
    record[Rec.NSEC] = nsec;
  }
}

/**
 * Units of 10^-decades s, at most nanoseconds. The quotient of the rounded time is off by at most one;
 * the remainder, which is under 2^31 even then, is exact modulo 2^32 and says whether it is.
 */
function storeCoarseDecimal(
  record: Int32Array,
  high: number,
  low: number,
  decades: number,
  offsetSec: number,
): void {
  const unitsPerSec = POWERS_OF_10[decades];
  let sec = Math.floor(((high >>> 0) * TWO_32 + (low >>> 0)) / unitsPerSec);
  let units = (low - Math.imul(sec, unitsPerSec)) | 0;
  if (units < 0) {
    sec--;
    units += unitsPerSec;
  } else if (units >= unitsPerSec) {
    sec++;
    units -= unitsPerSec;
  }
  storeTime(record, sec + offsetSec, Math.imul(units, POWERS_OF_10[9 - decades]));
}

/**
 * Units finer than nanoseconds: drops what is finer, and goes on in nanoseconds. A long division in base
 * 2^16, whose products and sums stay under 2^53, where doubles are whole numbers.
 */
function storeFineDecimal(
  record: Int32Array,
  high: number,
  low: number,
  decades: number,
  offsetSec: number,
): void {
  let decadesLeft = decades - 9;
  let restHigh = high;
  let restLow = low;
  while (decadesLeft > 0 && (restHigh > 0 || restLow > 0)) {
    const step = Math.min(decadesLeft, DIVISOR_DECADES_MAX);
    const divisor = 10 ** step;
    const quotientHigh = Math.floor(restHigh / divisor);
    const middle = (restHigh - quotientHigh * divisor) * TWO_16 + Math.floor(restLow / TWO_16);
    const quotientMiddle = Math.floor(middle / divisor);
    const last = (middle - quotientMiddle * divisor) * TWO_16 + (restLow % TWO_16);
    const quotientLow = quotientMiddle * TWO_16 + Math.floor(last / divisor);
    restHigh = quotientHigh;
    restLow = quotientLow;
    decadesLeft -= step;
  }
  storeCoarseDecimal(record, restHigh, restLow, 9, offsetSec);
}

/** Units of 2^-bits s; every product of a digit of 32 bits with 5^9 is under 2^53 as well. */
function storeBinary(record: Int32Array, high: number, low: number, bits: number, offsetSec: number): void {
  if (bits <= 32) {
    const unitsPerSec = 2 ** bits;
    const secLow = Math.floor(low / unitsPerSec);
    const units = low - secLow * unitsPerSec;
    const nsec = Math.floor(units * FIVE_TO_9 * 2 ** (9 - bits));
    storeTime(record, high * 2 ** (32 - bits) + secLow + offsetSec, nsec);
    return;
  }
  const highUnitsPerSec = 2 ** (bits - 32);
  const sec = Math.floor(high / highUnitsPerSec);
  const highUnits = high - sec * highUnitsPerSec;
  // The fraction times 5^9 as two digits of 32 bits; what is left of 10^9 / 2^bits only shifts.
  const lowProduct = low * FIVE_TO_9;
  const carry = Math.floor(lowProduct / TWO_32);
  const digitHigh = highUnits * FIVE_TO_9 + carry;
  const digitLow = lowProduct - carry * TWO_32;
  const nsecHigh = digitHigh * 2 ** (41 - bits);
  // From 41 bits on the low digit is worth less than one unit of the high one's floor.
  const nsec = bits < 41 ? nsecHigh + Math.floor(digitLow * 2 ** (9 - bits)) : Math.floor(nsecHigh);
  storeTime(record, sec + offsetSec, nsec);
}

/**
 * Writes `Rec.SEC` and `Rec.NSEC` of a timestamp.
 *
 * Units:   `high` and `low` are the halves, as int32; `offsetSec` is under 2^40; `resolution` is if_tsresol: n for 10^-n s, or with
 *          its top bit set 2^-n s
 * Cost:    one division up to nanoseconds, some ten beyond; no allocation
 * Errors:  none; times before 1970 and after 2^32 - 1 s become the first and the last that 32 bits hold
 * Source:  draft-ietf-opsawg-pcapng 4.2 (if_tsresol, if_tsoffset)
 */
export function storePcapngTime(
  record: Int32Array,
  high: number,
  low: number,
  resolution: number,
  offsetSec: number,
): void {
  if (resolution <= 9) {
    storeCoarseDecimal(record, high, low, resolution, offsetSec);
  } else if (resolution < 0x80) {
    storeFineDecimal(record, high >>> 0, low >>> 0, resolution, offsetSec);
  } else {
    storeBinary(record, high >>> 0, low >>> 0, resolution & 0x7f, offsetSec);
  }
}

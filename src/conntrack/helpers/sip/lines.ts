/**
 * Words, numbers and folded lines in the bytes of a message. All functions look at bytes[at] to
 * bytes[end - 1] only; offsets are of `bytes`; -1 is "not there".
 *
 * Source: RFC 3261 7.3.1 (folding), 25.1 (case)
 */
import { digitsEnd, startsWith, startsWithNoCase } from '../text.ts';

const TAB = 9;
const LF = 10;
const CR = 13;
const SPACE = 32;
const ZERO = 48;

export const isBlank = (byte: number): boolean => byte === SPACE || byte === TAB;
export const isLineEnd = (byte: number): boolean => byte === CR || byte === LF;

/** A letter of Latin-1, as the kernel counts them. */
export function isLetter(byte: number): boolean {
  const lower = byte | 32;
  return (lower >= 97 && lower <= 122) || (byte >= 0xc0 && lower !== 0xf7);
}

/** Digits of a number, leading zeroes included. */
const DIGITS_MAX = 11;
const NUMBER_MAX = 0xffff_ffff;

/** The number at `at`, of 32 bits; -1 when there is none or it is longer. */
export function number(bytes: Uint8Array, at: number, end: number): number {
  const after = digitsEnd(bytes, at, end);
  if (after === at || after - at > DIGITS_MAX) return -1;
  let value = 0;
  for (let i = at; i < after; i++) value = value * 10 + bytes[i] - ZERO;
  return value <= NUMBER_MAX ? value : -1;
}

/** Start of the line behind the line end at `at`, which is CR, LF or both. -1: the bytes end first. */
export function nextLine(bytes: Uint8Array, at: number, end: number): number {
  let i = at + 1;
  if (i >= end) return -1;
  if (bytes[at] === CR && bytes[i] === LF) i++;
  return i < end ? i : -1;
}

/** A line that begins with a blank goes on with the one before it: where its text starts. */
export function continuation(bytes: Uint8Array, at: number, end: number): number {
  let i = nextLine(bytes, at, end);
  if (i < 0 || !isBlank(bytes[i])) return -1;
  while (i < end && isBlank(bytes[i])) i++;
  return i;
}

/** Skips blanks, and one line end if its line goes on. -1: the line is over. */
export function skipBlanks(bytes: Uint8Array, at: number, end: number): number {
  let i = at;
  while (i < end && isBlank(bytes[i])) i++;
  return i < end && isLineEnd(bytes[i]) ? continuation(bytes, i, end) : i;
}

/** Finds bytes in the rest of a line. What stands at the very end is not seen, as in the kernel. */
export function searchLine(bytes: Uint8Array, at: number, end: number, exact: Uint8Array): number {
  for (let i = at; i < end - exact.length && !isLineEnd(bytes[i]); i++)
    if (startsWith(bytes, i, end, exact)) return i;
  return -1;
}

/** Finds a word in the rest of a line and the lines that continue it, save at the very end. */
export function searchFolded(bytes: Uint8Array, at: number, end: number, lower: Uint8Array): number {
  const last = end - lower.length;
  for (let i = at; i < last; i++) {
    if (isLineEnd(bytes[i])) {
      i = continuation(bytes, i, last);
      if (i < 0) return -1;
    } else if (startsWithNoCase(bytes, i, end, lower)) {
      return i;
    }
  }
  return -1;
}

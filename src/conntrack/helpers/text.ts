/** Words and numbers in a payload, as text and in bytes, read where they are. */

const ZERO = 48;
const NINE = 57;

export const wordOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Whether `word` stands at `at`. */
export function startsWith(bytes: Uint8Array, at: number, end: number, word: Uint8Array): boolean {
  if (end - at < word.length) return false;
  for (let i = 0; i < word.length; i++) if (bytes[at + i] !== word[i]) return false;
  return true;
}

/** The same in either case. Shapes: `word` in lower case. */
export function startsWithNoCase(bytes: Uint8Array, at: number, end: number, word: Uint8Array): boolean {
  if (end - at < word.length) return false;
  for (let i = 0; i < word.length; i++) {
    const byte = bytes[at + i];
    if ((byte >= 65 && byte <= 90 ? byte + 32 : byte) !== word[i]) return false;
  }
  return true;
}

/** Where `word` begins, -1 when it is not there. Cost: the length, for words that do not repeat themselves. */
export function indexOf(bytes: Uint8Array, from: number, end: number, word: Uint8Array): number {
  for (let at = from; at + word.length <= end; at++) if (startsWith(bytes, at, end, word)) return at;
  return -1;
}

/** Where a byte is first, -1 when it is not there. */
export function indexOfByte(bytes: Uint8Array, from: number, end: number, byte: number): number {
  for (let at = from; at < end; at++) if (bytes[at] === byte) return at;
  return -1;
}

export const isDigit = (byte: number): boolean => byte >= ZERO && byte <= NINE;

/** The end of the digits at `at`. */
export function digitsEnd(bytes: Uint8Array, at: number, end: number): number {
  let after = at;
  while (after < end && isDigit(bytes[after])) after++;
  return after;
}

/** The number that the digits from `at` to `end` are, modulo 2^32, as int32. */
export function decimal(bytes: Uint8Array, at: number, end: number): number {
  let value = 0;
  for (let i = at; i < end; i++) value = (Math.imul(value, 10) + bytes[i] - ZERO) | 0;
  return value;
}

/** Numbers in network order; whoever asks has made sure that the bytes are there. */
export const be16 = (bytes: Uint8Array, at: number): number => (bytes[at] << 8) | bytes[at + 1];
export const be32 = (bytes: Uint8Array, at: number): number => (be16(bytes, at) << 16) | be16(bytes, at + 2);

/** Addresses from text to the words that descriptors and entries have. */
import { isIPv4, isIPv6 } from 'node:net';

const wordOf = (bytes: readonly number[]): number =>
  (bytes[0] << 24) | (bytes[1] << 16) | (bytes[2] << 8) | bytes[3];

function groups(part: string): number[] {
  return part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
}

/**
 * Reads an address in any valid form; a scope (%eth0) is left out, since no tuple has one.
 *
 * Shapes:  one word for IPv4, four for IPv6, first on the wire first; null for what is no address
 */
export function addressWords(text: string): readonly number[] | null {
  if (isIPv4(text)) return [wordOf(text.split('.').map(Number))];
  if (!isIPv6(text)) return null;
  const plain = text.replace(/%.*/, '').replace(/\d+\.\d+\.\d+\.\d+$/, (dotted) => {
    const word = wordOf(dotted.split('.').map(Number));
    return `${(word >>> 16).toString(16)}:${(word & 0xffff).toString(16)}`;
  });
  const [left, right] = plain.split('::');
  const head = groups(left);
  const tail = groups(right ?? '');
  const zeroes = right === undefined ? 0 : 8 - head.length - tail.length;
  const all = [...head, ...new Array<number>(zeroes).fill(0), ...tail];
  return [0, 2, 4, 6].map((i) => (all[i] << 16) | all[i + 1]);
}

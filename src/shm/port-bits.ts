/**
 * A set of ports that answers fast and is sometimes wrong: a bit by the low 12 bits of a port, 512
 * bytes that stay in the nearest cache. Who is told "perhaps" looks closer.
 */

/** Words of a set. */
export const PORT_WORDS = 128;
const WORD_SHIFT = 5;
const WORD_MASK = PORT_WORDS - 1;

export function addPort(set: Int32Array, port: number): void {
  set[(port >>> WORD_SHIFT) & WORD_MASK] |= 1 << port;
}

export function removePort(set: Int32Array, port: number): void {
  set[(port >>> WORD_SHIFT) & WORD_MASK] &= ~(1 << port);
}

export const hasPort = (set: Int32Array, port: number): boolean =>
  mayHavePort(set, (port << 16) | port) !== 0;

/** Number of the bit that stands for a port, below PORT_WORDS * 32. */
export const portBit = (port: number): number => port & (PORT_WORDS * 32 - 1);

/** Whether one of two ports may be in the set; `pair` has them in its upper and its lower half. Returns 0 for no, 1 for perhaps. */
export function mayHavePort(set: Int32Array, pair: number): number {
  const upper = set[(pair >>> (16 + WORD_SHIFT)) & WORD_MASK] >>> (pair >>> 16);
  return (upper | (set[(pair >>> WORD_SHIFT) & WORD_MASK] >>> pair)) & 1;
}

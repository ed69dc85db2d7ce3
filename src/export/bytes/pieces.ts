/**
 * Constant pieces of text as bytes. A piece is stored eight characters at a time, the last store writing past
 * its end: what comes next is written over that. So a place to write to needs OVERSHOOT bytes of room behind it.
 */

/** How far a store may reach past the end of what was written. */
export const OVERSHOOT = 8;

const WORD_BYTES = 8;

export interface Piece {
  readonly length: number;
  /** The first eight characters, padded with zeros, as the bits of a float. */
  readonly first: number;
  /** The next eight, if there are any. */
  readonly second: number;
  /** All of them, eight to a float. */
  readonly words: Float64Array;
}

/**
 * Errors:  an assertion for what is not ASCII: only of ASCII no eight characters are a NaN, whose bits a store may
 *          change
 */
export function piece(text: string): Piece {
  const count = Math.max(1, Math.ceil(text.length / WORD_BYTES));
  const view = new DataView(new ArrayBuffer(count * WORD_BYTES));
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7e) throw new Error(`bytes: a piece must be ASCII: ${JSON.stringify(text)}`);
    view.setUint8(i, code);
  }
  const words = new Float64Array(count);
  for (let i = 0; i < count; i++) words[i] = view.getFloat64(i * WORD_BYTES, true);
  return { length: text.length, first: words[0], second: words[1] ?? 0, words };
}

/**
 * Pieces by number, each made when it is first asked for.
 *
 * Shapes:  numbers from 0 to below `count`
 */
export function piecesBy(count: number, textOf: (n: number) => string): (n: number) => Piece {
  const made: (Piece | null)[] = new Array<Piece | null>(count).fill(null);
  return (n) => {
    const known = made[n];
    if (known !== null) return known;
    const fresh = piece(textOf(n));
    made[n] = fresh;
    return fresh;
  };
}

/**
 * Writes a piece at `p` and returns where it ends.
 *
 * Cost:    a store for each eight characters
 */
export function put(view: DataView, p: number, text: Piece): number {
  view.setFloat64(p, text.first, true);
  if (text.length > WORD_BYTES) {
    view.setFloat64(p + WORD_BYTES, text.second, true);
    if (text.length > 2 * WORD_BYTES) putRest(view, p, text);
  }
  return p + text.length;
}

function putRest(view: DataView, p: number, { words }: Piece): void {
  for (let i = 2; i < words.length; i++) view.setFloat64(p + i * WORD_BYTES, words[i], true);
}

/** Copies text that was written earlier, at least eight bytes before `p`. Returns where the copy ends. */
export function putCopy(view: DataView, p: number, from: number, length: number): number {
  for (let i = 0; i < length; i += WORD_BYTES) view.setFloat64(p + i, view.getFloat64(from + i, true), true);
  return p + length;
}

/** Any ASCII text, where speed does not matter. */
export function putText(view: DataView, p: number, text: string): number {
  for (let i = 0; i < text.length; i++) view.setUint8(p + i, text.charCodeAt(i));
  return p + text.length;
}

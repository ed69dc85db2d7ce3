/**
 * Declares what lies where in shared memory. A layout is a list of fields in order; offsets, size,
 * the enums that the packet path uses (offsets.generated.ts), the pictures in the docs and the hash
 * that a thread checks when it attaches are all derived from it.
 *
 * The unit is the word of 4 bytes, because that is what an Int32Array counts in.
 */

export interface Field {
  readonly name: string;
  /** Words that the field takes. An f64 takes two and must start at an even word. */
  readonly words: number;
  readonly type: 'i32' | 'u32' | 'f64' | 'bits';
  readonly unit: string;
  /** What it means, for the reader of the docs. */
  readonly meaning: string;
}

export interface Layout {
  readonly name: string;
  readonly fields: readonly Field[];
  readonly words: number;
  /** First word of each field. */
  readonly offsets: ReadonlyMap<string, number>;
  /** Changes whenever a field is added, moved, renamed or retyped. */
  readonly hash: number;
}

export const field = (
  name: string,
  type: Field['type'],
  unit: string,
  meaning: string,
  words = type === 'f64' ? 2 : 1,
): Field => ({ name, words, type, unit, meaning });

/** FNV-1a over the text of a declaration; tells layouts apart, protects against nothing else. */
export function textHash(text: string): number {
  let h = 0x811c9dc5 | 0;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h;
}

/**
 * Lays fields out one after the other, without padding.
 *
 * Errors: throws on a repeated name, on an f64 at an odd word, or when the size is not `words`; these
 *         are mistakes in the source, so they show at start-up and in every test
 */
export function defineLayout(name: string, words: number, fields: readonly Field[]): Layout {
  const offsets = new Map<string, number>();
  let at = 0;
  for (const f of fields) {
    if (offsets.has(f.name)) throw new Error(`${name}: field ${f.name} is declared twice`);
    if (f.type === 'f64' && at % 2 !== 0) throw new Error(`${name}: f64 ${f.name} starts at odd word ${at}`);
    offsets.set(f.name, at);
    at += f.words;
  }
  if (at !== words) throw new Error(`${name}: fields take ${at} words, declared are ${words}`);
  const text = fields.map((f) => `${f.name}:${f.type}:${f.words}`).join(',');
  return { name, fields, words, offsets, hash: textHash(`${name}(${text})`) };
}

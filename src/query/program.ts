/**
 * A filter as numbers, so that it can be handed to the thread that owns the connections and be run there over
 * the words of entries.
 */

/** Most words of a program: what a mailbox has room for. */
export const PROGRAM_WORDS_MAX = 448;

declare const programBrand: unique symbol;

/** Shapes: at most PROGRAM_WORDS_MAX words. */
export type Program = Int32Array & { readonly [programBrand]: true };

/**
 * Words of a reader's place in its window. They live in an Int32Array: a number that a closure
 * captures and changes is kept tagged by V8, which costs several ns per packet.
 */
export enum Place {
  /** Of the next record. */
  AT = 0,
  /** Where the valid bytes end. */
  END = 1,
  WORDS = 2,
}

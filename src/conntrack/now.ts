/**
 * What changes with every packet of a tracker, as words of one array. A number that closures share would be boxed: checked
 * and converted at every use. A word of an array that never moves is one load or one store.
 */
export enum Now {
  /** The shards' clock: milliseconds since 1970 modulo 2^32. */
  MS = 0,
  SEC = 1,
  NSEC = 2,
  /** Of the packet at hand. */
  NUMBER = 3,
  /** Time up to which the wheel was last brought. */
  ADVANCED_MS = 4,
  /** 1 once there is a clock. */
  STARTED = 5,
  /** 1 while a sweep after a refusal is under way. */
  SWEEPING = 6,
  /** 1: the next packet was foretold, and its claim is not settled yet. */
  FORETOLD = 7,
  /** XOR of what the first passes over bursts loaded. */
  TOUCHED = 8,
  /** 1: the wheel has not come to the present yet. */
  BEHIND = 9,
  WORDS = 16,
}

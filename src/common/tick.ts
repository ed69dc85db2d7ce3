/** The shards' clock: milliseconds since 1970 modulo 2^32, as int32. Ticks are compared by signed difference. */
export const tickMsOf = (sec: number, nsec: number): number =>
  (Math.imul(sec, 1000) + ((nsec / 1_000_000) | 0)) | 0;

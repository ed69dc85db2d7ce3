/** The key of the hash in all benchmarks, so that runs can be compared. */
import type { HashKey } from '../../src/common/hash.ts';

export const HASH_KEY: HashKey = { k0: 0x01234567, k1: 0x76543210 };

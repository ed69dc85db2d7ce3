/**
 * The attack that the random key of the hash is there for: whoever knows the key looks for connections that a table files
 * side by side, so that each makes the probes of all others longer.
 *
 * A table of 2^b slots begins its probe at the low b bits of the hash; the high 16 bits choose the shard. What is
 * found has its low bits below `slots`, so that it lies side by side in every smaller table as well.
 */
import { createHash4 } from '../common/hash.ts';
import { Protocol } from '../packet/protocol.ts';
import { createTupleWriter } from '../packet/tuple.ts';
import { Kind, Task } from '../shm/bits.ts';
import { Desc } from '../shm/offsets.generated.ts';
import type { Dice } from './dice.ts';
import type { CollisionOptions } from './options.ts';

export interface Collisions {
  /** UDP connections: the address of the client, and its port << 16 | the server's. */
  readonly sources: Int32Array;
  readonly ports: Int32Array;
  /** Address of the server. */
  readonly target: number;
}

const TARGET = 0xc6130002 | 0;
const TARGET_PORT = 53;
const SOURCE_FIRST = 0x64400000;
const SOURCES = 1 << 22;
const PORT_FIRST = 32_768;

/**
 * Searches until there are enough, no two alike.
 *
 * Cost: about `2^slotBits / slots * shards` hashes for each, some 50 ns a hash
 */
export function findCollisions(options: CollisionOptions, dice: Dice): Collisions {
  const { connections, shards, slots } = options;
  const tuples = createTupleWriter(createHash4(options.hashKey));
  const words = new Int32Array(Desc.WORDS);
  const mask = 2 ** options.slotBits - 1;
  const sources = new Int32Array(connections);
  const ports = new Int32Array(connections);
  const known = new Set<number>();
  while (known.size < connections) {
    const address = dice.below(SOURCES);
    const port = PORT_FIRST + dice.below(PORT_FIRST);
    words[Desc.L4] = (port << 16) | TARGET_PORT;
    tuples.write4(SOURCE_FIRST + address, TARGET, Kind.USED | Protocol.UDP, Task.UDP, words, 0);
    const hash = words[Desc.HASH];
    if ((hash & mask) >= slots || ((hash >>> 16) * shards) >>> 16 !== 0) continue;
    const name = address * 65_536 + port;
    if (known.has(name)) continue;
    sources[known.size] = SOURCE_FIRST + address;
    ports[known.size] = (port << 16) | TARGET_PORT;
    known.add(name);
  }
  return { sources, ports, target: TARGET };
}

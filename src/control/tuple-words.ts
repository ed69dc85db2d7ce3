/** A tuple as people give it, as the words of a descriptor: canonical, hashed, ready to be looked up. */
import { addressWords } from '../common/address-words.ts';
import { createHash4, type HashKey } from '../common/hash.ts';
import { Protocol } from '../packet/protocol.ts';
import { createTupleWriter } from '../packet/tuple.ts';
import { Kind, Task } from '../shm/bits.ts';
import { Desc } from '../shm/offsets.generated.ts';
import type { TupleQuery } from './tracker-control.ts';

const TASKS: ReadonlyMap<number, Task> = new Map([
  [Protocol.TCP, Task.TCP],
  [Protocol.UDP, Task.UDP],
  [Protocol.UDPLITE, Task.UDPLITE],
  [Protocol.ICMP, Task.ICMP],
  [Protocol.ICMPV6, Task.ICMPV6],
  [Protocol.SCTP, Task.SCTP],
  [Protocol.GRE, Task.GRE],
]);

/** The transport part, as the source sees it: see Hot.L4. */
export function transportWord(t: TupleQuery): number {
  if (t.type !== undefined || t.code !== undefined || t.id !== undefined)
    return ((t.id ?? 0) << 16) | ((t.type ?? 0) << 8) | (t.code ?? 0);
  return ((t.sport ?? t.srckey ?? 0) << 16) | (t.dport ?? t.dstkey ?? 0);
}

/** Errors: RangeError for what is no address of the family. */
export function wordsOf(address: string, family: TupleQuery['family']): readonly number[] {
  const words = addressWords(address);
  if (words === null || (words.length === 4) !== (family === 'ipv6'))
    throw new RangeError(`${address} is no ${family} address`);
  return words;
}

/** Hot.KIND of a tuple. */
export const kindOf = (t: TupleQuery): number =>
  ((t.zone ?? 0) << Kind.ZONE_SHIFT) | (t.family === 'ipv6' ? Kind.IPV6 : 0) | Kind.USED | t.protocol;

/**
 * Shapes:  returns Int32Array(Desc.WORDS)
 * Errors:  RangeError, as wordsOf
 */
export function createTupleWords(hashKey: HashKey): (tuple: TupleQuery) => Int32Array {
  const writer = createTupleWriter(createHash4(hashKey));
  const addresses = new DataView(new ArrayBuffer(32));
  return (tuple) => {
    const words = new Int32Array(Desc.WORDS);
    const source = wordsOf(tuple.src, tuple.family);
    const destination = wordsOf(tuple.dst, tuple.family);
    const task = TASKS.get(tuple.protocol) ?? Task.GENERIC;
    words[Desc.L4] = task === Task.GENERIC ? 0 : transportWord(tuple);
    for (let i = 0; i < source.length; i++) {
      addresses.setInt32(i * 4, source[i]);
      addresses.setInt32(16 + i * 4, destination[i]);
    }
    if (tuple.family === 'ipv6') writer.write6(addresses, 0, 16, kindOf(tuple), task, words, 0);
    else writer.write4(addresses.getInt32(0), addresses.getInt32(16), kindOf(tuple), task, words, 0);
    return words;
  };
}

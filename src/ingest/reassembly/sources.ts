/**
 * How many fragments each source has sent, for as long as a datagram of it is being put together: where
 * many others came in between, the two fragments of a queue hardly belong to one datagram, since the
 * identification of IPv4 has 16 bits only.
 */
import { assert } from '../../common/assert.ts';
import type { Hash4 } from '../../common/hash.ts';

enum Source {
  /** Next in the chain of its place, or in the free list. */
  CHAIN = 0,
  ADDRESS = 1,
  COUNT = 2,
  /** Queues that name it. */
  QUEUES = 3,
  WORDS = 4,
}

export interface Sources {
  /** Finds or makes the record of an address and holds it. */
  hold(address: number): number;
  release(source: number): void;
  /** Counts one fragment and returns the new count (int32, wraps). */
  count(source: number): number;
  /** Records in use. */
  used(): number;
}

/** Thread: the owner's. Cost: a chain of about one record, no allocation; there is room for `max` addresses. */
export function createSources(max: number, hash4: Hash4): Sources {
  const places = 1 << (32 - Math.clz32(max));
  const heads = new Int32Array(places);
  const words = new Int32Array((max + 1) * Source.WORDS);
  let freed = 0;
  let fresh: number = Source.WORDS;
  let inUse = 0;

  const placeOf = (address: number): number => hash4(address, 0, 0, 0) & (places - 1);

  function hold(address: number): number {
    const place = placeOf(address);
    let source = heads[place];
    while (source !== 0 && words[source + Source.ADDRESS] !== address) source = words[source + Source.CHAIN];
    if (source === 0) {
      source = take();
      words[source + Source.CHAIN] = heads[place];
      words[source + Source.ADDRESS] = address;
      words[source + Source.COUNT] = 0;
      words[source + Source.QUEUES] = 0;
      heads[place] = source;
    }
    words[source + Source.QUEUES]++;
    return source;
  }

  function take(): number {
    inUse++;
    if (freed !== 0) {
      const source = freed;
      freed = words[source + Source.CHAIN];
      return source;
    }
    assert(fresh < words.length, 'no room for the source of a fragment');
    const source = fresh;
    fresh += Source.WORDS;
    return source;
  }

  function release(source: number): void {
    if (--words[source + Source.QUEUES] > 0) return;
    const place = placeOf(words[source + Source.ADDRESS]);
    if (heads[place] === source) heads[place] = words[source + Source.CHAIN];
    else {
      let before = heads[place];
      while (words[before + Source.CHAIN] !== source) before = words[before + Source.CHAIN];
      words[before + Source.CHAIN] = words[source + Source.CHAIN];
    }
    words[source + Source.CHAIN] = freed;
    freed = source;
    inUse--;
  }

  return { hold, release, count: (source) => ++words[source + Source.COUNT], used: () => inUse };
}

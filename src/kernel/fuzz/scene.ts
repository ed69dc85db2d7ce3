/** What all kinds of generated traffic share: chance, the hosts, and the packets of late. */
import type { Random } from '../../common/random.ts';
import type { Ends } from './wire.ts';

export interface Scene {
  readonly random: Random;
  /** Two hosts of one family; now and then one that talks to itself. */
  ends(): Ends;
  port(): number;
  /** Bytes of any value. */
  filler(length: number): Uint8Array;
  /** A packet that passed not long ago; null at the start. */
  recent(): Uint8Array | null;
  passed(packet: Uint8Array): void;
}

/** One kind of traffic: gives its next packet. */
export type Kind = () => Uint8Array;

const V4_HOSTS = [
  [10, 0, 0, 1],
  [10, 0, 0, 2],
  [10, 0, 0, 3],
  [192, 168, 7, 7],
  [203, 0, 113, 200],
].map((bytes) => Uint8Array.from(bytes));

const V6_HOSTS = [1, 2, 3, 0xffff].map((last) => {
  const bytes = Uint8Array.from([0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  bytes[14] = last >>> 8;
  bytes[15] = last & 0xff;
  return bytes;
});

/** No port of a helper. */
const PORTS = [0, 1, 22, 53, 80, 443, 5000, 32768, 40000, 65535];
const RECENT_PACKETS = 256;
const V6_SHARE = 0.4;
const SELF_SHARE = 0.02;

export function createScene(random: Random): Scene {
  const recent: Uint8Array[] = [];
  let passed = 0;
  return {
    random,
    ends() {
      const hosts = random.chance(V6_SHARE) ? V6_HOSTS : V4_HOSTS;
      const first = random.below(hosts.length);
      const step = random.chance(SELF_SHARE) ? 0 : 1 + random.below(hosts.length - 1);
      return { src: hosts[first], dst: hosts[(first + step) % hosts.length] };
    },
    port: () => random.pick(PORTS),
    filler(length) {
      const bytes = new Uint8Array(length);
      const value = random.below(256);
      // Lines and digits must not look like a helper's command, and need not be random to be summed.
      for (let i = 0; i < length; i++) bytes[i] = (value + i * 7) & 0xff;
      return bytes;
    },
    recent: () => (recent.length === 0 ? null : random.pick(recent)),
    passed(packet) {
      recent[passed++ % RECENT_PACKETS] = packet;
    },
  };
}

/** One of several, by weight. */
export function weighted<T>(random: Random, choices: readonly (readonly [weight: number, value: T])[]): T {
  const total = choices.reduce((sum, [weight]) => sum + weight, 0);
  let left = random.below(total);
  for (const [weight, value] of choices) {
    if (left < weight) return value;
    left -= weight;
  }
  return choices[0][1];
}

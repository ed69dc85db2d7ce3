/** Generated chains of IPv6 extension headers, and IPv4 headers with options and odd fields, around packets of late. */
import { type Kind, type Scene, weighted } from './scene.ts';
import { concat, type Ends, ip4, ip6, Proto, transportOf } from './wire.ts';

const CHAIN_MAX = 4;
const HOP_BY_HOP_BYTES = 8;

export function createHeaders(scene: Scene, inner: Kind): Kind {
  const { random } = scene;

  /** Options that every receiver skips: padding. */
  function padding(units: number): Uint8Array {
    const bytes = new Uint8Array(units * 8 + 6);
    // PadN of at most 7 bytes at once is what the kernel takes.
    for (let at = 0; at < bytes.length; ) {
      const length = Math.min(bytes.length - at, 6);
      if (length === 1) at++;
      else {
        bytes[at] = at === 0 ? 1 : 0x1e;
        bytes[at + 1] = length - 2;
        at += length;
      }
    }
    return bytes;
  }

  function header(type: Proto, next: number): Uint8Array {
    switch (type) {
      case Proto.HOP_BY_HOP:
        return concat(Uint8Array.of(next, 0), Uint8Array.of(1, 4, 0, 0, 0, 0));
      case Proto.AUTHENTICATION: {
        const words = random.below(6);
        return concat(Uint8Array.of(next, words), new Uint8Array((words + 2) * 4 - 2));
      }
      case Proto.ROUTING:
        return concat(Uint8Array.of(next, 0, random.pick([0, 2, 3, 4]), 0), new Uint8Array(4));
      default: {
        const units = random.below(3);
        return concat(Uint8Array.of(next, units), padding(units));
      }
    }
  }

  function chain(ends: Ends, protocol: number, body: Uint8Array): Uint8Array {
    const types: Proto[] = [];
    if (random.chance(0.3)) types.push(Proto.HOP_BY_HOP);
    const count = random.below(CHAIN_MAX);
    for (let i = 0; i < count; i++)
      types.push(random.pick([Proto.DESTINATION, Proto.ROUTING, Proto.AUTHENTICATION, Proto.DESTINATION]));
    const last = random.chance(0.05) ? Proto.NO_NEXT : protocol;
    const numbers: number[] = [...types, last];
    const headers = types.map((type, i) => header(type, numbers[i + 1]));
    // A wrong length, but not of the options of every hop: the kernel's IP layer has an opinion of its own there.
    const damaged = random.below(headers.length + 1);
    const isDamaged = damaged < headers.length && types[damaged] !== Proto.HOP_BY_HOP && random.chance(0.05);
    if (isDamaged) headers[damaged][1] = random.below(256);
    const bytes = concat(...headers, body);
    const least = types[0] === Proto.HOP_BY_HOP ? HOP_BY_HOP_BYTES : 0;
    const length = random.chance(0.05) ? least + random.below(bytes.length - least + 1) : bytes.length;
    return ip6(ends, numbers[0], bytes.subarray(0, length));
  }

  function options4(): Uint8Array {
    return weighted(random, [
      [4, new Uint8Array(4).fill(1)],
      [2, Uint8Array.of(7, 7, 4, 0, 0, 0, 0, 0)],
      [2, Uint8Array.of(148, 4, 0, 0)],
      [2, Uint8Array.of(68, 8, 5, 0, 0, 0, 0, 0)],
    ]);
  }

  return () => {
    const packet = inner();
    if (packet[0] >>> 4 === 6 && packet.length >= 40) {
      const { protocol, at } = transportOf(packet);
      return chain({ src: packet.slice(8, 24), dst: packet.slice(24, 40) }, protocol, packet.slice(at));
    }
    const { protocol, at } = transportOf(packet);
    const ends = { src: packet.slice(12, 16), dst: packet.slice(16, 20) };
    return ip4(ends, protocol, packet.slice(at), {
      id: random.below(65_536),
      ttl: random.pick([0, 1, 64, 255]),
      tos: random.below(256),
      fragment: random.chance(0.5) ? 0x4000 : 0,
      options: options4(),
    });
  };
}

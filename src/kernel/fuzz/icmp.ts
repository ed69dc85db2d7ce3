/** Generated ICMP and ICMPv6: queries, answers that fit or do not, and errors that quote packets of late. */
import { type Kind, type Scene, weighted } from './scene.ts';
import {
  back,
  concat,
  type Ends,
  folded,
  ip,
  ip6,
  isV6,
  Proto,
  sumOf,
  transportChecksum,
  viewOf,
} from './wire.ts';

const V4_QUERIES = [8, 0, 13, 14, 15, 16, 17, 18];
const V6_QUERIES = [128, 129, 139, 140];
const V4_ERRORS = [3, 4, 5, 11, 12];
const V6_ERRORS = [1, 2, 3, 4];
/** Neighbour discovery, multicast listeners, router discovery. */
const V6_CONTROL = [130, 131, 132, 133, 134, 135, 136, 143, 151, 152];
const REDIRECT = 137;
const IDS = [0, 1, 7, 0xffff];

export function createIcmp(scene: Scene): Kind {
  const { random } = scene;

  function message(ends: Ends, type: number, code: number, rest: number, body: Uint8Array): Uint8Array {
    const bytes = new Uint8Array(8 + body.length);
    const view = viewOf(bytes);
    bytes[0] = type;
    bytes[1] = code;
    view.setUint32(4, rest);
    bytes.set(body, 8);
    const sum = isV6(ends) ? transportChecksum(ends, Proto.ICMPV6, bytes) : folded(sumOf(bytes));
    view.setUint16(2, random.chance(0.01) ? sum ^ 0x20 : sum);
    return bytes;
  }

  const protocolOf = (ends: Ends): Proto => (isV6(ends) ? Proto.ICMPV6 : Proto.ICMP);

  function packet(ends: Ends, bytes: Uint8Array): Uint8Array {
    // Now and then in the wrong family.
    const protocol = random.chance(0.005) ? random.pick([Proto.ICMP, Proto.ICMPV6]) : protocolOf(ends);
    return ip(ends, protocol, random.chance(0.005) ? bytes.subarray(0, random.below(9)) : bytes);
  }

  function query(): Uint8Array {
    const ends = scene.ends();
    const type = random.pick(isV6(ends) ? V6_QUERIES : V4_QUERIES);
    const code = random.chance(0.9) ? 0 : random.below(3);
    const rest = random.pick(IDS) * 0x1_0000 + random.below(4);
    return packet(ends, message(ends, type, code, rest >>> 0, scene.filler(random.below(64))));
  }

  function anyType(): Uint8Array {
    const ends = scene.ends();
    return packet(
      ends,
      message(ends, random.below(256), random.below(3), random.word(), scene.filler(random.below(64))),
    );
  }

  function control(): Uint8Array {
    const ends = scene.ends();
    const type = isV6(ends) ? random.pick(V6_CONTROL) : random.pick([9, 10]);
    return packet(ends, message(ends, type, 0, 0, scene.filler(20)));
  }

  function endsOf(quoted: Uint8Array): Ends {
    return quoted[0] >>> 4 === 6
      ? { src: quoted.subarray(8, 24), dst: quoted.subarray(24, 40) }
      : { src: quoted.subarray(12, 16), dst: quoted.subarray(16, 20) };
  }

  /** Of a router, or of the host at the other end, to the sender; or to somebody else. */
  function error(): Uint8Array {
    const quoted = scene.recent();
    if (quoted === null || quoted.length < (quoted[0] >>> 4 === 6 ? 40 : 20)) return query();
    const inner = endsOf(quoted);
    const other = scene.ends();
    const isSameFamily = isV6(other) === isV6(inner);
    const router = isSameFamily && random.chance(0.5) ? other.src : inner.dst;
    const receiver = isSameFamily && random.chance(0.1) ? other.dst : inner.src;
    const ends = { src: router, dst: receiver };
    const length = weighted(random, [
      [6, quoted.length],
      [3, 28],
      [2, 48],
      [1, random.below(quoted.length + 1)],
    ]);
    const quote = quoted.slice(0, Math.min(length, 1200));
    if (random.chance(0.03)) quote[random.below(quote.length)] ^= 1 << random.below(8);
    const type = random.pick(isV6(ends) ? V6_ERRORS : V4_ERRORS);
    return packet(ends, message(ends, type, random.below(5), random.chance(0.3) ? random.word() : 0, quote));
  }

  /** IPv6: from a link-local address with hop limit 255, else it is none. */
  function redirect(): Uint8Array {
    const quoted = scene.recent();
    if (quoted === null || quoted[0] >>> 4 !== 6 || quoted.length < 40) return error();
    const inner = endsOf(quoted);
    const router = Uint8Array.from(inner.dst);
    if (random.chance(0.9)) router.set([0xfe, 0x80, 0, 0, 0, 0, 0, 0]);
    const ends = { src: router, dst: inner.src };
    const quote = quoted.slice(0, Math.min(quoted.length, 600) & ~7);
    const option = Uint8Array.of(
      random.chance(0.9) ? 4 : random.below(6),
      (quote.length + 8) >>> 3,
      0,
      0,
      0,
      0,
      0,
      0,
    );
    const body = concat(inner.dst, inner.src, option, quote);
    const code = random.chance(0.95) ? 0 : 1;
    return ip6(ends, Proto.ICMPV6, message(ends, REDIRECT, code, 0, body), random.chance(0.9) ? 255 : 64);
  }

  return () =>
    weighted(random, [
      [50, query],
      [35, error],
      [5, redirect],
      [6, control],
      [2, anyType],
      [2, () => packetBack(query())],
    ])();

  /** A query whose addresses are exchanged without the rest: the answer of nobody. */
  function packetBack(bytes: Uint8Array): Uint8Array {
    const ends = back(endsOf(bytes));
    const at = isV6(ends) ? 40 : 20;
    return ip(ends, protocolOf(ends), bytes.slice(at));
  }
}

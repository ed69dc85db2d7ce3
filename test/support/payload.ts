/** The payload of a frame that frames.ts made, and frames with another one. */
import { checksum } from './frames.ts';
import type { Random } from './random.ts';

const TCP = 6;
const UDP = 17;

interface Place {
  /** Where the transport header begins, and the payload. */
  readonly l4: number;
  readonly start: number;
  readonly protocol: number;
  /** Addresses. */
  readonly from: number;
}

function placeOf(frame: Uint8Array): Place {
  const isIpv6 = frame[0] >>> 4 === 6;
  const l4 = isIpv6 ? 40 : 20;
  const protocol = frame[isIpv6 ? 6 : 9];
  const header = protocol === TCP ? (frame[l4 + 12] >>> 4) * 4 : 8;
  return { l4, start: l4 + header, protocol, from: isIpv6 ? 8 : 12 };
}

export function payloadOf(frame: Uint8Array): Uint8Array {
  return frame.subarray(placeOf(frame).start);
}

/** The same frame with another payload of the same length. */
export function withPayload(frame: Uint8Array, payload: Uint8Array): Uint8Array {
  const { l4, start, protocol, from } = placeOf(frame);
  const copy = Uint8Array.from(frame);
  copy.set(payload, start);
  if (protocol !== TCP && protocol !== UDP) return copy;
  const at = l4 + (protocol === TCP ? 16 : 6);
  copy.set([0, 0], at);
  const length = copy.length - l4;
  const sum = checksum([
    ...copy.subarray(from, l4),
    ...[0, protocol, length >>> 8, length & 255],
    ...copy.subarray(l4),
  ]);
  copy.set([sum >>> 8, sum & 255], at);
  return copy;
}

/** Bytes of texts and numbers that parsers look for. */
const WELCOME = [0, 1, 2, 9, 10, 13, 32, 34, 40, 41, 44, 46, 48, 49, 57, 58, 59, 61, 124, 127, 128, 255];

/** Some bytes changed, and the length kept. */
export function mutatedBytes(payload: Uint8Array, random: Random): Uint8Array {
  const copy = Uint8Array.from(payload);
  if (copy.length === 0) return copy;
  for (let i = 0; i <= random.below(3); i++) {
    const at = random.below(copy.length);
    const from = random.below(copy.length);
    const length = random.below(Math.min(12, copy.length - Math.max(at, from)) + 1);
    const kind = random.below(10);
    if (kind < 2) copy.copyWithin(at, from, from + length);
    else if (kind < 6) copy[at] = random.pick(WELCOME);
    else if (kind < 8) copy[at] ^= 1 << random.below(8);
    else copy[at] = random.below(256);
  }
  return copy;
}

/** The same, and cut, or longer by a part of another one, or with a part of it left out or doubled. */
export function mutatedPayload(payload: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  const bytes = mutatedBytes(payload, random);
  const at = random.below(bytes.length + 1);
  const end = Math.min(bytes.length, at + random.below(20));
  switch (random.below(6)) {
    case 0:
      return bytes.slice(0, at);
    case 1:
      return Uint8Array.from([...bytes.slice(0, at), ...bytes.slice(end)]);
    case 2:
      return Uint8Array.from([...bytes.slice(0, end), ...bytes.slice(at)]);
    case 3:
      return Uint8Array.from([...bytes.slice(0, at), ...other.slice(random.below(other.length + 1))]);
    default:
      return bytes;
  }
}

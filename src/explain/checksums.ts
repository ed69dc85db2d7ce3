/**
 * Checksums as they stand in a packet and as they ought to be. Plain and slow, for the few packets
 * that somebody looks at, and apart from src/packet/checksum.ts, which tells only whether one is right.
 */

export interface ChecksumFacts {
  readonly found: number;
  readonly expected: number;
}

/** One's complement sum of 16-bit words in network order; an odd last byte counts as the high one. RFC 1071 */
function sum16(view: DataView, at: number, bytes: number, initial: number): number {
  let sum = initial;
  for (let i = 0; i + 1 < bytes; i += 2) sum += view.getUint16(at + i);
  if (bytes % 2 === 1) sum += view.getUint8(at + bytes - 1) << 8;
  while (sum > 0xffff) sum = (sum % 0x10000) + Math.floor(sum / 0x10000);
  return sum;
}

/** The checksum at `field` of a message that covers `bytes` from `at` on, plus `pseudo`. */
function judge(view: DataView, at: number, bytes: number, field: number, pseudo: number): ChecksumFacts {
  const found = view.getUint16(field);
  // Its own field counts as zero: take it out again, as the complement.
  const sum = sum16(view, at, bytes, pseudo + (~found & 0xffff));
  return { found, expected: ~sum & 0xffff };
}

export const ipv4Checksum = (view: DataView, at: number, headerBytes: number): ChecksumFacts =>
  judge(view, at, headerBytes, at + 10, 0);

export interface TransportPlace {
  readonly ip: number;
  readonly version: 4 | 6;
  readonly protocol: number;
  readonly at: number;
  /** Header and payload. */
  readonly bytes: number;
}

/** With the pseudo header; `covered` bytes are summed (UDP-Lite), `field` is where the checksum lies. */
export function transportChecksum(
  view: DataView,
  place: TransportPlace,
  field: number,
  covered: number,
): ChecksumFacts {
  const { ip, version, protocol, at, bytes } = place;
  const addresses = version === 4 ? sum16(view, ip + 12, 8, 0) : sum16(view, ip + 8, 32, 0);
  return judge(
    view,
    at,
    covered,
    at + field,
    addresses + protocol + (bytes % 0x10000) + Math.floor(bytes / 0x10000),
  );
}

/** Of ICMP, which has no pseudo header. */
export const icmpChecksum = (view: DataView, at: number, bytes: number): ChecksumFacts =>
  judge(view, at, bytes, at + 2, 0);

const hex16 = (value: number): string => `0x${value.toString(16).padStart(4, '0')}`;

/** The two zeroes of one's complement are the same number. */
export const isRight = ({ found, expected }: ChecksumFacts): boolean => found % 0xffff === expected % 0xffff;

export const checksumText = (facts: ChecksumFacts): string =>
  isRight(facts)
    ? `${hex16(facts.found)} (right)`
    : `${hex16(facts.found)}, but ${hex16(facts.expected)} is right`;

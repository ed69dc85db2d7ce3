/** ICMP types that come in pairs of question and answer; everything else has no inverse. */

const ICMP_PAIRS: readonly (readonly [number, number])[] = [
  [8, 0],
  [13, 14],
  [15, 16],
  [17, 18],
];
const ICMPV6_PAIRS: readonly (readonly [number, number])[] = [
  [128, 129],
  [139, 140],
];

/** Marks a type without an inverse. */
export const NOT_INVERTIBLE = 0xff;

function inverses(pairs: readonly (readonly [number, number])[]): Uint8Array {
  const table = new Uint8Array(256).fill(NOT_INVERTIBLE);
  for (const [query, answer] of pairs) {
    table[query] = answer;
    table[answer] = query;
  }
  return table;
}

/** Type of the answer by type of the question and the other way round. */
export const ICMP_INVERSE: Uint8Array = inverses(ICMP_PAIRS);
export const ICMPV6_INVERSE: Uint8Array = inverses(ICMPV6_PAIRS);

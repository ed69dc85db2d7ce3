/** How long and how much is held, per IP version. Units: ms, bytes as charged (charge.ts), packets. */
export interface Ipv6Limits {
  readonly timeoutMs: number;
  /** Beyond this nothing is taken in; 0 takes in nothing. */
  readonly bytesMax: number;
}

export interface Ipv4Limits extends Ipv6Limits {
  /**
   * Fragments of the same source between two of one datagram, from which on the second one begins anew; 0 for
   * any number.
   */
  readonly distanceMax: number;
}

export interface ReassemblyLimits {
  readonly ipv4: Ipv4Limits;
  readonly ipv6: Ipv6Limits;
}

/** What a protocol says of a packet, as one number, so that nothing is allocated. */

/** What it says where it is not a timeout in ms (0 or more). */
export enum Answer {
  /** Accepted without effect: no refresh, no counting. */
  IGNORED = -1,
  /** Counted, and the connection is deleted at once: a RST before any answer. */
  RESET = -2,
  /** Delete the connection and look the packet up again: a SYN on a closed connection. */
  REOPEN = -3,
  /** Less a Reason: the packet is INVALID. */
  INVALID = -1024,
}

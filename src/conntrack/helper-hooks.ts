/** The seam between the tracker and the helpers: the tracker knows no helper, only this. */
import type { Verdict } from '../shm/bits.ts';

/** What a tracker tells those who read the payload of its connections. Only the masters' tracker has one. */
export interface HelperHooks {
  /** Number of the helper of a new connection; `assigned` is what its expectation says, 0 without one. */
  opened(entry: number, d: number, assigned: number): number;
  /** The same of a connection that was made without a packet. */
  made(entry: number): number;
  /**
   * A packet of a connection with a helper was let in. Returns the events to tell of now, or, when the
   * helper drops the packet, a Reason, negative; then the events are told with the next packet.
   */
  packet(entry: number, d: number, dir: number, verdict: Verdict, events: number): number;
  /** Called before an entry, with a helper or without, is given back. */
  ended(entry: number): void;
}

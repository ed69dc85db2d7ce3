/** Fragments to datagrams. */
import { Reason } from '../../common/reasons.ts';
import type { PacketPlace } from '../peel.ts';

export interface Reassembly {
  /**
   * Takes a fragment. `fragmentAt` is where its fragment header is (IPv6).
   *
   * Returns: NONE when `packet` now is what is to be tracked: the whole datagram, or a packet that is not
   *          gathered; else what became of the fragment
   */
  add(packet: PacketPlace, fragmentAt: number, nowMs: number): Reason;
}

/** Thread: the ingest thread's. */
export function createReassembly(): Reassembly {
  return { add: () => Reason.FRAGMENT };
}

/** What a packet's direction and its connection's status say: verdict and events. */
import { EventBit, Meta, Status, Verdict } from '../shm/bits.ts';

/** 0 original, 1 reply. Shapes: META of the packet, STATUS of its connection. */
export function directionOf(meta: number, status: number): number {
  if ((meta & Meta.SELF) !== 0) return 1;
  return ((meta >>> Meta.FROM_HI_SHIFT) ^ (status >>> Status.FROM_HI_SHIFT)) & 1;
}

/** What `ct state` says, from the status before the packet and after the protocol saw it. */
export function verdictOf(dir: number, status: number, now: number): Verdict {
  // Nearly all packets, and without a branch: which side sends next cannot be predicted.
  if ((status & Status.SEEN_REPLY) !== 0)
    return Verdict.ESTABLISHED + dir * (Verdict.ESTABLISHED_REPLY - Verdict.ESTABLISHED);
  if (dir === 1) return Verdict.ESTABLISHED_REPLY;
  // Assured without a reply: it was answered where nobody saw it (--one-way).
  if ((now & Status.ASSURED) !== 0) return Verdict.ESTABLISHED;
  return (status & Status.EXPECTED) !== 0 ? Verdict.RELATED : Verdict.NEW;
}

/** Events that a change of status stands for. */
export function eventsOf(before: number, now: number): number {
  const changed = before ^ now;
  let events = 0;
  if ((changed & Status.SEEN_REPLY) !== 0) events |= EventBit.REPLY;
  if ((changed & Status.ASSURED) !== 0) events |= EventBit.ASSURED;
  if ((changed & (Status.STATE_MASK | Status.RESTARTED)) !== 0) events |= EventBit.PROTOINFO;
  return events;
}

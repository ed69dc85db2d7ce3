/** How a thread with an event loop waits for others, and goes on meanwhile. Never on the packet path. */
import { TrackerEndedError } from '../common/errors.ts';
import { ringBell } from './bell.ts';
import { handOver, isAsked, type Lane, LaneState, type MailboxMemory } from './mailbox.ts';
import { Ask } from './offsets.generated.ts';

/** Hands a request over. Thread: main. Returns when the answer is there. Errors: TrackerEndedError */
export async function ask(mailbox: MailboxMemory, lane: Lane, ring = ringBell): Promise<void> {
  if (!handOver(lane)) throw new TrackerEndedError();
  ring(mailbox.bell);
  while (isAsked(lane)) {
    const waiting = Atomics.waitAsync(lane.ask, Ask.STATE, LaneState.ASKED);
    if (waiting.async) await waiting.value;
  }
  // The last answer is there although nothing can be asked any more; but not that of a thread that failed.
  if (lane.ask[Ask.ANSWERED] === 0) throw new TrackerEndedError();
}

/** As sleepAtBell. Resolves when there may be work. */
export async function waitAtBell(bell: Int32Array, hasWork: () => boolean): Promise<void> {
  Atomics.store(bell, 0, 1);
  if (hasWork()) return;
  const waiting = Atomics.waitAsync(bell, 0, 1);
  if (waiting.async) await waiting.value;
}

/** How a thread with an event loop waits for others, and goes on meanwhile. Never on the packet path. */
import { ringBell } from './bell.ts';
import { type Lane, LaneState, type MailboxMemory } from './mailbox.ts';
import { Ask } from './offsets.generated.ts';

/** Hands a request over. Thread: main. Returns when the answer is there. */
export async function ask(mailbox: MailboxMemory, lane: Lane, ring = ringBell): Promise<void> {
  Atomics.store(lane.ask, Ask.STATE, LaneState.ASKED);
  ring(mailbox.bell);
  for (;;) {
    const waiting = Atomics.waitAsync(lane.ask, Ask.STATE, LaneState.ASKED);
    if (!waiting.async) return;
    await waiting.value;
    if (Atomics.load(lane.ask, Ask.STATE) !== LaneState.ASKED) return;
  }
}

/** As sleepAtBell. Resolves when there may be work. */
export async function waitAtBell(bell: Int32Array, hasWork: () => boolean): Promise<void> {
  Atomics.store(bell, 0, 1);
  if (hasWork()) return;
  const waiting = Atomics.waitAsync(bell, 0, 1);
  if (waiting.async) await waiting.value;
}

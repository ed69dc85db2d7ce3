/**
 * What a shard has to do next: bursts from the rings of all ingest threads, in turn, and questions between them.
 * With one ingest thread, the usual case, nothing is looked at that need not be.
 */
import type { Service } from '../conntrack/service.ts';
import { BURST, type Tracker } from '../conntrack/tracker.ts';
import { sleepAtBell } from '../shm/bell.ts';
import { Meta, Task } from '../shm/bits.ts';
import { Desc } from '../shm/offsets.generated.ts';
import type { RingReader } from '../shm/ring.ts';

/** Longest sleep; whoever has something rings before that. */
const SLEEP_MS = 50;
/** Entries that a question may cost between two bursts, and when there is nothing else to do. */
const BUSY_BUDGET = 512;
const IDLE_BUDGET = 65_536;

export interface InboxOptions {
  readonly inputs: readonly RingReader[];
  /** Slots of all rings: where ring i begins is i * ring size. */
  readonly slots: Int32Array;
  readonly bell: Int32Array;
  readonly tracker: Tracker;
  readonly service: Service | null;
  /** Called after each burst with the word where its first descriptor was, and how many there were; null for not. */
  readonly onBurst: ((d: number, count: number) => void) | null;
  /** Called when there was nothing to do for a while. Errors: its own. */
  readonly checkAbandoned: () => void;
  readonly selfCheckEvery: number;
}

/** Runs until every ingest thread has said its last word. */
export function runInbox(options: InboxOptions): void {
  const { inputs, bell, tracker, service, onBurst } = options;
  const ringSlots = inputs[0].mask + 1;
  const clamp = inputs.length > 1 ? createClamp(options.slots, inputs.length) : null;
  /** Asked in a spin: it allocates nothing. */
  function hasWork(): boolean {
    for (let i = 0; i < inputs.length; i++) if (inputs[i].available() > 0) return true;
    return service?.isAsked() === true;
  }
  let bursts = 0;

  /** One burst of a ring; returns whether it was the last one of the last ring. */
  function burst(input: RingReader, base: number, available: number): boolean {
    const at = input.tail() & input.mask;
    // A tracker takes slots from one array, where the rings lie side by side: not across the end of a ring.
    const count = clamp === null ? Math.min(available, BURST) : Math.min(available, BURST, ringSlots - at);
    clamp?.(base + at, count);
    const finished = tracker.burst(base + at, count);
    onBurst?.((base + at) * Desc.WORDS, count);
    input.release(count);
    if (options.selfCheckEvery !== 0 && (finished || ++bursts % options.selfCheckEvery === 0)) {
      tracker.selfCheck();
      input.selfCheck();
    }
    return finished;
  }

  for (;;) {
    let isIdle = true;
    for (let i = 0; i < inputs.length; i++) {
      const available = inputs[i].available();
      if (available === 0) continue;
      isIdle = false;
      if (burst(inputs[i], i * ringSlots, available)) return;
    }
    // While no packet waits, those that are due go on expiring, a few at a time.
    if (isIdle && tracker.goOn()) continue;
    if (service?.isAsked() === true) {
      service.step(isIdle ? IDLE_BUDGET : BUSY_BUDGET);
    } else if (isIdle) {
      sleepAtBell(bell, SLEEP_MS, hasWork);
      options.checkAbandoned();
    }
  }
}

/**
 * Several ingest threads have several clocks. A tracker's goes only forward: what comes a little late counts as of the
 * newest moment. And only the last word of all is the end.
 */
function createClamp(slots: Int32Array, rings: number): (first: number, count: number) => void {
  let sec = 0;
  let nsec = 0;
  let ended = 0;
  return (first, count) => {
    for (let k = 0; k < count; k++) {
      const d = (first + k) * Desc.WORDS;
      const task = slots[d + Desc.META] & Meta.TASK_MASK;
      if (task === Task.FINISH && ++ended < rings)
        slots[d + Desc.META] = (slots[d + Desc.META] & ~Meta.TASK_MASK) | Task.CLOCK;
      const isBefore =
        slots[d + Desc.SEC] >>> 0 < sec || (slots[d + Desc.SEC] >>> 0 === sec && slots[d + Desc.NSEC] < nsec);
      if (isBefore) {
        slots[d + Desc.SEC] = sec | 0;
        slots[d + Desc.NSEC] = nsec;
      } else {
        sec = slots[d + Desc.SEC] >>> 0;
        nsec = slots[d + Desc.NSEC];
      }
    }
  };
}

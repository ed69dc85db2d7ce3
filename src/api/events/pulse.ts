/**
 * One timer for all streams of events: each waits here until there may be news. However many clients listen, idle
 * streams cost one look at the numbers of events in each interval; without streams there is no timer.
 */
import type { EventPosition } from '../../control/tracker-control.ts';

export interface Pulse {
  /**
   * Resolves with true when there are others than up to `from`, with false after `ms`, or when `wake` is called.
   */
  wait(from: EventPosition, ms: number, onWake: (wake: () => void) => void): Promise<boolean>;
}

interface Waiter {
  readonly untilTurn: number;
  readonly from: number;
  done(news: boolean): void;
}

const sum = (position: EventPosition): number => position.reduce((a, b) => a + b, 0);

/** Units: `intervalMs` is how late news may be */
export function createPulse(position: () => EventPosition, intervalMs: number): Pulse {
  const waiters = new Set<Waiter>();
  let timer: NodeJS.Timeout | null = null;
  let turn = 0;

  function beat(): void {
    turn++;
    const now = sum(position());
    for (const waiter of waiters) {
      if (now !== waiter.from) waiter.done(true);
      else if (turn >= waiter.untilTurn) waiter.done(false);
    }
  }

  return {
    wait(from, ms, onWake) {
      return new Promise((resolve) => {
        const waiter: Waiter = {
          untilTurn: turn + Math.max(1, Math.round(ms / intervalMs)),
          from: sum(from),
          done(news) {
            waiters.delete(waiter);
            if (waiters.size === 0 && timer !== null) {
              clearInterval(timer);
              timer = null;
            }
            resolve(news);
          },
        };
        waiters.add(waiter);
        timer ??= setInterval(beat, intervalMs);
        onWake(() => waiter.done(false));
      });
    },
  };
}

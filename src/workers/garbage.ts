/** What the garbage collector of a thread did in the measured part of a run. */
import { PerformanceObserver } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createSharedClock, monotonicMs } from '../common/clock.ts';
import { type Garbage, Measured, type MeasureMemory } from './messages.ts';

export interface GarbageWatch {
  /** What happened between BEGIN and END. Called when the thread has done its work. */
  finish(measure: MeasureMemory): Promise<Garbage>;
}

/** Node notes each collection while it happens, and tells it when the thread has come back to its event loop. */
export function watchGarbage(): GarbageWatch {
  const clock = createSharedClock();
  const found: { readonly atMs: number; readonly lastedMs: number }[] = [];
  const observer = new PerformanceObserver((list) => {
    const offsetMs = clock() - monotonicMs();
    for (const { startTime, duration } of list.getEntries())
      found.push({ atMs: startTime + offsetMs, lastedMs: duration });
  });
  observer.observe({ entryTypes: ['gc'] });
  return {
    async finish({ words }) {
      await nextTurn();
      await nextTurn();
      observer.disconnect();
      const within = found.filter(
        ({ atMs, lastedMs }) => atMs + lastedMs >= words[Measured.BEGIN] && atMs <= words[Measured.END],
      );
      return {
        count: within.length,
        longestMs: within.reduce((longest, { lastedMs }) => Math.max(longest, lastedMs), 0),
        totalMs: within.reduce((sum, { lastedMs }) => sum + lastedMs, 0),
      };
    },
  };
}

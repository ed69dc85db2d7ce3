/**
 * Rates over the last interval, for whoever asks now and then: between two samples of counters. Nothing is sampled
 * while nobody asks; whoever asks first waits for one interval.
 */

export interface Pair<T> {
  readonly before: T;
  readonly after: T;
  readonly seconds: number;
}

export interface Sampler<T> {
  /** Two samples, about one interval apart, or as long as the last question is ago. */
  pair(): Promise<Pair<T>>;
}

export interface SamplerOptions<T> {
  readonly read: () => T;
  readonly nowMs: () => number;
  readonly intervalMs: number;
}

interface Sample<T> {
  readonly atMs: number;
  readonly value: T;
}

/** An older sample says too little about now. */
const INTERVALS_MAX = 10;
/** Whoever asks right after another gets the same sample. */
const SAME_PART = 0.1;

/** Cost: at most ten readings in an interval, however many ask */
export function createSampler<T>({ read, nowMs, intervalMs }: SamplerOptions<T>): Sampler<T> {
  /** Newest last. */
  let samples: Sample<T>[] = [];
  let waiting: Promise<void> | null = null;

  function newest(): Sample<T> {
    const atMs = nowMs();
    const last = samples.at(-1);
    if (last !== undefined && atMs - last.atMs < intervalMs * SAME_PART) return last;
    const sample = { atMs, value: read() };
    samples = [...samples.filter((s) => atMs - s.atMs <= intervalMs * INTERVALS_MAX), sample];
    return sample;
  }

  function pairNow(): Pair<T> | null {
    const after = newest();
    const before = samples.findLast((s) => after.atMs - s.atMs >= intervalMs / 2);
    if (before === undefined) return null;
    return { before: before.value, after: after.value, seconds: (after.atMs - before.atMs) / 1000 };
  }

  return {
    async pair() {
      for (;;) {
        const found = pairNow();
        if (found !== null) return found;
        waiting ??= new Promise((resolve) => {
          setTimeout(() => {
            waiting = null;
            resolve();
          }, intervalMs);
        });
        await waiting;
      }
    },
  };
}

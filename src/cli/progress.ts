/** A bar on a terminal while a file is read: bytes, packets per second, time left. */

import { monotonicMs } from '../common/clock.ts';
import { grouped } from '../common/grouped.ts';
import { Counter } from '../shm/counters.ts';
import { bytesText } from './summary.ts';

const REFRESH_MS = 100;
/** Of the rate: a second of them. */
const RATE_SAMPLES = 1 + 1000 / REFRESH_MS;

export interface Progress {
  stop(): void;
}

/** Units: a text of packets per second over about the last second; a pipe may have been silent before. */
function createRate(packets: () => number): () => string {
  const samples = [{ ms: monotonicMs(), packets: packets() }];
  return () => {
    const now = { ms: monotonicMs(), packets: packets() };
    samples.push(now);
    if (samples.length > RATE_SAMPLES) samples.shift();
    const seconds = (now.ms - samples[0].ms) / 1000;
    const perSecond = seconds > 0 ? (now.packets - samples[0].packets) / seconds : 0;
    return grouped(perSecond);
  };
}

/**
 * Shows the counters of the ingest thread until stopped; nothing where standard error is no terminal.
 * The library is loaded only when there is something to show.
 */
export async function startProgress(counters: Float64Array): Promise<Progress> {
  if (process.stderr.isTTY !== true) return { stop() {} };
  const { SingleBar, Presets } = (await import('cli-progress')).default;
  const bar = new SingleBar(
    {
      stream: process.stderr,
      clearOnComplete: true,
      hideCursor: true,
      // The command stops the bar itself when a signal comes.
      gracefulExit: false,
      etaBuffer: 50,
      format: (_options, params, payload: { rate: string }) => {
        const known = params.total > 0;
        const filled = known ? Math.round((params.value / params.total) * 30) : 0;
        const picture = known ? `[${'='.repeat(filled)}${' '.repeat(30 - filled)}] ` : '';
        const of = known ? ` of ${bytesText(params.total)}` : '';
        const left = known && Number.isFinite(params.eta) ? `, ${Math.ceil(params.eta)} s left` : '';
        return `${picture}${bytesText(params.value)}${of}, ${payload.rate} packets/s${left}`;
      },
    },
    Presets.legacy,
  );
  const rate = createRate(() => counters[Counter.PACKETS]);
  bar.start(counters[Counter.SOURCE_TOTAL], 0, { rate: rate() });
  const timer = setInterval(() => {
    bar.setTotal(counters[Counter.SOURCE_TOTAL]);
    bar.update(counters[Counter.SOURCE_BYTES], { rate: rate() });
  }, REFRESH_MS);
  timer.unref();
  return {
    stop() {
      clearInterval(timer);
      bar.stop();
    },
  };
}

/** Where packets are counted: `expected` of them will come. */
export async function startPacketProgress(
  source: { ingestCounters(): Float64Array },
  expected: number,
): Promise<Progress> {
  const bar = await startBar();
  const packets = (): number => source.ingestCounters()[Counter.PACKETS];
  const rate = createRate(packets);
  const timer = setInterval(() => {
    bar.update(packets() / expected, `${grouped(packets())} packets, ${rate()} packets/s`);
  }, REFRESH_MS);
  timer.unref();
  return {
    stop() {
      clearInterval(timer);
      bar.stop();
    },
  };
}

export interface Bar {
  /** `fraction` from 0 to 1, and words about it. */
  update(fraction: number, text: string): void;
  stop(): void;
}

/** A bar that whoever does the work moves on itself; nothing where standard error is no terminal. */
export async function startBar(): Promise<Bar> {
  if (process.stderr.isTTY !== true) return { update() {}, stop() {} };
  const { SingleBar, Presets } = (await import('cli-progress')).default;
  const bar = new SingleBar(
    {
      stream: process.stderr,
      clearOnComplete: true,
      hideCursor: true,
      gracefulExit: false,
      format: (_options, params, payload: { text: string }) => {
        const filled = Math.round(params.value * 30);
        return `[${'='.repeat(filled)}${' '.repeat(30 - filled)}] ${payload.text}`;
      },
    },
    Presets.legacy,
  );
  bar.start(1, 0, { text: '' });
  return {
    update: (fraction, text) => bar.update(Math.min(fraction, 1), { text }),
    stop: () => bar.stop(),
  };
}

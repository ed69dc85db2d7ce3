/** A bar on a terminal while a file is read: bytes, packets per second, time left. */
import { monotonicMs } from '../common/clock.ts';
import { Counter } from '../shm/counters.ts';
import { bytesText } from './summary.ts';

const REFRESH_MS = 100;

export interface Progress {
  stop(): void;
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
      etaBuffer: 50,
      format: (options, params, payload: { rate: string }) => {
        const known = params.total > 0;
        const filled = known ? Math.round((params.value / params.total) * 30) : 0;
        const picture = known ? `[${'='.repeat(filled)}${' '.repeat(30 - filled)}] ` : '';
        const of = known ? ` of ${bytesText(params.total)}` : '';
        const left = known && Number.isFinite(params.eta) ? `, ${Math.ceil(params.eta)} s left` : '';
        return `${picture}${bytesText(params.value)}${of}, ${payload.rate} packets/s${left}${options.forceRedraw ? '' : ''}`;
      },
    },
    Presets.legacy,
  );
  const startMs = monotonicMs();
  const rate = (): string => {
    const seconds = Math.max(1e-3, (monotonicMs() - startMs) / 1000);
    return Math.round(counters[Counter.PACKETS] / seconds).toLocaleString('en-US');
  };
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

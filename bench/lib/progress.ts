/** What is being done, on standard error: one line that changes on a terminal, else a line now and then. */

export interface Progress {
  say(bench: string, words: string): void;
  /** A benchmark of which so many seconds were expected is over; it took `tookMs`. */
  done(bench: string, seconds: number, tookMs: number): void;
  end(): void;
}

export function createProgress(totalSeconds: number): Progress {
  const { stderr } = process;
  let doneSeconds = 0;
  let last = '';
  return {
    say(bench, words) {
      const percent = Math.round((doneSeconds * 100) / Math.max(1, totalSeconds));
      const line = `${String(percent).padStart(3)} %  ${bench}${words === '' ? '' : `: ${words}`}`;
      if (stderr.isTTY) stderr.write(`\r\x1b[2K${line.slice(0, (stderr.columns ?? 80) - 1)}`);
      // Elsewhere only what is new is worth a line.
      else if (bench !== last) stderr.write(`${line}\n`);
      last = bench;
    },
    done(bench, seconds, tookMs) {
      doneSeconds += seconds;
      if (!stderr.isTTY) stderr.write(`       ${bench}: ${Math.round(tookMs / 1000)} s\n`);
    },
    end() {
      if (stderr.isTTY) stderr.write('\r\x1b[2K');
    },
  };
}

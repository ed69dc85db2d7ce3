/** What the contrasts that measure have in common: progress, an end in order when interrupted, the result, the words of a failure. */
import { ExitStatus } from '../common/errors.ts';
import { Stopped } from '../workers/contrast-control.ts';
import { startBar } from './progress.ts';

export interface ContrastFlags {
  readonly json?: true;
  readonly quiet?: true;
}

/** What a contrast asks and tells while it measures. */
export interface ContrastHooks {
  readonly isStopped: () => boolean;
  readonly onStep: (done: number, of: number, what: string) => void;
}

/** Measures, and prints the result as `json` or `lines` word it. Returns the exit status. */
export async function runContrast<Result>(
  flags: ContrastFlags,
  measure: (hooks: ContrastHooks) => Promise<Result>,
  json: (result: Result) => unknown,
  lines: (result: Result) => readonly string[],
): Promise<ExitStatus> {
  const bar = flags.quiet === true ? null : await startBar();
  let signals = 0;
  const handle = (): void => {
    signals++;
    bar?.update(0, 'ending after this step, and putting back what was there');
  };
  process.on('SIGINT', handle);
  process.on('SIGTERM', handle);
  try {
    const result = await measure({
      isStopped: () => signals > 0,
      onStep: (done, of, what) => bar?.update(done / of, what),
    });
    bar?.stop();
    const shown = flags.json ? [JSON.stringify(json(result))] : lines(result);
    process.stdout.write(`${shown.join('\n')}\n`);
    return ExitStatus.OK;
  } catch (error) {
    bar?.stop();
    if (error instanceof Stopped || signals > 0) return ExitStatus.INTERRUPTED;
    if (!(error instanceof Error)) throw error;
    process.stderr.write(`flowshard: ${error.message}\n`);
    return ExitStatus.FAILED;
  }
}

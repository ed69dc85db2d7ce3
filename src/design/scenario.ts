/** What scenarios share: runs in rounds, and a verdict of several sentences, each of which holds or does not. */
import type { Design } from './design.ts';
import { type PreparedFrames, prepareFrames } from './frames.ts';
import { type RunFigures, resultOf } from './result.ts';
import { type RunHooks, runDesign, type Seen } from './run.ts';

export interface Criterion {
  readonly name: string;
  readonly holds: boolean;
  /** What was found, and what had to be. */
  readonly words: string;
}

export interface ScenarioRun {
  readonly name: string;
  readonly round: number;
  readonly figures: RunFigures;
}

export interface ScenarioResult {
  readonly scenario: string;
  readonly runs: readonly ScenarioRun[];
  readonly criteria: readonly Criterion[];
  /** Figures of the comparison, by name. */
  readonly figures: Readonly<Record<string, number>>;
  readonly interrupted: boolean;
}

/** Ended by whoever started it. */
export class Interrupted extends Error {
  override readonly message = 'interrupted';
}

export interface ScenarioHooks extends RunHooks {
  readonly onPhase?: (phase: string, share: number) => void;
}

/** Errors: Interrupted */
export async function framesOf(
  design: Design,
  hooks: ScenarioHooks,
  runPackets = 0,
): Promise<PreparedFrames> {
  const { isStopped, onPhase } = hooks;
  const frames = await prepareFrames(design, {
    runPackets,
    ...(isStopped === undefined ? {} : { isStopped }),
    onProgress: (share) => onPhase?.('preparing packets', share),
  });
  if (frames === null) throw new Interrupted();
  return frames;
}

/** One run and its figures; `check` looks at what it left before its memory goes. Errors: Interrupted */
export async function runOf<T>(
  name: string,
  design: Design,
  frames: PreparedFrames,
  hooks: ScenarioHooks,
  check: (seen: Seen) => T,
): Promise<{ readonly figures: RunFigures; readonly found: T }> {
  const seen = await runDesign(design, frames, {
    ...hooks,
    // Then the attack has done what it can do: each of its packets has come once.
    warmupPackets: frames.run,
    onLook: (phase, share) => hooks.onPhase?.(`${name}: ${phase}`, share),
  });
  if (seen.interrupted) throw new Interrupted();
  const { figures } = await resultOf(seen);
  return { figures, found: check(seen) };
}

/** The middle one of some rates, the lower of two; one of them, so that its round can be found. */
export const middle = (rates: readonly number[]): number =>
  [...rates].sort((a, b) => a - b)[(rates.length - 1) >> 1];

/** The greatest of several rounds: what else the machine does makes a rate smaller, never greater. */
export const best = (values: readonly number[]): number => Math.max(0, ...values);

export const establishedPerSecond = ({ established, seconds }: RunFigures): number =>
  seconds > 0 ? established / seconds : 0;

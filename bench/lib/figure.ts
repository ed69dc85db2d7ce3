/** What a benchmark finds, and what of it is kept. */

/** How much a run does: all of it; a tenth, for a look; next to nothing, inside `npm test`. */
export type Scale = 'full' | 'quick' | 'tiny';

export interface Figure {
  readonly name: string;
  readonly unit: string;
  /** Each time that it was measured. */
  readonly values: readonly number[];
  /** Of what was computed: the same on every machine, unless the amount of work depends on time. */
  readonly checksum: number;
  /** Where on the axis of a plot it belongs. */
  readonly at?: Readonly<Record<string, number>>;
}

/** A line of bench/results. */
export interface StoredFigure {
  readonly commit: string;
  readonly date: string;
  readonly machine: string;
  readonly cores: number;
  readonly node: string;
  readonly seed: number;
  readonly scale: Scale;
  readonly bench: string;
  readonly name: string;
  readonly unit: string;
  readonly n: number;
  readonly min: number;
  readonly median: number;
  readonly p99: number;
  readonly checksum: number;
  readonly at?: Readonly<Record<string, number>>;
}

/** What a benchmark works with. */
export interface Context {
  readonly scale: Scale;
  readonly seed: number;
  /** An empty folder, which is removed afterwards. */
  readonly folder: string;
  /** The build whose command is measured, where it is the command. */
  readonly root: string;
  /** Other programs are measured beside it. */
  readonly hasPeers: boolean;
  /** What is being done, for who waits. */
  say(words: string): void;
  /** Something was left out; the reason is printed and kept. */
  skip(words: string): void;
}

export type RunBench = (context: Context) => Promise<Figure[]>;

/** One of three, by the scale of the run. */
export const scaled = <T>({ scale }: Context, full: T, quick: T, tiny: T): T =>
  scale === 'full' ? full : scale === 'quick' ? quick : tiny;

/** The least value that no smaller share than `share` of all lie at or below. `values` in ascending order. */
const quantile = (values: readonly number[], share: number): number =>
  values[Math.min(values.length - 1, Math.max(0, Math.ceil(values.length * share) - 1))];

/** Errors: when there is no value, or one is not a number. */
export function statsOf({ name, values }: Figure) {
  if (values.length === 0 || !values.every(Number.isFinite))
    throw new Error(`bench: ${name} has no values, or such as are none`);
  const sorted = [...values].sort((a, b) => a - b);
  return { n: sorted.length, min: sorted[0], median: quantile(sorted, 0.5), p99: quantile(sorted, 0.99) };
}

/** Four digits, however large. */
export function round(value: number): number {
  return value === 0 ? 0 : Number(value.toPrecision(4));
}

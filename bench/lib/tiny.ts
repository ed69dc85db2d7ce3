/** A micro-benchmark with tinybench: one function that does many operations, so that the clock weighs nothing. */
import { Bench } from 'tinybench';
import { type Context, type Figure, scaled } from './figure.ts';

export interface MicroTask {
  readonly name: string;
  /** Operations of one call. */
  readonly operations: number;
  readonly run: () => void;
  /** Before each call, outside of the clock. */
  readonly before?: () => void;
  /** Of what the calls computed, asked for at the end. It may depend on how many calls there were: then leave it away. */
  readonly checksum?: () => number;
}

/** Units: the figure's values are ns per operation */
export function measureTask(context: Context, task: MicroTask): Figure {
  const time = scaled(context, 300, 150, 1);
  const bench = new Bench({
    time,
    warmupTime: time,
    iterations: scaled(context, 64, 32, 2),
    warmupIterations: scaled(context, 64, 32, 2),
    retainSamples: true,
    throws: true,
  });
  bench.add(task.name, task.run, task.before === undefined ? {} : { beforeEach: task.before });
  const [{ result }] = bench.runSync();
  if (!('latency' in result) || result.latency.samples === undefined)
    throw new Error(`${task.name} was not measured`);
  const values = result.latency.samples.map((ms) => (ms * 1e6) / task.operations);
  return { name: task.name, unit: 'ns', values, checksum: task.checksum?.() ?? 0 };
}

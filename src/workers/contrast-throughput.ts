/**
 * What it costs to track packets, the kernel and us, in one run: the same frames through both, one right after the other, so
 * that what else the machine does meets both.
 */
import { release } from 'node:os';
import { grouped } from '../common/grouped.ts';
import { checkRoot } from '../kernel/linux/namespace.ts';
import { trafficInMemory } from '../kernel/router/memory.ts';
import { makeRoom, type TableSize } from '../kernel/table-size.ts';
import {
  type ControlResult,
  controlSteps,
  runControl,
  type Spread,
  Stopped,
  spreadOf,
} from './contrast-control.ts';
import { DIRECT } from './control-steps.ts';
import { type RouterRun, startRouterRun } from './router-run.ts';
import {
  type Figures,
  forwardOnly,
  forwardWithConntrack,
  forwardWithTap,
  MEASURES,
  type Measure,
  openInKernel,
  type RoundInput,
  throughStages,
  throughThreads,
} from './throughput-steps.ts';

export interface ThroughputOptions {
  /** Connections, one size after the other. */
  readonly sizes: readonly number[];
  /** Of each measure, at least. */
  readonly packets: number;
  readonly rounds: number;
  /** null: as `track` chooses. */
  readonly shards: number | null;
  readonly isStopped: () => boolean;
  /** Steps that are done, of all. */
  readonly onStep: (done: number, of: number, what: string) => void;
}

export interface SizeResult {
  readonly connections: number;
  readonly spreads: Partial<Record<Measure, Spread>>;
  /** Lists, deletes and the like. Units: ms */
  readonly times: ControlResult['times'];
}

export interface ThroughputResult {
  readonly kernelRelease: string;
  readonly packets: number;
  readonly rounds: number;
  readonly shards: number | null;
  readonly sizes: readonly SizeResult[];
  readonly table: TableSize;
  readonly isRaised: boolean;
}

const STEPS: readonly (readonly [what: string, step: (input: RoundInput) => Promise<Figures>])[] = [
  ['opening, with conntrack', openInKernel],
  ['forwarding', forwardOnly],
  ['forwarding with conntrack', forwardWithConntrack],
  ['forwarding with our tap', forwardWithTap],
  ['from memory, all threads', throughThreads],
  ['from memory, one thread', throughStages],
];

/** What lies between two measures of one round. */
function withDifferences(round: Figures): Figures {
  const { forwardNs, conntrackNs, tapNs } = round;
  if (forwardNs === undefined || conntrackNs === undefined || tapNs === undefined) return round;
  return { ...round, conntrackAddedNs: conntrackNs - forwardNs, tapAddedNs: tapNs - forwardNs };
}

export function spreadsOf(rounds: readonly Figures[]): Partial<Record<Measure, Spread>> {
  const found: Partial<Record<Measure, Spread>> = {};
  for (const measure of MEASURES) {
    const samples = rounds.map(withDifferences).flatMap((round) => round[measure] ?? []);
    if (samples.length > 0) found[measure] = spreadOf(samples);
  }
  return found;
}

async function runSize(
  router: RouterRun,
  connections: number,
  options: ThroughputOptions,
  step: (what: string) => void,
): Promise<SizeResult> {
  const { packets, shards } = options;
  const at = `${grouped(connections)} connections`;
  step(`${at}: making frames`);
  await router.ask({ ask: 'prepare', connections });
  const block = trafficInMemory(connections, packets);
  const rounds: Figures[] = [];
  for (let round = 0; round < options.rounds; round++) {
    const figures: Figures = {};
    for (const [what, run] of STEPS) {
      step(`${at}: ${what}`);
      Object.assign(figures, await run({ router, connections, packets, shards, block }));
    }
    // Slabs that were filled before are not all given back: only the first filling tells.
    if (round > 0) delete figures.kernelSlabBytes;
    rounds.push(figures);
  }
  await router.ask({ ask: 'track', on: true });
  await router.ask({ ask: 'flush' });
  const { times } = await runControl({
    connections,
    rounds: options.rounds,
    shards,
    ways: DIRECT,
    isStopped: options.isStopped,
    onStep: (_done, _of, what) => step(`${at}: ${what}`),
  });
  return { connections, spreads: spreadsOf(rounds), times };
}

/**
 * Thread:  main; the router in a thread with namespaces of its own, our tap in a process of its own
 * Cost:    for a million connections two gigabytes of memory, and half a minute for each round
 * Errors:  KernelError when the kernel cannot be asked; Stopped; what a side said when it failed
 */
export async function runThroughput(options: ThroughputOptions): Promise<ThroughputResult> {
  const ofSize = 1 + options.rounds * STEPS.length + controlSteps({ rounds: options.rounds, ways: DIRECT });
  const of = options.sizes.length * ofSize;
  let done = 0;
  const step = (what: string): void => {
    if (options.isStopped()) throw new Stopped();
    options.onStep(done++, of, what);
  };
  checkRoot();
  const room = makeRoom(Math.max(...options.sizes));
  let router: RouterRun | null = null;
  try {
    router = await startRouterRun();
    const sizes: SizeResult[] = [];
    for (const connections of options.sizes) sizes.push(await runSize(router, connections, options, step));
    return {
      kernelRelease: release(),
      packets: options.packets,
      rounds: options.rounds,
      shards: options.shards,
      sizes,
      table: room.size,
      isRaised: room.isRaised,
    };
  } finally {
    await router?.close();
    room.putBack();
  }
}

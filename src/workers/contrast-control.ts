/**
 * How long it takes to work with a full table, the kernel's and ours, in one run: filled with the same connections, asked
 * for the same things one right after the other, so that what else the machine does meets both.
 */
import { spawnSync } from 'node:child_process';
import { release } from 'node:os';
import { grouped } from '../common/grouped.ts';
import { PER_SOURCE } from '../kernel/crowd/population.ts';
import { checkRoot } from '../kernel/linux/namespace.ts';
import { makeRoom, type TableSize } from '../kernel/table-size.ts';
import {
  COMMANDS,
  COUNT_PATH,
  checkMeasured,
  checkNumber,
  DIRECT,
  type Groups,
  isReply,
  measure,
  OPERATIONS,
  type Operation,
  type Sides,
  STEPS,
  WAYS,
  type Way,
} from './control-steps.ts';
import { type CrowdRun, startCrowdRun } from './crowd-run.ts';
import { type CrowdService, startCrowdService } from './crowd-service.ts';

/** Units: milliseconds. */
export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

export interface ControlOptions {
  /** At least twice PER_SOURCE. */
  readonly connections: number;
  readonly rounds: number;
  /** null: as `track` chooses. */
  readonly shards: number | null;
  /** In which ways it is measured. */
  readonly ways: readonly Way[];
  readonly isStopped: () => boolean;
  /** Steps that are done, of all. */
  readonly onStep: (done: number, of: number, what: string) => void;
}

export interface ControlResult {
  readonly kernelRelease: string;
  /** As it names itself; null where the program is not installed. */
  readonly conntrackVersion: string | null;
  readonly connections: number;
  readonly rounds: number;
  /** By operation and way, where there is a measure. */
  readonly times: Readonly<Record<Operation, Partial<Record<Way, Spread>>>>;
  /** From start to end of a program that only says its version. */
  readonly startUp: Partial<Record<Way, Spread>>;
  /** Of the list of all, over our socket. */
  readonly listBytes: number;
  readonly table: TableSize;
  readonly isRaised: boolean;
}

/** Ended between two steps, as was wished. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
}

export function spreadOf(samples: readonly number[]): Spread {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return {
    min: sorted[0],
    median: (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2,
    max: sorted[sorted.length - 1],
  };
}

function conntrackVersion(): string | null {
  const { stdout, status } = spawnSync('conntrack', ['--version'], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : null;
}

const FILLS = 2;
/** The steps of a round that are measured in some way. */
const stepsOf = (wanted: readonly Way[]): (readonly [Operation, readonly Way[]])[] =>
  STEPS.map(([operation, ways]) => [operation, ways.filter((way) => wanted.includes(way))] as const).filter(
    ([, ways]) => ways.length > 0,
  );
/** At most: what is not measured after all is told as done. */
export const controlSteps = ({ rounds, ways }: Pick<ControlOptions, 'rounds' | 'ways'>): number =>
  rounds * (1 + FILLS + stepsOf(ways).reduce((sum, [, inWays]) => sum + inWays.length, 0));
const START_UP = 'startUp';

interface Run {
  readonly sides: Sides;
  readonly options: ControlOptions;
  /** By operation, or START_UP, and way: milliseconds. */
  readonly samples: Map<string, number[]>;
  readonly step: (what: string) => void;
  listBytes: number;
}

const sampleKey = (operation: Operation | typeof START_UP, way: Way): string => `${operation} ${way}`;

function addSample({ samples }: Run, key: string, ms: number): void {
  const list = samples.get(key);
  if (list === undefined) samples.set(key, [ms]);
  else list.push(ms);
}

async function fill(run: Run): Promise<void> {
  const { connections } = run.options;
  run.step(`${grouped(connections)} connections into both tables`);
  await run.sides.kernel.ask({ ask: 'fill', connections });
  await run.sides.ours.fill(connections);
}

async function measureStartUp(run: Run): Promise<void> {
  const { kernel, ours, hasConntrack } = run.sides;
  run.step('start-up');
  const version = async (way: Way, command: readonly string[]): Promise<void> => {
    const { ms } = await kernel.ask({ ask: 'run', command: [...command, '--version'] });
    addSample(run, sampleKey(START_UP, way), ms);
  };
  if (hasConntrack) await version('conntrack', ['conntrack']);
  await version('flowshard', ours.command);
}

/** Whatever the commands left: both tables begin from nothing. */
async function emptyBoth({ sides }: Run): Promise<void> {
  await sides.kernel.ask({ ask: 'flush' });
  const { head } = await sides.ours.request('GET', COUNT_PATH);
  checkNumber('after flush by flowshard', (JSON.parse(head) as { count: number }).count, 0);
}

/** Where the program is not installed; the table must be as it is on our side. */
async function insteadOfConntrack(operation: Operation, groups: Groups, { sides }: Run): Promise<void> {
  if (operation === 'deleteSource') await sides.kernel.ask({ ask: 'delete', group: groups.command });
}

async function runRound(run: Run): Promise<void> {
  const { sides, options } = run;
  const groups: Groups = { command: 0, direct: 1 };
  if (options.ways.some((way) => COMMANDS.includes(way))) await measureStartUp(run);
  await fill(run);
  let left = options.connections;
  const isIn = (ways: readonly Way[]): boolean => options.ways.some((way) => ways.includes(way));
  for (const [operation, ways] of stepsOf(options.ways)) {
    for (const way of ways) {
      if (way === 'conntrack' && !sides.hasConntrack) {
        await insteadOfConntrack(operation, groups, run);
        continue;
      }
      run.step(`${operation}: ${way}`);
      const measured = await measure(operation, way, groups, sides);
      checkMeasured(operation, way, measured, left);
      addSample(run, sampleKey(operation, way), measured.ms);
      if (operation === 'list' && isReply(measured)) run.listBytes = measured.bytes;
    }
    if (operation === 'deleteSource')
      for (const group of [COMMANDS, DIRECT]) if (isIn(group)) left -= PER_SOURCE;
    if (operation === 'flush' && COMMANDS.includes(ways[0]) && isIn(DIRECT)) {
      await emptyBoth(run);
      await fill(run);
      left = options.connections;
    }
  }
  checkNumber('after flush by ctnetlink', (await sides.kernel.ask({ ask: 'count' })).connections, 0);
}

function spreadsOf(
  samples: Run['samples'],
  operation: Operation | typeof START_UP,
): Partial<Record<Way, Spread>> {
  const found: Partial<Record<Way, Spread>> = {};
  for (const way of WAYS) {
    const list = samples.get(sampleKey(operation, way));
    if (list !== undefined) found[way] = spreadOf(list);
  }
  return found;
}

async function measureAll(sides: Sides, options: ControlOptions): Promise<Run> {
  const of = controlSteps(options);
  let done = 0;
  const run: Run = {
    sides,
    options,
    samples: new Map(),
    listBytes: 0,
    step(what) {
      if (options.isStopped()) throw new Stopped();
      options.onStep(done++, of, what);
    },
  };
  for (let round = 0; round < options.rounds; round++) await runRound(run);
  return run;
}

/**
 * Thread:  main; the kernel's side in a thread with a namespace of its own, ours in a process of its own
 * Cost:    about half a gigabyte of the kernel's memory, and less of ours, for a million connections
 * Errors:  KernelError when the kernel cannot be asked; Stopped; what a side said when it failed
 */
export async function runControl(options: ControlOptions): Promise<ControlResult> {
  checkRoot();
  const version = conntrackVersion();
  const room = makeRoom(options.connections);
  let kernel: CrowdRun | null = null;
  let ours: CrowdService | null = null;
  try {
    kernel = await startCrowdRun();
    ours = await startCrowdService(options.connections, options.shards);
    const { samples, listBytes } = await measureAll(
      { kernel, ours, hasConntrack: version !== null },
      options,
    );
    const times = OPERATIONS.map((operation) => [operation, spreadsOf(samples, operation)] as const);
    return {
      kernelRelease: release(),
      conntrackVersion: version,
      connections: options.connections,
      rounds: options.rounds,
      times: Object.fromEntries(times) as ControlResult['times'],
      startUp: spreadsOf(samples, START_UP),
      listBytes,
      table: room.size,
      isRaised: room.isRaised,
    };
  } finally {
    await ours?.close();
    await kernel?.close();
    room.putBack();
  }
}

/** What `flowshard contrast control` says at the end: for people, and as JSON for programs. */
import { grouped } from '../common/grouped.ts';
import { PER_SOURCE } from '../kernel/crowd/population.ts';
import type { ControlResult, Spread } from '../workers/contrast-control.ts';
import type { Operation, Way } from '../workers/control-steps.ts';

const LABELS: Readonly<Record<Operation, string>> = {
  list: 'list, all',
  listSource: `list, ${PER_SOURCE} of one source`,
  deleteSource: `delete, ${PER_SOURCE} of one source`,
  count: 'count',
  flush: 'flush',
};
const OPERATIONS = Object.keys(LABELS) as Operation[];

/** The kernel's way, and ours that does the same. */
const PAIRS: readonly (readonly [
  title: string,
  kernel: Way,
  kernelName: string,
  ours: Way,
  ourName: string,
])[] = [
  ['As commands, from start to end', 'conntrack', 'conntrack', 'flowshard', 'flowshard conntrack'],
  ['Through the interface, from the request to the last byte', 'ctnetlink', 'ctnetlink', 'socket', 'socket'],
];

export interface Goal {
  readonly goal: string;
  /** null: not measured. */
  readonly value: number | null;
  readonly unit: 'x' | 'ms';
  readonly isReached: boolean | null;
}

const ratio = (kernel: Spread | undefined, ours: Spread | undefined): number | null =>
  kernel === undefined || ours === undefined ? null : kernel.median / ours.median;

/** Those of the project, for a million connections. */
export function goalsOf({ times }: ControlResult): Goal[] {
  const faster = ratio(times.list.conntrack, times.list.flowshard);
  const under = (operation: Operation, ms: number): Goal => {
    const value = times[operation].socket?.median ?? null;
    const goal = `${LABELS[operation]}: under ${ms} ms`;
    return { goal, value, unit: 'ms', isReached: value === null ? null : value < ms };
  };
  return [
    {
      goal: 'list, all: three times as fast as conntrack -L',
      value: faster,
      unit: 'x',
      isReached: faster === null ? null : faster >= 3,
    },
    under('listSource', 50),
    under('deleteSource', 50),
    under('flush', 50),
    under('count', 10),
  ];
}

const SMALL_MS = 10;
const ms = (value: number): string => (value < SMALL_MS ? value.toFixed(1) : grouped(value));
const spreadText = (spread: Spread | undefined): string =>
  spread === undefined ? '-' : `${ms(spread.median)} (${ms(spread.min)} to ${ms(spread.max)})`;
const ratioText = (value: number | null): string =>
  value === null ? '-' : `${value < 1 ? value.toFixed(2) : value < 10 ? value.toFixed(1) : grouped(value)} x`;

const LABEL_WIDTH = Math.max(...Object.values(LABELS).map((label) => label.length)) + 4;
const CELL_WIDTH = 26;
const row = (label: string, cells: readonly string[]): string =>
  `  ${label.padEnd(LABEL_WIDTH)}${cells.map((cell) => cell.padEnd(CELL_WIDTH)).join('')}`.trimEnd();

function tableLines(result: ControlResult): string[] {
  return PAIRS.flatMap(([title, kernel, kernelName, ours, ourName]) => [
    '',
    row(`${title}:`, []),
    row('', [kernelName, ourName, 'ratio']),
    ...OPERATIONS.map((operation) => {
      const times = result.times[operation];
      const cells = [times[kernel], times[ours]];
      return row(LABELS[operation], [...cells.map(spreadText), ratioText(ratio(cells[0], cells[1]))]);
    }),
  ]);
}

function goalLine({ goal, value, unit, isReached }: Goal): string {
  const measured = value === null ? 'not measured' : unit === 'x' ? ratioText(value) : `${ms(value)} ms`;
  const verdict = isReached === null ? '' : isReached ? 'reached' : 'NOT reached';
  return `  ${goal.padEnd(LABEL_WIDTH + CELL_WIDTH)}${measured.padEnd(CELL_WIDTH)}${verdict}`.trimEnd();
}

/** What was held equal, and what was not. */
export function notesOf(result: ControlResult): string[] {
  const { table, isRaised, startUp, listBytes, connections } = result;
  const raised = isRaised ? ' (raised for this run, and put back)' : '';
  return [
    'Equal: the same tuples in the same order, established and assured, with packet and byte counters; the commands start from the same thread, their output goes to /dev/null; both sides are asked one right after the other.',
    "Not equal: the kernel was given its connections through ctnetlink, ours come from packets (SYN, SYN/ACK, ACK); ctnetlink gives the kernel's own messages and no text, our socket gives the text of conntrack over HTTP. The first round has our code before it is compiled.",
    `The kernel's table has ${grouped(table.buckets)} buckets and room for ${grouped(table.max)}${raised}; nothing else is in its namespace.`,
    `A program that only says its version takes ${spreadText(startUp.flowshard)} ms (flowshard: the start of Node) and ${spreadText(startUp.conntrack)} ms (conntrack): it is part of every command above.`,
    `Our list of all is ${grouped(listBytes)} bytes of text, ${grouped(listBytes / connections)} for each connection.`,
    'The goals for one source, for flush and for count are held against the socket: the start of Node alone takes longer than some of them.',
  ];
}

export function controlLines(result: ControlResult): string[] {
  const { connections, rounds, conntrackVersion, kernelRelease } = result;
  const program = conntrackVersion ?? 'conntrack(8) is not installed';
  return [
    `${grouped(connections)} TCP connections over IPv4 on each side, ${rounds} ${rounds === 1 ? 'round' : 'rounds'}.`,
    `Linux ${kernelRelease}, ${program}, flowshard v${FLOWSHARD_VERSION}, Node ${process.versions.node}.`,
    'Milliseconds: median (least to most).',
    ...tableLines(result),
    '',
    'Goals:',
    ...goalsOf(result).map(goalLine),
    '',
    ...notesOf(result),
  ];
}

/** The same as data. Keys are stable. */
export function controlJson(result: ControlResult): Record<string, unknown> {
  return {
    kernel: result.kernelRelease,
    conntrack: result.conntrackVersion,
    version: FLOWSHARD_VERSION,
    node: process.versions.node,
    connections: result.connections,
    rounds: result.rounds,
    unit: 'ms',
    times: result.times,
    startUp: result.startUp,
    listBytes: result.listBytes,
    table: { ...result.table, raised: result.isRaised },
    goals: goalsOf(result).map(({ goal, value, unit, isReached }) => ({
      goal,
      value,
      unit,
      reached: isReached,
    })),
    notes: notesOf(result),
  };
}

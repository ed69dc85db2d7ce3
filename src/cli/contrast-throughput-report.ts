/** What `flowshard contrast throughput` says at the end: for people, and as JSON for programs. */
import { grouped } from '../common/grouped.ts';
import { PER_SOURCE } from '../kernel/crowd/population.ts';
import { FRAME_BYTES } from '../kernel/router/frames.ts';
import type { Spread } from '../workers/contrast-control.ts';
import type { SizeResult, ThroughputResult } from '../workers/contrast-throughput.ts';
import type { Operation } from '../workers/control-steps.ts';
import type { Measure } from '../workers/throughput-steps.ts';

const SMALL = 10;
/** With fewer connections it takes no time to open them, and what a table needs besides is more than they do. */
const MANY = 100_000;

/** A figure; undefined where there is none. */
type Cell = Spread | undefined;

/** ns of a packet as packets per second: the least of one is the most of the other. */
const asRate = (ns: Spread | undefined): Spread | undefined =>
  ns === undefined ? undefined : { min: 1e9 / ns.max, median: 1e9 / ns.median, max: 1e9 / ns.min };

const ROUND_FROM = 100_000;
function valueText(value: number): string {
  if (value >= ROUND_FROM) return grouped(Math.round(value / 1000) * 1000);
  return value < SMALL && value > 0 ? value.toFixed(1) : grouped(value);
}

function cellText(cell: Cell): string {
  if (cell === undefined) return '-';
  const { min, median, max } = cell;
  const range =
    valueText(min) === valueText(max) ? '' : ` (${[min, max].map((value) => valueText(value)).join(' to ')})`;
  return `${valueText(median)}${range}`;
}

type Row = readonly [label: string, kernel: Cell, tap: Cell, memory: Cell];
const NOTHING: Cell = undefined;

const OPERATION_LABELS: readonly (readonly [Operation, string])[] = [
  ['list', 'ms to list all'],
  ['listSource', `ms to list ${PER_SOURCE} of one source`],
  ['deleteSource', `ms to delete ${PER_SOURCE} of one source`],
  ['count', 'ms to count'],
  ['flush', 'ms to flush'],
];

function rowsOf({ connections, spreads, times }: SizeResult): Row[] {
  const of = (measure: Measure): Cell => spreads[measure];
  const rate = (measure: Measure): Cell => asRate(spreads[measure]);
  const ofMany = (measure: Measure): Cell => (connections < MANY ? NOTHING : of(measure));
  return [
    ['packets/s, not tracked', rate('forwardNs'), NOTHING, rate('decodeNs')],
    ['packets/s, tracked', rate('conntrackNs'), rate('tapNs'), of('memoryPerS')],
    ['packets lost', NOTHING, of('tapLost'), NOTHING],
    ['ns that it adds to a packet', of('conntrackAddedNs'), of('tapAddedNs'), of('trackNs')],
    ['ns of our threads for a packet', NOTHING, of('tapCpuNs'), of('memoryCpuNs')],
    [
      'connections opened/s',
      ofMany('conntrackOpenedPerS'),
      ofMany('tapOpenedPerS'),
      ofMany('memoryOpenedPerS'),
    ],
    ['bytes of a connection', ofMany('kernelSlabBytes'), ofMany('ourBytes'), ofMany('ourBytes')],
    ['  of these the entry itself', ofMany('kernelBytes'), NOTHING, NOTHING],
    ...OPERATION_LABELS.map(
      ([operation, label]): Row => [label, times[operation].ctnetlink, times[operation].socket, NOTHING],
    ),
  ];
}

const LABEL_WIDTH = 36;
const CELL_WIDTH = 36;
const line = (label: string, cells: readonly string[]): string =>
  `  ${label.padEnd(LABEL_WIDTH)}${cells.map((cell) => cell.padEnd(CELL_WIDTH)).join('')}`.trimEnd();

function sizeLines(size: SizeResult): string[] {
  return [
    '',
    `${grouped(size.connections)} connections:`,
    line('', ['nf_conntrack', 'flowshard track -i', 'flowshard, from memory']),
    ...rowsOf(size).map(([label, ...cells]) => line(label, cells.map(cellText))),
  ];
}

/** What was held equal, and what was not. */
export function notesOf(result: ThroughputResult): string[] {
  const { table, isRaised } = result;
  const raised = isRaised ? ' (raised for this run, and put back)' : '';
  return [
    `Equal: the same frames (TCP over IPv4, ${FRAME_BYTES} bytes, no payload) in the same order for all; every connection is opened by SYN, SYN/ACK and ACK, then gets ACKs in both directions, in another order than it was opened; packet and byte counters are on, checksums are verified; nothing is invalid, refused or missing, else there is no result.`,
    'nf_conntrack: one core does everything for a frame: it makes it, sends it over veth into the router, forwards it over veth into a third namespace, and drops it there. Its processor time is taken. What tracking adds is the difference of that with and without conntrack, in the same round. Conntrack is on through a rule that no packet passes through: no rule is evaluated.',
    'flowshard track -i: the router forwards without conntrack, and our command reads the same frames at its first device, on the other cores; packets/s are what the forwarding core does then, and only as many as were not lost are tracked. ns that it adds: on the forwarding core, for the copy into the ring. ns of our threads: processor time of the other cores, where the tracking is done.',
    'flowshard, from memory: all threads, as a capture is tracked, without a file; not tracked: one thread that reads, decodes and hashes and does no more; ns that it adds: the tracker alone, in one thread.',
    'Not equal: the kernel also routes what it tracks, and a frame of the kernel is a buffer that is allocated and freed; ours is only read. Both directions come in at one device of the router. From memory there is no network at all: it says what the tracker costs, not what a machine can receive.',
    `Bytes of a connection: of the kernel what all its slabs grew by, and the ${grouped(table.buckets)} buckets of its table are not in it; of ours all memory of the table, when it is full. The times to list and so on are those of contrast control: ctnetlink against our socket.`,
    `The kernel's table has ${grouped(table.buckets)} buckets and room for ${grouped(table.max)}${raised}.`,
  ];
}

export function throughputLines(result: ThroughputResult): string[] {
  const { packets, rounds, kernelRelease } = result;
  return [
    `At least ${grouped(packets)} packets for each measure, ${rounds} ${rounds === 1 ? 'round' : 'rounds'}: median (least to most).`,
    `Linux ${kernelRelease}, flowshard v${FLOWSHARD_VERSION}, Node ${process.versions.node}.`,
    ...result.sizes.flatMap(sizeLines),
    '',
    ...notesOf(result),
  ];
}

/** The same as data. Keys are stable. */
export function throughputJson(result: ThroughputResult): Record<string, unknown> {
  return {
    kernel: result.kernelRelease,
    version: FLOWSHARD_VERSION,
    node: process.versions.node,
    packets: result.packets,
    rounds: result.rounds,
    shards: result.shards,
    frameBytes: FRAME_BYTES,
    sizes: result.sizes.map(({ connections, spreads, times }) => ({
      connections,
      measures: spreads,
      times: Object.fromEntries(
        Object.entries(times).map(([operation, { ctnetlink, socket }]) => [operation, { ctnetlink, socket }]),
      ),
    })),
    table: { ...result.table, raised: result.isRaised },
    notes: notesOf(result),
  };
}

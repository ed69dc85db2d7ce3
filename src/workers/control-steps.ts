/**
 * What `flowshard contrast control` asks of a full table, in which ways, and whether what came back is what there was. Both
 * sides must have done the same, or the times say nothing.
 */
import type { Timed } from '../kernel/crowd/crowd.ts';
import { PER_SOURCE, sourceText } from '../kernel/crowd/population.ts';
import type { CrowdRun } from './crowd-run.ts';
import type { CrowdService, Reply } from './crowd-service.ts';

export const OPERATIONS = ['list', 'listSource', 'deleteSource', 'count', 'flush'] as const;
export type Operation = (typeof OPERATIONS)[number];

/** How it is asked: by a program from start to end, or through the interface behind it. */
export const WAYS = ['conntrack', 'flowshard', 'ctnetlink', 'socket'] as const;
export type Way = (typeof WAYS)[number];

export const COMMANDS: readonly Way[] = ['conntrack', 'flowshard'];
export const DIRECT: readonly Way[] = ['ctnetlink', 'socket'];

/** The steps of a round. Both tables are full before the first one, and again before what follows a flush. */
export const STEPS: readonly (readonly [Operation, readonly Way[]])[] = [
  ['list', WAYS],
  ['listSource', WAYS],
  ['count', WAYS],
  ['deleteSource', WAYS],
  ['flush', COMMANDS],
  ['flush', DIRECT],
];

export interface Sides {
  readonly kernel: CrowdRun;
  readonly ours: CrowdService;
  readonly hasConntrack: boolean;
}

export type Measured = Timed | Reply;

/** Which source the commands are asked about, and which the interfaces: what is deleted is there for one of them only. */
export interface Groups {
  readonly command: number;
  readonly direct: number;
}

/** What the command conntrack is given, after its name; ours is given the same. */
function wordsOf(operation: Operation, { command }: Groups): readonly string[] {
  switch (operation) {
    case 'list':
      return ['-L'];
    case 'listSource':
      return ['-L', '-s', sourceText(command)];
    case 'deleteSource':
      return ['-D', '-s', sourceText(command)];
    case 'count':
      return ['-C'];
    case 'flush':
      return ['-F'];
  }
}

function askNetlink(operation: Operation, { direct }: Groups, kernel: CrowdRun): Promise<Timed> {
  switch (operation) {
    case 'list':
      return kernel.ask({ ask: 'list', group: null });
    case 'listSource':
      return kernel.ask({ ask: 'list', group: direct });
    case 'deleteSource':
      return kernel.ask({ ask: 'delete', group: direct });
    case 'count':
    case 'flush':
      return kernel.ask({ ask: operation });
  }
}

export const COUNT_PATH = '/v1/connections/count';

function askSocket(operation: Operation, { direct }: Groups, ours: CrowdService): Promise<Reply> {
  const source = `src=${sourceText(direct)}`;
  switch (operation) {
    case 'list':
      return ours.request('GET', '/v1/connections?format=text');
    case 'listSource':
      return ours.request('GET', `/v1/connections?format=text&${source}`);
    case 'deleteSource':
      return ours.request('DELETE', `/v1/connections?${source}`);
    case 'count':
      return ours.request('GET', COUNT_PATH);
    case 'flush':
      return ours.request('DELETE', '/v1/connections?all=true');
  }
}

/** One operation in one way. Errors: KernelError, or whatever a side says when it fails */
export function measure(operation: Operation, way: Way, groups: Groups, sides: Sides): Promise<Measured> {
  const { kernel, ours } = sides;
  switch (way) {
    case 'conntrack':
      return kernel.ask({ ask: 'run', command: ['conntrack', ...wordsOf(operation, groups)] });
    case 'flowshard':
      return kernel.ask({
        ask: 'run',
        command: [...ours.command, 'conntrack', ...wordsOf(operation, groups)],
        environment: { FLOWSHARD_SOCKET: ours.socket },
      });
    case 'ctnetlink':
      return askNetlink(operation, groups, kernel);
    case 'socket':
      return askSocket(operation, groups, ours);
  }
}

/** `N flow entries have been shown.` */
const numberSaid = (said: string): number => Number(/(\d+) flow entries/.exec(said)?.[1] ?? Number.NaN);

export const isReply = (measured: Measured): measured is Reply => 'bytes' in measured;

export function checkNumber(what: string, found: number, wanted: number): void {
  if (found !== wanted) throw new Error(`${what}: ${found} connections instead of ${wanted}`);
}

/** How many connections it met; null where it does not say. */
function metBy(operation: Operation, way: Way, measured: Measured): number | null {
  if (isReply(measured)) {
    const { lines, head } = measured;
    if (operation === 'list' || operation === 'listSource') return lines;
    const answer = JSON.parse(head) as { count?: number; deleted?: number };
    return operation === 'count' ? (answer.count ?? null) : (answer.deleted ?? null);
  }
  if (way === 'ctnetlink') return operation === 'flush' ? null : measured.connections;
  return operation === 'count' || operation === 'flush' ? null : numberSaid(measured.said);
}

/** Errors: when a side met other connections than there were; `left` is how many there were */
export function checkMeasured(operation: Operation, way: Way, measured: Measured, left: number): void {
  const what = `${operation} by ${way}`;
  if (isReply(measured) && measured.status !== 200)
    throw new Error(`${what}: status ${measured.status}: ${measured.head}`);
  const met = metBy(operation, way, measured);
  const isOfSource = operation === 'listSource' || operation === 'deleteSource';
  if (met !== null) checkNumber(what, met, isOfSource ? PER_SOURCE : left);
}

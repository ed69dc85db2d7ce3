/** What a tracker is made of, for those who work on its connections between bursts; and how it counts. */
import { EndCode, Verdict } from '../shm/bits.ts';
import { Counter } from '../shm/counters.ts';
import type { Segment } from '../shm/segment.ts';
import type { Table } from '../shm/table.ts';
import type { Wheel } from '../shm/wheel.ts';
import type { HelperHooks } from './helper-hooks.ts';
import type { Others } from './protocols/others.ts';
import type { Reporter } from './reporter.ts';

/** Thread: the owner's only. */
export interface TrackerParts {
  readonly segment: Segment;
  readonly settings: Int32Array;
  readonly table: Table;
  readonly wheel: Wheel;
  readonly others: Others;
  readonly reporter: Reporter;
  readonly helpers: HelperHooks | null;
  readonly isReporting: boolean;
  /** The clock, and the number of the last packet. */
  now(): { readonly ms: number; readonly sec: number; readonly nsec: number; readonly number: number };
  isOverdue(entry: number): boolean;
  /** Sets the deadline of a connection, as a packet of now would. */
  refresh(entry: number, timeoutMs: number): void;
  /** Makes sure that one more connection fits; may evict. */
  hasRoom(hash: number): boolean;
  end(entry: number, code: EndCode): void;
  expireDue(): void;
  /** Brings the counters up to date. */
  publish(): void;
}

/** Where ends are counted. */
export function endCounter(code: EndCode): Counter {
  if (code === EndCode.KILLED) return Counter.ENDED_KILLED;
  return code === EndCode.DELETED ? Counter.ENDED_DELETED : Counter.ENDED_TIMEOUT + code;
}

/** Brings up to date what is not counted packet by packet. */
export function publishTable(counters: Float64Array, table: Table): void {
  const alive = table.count();
  let tracked = 0;
  for (let verdict = Verdict.ESTABLISHED; verdict <= Verdict.RELATED_REPLY; verdict++) {
    tracked += counters[Counter.VERDICT + verdict];
  }
  counters[Counter.TRACKED] = tracked;
  counters[Counter.ALIVE] = alive;
  if (alive > counters[Counter.ALIVE_MAX]) counters[Counter.ALIVE_MAX] = alive;
  counters[Counter.PROBE_MAX] = table.probeMax();
  counters[Counter.INDEX_SLOTS] = table.mask() + 1;
}

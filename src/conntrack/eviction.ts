/**
 * Who has to go when the table is full: the kernel's early drop, and the sweep that follows a
 * refusal. An ASSURED connection goes only when it is closing anyway, and only in the sweep.
 */
import { Kind, Status } from '../shm/bits.ts';
import { Counter } from '../shm/counters.ts';
import { Hot } from '../shm/offsets.generated.ts';
import type { Segment } from '../shm/segment.ts';
import type { Table } from '../shm/table.ts';
import { SctpState } from './protocols/sctp-table.ts';
import { TcpState } from './protocols/tcp-table.ts';

const PROTOCOL_SCTP = 132;
/** Early drop looks at this many neighbouring parts of the index ... */
const BUCKETS = 8;
/** ... of this many slots each, about what one bucket of the kernel's table holds when it is full. */
export const BUCKET_SLOTS = 4;
/** After a refusal, entries that each packet examines until the whole table was swept. */
const SWEEP_SLICE = 16;
/** The sweep leaves a table alone that is less full than this. */
const SWEEP_FILL = 0.95;

export interface Eviction {
  /** Deletes the connections of the first part of the index near the hash that has any which is not assured. */
  near(hash: number): boolean;
  /** Begins a sweep, unless one is under way. */
  startSweep(): void;
  /** Examines some entries; returns whether there are more to come. */
  sweepSlice(): boolean;
}

/** Thread: owner of the segment. Cost: bounded by the constants above. */
export function createEviction(segment: Segment, table: Table, evict: (entry: number) => void): Eviction {
  const { hot, counters } = segment;
  const victims = new Int32Array(BUCKET_SLOTS);
  /** Next entry of the sweep; 0 when none is under way. */
  let sweepEntry = 0;

  function near(hash: number): boolean {
    const indexMask = table.mask();
    let slot = hash & indexMask & -BUCKET_SLOTS;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      let count = 0;
      for (let i = 0; i < BUCKET_SLOTS; i++) {
        const entry = table.entryAt((slot + i) & indexMask);
        if (entry !== 0 && (hot[entry * Hot.WORDS + Hot.STATUS] & Status.ASSURED) === 0)
          victims[count++] = entry;
      }
      for (let i = 0; i < count; i++) evict(victims[i]);
      if (count > 0) return true;
      slot = (slot + BUCKET_SLOTS) & indexMask;
    }
    return false;
  }

  function sweepSlice(): boolean {
    const enough = Math.ceil(segment.maxEntries * SWEEP_FILL);
    for (let i = 0; i < SWEEP_SLICE; i++) {
      const entry = sweepEntry++;
      if (entry >= table.limit() || table.count() < enough) {
        sweepEntry = 0;
        return false;
      }
      if (hot[entry * Hot.WORDS + Hot.KIND] !== 0 && canGo(entry)) {
        counters[Counter.EVICTED_SWEEP]++;
        evict(entry);
      }
    }
    return true;
  }

  function canGo(entry: number): boolean {
    const status = hot[entry * Hot.WORDS + Hot.STATUS];
    if ((status & Status.ASSURED) === 0) return true;
    const state = (status & Status.STATE_MASK) >>> Status.STATE_SHIFT;
    if ((hot[entry * Hot.WORDS + Hot.KIND] & Kind.PROTOCOL_MASK) === PROTOCOL_SCTP)
      return state >= SctpState.SHUTDOWN_SENT && state <= SctpState.SHUTDOWN_ACK_SENT;
    return state >= TcpState.FIN_WAIT && state <= TcpState.CLOSE;
  }

  return {
    near,
    startSweep() {
      if (sweepEntry === 0) sweepEntry = 1;
    },
    sweepSlice,
  };
}

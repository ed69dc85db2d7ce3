/**
 * Canonical tuples: endpoints in order, so that both directions of a connection give the same words
 * and the same hash; a bit of META says which direction the packet had.
 */
import type { Hash4 } from '../common/hash.ts';
import { Meta, Task } from '../shm/bits.ts';
import { Desc } from '../shm/offsets.generated.ts';
import { ICMP_INVERSE, ICMPV6_INVERSE } from './icmp-types.ts';

/** Both write the tuple, META and HASH of the descriptor at word `o`; L4 is there as the packet has it. */
export interface TupleWriter {
  /** Addresses as big-endian words. */
  write4(source: number, destination: number, kind: number, task: number, out: Int32Array, o: number): void;
  /** Where the addresses lie in `view`. */
  write6(
    view: DataView,
    source: number,
    destination: number,
    kind: number,
    task: number,
    out: Int32Array,
    o: number,
  ): void;
}

/** Thread: any, one per thread. Cost: no allocation. */
export function createTupleWriter(hash4: Hash4): TupleWriter {
  /** Swaps the halves of L4: the ports, or, for ICMP, the type by its inverse. */
  function invertL4(l4: number, task: number): number {
    switch (task & Meta.TASK_MASK) {
      case Task.ICMP:
        return (l4 & ~0xff00) | (ICMP_INVERSE[(l4 >>> 8) & 0xff] << 8);
      case Task.ICMPV6:
        return (l4 & ~0xff00) | (ICMPV6_INVERSE[(l4 >>> 8) & 0xff] << 8);
      default:
        return (l4 << 16) | (l4 >>> 16);
    }
  }

  /**
   * Writes endpoints in order: the lower address first, with equal addresses the lower L4. `order` is
   * the sign of source minus destination. Sets META from `task`.
   */
  function orient(order: number, task: number, out: Int32Array, o: number): boolean {
    const l4 = out[o + Desc.L4];
    if (order < 0) {
      out[o + Desc.META] = task;
      return false;
    }
    const inverse = invertL4(l4, task);
    if (order === 0 && l4 <= inverse) {
      out[o + Desc.META] = l4 === inverse ? task | Meta.SELF | Meta.FROM_HI : task;
      return false;
    }
    out[o + Desc.L4] = inverse;
    out[o + Desc.META] = task | Meta.FROM_HI;
    return true;
  }

  function write4(
    source: number,
    destination: number,
    kind: number,
    task: number,
    out: Int32Array,
    o: number,
  ): void {
    const order = source === destination ? 0 : source < destination ? -1 : 1;
    const swapped = orient(order, task, out, o);
    const lo = swapped ? destination : source;
    const hi = swapped ? source : destination;
    out[o + Desc.LO0] = lo;
    out[o + Desc.HI0] = hi;
    out[o + Desc.KIND] = kind;
    out[o + Desc.HASH] = hash4(lo, hi, out[o + Desc.L4], kind);
  }

  function write6(
    view: DataView,
    source: number,
    destination: number,
    kind: number,
    task: number,
    out: Int32Array,
    o: number,
  ): void {
    let order = 0;
    for (let i = 0; i < 16 && order === 0; i += 4) {
      const a = view.getInt32(source + i);
      const b = view.getInt32(destination + i);
      if (a !== b) order = a < b ? -1 : 1;
    }
    const swapped = orient(order, task, out, o);
    const lo = swapped ? destination : source;
    const hi = swapped ? source : destination;
    const lo0 = view.getInt32(lo);
    const hi0 = view.getInt32(hi);
    out[o + Desc.LO0] = lo0;
    out[o + Desc.HI0] = hi0;
    for (let i = 0; i < 3; i++) {
      out[o + Desc.LO1 + i] = view.getInt32(lo + 4 + i * 4);
      out[o + Desc.HI1 + i] = view.getInt32(hi + 4 + i * 4);
    }
    out[o + Desc.KIND] = kind;
    out[o + Desc.HASH] = hash4(
      hash4(lo0, out[o + Desc.LO1], out[o + Desc.LO2], out[o + Desc.LO3]),
      hash4(hi0, out[o + Desc.HI1], out[o + Desc.HI2], out[o + Desc.HI3]),
      out[o + Desc.L4],
      kind,
    );
  }

  return { write4, write6 };
}

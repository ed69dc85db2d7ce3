/**
 * The protocols that need no table: UDP, UDP-Lite, ICMP, ICMPv6 and everything else. Each says for
 * how long a packet keeps its connection alive; none of them refuses a packet of a known connection.
 */
import { Reason } from '../common/reasons.ts';
import { ICMP_INVERSE, ICMPV6_INVERSE } from '../packet/icmp-types.ts';
import { Kind, Meta, Status, Task } from '../shm/bits.ts';
import { Desc, Hot } from '../shm/offsets.generated.ts';
import { Setting } from './settings.ts';

/** A UDP connection is a stream when it is older than this and was answered. */
const UDP_STREAM_AGE_MS = 2000;

const ICMP_QUERIES: ReadonlySet<number> = new Set([8, 13, 15, 17]);
const ICMPV6_QUERIES: ReadonlySet<number> = new Set([128, 139]);

export interface Stateless {
  /** Whether the packet may open a connection; NONE, or the reason why not. */
  opens(task: Task, d: number): Reason;
  /** Writes the first values of a new entry. */
  open(task: Task, entry: number, nowMs: number): void;
  /** Timeout in ms after a packet of an entry. `dir` is 0 or 1. May set ASSURED. */
  packet(task: Task, entry: number, nowMs: number, dir: number): number;
}

/** Thread: owner of the shard only. Cost: no allocation. */
export function createStateless(hot: Int32Array, desc: Int32Array, settings: Int32Array): Stateless {
  /** The ICMP type as the packet bears it: L4 is written as the lower endpoint would see it. */
  function icmpTypeOf(d: number): number {
    const type = (desc[d + Desc.L4] >>> 8) & 0xff;
    if ((desc[d + Desc.META] & Meta.FROM_HI) === 0) return type;
    return (desc[d + Desc.KIND] & Kind.IPV6) !== 0 ? ICMPV6_INVERSE[type] : ICMP_INVERSE[type];
  }

  function opens(task: Task, d: number): Reason {
    if (task !== Task.ICMP && task !== Task.ICMPV6) return Reason.NONE;
    const type = icmpTypeOf(d);
    const query = (desc[d + Desc.KIND] & Kind.IPV6) !== 0 ? ICMPV6_QUERIES.has(type) : ICMP_QUERIES.has(type);
    return query ? Reason.NONE : Reason.ICMP_UNSOLICITED;
  }

  function open(task: Task, entry: number, nowMs: number): void {
    if (task === Task.UDP) hot[entry * Hot.WORDS + Hot.END_ORIG] = (nowMs + UDP_STREAM_AGE_MS) | 0;
  }

  function packet(task: Task, entry: number, nowMs: number): number {
    const h = entry * Hot.WORDS;
    const status = hot[h + Hot.STATUS];
    switch (task) {
      case Task.UDP:
        if ((status & Status.SEEN_REPLY) === 0 || ((nowMs - hot[h + Hot.END_ORIG]) | 0) <= 0)
          return settings[Setting.UDP];
        hot[h + Hot.STATUS] = status | Status.ASSURED;
        return settings[Setting.UDP_STREAM];
      case Task.UDPLITE:
        if ((status & Status.SEEN_REPLY) === 0) return settings[Setting.UDP];
        hot[h + Hot.STATUS] = status | Status.ASSURED;
        return settings[Setting.UDP_STREAM];
      case Task.ICMP:
        return settings[Setting.ICMP];
      case Task.ICMPV6:
        return settings[Setting.ICMPV6];
      default:
        return settings[Setting.GENERIC];
    }
  }

  return { opens, open, packet };
}

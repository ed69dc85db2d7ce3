/**
 * The protocols other than TCP: UDP, UDP-Lite, ICMP, ICMPv6, GRE and everything else, which need no
 * table and refuse no packet of a known connection; and the way to SCTP. Each says for how long a
 * packet keeps its connection alive.
 */
import { Reason } from '../../common/reasons.ts';
import { ICMP_INVERSE, ICMPV6_INVERSE } from '../../packet/icmp-types.ts';
import { Kind, Meta, Status, Task } from '../../shm/bits.ts';
import { Desc, Hot } from '../../shm/offsets.generated.ts';
import { Setting } from '../settings.ts';
import { createSctp } from './sctp.ts';

/** A UDP connection is a stream when it is older than this and was answered. */
const UDP_STREAM_AGE_MS = 2000;

/** Timeouts of a GRE connection in ms: until it is answered, and then. */
export const GRE_TIMEOUT = Hot.END_ORIG;
export const GRE_STREAM_TIMEOUT = Hot.END_REPLY;

const ICMP_QUERIES: ReadonlySet<number> = new Set([8, 13, 15, 17]);
const ICMPV6_QUERIES: ReadonlySet<number> = new Set([128, 139]);

export interface Others {
  /** Whether the packet may open a connection; NONE, or the reason why not. */
  opens(task: Task, d: number): Reason;
  /** Writes the first values of a new entry, and returns its timeout in ms. `dir` is that of its first packet. */
  open(task: Task, entry: number, d: number, dir: number, nowMs: number): number;
  /** Timeout in ms after a packet of an entry, or (SCTP only) an Answer. `dir` is 0 or 1. May set ASSURED. */
  packet(task: Task, entry: number, d: number, dir: number, nowMs: number): number;
  /** Events of an entry that wait for its next packet; they are told now. */
  takeUntold(entry: number): number;
}

/** Thread: owner of the shard only. Cost: no allocation. */
export function createOthers(hot: Int32Array, desc: Int32Array, settings: Int32Array): Others {
  const sctp = createSctp(hot, desc, settings);

  /** The ICMP type as the packet bears it: L4 is written as the lower endpoint would see it. */
  function icmpTypeOf(d: number): number {
    const type = (desc[d + Desc.L4] >>> 8) & 0xff;
    if ((desc[d + Desc.META] & Meta.FROM_HI) === 0) return type;
    return (desc[d + Desc.KIND] & Kind.IPV6) !== 0 ? ICMPV6_INVERSE[type] : ICMP_INVERSE[type];
  }

  function opens(task: Task, d: number): Reason {
    if (task === Task.SCTP) return sctp.opens(d);
    if (task !== Task.ICMP && task !== Task.ICMPV6) return Reason.NONE;
    const type = icmpTypeOf(d);
    const query = (desc[d + Desc.KIND] & Kind.IPV6) !== 0 ? ICMPV6_QUERIES.has(type) : ICMP_QUERIES.has(type);
    return query ? Reason.NONE : Reason.ICMP_UNSOLICITED;
  }

  function open(task: Task, entry: number, _d: number, _dir: number, nowMs: number): number {
    const h = entry * Hot.WORDS;
    switch (task) {
      case Task.UDP:
        hot[h + Hot.END_ORIG] = (nowMs + UDP_STREAM_AGE_MS) | 0;
        return settings[Setting.UDP];
      case Task.UDPLITE:
        return settings[Setting.UDP];
      case Task.ICMP:
        return settings[Setting.ICMP];
      case Task.ICMPV6:
        return settings[Setting.ICMPV6];
      case Task.GRE:
        // Copied, as in the kernel: a later change of the settings is not for this connection.
        hot[h + GRE_TIMEOUT] = settings[Setting.GRE];
        hot[h + GRE_STREAM_TIMEOUT] = settings[Setting.GRE_STREAM];
        return settings[Setting.GRE];
      case Task.SCTP:
        return sctp.open(entry);
      default:
        return settings[Setting.GENERIC];
    }
  }

  function packet(task: Task, entry: number, d: number, dir: number, nowMs: number): number {
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
      case Task.GRE:
        if ((status & Status.SEEN_REPLY) === 0) return hot[h + GRE_TIMEOUT];
        hot[h + Hot.STATUS] = status | Status.ASSURED;
        return hot[h + GRE_STREAM_TIMEOUT];
      case Task.SCTP:
        return sctp.packet(entry, d, dir);
      default:
        return settings[Setting.GENERIC];
    }
  }

  return { opens, open, packet, takeUntold: sctp.takeUntold };
}

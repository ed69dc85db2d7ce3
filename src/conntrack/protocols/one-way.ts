/**
 * Which protocols a tracker has: the kernel's, or with `--one-way` those for taps that see one direction
 * only. docs/one-way.md says what these promise. The choice is made when a tracker is made, so that a
 * packet costs nothing where the option is off.
 */
import { Reason } from '../../common/reasons.ts';
import { Meta, Status, Task, TcpClass } from '../../shm/bits.ts';
import { Desc, Hot } from '../../shm/offsets.generated.ts';
import { Setting } from '../settings.ts';
import { createOneWaySctp, type OneWaySctp } from './one-way-sctp.ts';
import { createOneWayTcp } from './one-way-tcp.ts';
import { createOthers, type Others } from './others.ts';
import { createTcp, type Tcp } from './tcp.ts';

/** A UDP connection that still sends after this may be one that is answered where nobody sees it. */
const UDP_STREAM_AGE_MS = 2000;

/** The protocols other than TCP, for one direction. Thread: owner of the shard only. Cost: no allocation. */
function createOneWayOthers(hot: Int32Array, settings: Int32Array, kernel: Others, sctp: OneWaySctp): Others {
  const hasPorts = (task: Task): boolean => task === Task.UDP || task === Task.UDPLITE;

  function packet(task: Task, entry: number, d: number, dir: number, nowMs: number): number {
    const h = entry * Hot.WORDS;
    const status = hot[h + Hot.STATUS];
    if (dir === 0) hot[h + Hot.STATUS] = status & ~Status.ORIGINAL_UNSEEN;
    if (task === Task.SCTP) return sctp.packet(entry, d, dir);
    const timeout = kernel.packet(task, entry, d, dir, nowMs);
    const isAlone = (status & Status.SEEN_REPLY) === 0;
    if (!hasPorts(task) || !isAlone || ((nowMs - hot[h + Hot.END_ORIG]) | 0) <= 0) return timeout;
    // Not ASSURED: nothing shows that there is an answer.
    return Math.max(timeout, settings[Setting.UDP_STREAM]);
  }

  return {
    opens: () => Reason.NONE,
    open(task, entry, d, dir, nowMs) {
      const h = entry * Hot.WORDS;
      if (task === Task.SCTP) {
        hot[h + Hot.END_ORIG] = 0;
        hot[h + Hot.END_REPLY] = 0;
        hot[h + Hot.SIDES] = 0;
        return sctp.packet(entry, d, dir);
      }
      const timeout = kernel.open(task, entry, d, dir, nowMs);
      if (hasPorts(task)) hot[h + Hot.END_ORIG] = (nowMs + UDP_STREAM_AGE_MS) | 0;
      return timeout;
    },
    packet,
    takeUntold: () => 0,
  };
}

/** The protocols of a tracker. */
export interface Protocols {
  readonly isOneWay: boolean;
  readonly tcp: Tcp;
  readonly others: Others;
  /**
   * Direction of the packet that opens a connection. With `--one-way` it is 1 where the packet says by itself that it
   * is an answer: a SYN/ACK, an ICMP answer, an answering SCTP chunk. Of all others the sender counts as the one that opened.
   */
  openingDirection(d: number, task: Task): number;
}

/** Those of the kernel, or those for one direction, as the settings say. Thread and cost: as of either. */
export function chooseProtocols(
  hot: Int32Array,
  desc: Int32Array,
  settings: Int32Array,
  shorten: (entry: number, timeoutMs: number) => void,
): Protocols {
  const kernel = createOthers(hot, desc, settings);
  if (settings[Setting.ONE_WAY] === 0)
    return {
      isOneWay: false,
      tcp: createTcp(hot, desc, settings, shorten),
      others: kernel,
      openingDirection: () => 0,
    };
  const sctp = createOneWaySctp(hot, desc, settings);
  return {
    isOneWay: true,
    tcp: createOneWayTcp(hot, desc, settings),
    others: createOneWayOthers(hot, settings, kernel, sctp),
    openingDirection(d, task) {
      const meta = desc[d + Desc.META];
      if (task === Task.TCP)
        return ((meta >>> Meta.CLASS_SHIFT) & 7) === TcpClass.SYNACK && (meta & Meta.SELF) === 0 ? 1 : 0;
      if (task === Task.SCTP) return sctp.isAnswer(d) && (meta & Meta.SELF) === 0 ? 1 : 0;
      const isIcmp = task === Task.ICMP || task === Task.ICMPV6;
      return isIcmp && kernel.opens(task, d) !== Reason.NONE ? 1 : 0;
    },
  };
}

/**
 * TCP for taps that see one direction only: the interpreter of one-way-table.ts, in place of tcp.ts.
 *
 * What the other side says may be missing at any moment, for good or for a while, so nothing is
 * judged by it: no window has an upper bound, an acknowledgement may be of data that was never seen,
 * repetitions may have been answered. What remains is a side's own progress. No packet is INVALID
 * here; what cannot belong to the connection is let through without effect.
 *
 * The words of a side are used in their own way: END and MAXACK as in tcp.ts, MAXEND for the sequence
 * number of its SYN, MAXWIN for what is known of it (Known).
 */
import { Reason } from '../../common/reasons.ts';
import { Last, Meta, Status, TcpClass } from '../../shm/bits.ts';
import { Desc, Hot } from '../../shm/offsets.generated.ts';
import { Setting } from '../settings.ts';
import { Answer } from './answer.ts';
import {
  ONE_WAY_BLOCK_SHIFT,
  ONE_WAY_STATE_SHIFT,
  OneWayBlock,
  OneWayCell,
  oneWayTransitions,
} from './one-way-table.ts';
import type { Tcp } from './tcp.ts';
import { SIDE_WORDS, segmentEnd } from './tcp-segment.ts';
import { TcpState } from './tcp-table.ts';

/** The four fields of a side, counted from its first. */
enum SideWord {
  END = 0,
  SYN_SEQ = 1,
  KNOWN = 2,
  MAXACK = 3,
}

/** What is known of a side. */
enum Known {
  NOTHING = 0,
  /** Where it is, but not where it began. */
  POSITION = 1,
  SYN = 2,
}

/** No window is larger. RFC 7323 2.3 */
const WINDOW_LIMIT = 1 << 30;

/** Whether a side has gone on; far back means that so much was missed that the numbers have gone round. */
function hasMoved(from: number, to: number): boolean {
  const step = (to - from) | 0;
  return step > 0 || step < -WINDOW_LIMIT;
}

const isOpening = (state: number): boolean =>
  state === TcpState.SYN_SENT || state === TcpState.SYN_RECV || state === TcpState.SYN_SENT2;

/**
 * Shapes:  hot: entries; desc: the ring's slots; settings: Int32Array(Setting.WORDS)
 * Thread:  owner of the shard only
 * Cost:    no allocation
 */
export function createOneWayTcp(hot: Int32Array, desc: Int32Array, settings: Int32Array): Tcp {
  const cells = oneWayTransitions();

  /** `tcp_loose` is about what is picked up in mid-stream; either opening packet will do without it. */
  function opens(d: number): Reason {
    const next = cells[(desc[d + Desc.META] >>> Meta.CLASS_SHIFT) & 7];
    if (next === OneWayCell.UNTRACKED) return Reason.ONE_WAY_RESET;
    const isPickUp = next === TcpState.ESTABLISHED || next === TcpState.FIN_WAIT;
    return isPickUp && settings[Setting.TCP_LOOSE] === 0 ? Reason.TCP_NOT_LOOSE : Reason.NONE;
  }

  function open(entry: number): void {
    const h = entry * Hot.WORDS;
    for (let i = Hot.END_ORIG; i <= Hot.LAST_END; i++) hot[h + i] = 0;
    forgetSyn(h);
  }

  // ---- What is known of a side ----

  /** Learns from an accepted packet of the side at `s`; returns whether the side has gone on since the last one. */
  function learn(s: number, d: number, meta: number): boolean {
    const end = segmentEnd(desc, d, meta);
    const ack = (meta & Meta.ACK) !== 0 ? desc[d + Desc.ACK] : hot[s + SideWord.MAXACK];
    if ((meta & Meta.SYN) !== 0 || hot[s + SideWord.KNOWN] === Known.NOTHING) {
      const hasSyn = (meta & Meta.SYN) !== 0;
      hot[s + SideWord.KNOWN] = hasSyn ? Known.SYN : Known.POSITION;
      hot[s + SideWord.SYN_SEQ] = hasSyn ? desc[d + Desc.SEQ] : 0;
      hot[s + SideWord.END] = end;
      hot[s + SideWord.MAXACK] = ack;
      return false;
    }
    const sent = hasMoved(hot[s + SideWord.END], end);
    const acknowledged = hasMoved(hot[s + SideWord.MAXACK], ack);
    if (sent) hot[s + SideWord.END] = end;
    if (acknowledged) hot[s + SideWord.MAXACK] = ack;
    return sent || acknowledged;
  }

  /** Whether a packet can follow the SYN of its side (a keepalive begins where it did), or, where that is unknown, answer the other side's. */
  function followsOpening(s: number, r: number, d: number, meta: number): boolean {
    if (hot[s + SideWord.KNOWN] === Known.SYN)
      return (desc[d + Desc.SEQ] - hot[s + SideWord.SYN_SEQ]) >>> 0 < WINDOW_LIMIT;
    if (hot[r + SideWord.KNOWN] === Known.SYN && (meta & Meta.ACK) !== 0)
      return (desc[d + Desc.ACK] - hot[r + SideWord.SYN_SEQ] - 1) >>> 0 < WINDOW_LIMIT;
    return true;
  }

  /** Whether the receiver will believe a RST: it does so only for the very next byte. RFC 5961 3.2 */
  function closesExactly(s: number, r: number, d: number): boolean {
    const seq = desc[d + Desc.SEQ];
    return (
      (hot[s + SideWord.KNOWN] !== Known.NOTHING && seq === hot[s + SideWord.END]) ||
      (hot[r + SideWord.KNOWN] !== Known.NOTHING && seq === hot[r + SideWord.MAXACK])
    );
  }

  // ---- A SYN that was let through ----

  function forgetSyn(h: number): void {
    hot[h + Hot.LAST] = TcpClass.NONE << Last.CLASS_SHIFT;
  }

  /** A SYN on a connection that lives: stray, or of a new connection. What follows will tell. */
  function rememberSyn(h: number, d: number, dir: number, meta: number): void {
    hot[h + Hot.LAST] = (TcpClass.SYN << Last.CLASS_SHIFT) | (dir << Last.DIR_SHIFT);
    hot[h + Hot.LAST_SEQ] = desc[d + Desc.SEQ];
    hot[h + Hot.LAST_END] = segmentEnd(desc, d, meta);
  }

  function remembersSynOf(h: number, dir: number): boolean {
    const last = hot[h + Hot.LAST];
    return (
      (last & Last.CLASS_MASK) >>> Last.CLASS_SHIFT === TcpClass.SYN &&
      ((last >>> Last.DIR_SHIFT) & 1) === dir
    );
  }

  /** The SYN was answered: the connection starts again from it, in the same entry. */
  function restart(h: number, syn: number, other: number): void {
    hot[syn + SideWord.KNOWN] = Known.SYN;
    hot[syn + SideWord.SYN_SEQ] = hot[h + Hot.LAST_SEQ];
    hot[syn + SideWord.END] = hot[h + Hot.LAST_END];
    hot[syn + SideWord.MAXACK] = 0;
    hot[other + SideWord.KNOWN] = Known.NOTHING;
  }

  // ---- Packets ----

  function packet(entry: number, d: number, dir: number): number {
    const h = entry * Hot.WORDS;
    const s = h + Hot.END_ORIG + dir * SIDE_WORDS;
    const r = h + Hot.END_REPLY - dir * SIDE_WORDS;
    const meta = desc[d + Desc.META];
    const cls = (meta >>> Meta.CLASS_SHIFT) & 7;
    const seq = desc[d + Desc.SEQ];
    const status = hot[h + Hot.STATUS];
    if (dir === 0) hot[h + Hot.STATUS] = status & ~Status.ORIGINAL_UNSEEN;
    const isAlone = (dir === 0 ? ~status & Status.SEEN_REPLY : status & Status.ORIGINAL_UNSEEN) !== 0;
    const firstBlock = isAlone ? OneWayBlock.ORIGINAL_ALONE : OneWayBlock.ORIGINAL_BOTH;
    const block = (firstBlock + dir) << ONE_WAY_BLOCK_SHIFT;
    let old = (status & Status.STATE_MASK) >>> Status.STATE_SHIFT;

    if (
      (cls === TcpClass.ACK || cls === TcpClass.FIN) &&
      remembersSynOf(h, dir) &&
      seq === hot[h + Hot.LAST_END]
    ) {
      restart(h, s, r);
      old = TcpState.SYN_SENT;
    }
    let next = cells[block + (old << ONE_WAY_STATE_SHIFT) + cls];

    // A late copy of the packet that opened.
    const isSyn = cls === TcpClass.SYN || cls === TcpClass.SYNACK;
    if (
      isSyn &&
      (next === old || old === TcpState.ESTABLISHED) &&
      hot[s + SideWord.KNOWN] === Known.SYN &&
      seq === hot[s + SideWord.SYN_SEQ]
    )
      return Answer.IGNORED;

    switch (next) {
      case OneWayCell.REOPEN:
        return Answer.REOPEN;
      case OneWayCell.IGNORE:
        if (
          cls === TcpClass.SYNACK &&
          remembersSynOf(h, 1 - dir) &&
          desc[d + Desc.ACK] === hot[h + Hot.LAST_END]
        ) {
          restart(h, r, s);
          old = TcpState.SYN_SENT;
          next = TcpState.SYN_RECV;
          break;
        }
        if (hot[s + SideWord.KNOWN] === Known.NOTHING) learn(s, d, meta);
        else if (cls === TcpClass.SYN) rememberSyn(h, d, dir, meta);
        return Answer.IGNORED;
      case OneWayCell.UNTRACKED:
      case OneWayCell.NEVER:
        return Answer.IGNORED;
      default:
        break;
    }
    if (isOpening(old) && !isSyn && !followsOpening(s, r, d, meta)) return Answer.IGNORED;
    if (cls === TcpClass.RST) return reset(h, s, r, d, dir, old);

    const hasGoneOn = learn(s, d, meta);
    // Another SYN: as in the kernel it counts, but does not keep an unanswered connection alive.
    if (next === TcpState.SYN_SENT && old === next) return Answer.IGNORED;
    // Data that is repeated after the FIN says nothing of the other side's.
    if (isAlone && old === TcpState.FIN_WAIT && next === TcpState.TIME_WAIT && seq !== hot[s + SideWord.END])
      next = old;
    return accept(h, old, next, status, hasGoneOn);
  }

  /** A RST. One that the receiver may not believe leaves the state alone, but the connection must show soon that it lives. */
  function reset(h: number, s: number, r: number, d: number, dir: number, old: number): number {
    const status = hot[h + Hot.STATUS];
    const isSettled = old === TcpState.ESTABLISHED && (status & Status.ASSURED) !== 0;
    if (!isSettled || closesExactly(s, r, d)) {
      hot[h + Hot.STATUS] = (status & ~Status.STATE_MASK) | (TcpState.CLOSE << Status.STATE_SHIFT);
      // Refused, as in the kernel.
      if (dir === 1 && old === TcpState.SYN_SENT && (status & Status.SEEN_REPLY) === 0) return Answer.RESET;
    }
    forgetSyn(h);
    return settings[Setting.TCP_CLOSE];
  }

  /** Writes the new state and says for how long it holds. `before` is the status before the packet. */
  function accept(h: number, old: number, next: number, before: number, hasGoneOn: boolean): number {
    forgetSyn(h);
    const now = hot[h + Hot.STATUS];
    let status = (now & ~Status.STATE_MASK) | (next << Status.STATE_SHIFT);
    if (status === now && old !== next) status ^= Status.RESTARTED;
    const hadBoth = (before & (Status.SEEN_REPLY | Status.ORIGINAL_UNSEEN)) === Status.SEEN_REPLY;
    // What follows the opening proves that it was answered; a connection that was picked up has to go on.
    const isProven = isOpening(old)
      ? next === TcpState.ESTABLISHED || next === TcpState.FIN_WAIT
      : next === TcpState.ESTABLISHED && old === next && (hasGoneOn || hadBoth);
    if (isProven) status |= Status.ASSURED;
    hot[h + Hot.STATUS] = status;
    const timeout = settings[next];
    if (next !== TcpState.ESTABLISHED || (status & Status.ASSURED) !== 0) return timeout;
    const unproven = settings[Setting.TCP_UNACK];
    return Math.min(timeout, unproven);
  }

  return { opens, open, packet };
}

/**
 * TCP's window check: is a segment within what its receiver offered and what its sender was seen to
 * send? Four bounds say so; a segment inside moves them on.
 *
 * Words used here: S is the side that sent the packet, R the side that receives it.
 */
import { Reason } from '../../common/reasons.ts';
import { Last, Meta, Side, Sides, TcpClass } from '../../shm/bits.ts';
import { Desc, Hot } from '../../shm/offsets.generated.ts';
import { Setting } from '../settings.ts';
import { Answer } from './answer.ts';
import { after, before, optionBits, SIDE_WORDS, SideWord, segmentEnd } from './tcp-segment.ts';
import { TcpState } from './tcp-table.ts';

/** Reception of a reply may lag behind: acknowledgements this far below the end are still accepted. */
const ACK_WINDOW_MIN = 66000;

/** Acknowledgements may lie this far below what was sent. */
export const ackWindowOf = (maxWindow: number): number =>
  maxWindow >>> 0 > ACK_WINDOW_MIN ? maxWindow : ACK_WINDOW_MIN;

/** By how much a segment's end lies beyond the right edge of its window. Units: bytes, unsigned */
export const overshotOf = (end: number, maxEnd: number): number => (end - maxEnd + 1) >>> 0;

/** The bound that a segment broke. */
export enum Bound {
  NONE = 0,
  /** It starts above the right edge that R offered: INVALID. */
  SEQ_OVER = 1,
  /** So it does, but by no more than R's largest window: let through without effect. */
  SEQ_BEYOND = 2,
  /** It acknowledges more than R was seen to send: INVALID. */
  ACK_OVER = 3,
  /** It ends further below what S has sent than R's largest window: let through without effect. */
  SEQ_UNDER = 4,
  /** It acknowledges what R sent long ago: let through without effect. */
  ACK_UNDER = 5,
}

/** Words that say by what numbers a segment was outside, as the check saw them. */
export enum Outside {
  BOUND = 0,
  /** 1: outside, but S or the settings are liberal, so it was accepted. */
  FORGIVEN = 1,
  SEQ = 2,
  END = 3,
  ACK = 4,
  SACK = 5,
  /** The four SideWords of S. */
  SENDER = 6,
  /** Those of R. */
  RECEIVER = 10,
  WORDS = 14,
}

export interface TcpWindow {
  /**
   * Judges a packet by the window, and learns from it. `dir` is its direction, `cls` its class, `state` the state
   * before it.
   *
   * Returns: 0 for "in window", IGNORED, or INVALID less the reason
   */
  check(h: number, d: number, dir: number, cls: number, state: number): number;
}

/**
 * Shapes:  hot: entries; desc: the ring's slots; settings: Int32Array(Setting.WORDS); numbers:
 *          Int32Array(Outside.WORDS) for whoever explains packets, who also resets its BOUND; else null
 * Thread:  owner of the shard only
 * Cost:    no allocation
 */
export function createTcpWindow(
  hot: Int32Array,
  desc: Int32Array,
  settings: Int32Array,
  numbers: Int32Array | null,
): TcpWindow {
  /** The first SYN of a side, or one that replaces it. */
  function initSender(h: number, s: number, d: number, dir: number, end: number): void {
    const meta = desc[d + Desc.META];
    const window = desc[d + Desc.WINDOW] >>> 16;
    hot[s + SideWord.END] = end;
    hot[s + SideWord.MAXEND] = end;
    hot[s + SideWord.MAXWIN] = window === 0 ? 1 : window;
    let sides = hot[h + Hot.SIDES];
    if ((meta & Meta.OPTIONS) !== 0) {
      const bits = optionBits(meta);
      const flagShift = dir * 8;
      const scaleShift = Sides.SCALE_ORIG_SHIFT + dir * 4;
      sides &= ~((0xff & ~Side.BE_LIBERAL) << flagShift) & ~(0xf << scaleShift);
      sides |= ((bits & 0xff) << flagShift) | (((bits >>> Sides.SCALE_ORIG_SHIFT) & 0xf) << scaleShift);
    }
    const both = sides & (sides >>> Sides.FLAGS_REPLY_SHIFT);
    if (dir === 1 && (both & Side.WINDOW_SCALE) === 0) sides &= ~(0xff << Sides.SCALE_ORIG_SHIFT);
    hot[h + Hot.SIDES] = sides;
  }

  /** A packet outside its window: INVALID or ignored, unless the sender or the settings make us liberal. */
  function outside(
    sides: number,
    dir: number,
    bound: Bound,
    answer: number,
    sequence: number,
    end: number,
    ack: number,
    sack: number,
    s: number,
    r: number,
  ): number {
    const isLiberal =
      settings[Setting.TCP_BE_LIBERAL] !== 0 || ((sides >>> (dir * 8)) & Side.BE_LIBERAL) !== 0;
    if (numbers === null) return isLiberal ? 0 : answer;
    numbers[Outside.BOUND] = bound;
    numbers[Outside.FORGIVEN] = isLiberal ? 1 : 0;
    numbers[Outside.SEQ] = sequence;
    numbers[Outside.END] = end;
    numbers[Outside.ACK] = ack;
    numbers[Outside.SACK] = sack;
    for (let i = 0; i <= SideWord.MAXACK; i++) {
      numbers[Outside.SENDER + i] = hot[s + i];
      numbers[Outside.RECEIVER + i] = hot[r + i];
    }
    return isLiberal ? 0 : answer;
  }

  /** Returns 0 for "in window", IGNORED, or INVALID less the reason. */
  function check(h: number, d: number, dir: number, cls: number, state: number): number {
    const s = h + Hot.END_ORIG + dir * SIDE_WORDS;
    const r = h + Hot.END_REPLY - dir * SIDE_WORDS;
    const meta = desc[d + Desc.META];
    const rawWindow = desc[d + Desc.WINDOW] >>> 16;
    let seq = desc[d + Desc.SEQ];
    let end = segmentEnd(desc, d, meta);
    let ack = desc[d + Desc.ACK];
    let sides = hot[h + Hot.SIDES];
    let sack = ((sides >>> (8 - dir * 8)) & Side.SACK_PERM) !== 0 ? desc[d + Desc.SACK] : ack;
    let window = rawWindow;

    // 1. The first packet of a side, or a SYN that replaces the first one.
    if (hot[s + SideWord.MAXWIN] === 0) {
      if ((meta & Meta.SYN) !== 0) {
        initSender(h, s, d, dir, end);
        if ((meta & Meta.ACK) === 0) return 0;
        sides = hot[h + Hot.SIDES];
      } else {
        const scaled = window << ((sides >>> (Sides.SCALE_ORIG_SHIFT + dir * 4)) & 0xf);
        hot[s + SideWord.END] = end;
        hot[s + SideWord.MAXWIN] = scaled === 0 ? 1 : scaled;
        hot[s + SideWord.MAXEND] = (end + (scaled === 0 ? 1 : scaled)) | 0;
        if (hot[r + SideWord.MAXWIN] === 0) {
          hot[r + SideWord.END] = sack;
          hot[r + SideWord.MAXEND] = sack;
        } else if (sack === ((hot[r + SideWord.END] + 1) | 0)) {
          // Answers a keepalive that carried one byte.
          hot[r + SideWord.END] = sack;
        }
      }
    } else if (
      (meta & Meta.SYN) !== 0 &&
      (state === TcpState.SYN_SENT || state === TcpState.SYN_RECV) &&
      after(end, hot[s + SideWord.END])
    ) {
      initSender(h, s, d, dir, end);
      if (dir === 1 && (meta & Meta.ACK) === 0) return 0;
      sides = hot[h + Hot.SIDES];
    }

    // 2. Packets that acknowledge nothing count as acknowledging all.
    const endR = hot[r + SideWord.END];
    if ((meta & Meta.ACK) === 0 || ((meta & Meta.RST) !== 0 && ack === 0)) {
      ack = endR;
      sack = endR;
    }
    if ((meta & Meta.RST) !== 0 && seq === 0 && state === TcpState.SYN_SENT) {
      seq = hot[s + SideWord.END];
      end = seq;
    }

    // 3. The four bounds. In order: upper sequence, upper acknowledgement, lower sequence, lower acknowledgement.
    const endS = hot[s + SideWord.END];
    const maxEndS = hot[s + SideWord.MAXEND];
    const maxWinS = hot[s + SideWord.MAXWIN];
    const maxWinR = hot[r + SideWord.MAXWIN];
    const ackWindow = ackWindowOf(maxWinS);
    const aboveLowerSeq = maxWinR === 0 || after(end, (endS - maxWinR - 1) | 0);
    const aboveLowerAck = after(sack, (endR - ackWindow - 1) | 0);
    const belowUpperAck = before(sack, (endR + 1) | 0);
    if (!before(seq, (maxEndS + 1) | 0)) {
      const overshot = overshotOf(end, maxEndS);
      if (maxWinR !== 0 && aboveLowerSeq && aboveLowerAck && belowUpperAck && overshot <= maxWinR >>> 0) {
        const bound = Bound.SEQ_BEYOND;
        const answer = outside(sides, dir, bound, Answer.IGNORED, seq, end, ack, sack, s, r);
        // More than the receiver offered. Should it take the data all the same, its ACK must not be INVALID.
        hot[s + SideWord.END] = end;
        hot[h + Hot.SIDES] = sides | (Side.DATA_UNACKNOWLEDGED << (dir * 8));
        return answer;
      }
      const invalid = Answer.INVALID - Reason.TCP_SEQ_OVER;
      return outside(sides, dir, Bound.SEQ_OVER, invalid, seq, end, ack, sack, s, r);
    }
    if (!belowUpperAck) {
      const invalid = Answer.INVALID - Reason.TCP_ACK_OVER;
      return outside(sides, dir, Bound.ACK_OVER, invalid, seq, end, ack, sack, s, r);
    }
    if (!aboveLowerSeq)
      return outside(sides, dir, Bound.SEQ_UNDER, Answer.IGNORED, seq, end, ack, sack, s, r);
    if (!aboveLowerAck)
      return outside(sides, dir, Bound.ACK_UNDER, Answer.IGNORED, seq, end, ack, sack, s, r);

    // 4. In window: learn from it.
    if ((meta & Meta.SYN) === 0) window <<= (sides >>> (Sides.SCALE_ORIG_SHIFT + dir * 4)) & 0xf;
    const offered = (window + (sack - ack)) | 0;
    if (maxWinS >>> 0 < offered >>> 0) hot[s + SideWord.MAXWIN] = offered;
    let flagsS = 0;
    if (after(end, endS)) {
      hot[s + SideWord.END] = end;
      flagsS = Side.DATA_UNACKNOWLEDGED;
    }
    if ((meta & Meta.ACK) !== 0) {
      if (((sides >>> (dir * 8)) & Side.MAXACK_SET) === 0) {
        hot[s + SideWord.MAXACK] = ack;
        flagsS |= Side.MAXACK_SET;
      } else if (after(ack, hot[s + SideWord.MAXACK])) {
        hot[s + SideWord.MAXACK] = ack;
      }
    }
    sides |= flagsS << (dir * 8);
    if (maxWinR !== 0 && after(end, maxEndS)) hot[r + SideWord.MAXWIN] = (maxWinR + end - maxEndS) | 0;
    const edge = (sack + window) | 0;
    if (after(edge, (hot[r + SideWord.MAXEND] - 1) | 0)) {
      // A closed window leaves room for the byte of a probe.
      hot[r + SideWord.MAXEND] = window === 0 ? (edge + 1) | 0 : edge;
    }
    if (ack === endR) sides &= ~(Side.DATA_UNACKNOWLEDGED << (8 - dir * 8));
    hot[h + Hot.SIDES] = sides;
    if (cls === TcpClass.ACK) rememberAck(h, dir, end, rawWindow, seq, ack);
    return 0;
  }

  /** Counts how often the same segment came, from the same side, without any other in between. */
  function rememberAck(
    h: number,
    dir: number,
    end: number,
    rawWindow: number,
    seq: number,
    ack: number,
  ): void {
    const last = hot[h + Hot.LAST];
    const seen = (dir << Last.DIR_SHIFT) | rawWindow;
    // One comparison: which of them differs cannot be predicted.
    const differs =
      ((last ^ seen) & (Last.DIR_BIT | Last.WINDOW_MASK)) |
      (hot[h + Hot.LAST_SEQ] ^ seq) |
      (hot[h + Hot.LAST_ACK] ^ ack) |
      (hot[h + Hot.LAST_END] ^ end);
    if (differs === 0) {
      hot[h + Hot.LAST] = (last + (1 << Last.RETRANS_SHIFT)) | 0;
      return;
    }
    hot[h + Hot.LAST_SEQ] = seq;
    hot[h + Hot.LAST_ACK] = ack;
    hot[h + Hot.LAST_END] = end;
    hot[h + Hot.LAST] = (last & (Last.CLASS_MASK | Last.SCALE_MASK)) | seen;
  }

  return { check };
}

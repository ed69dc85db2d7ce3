/**
 * TCP: the interpreter of the transition table, with the special cases around it. The window
 * check is tcp-window.ts's.
 *
 * A packet comes as a descriptor (`d`), a connection as an entry. `packet` says what becomes of them
 * with one number, so that nothing is allocated: a timeout to set, or one of the codes below.
 *
 * Words used here: S is the side that sent the packet, R the side that receives it. Sequence numbers
 * are compared modulo 2^32, windows as unsigned numbers.
 */
import { Reason } from '../../common/reasons.ts';
import { Last, Meta, Side, Sides, Status, TcpClass } from '../../shm/bits.ts';
import { Desc, Hot } from '../../shm/offsets.generated.ts';
import { Setting } from '../settings.ts';
import { Answer } from './answer.ts';
import { before, optionBits, SIDE_WORDS, SideWord, segmentEnd } from './tcp-segment.ts';
import { TCP_REPLY_CELLS, TCP_STATE_SHIFT, TcpState, tcpTransitions } from './tcp-table.ts';
import { createTcpWindow } from './tcp-window.ts';

/** An INVALID FIN or RST shortens only timers longer than this. */
const SHORTEN_MIN_MS = 120_000;

/** What a RST's sequence number says. */
enum Rst {
  /** It may close, if it is in window. */
  CLOSES = 0,
  /** Nothing is known of the other side: it closes, but may also answer a packet that was let through. */
  UNSURE = 1,
  /** In the future: the other side will answer with a challenge, so the state stays as it is. */
  KEEPS = 2,
  INVALID = 3,
}

export interface Tcp {
  /** Whether this packet may open a connection; NONE, or the reason why not. */
  opens(d: number): Reason;
  /** Writes the first values of a new entry; `packet` follows. */
  open(entry: number, d: number): void;
  /** Judges a packet of an entry. `dir` is 0 or 1; `nowMs` the clock. Returns a timeout in ms or an Answer. */
  packet(entry: number, d: number, dir: number, nowMs: number): number;
}

/**
 * Shapes:  hot: entries; desc: the ring's slots; settings: Int32Array(Setting.WORDS); outside: as of
 *          createTcpWindow
 * Thread:  owner of the shard only
 * Cost:    no allocation; `shorten` is called only for an INVALID FIN or RST
 */
export function createTcp(
  hot: Int32Array,
  desc: Int32Array,
  settings: Int32Array,
  shorten: (entry: number, timeoutMs: number) => void,
  outside: Int32Array | null = null,
): Tcp {
  const transitions = tcpTransitions();
  const { check: checkWindow } = createTcpWindow(hot, desc, settings, outside);

  function opens(d: number): Reason {
    const next = transitions[(desc[d + Desc.META] >>> Meta.CLASS_SHIFT) & 7];
    if (next === TcpState.INVALID) return Reason.TCP_NOT_OPENING;
    if (next === TcpState.ESTABLISHED && settings[Setting.TCP_LOOSE] === 0) return Reason.TCP_NOT_LOOSE;
    return Reason.NONE;
  }

  function open(entry: number, d: number): void {
    const h = entry * Hot.WORDS;
    const meta = desc[d + Desc.META];
    const end = segmentEnd(desc, d, meta);
    const window = desc[d + Desc.WINDOW] >>> 16;
    const maxWindow = window === 0 ? 1 : window;
    for (let i = Hot.END_ORIG; i <= Hot.LAST_END; i++) hot[h + i] = 0;
    hot[h + Hot.END_ORIG] = end;
    hot[h + Hot.MAXWIN_ORIG] = maxWindow;
    if ((meta & Meta.SYN) !== 0) {
      hot[h + Hot.MAXEND_ORIG] = end;
      hot[h + Hot.SIDES] = optionBits(meta);
    } else {
      // Picked up in mid-stream: the window scale is unknown, so windows are not judged.
      hot[h + Hot.MAXEND_ORIG] = (end + maxWindow) | 0;
      const flags = Side.SACK_PERM | Side.BE_LIBERAL;
      hot[h + Hot.SIDES] = flags | (flags << Sides.FLAGS_REPLY_SHIFT);
    }
    hot[h + Hot.LAST] = TcpClass.NONE << Last.CLASS_SHIFT;
  }

  function lastClass(h: number): number {
    return (hot[h + Hot.LAST] & Last.CLASS_MASK) >>> Last.CLASS_SHIFT;
  }

  function lastDir(h: number): number {
    return (hot[h + Hot.LAST] >>> Last.DIR_SHIFT) & 1;
  }

  function rememberClass(h: number, cls: number, dir: number): void {
    hot[h + Hot.LAST] =
      (hot[h + Hot.LAST] & ~(Last.CLASS_MASK | Last.DIR_BIT)) |
      (cls << Last.CLASS_SHIFT) |
      (dir << Last.DIR_SHIFT);
  }

  /** Lets a packet through without effect, but remembers it: the answer to it may tell what it was. */
  function ignore(h: number, d: number, dir: number, cls: number, old: number): number {
    const meta = desc[d + Desc.META];
    let last = hot[h + Hot.LAST] & ~(Last.CLASS_MASK | Last.DIR_BIT | Last.WINDOW_MASK);
    last |= (cls << Last.CLASS_SHIFT) | (dir << Last.DIR_SHIFT) | (desc[d + Desc.WINDOW] >>> 16);
    hot[h + Hot.LAST_SEQ] = desc[d + Desc.SEQ];
    hot[h + Hot.LAST_END] = segmentEnd(desc, d, meta);
    if (cls === TcpClass.SYN && dir === 0) {
      const bits = optionBits(meta);
      let flags = bits & 0xff;
      if (old === TcpState.LAST_ACK) flags |= Side.EXP_CHALLENGE_ACK;
      hot[h + Hot.SIDES] = (hot[h + Hot.SIDES] & 0x00ffffff) | (flags << Sides.LAST_FLAGS_SHIFT);
      last = (last & ~Last.SCALE_MASK) | (((bits >>> Sides.SCALE_ORIG_SHIFT) & 0xf) << Last.SCALE_SHIFT);
    }
    if (cls === TcpClass.ACK && dir === 1 && old === TcpState.SYN_SENT)
      hot[h + Hot.LAST_ACK] = desc[d + Desc.ACK];
    hot[h + Hot.LAST] = last;
    return Answer.IGNORED;
  }

  /** A SYN/ACK that answers the SYN that was ignored: we were out of sync, so start again from that SYN. */
  function resynchronise(h: number, dir: number): void {
    const sides = hot[h + Hot.SIDES];
    const last = hot[h + Hot.LAST];
    const other = 1 - dir;
    const r = h + Hot.END_ORIG + other * SIDE_WORDS;
    const s = h + Hot.END_ORIG + dir * SIDE_WORDS;
    const window = last & Last.WINDOW_MASK;
    hot[r + SideWord.END] = hot[h + Hot.LAST_END];
    hot[r + SideWord.MAXEND] = hot[h + Hot.LAST_END];
    hot[r + SideWord.MAXWIN] = window === 0 ? 1 : window;
    const lastFlags = (sides >>> Sides.LAST_FLAGS_SHIFT) & ~Side.EXP_CHALLENGE_ACK;
    const scale = (last >>> Last.SCALE_SHIFT) & 0xf;
    const keep = (sides >>> (dir * 8)) & Side.BE_LIBERAL;
    hot[h + Hot.SIDES] =
      (lastFlags << (other * 8)) |
      (keep << (dir * 8)) |
      (scale << (Sides.SCALE_ORIG_SHIFT + other * 4)) |
      (lastFlags << Sides.LAST_FLAGS_SHIFT);
    hot[s + SideWord.END] = 0;
    hot[s + SideWord.MAXEND] = 0;
    hot[s + SideWord.MAXWIN] = 0;
    hot[s + SideWord.MAXACK] = 0;
  }

  /** Whether a RST may close: it must hit the highest acknowledgement, or follow the sender's last segment. */
  function judgeRst(h: number, d: number, dir: number, old: number): Rst {
    const r = h + Hot.END_ORIG + (1 - dir) * SIDE_WORDS;
    const flagsR = hot[h + Hot.SIDES] >>> ((1 - dir) * 8);
    if ((flagsR & Side.MAXACK_SET) === 0 || lastClass(h) === TcpClass.SYN) return Rst.UNSURE;
    const seq = desc[d + Desc.SEQ];
    const maxAck = hot[r + SideWord.MAXACK];
    const settled = old === TcpState.ESTABLISHED && (hot[h + Hot.STATUS] & Status.ASSURED) !== 0;
    if (seq === 0 && !settled) return Rst.CLOSES;
    if (before(seq, maxAck) && settings[Setting.TCP_IGNORE_INVALID_RST] === 0) return Rst.INVALID;
    if (!settled || seq === maxAck) return Rst.CLOSES;
    if (lastClass(h) === TcpClass.ACK && lastDir(h) === dir && seq === hot[h + Hot.LAST_END])
      return Rst.CLOSES;
    return Rst.KEEPS;
  }

  /** A RST that answers a packet which was let through, or a challenge: its window is not checked. */
  function rstAnswers(h: number, d: number, dir: number, old: number): boolean {
    const status = hot[h + Hot.STATUS];
    const cls = lastClass(h);
    // Only the other side's RST answers a SYN; kernel 6.18.2 did not look, 6.18.44 does.
    const toSyn = (status & Status.SEEN_REPLY) !== 0 && cls === TcpClass.SYN && lastDir(h) !== dir;
    const toAck = (status & Status.ASSURED) === 0 && cls === TcpClass.ACK;
    if ((toSyn || toAck) && desc[d + Desc.ACK] === hot[h + Hot.LAST_END]) return true;
    return (
      old === TcpState.SYN_SENT &&
      cls === TcpClass.ACK &&
      lastDir(h) === 1 &&
      desc[d + Desc.SEQ] === hot[h + Hot.LAST_ACK]
    );
  }

  /** Timeout of a state after an accepted packet; unanswered, unacknowledged or reset ones are shorter. */
  function timeoutOf(h: number, cls: number, next: number): number {
    const timeout = settings[next];
    const retransTimeout = settings[Setting.TCP_RETRANS];
    const last = hot[h + Hot.LAST];
    if (timeout > retransTimeout && last >>> Last.RETRANS_SHIFT >= settings[Setting.TCP_MAX_RETRANS])
      return retransTimeout;
    if (cls === TcpClass.RST) return settings[Setting.TCP_CLOSE];
    const sides = hot[h + Hot.SIDES];
    const unacknowledged = (sides | (sides >>> Sides.FLAGS_REPLY_SHIFT)) & Side.DATA_UNACKNOWLEDGED;
    if (unacknowledged !== 0 && timeout > settings[Setting.TCP_UNACK]) return settings[Setting.TCP_UNACK];
    if ((last & Last.WINDOW_MASK) === 0 && timeout > retransTimeout) return retransTimeout;
    return timeout;
  }

  /** An INVALID FIN or RST from either side says that we lost track: do not keep the connection for days. */
  function afterInvalid(entry: number, h: number, dir: number, cls: number, nowMs: number): void {
    if (cls !== TcpClass.FIN && cls !== TcpClass.RST) return;
    const status = hot[h + Hot.STATUS];
    if ((status & Status.ASSURED) === 0 || (status & Status.FIXED_TIMEOUT) !== 0) return;
    const previous = lastClass(h);
    if (lastDir(h) !== dir && (previous === TcpClass.FIN || previous === TcpClass.RST)) {
      const remaining = (hot[h + Hot.DEADLINE] - nowMs) | 0;
      const unacknowledged = settings[Setting.TCP_UNACK];
      if (remaining >= SHORTEN_MIN_MS && remaining > unacknowledged) shorten(entry, unacknowledged);
    } else {
      rememberClass(h, cls, dir);
    }
  }

  function packet(entry: number, d: number, dir: number, nowMs: number): number {
    const h = entry * Hot.WORDS;
    const cls = (desc[d + Desc.META] >>> Meta.CLASS_SHIFT) & 7;
    const state = (hot[h + Hot.STATUS] & Status.STATE_MASK) >>> Status.STATE_SHIFT;
    let old = state;
    let next = transitions[dir * TCP_REPLY_CELLS + (old << TCP_STATE_SHIFT) + cls];
    let check = true;

    // Most packets go from ESTABLISHED to ESTABLISHED and need none of this.
    if (next !== TcpState.ESTABLISHED) {
      switch (next) {
        case TcpState.SYN_SENT:
          if (old < TcpState.TIME_WAIT) break;
          if (mayReopen(h, dir)) return Answer.REOPEN;
          return ignore(h, d, dir, cls, old);
        case TcpState.IGNORE:
          if (
            cls === TcpClass.SYNACK &&
            lastClass(h) === TcpClass.SYN &&
            lastDir(h) !== dir &&
            desc[d + Desc.ACK] === hot[h + Hot.LAST_END]
          ) {
            resynchronise(h, dir);
            old = TcpState.SYN_SENT;
            next = TcpState.SYN_RECV;
            break;
          }
          return ignore(h, d, dir, cls, old);
        case TcpState.INVALID:
          return Answer.INVALID - Reason.TCP_STATE;
        case TcpState.TIME_WAIT:
          if (old === TcpState.LAST_ACK && cls === TcpClass.ACK && isChallengeAck(h, dir))
            return Answer.IGNORED;
          break;
        case TcpState.SYN_SENT2:
          hot[h + Hot.SIDES] |= Side.SIMULTANEOUS_OPEN << Sides.LAST_FLAGS_SHIFT;
          break;
        case TcpState.SYN_RECV:
          if (dir === 1 && cls === TcpClass.ACK && lastFlag(h, Side.SIMULTANEOUS_OPEN))
            next = TcpState.ESTABLISHED;
          break;
        case TcpState.CLOSE:
          if (cls !== TcpClass.RST) break;
          if (old >= TcpState.FIN_WAIT && old <= TcpState.CLOSE) {
            check = false;
            break;
          }
          switch (judgeRst(h, d, dir, old)) {
            case Rst.CLOSES:
              break;
            case Rst.INVALID:
              return Answer.INVALID - Reason.TCP_RST_SEQ;
            case Rst.UNSURE:
              check = !rstAnswers(h, d, dir, old);
              break;
            case Rst.KEEPS:
              next = old;
              check = !rstAnswers(h, d, dir, old);
          }
          break;
        default:
          break;
      }
    }

    if (check) {
      const answer = checkWindow(h, d, dir, cls, state);
      if (answer !== 0) {
        if (answer < Answer.REOPEN) afterInvalid(entry, h, dir, cls, nowMs);
        return answer;
      }
    }
    return accept(h, dir, cls, old, next);
  }

  function lastFlag(h: number, flag: Side): boolean {
    return ((hot[h + Hot.SIDES] >>> Sides.LAST_FLAGS_SHIFT) & flag) !== 0;
  }

  /** Closed by a FIN, or by a RST of the side that now sends the SYN. */
  function mayReopen(h: number, dir: number): boolean {
    const sides = hot[h + Hot.SIDES];
    const closeInit = (sides | (sides >>> Sides.FLAGS_REPLY_SHIFT)) & Side.CLOSE_INIT;
    return closeInit !== 0 || (lastDir(h) === dir && lastClass(h) === TcpClass.RST);
  }

  /** An ACK that answers a stray SYN, not our FIN. RFC 5961 4.2 */
  function isChallengeAck(h: number, dir: number): boolean {
    if (lastDir(h) === dir || lastClass(h) !== TcpClass.SYN || !lastFlag(h, Side.EXP_CHALLENGE_ACK))
      return false;
    hot[h + Hot.SIDES] &= ~(Side.EXP_CHALLENGE_ACK << Sides.LAST_FLAGS_SHIFT);
    return true;
  }

  /** Writes the new state and says for how long it holds. */
  function accept(h: number, dir: number, cls: number, old: number, next: number): number {
    rememberClass(h, cls, dir);
    const statusBefore = hot[h + Hot.STATUS];
    let status = (statusBefore & ~Status.STATE_MASK) | (next << Status.STATE_SHIFT);
    // After a resynchronisation `old` is not the state that is stored.
    if (status === statusBefore && old !== next) status ^= Status.RESTARTED;
    if (next === TcpState.FIN_WAIT && old !== next) hot[h + Hot.SIDES] |= Side.CLOSE_INIT << (dir * 8);
    let timeout = timeoutOf(h, cls, next);
    if ((status & Status.SEEN_REPLY) === 0) {
      hot[h + Hot.STATUS] = status;
      if (cls === TcpClass.RST) return Answer.RESET;
      // A repeated SYN must not keep an unanswered connection alive.
      if (cls === TcpClass.SYN && old === TcpState.SYN_SENT) return Answer.IGNORED;
      if (next === TcpState.ESTABLISHED && timeout > settings[Setting.TCP_UNACK])
        timeout = settings[Setting.TCP_UNACK];
      return timeout;
    }
    if (next === TcpState.ESTABLISHED && (old === TcpState.SYN_RECV || old === TcpState.ESTABLISHED)) {
      status |= Status.ASSURED;
    }
    hot[h + Hot.STATUS] = status;
    return timeout;
  }

  return { opens, open, packet };
}

/**
 * SCTP: the interpreter of the transition table, with the verification tags, heartbeats of second
 * paths and colliding INITs.
 *
 * The chunks of a packet are taken one after the other. When one of them is refused the packet is
 * INVALID, but what the chunks before it did stays, as in the kernel.
 */
import { Reason } from '../../common/reasons.ts';
import { EventBit, Kind, SctpChunk, SctpFlags, SctpMeta, Status } from '../../shm/bits.ts';
import { Desc, Hot } from '../../shm/offsets.generated.ts';
import { Setting } from '../settings.ts';
import { Answer } from './answer.ts';
import { SCTP_REPLY_CELLS, SCTP_STATE_SHIFT, SctpState, sctpTransitions } from './sctp-table.ts';

const PROTOCOL_SCTP = 132;
/** Verification tag of the original direction, and the way to that of the reply direction. */
const TAG = Hot.END_ORIG;
const TAG_WORDS = Hot.END_REPLY - Hot.END_ORIG;
/** Timeout of state 0, if it had one. */
const TIMEOUTS = Setting.SCTP_CLOSED - SctpState.CLOSED;

/** What `judge` says where it is no Reason. */
enum Judged {
  ACCEPTED = 0,
  /** Let through without effect: no refresh, no counting. */
  IGNORED = -1,
}

export interface Sctp {
  /** Whether this packet may open an association; NONE, or the reason why not. */
  opens(d: number): Reason;
  /** Writes the first values of a new entry: what `opens` has just found. Returns a timeout in ms. */
  open(entry: number): number;
  /** Judges a packet of an entry. Returns a timeout in ms or an Answer. */
  packet(entry: number, d: number, dir: number): number;
  /** Events of an entry of any protocol that wait for its next packet; they are told now. */
  takeUntold(entry: number): number;
}

/**
 * Shapes:  hot: entries; desc: the ring's slots; settings: Int32Array(Setting.WORDS)
 * Thread:  owner of the shard only
 * Cost:    a step for each chunk listed in the descriptor, no allocation
 */
export function createSctp(hot: Int32Array, desc: Int32Array, settings: Int32Array): Sctp {
  const transitions = sctpTransitions();

  /** The association at hand: tags of the packet's direction and of the other one. */
  let own = 0;
  let other = 0;
  let flags = 0;
  let state: SctpState = SctpState.NONE;
  let isConfirmed = false;
  let isIgnored = false;
  /** A chunk of the packet at hand has established the association. */
  let isEstablished = false;

  /** Takes the chunks of a packet. Returns a Reason, or Judged. */
  function judge(d: number, dir: number): number {
    const meta = desc[d + Desc.META];
    const tag = desc[d + Desc.SEQ];
    isIgnored = false;
    isEstablished = false;
    if ((meta & SctpMeta.OWN_TAG_RULE) === 0 && tag !== own) return Reason.SCTP_TAG;
    let low = desc[d + Desc.WINDOW];
    let high = desc[d + Desc.SACK];
    while (low !== 0) {
      const reason = chunk(low & 15, d, dir, tag);
      if (reason !== Reason.NONE) return reason;
      low = (low >>> 4) | (high << 28);
      high >>>= 4;
    }
    return isIgnored ? Judged.IGNORED : Judged.ACCEPTED;
  }

  function chunk(code: SctpChunk, d: number, dir: number, tag: number): Reason {
    let column = code;
    switch (code) {
      case SctpChunk.INIT:
        if (tag !== 0) return Reason.SCTP_TAG;
        break;
      case SctpChunk.ABORT:
      case SctpChunk.SHUTDOWN_COMPLETE:
      case SctpChunk.COOKIE_ECHO:
        if (tag !== own) return Reason.SCTP_TAG;
        break;
      case SctpChunk.ABORT_T:
      case SctpChunk.SHUTDOWN_COMPLETE_T:
        if (tag !== other) return Reason.SCTP_TAG;
        column = code === SctpChunk.ABORT_T ? SctpChunk.ABORT : SctpChunk.SHUTDOWN_COMPLETE;
        break;
      case SctpChunk.COOKIE_ACK:
        flags &= ~SctpFlags.INIT_MASK;
        break;
      case SctpChunk.HEARTBEAT:
        if (own !== 0 && tag !== own) {
          if ((desc[d + Desc.META] & SctpMeta.DATA) !== 0 || isIgnored) return Reason.SCTP_HEARTBEAT;
          // Perhaps the association was moved here from a path that we do not see: its ACK will tell.
          flags = (flags & ~SctpFlags.HEARTBEAT_DIR_BIT) | SctpFlags.HEARTBEAT_FAILED;
          flags |= dir << SctpFlags.HEARTBEAT_DIR_SHIFT;
          isIgnored = true;
          return Reason.NONE;
        }
        takeTag(tag);
        break;
      case SctpChunk.HEARTBEAT_ACK:
        if (own !== 0 && tag !== own) {
          const isAnswer =
            (flags & SctpFlags.HEARTBEAT_FAILED) !== 0 &&
            ((flags >>> SctpFlags.HEARTBEAT_DIR_SHIFT) & 1) !== dir;
          if ((desc[d + Desc.META] & SctpMeta.DATA) !== 0 || isIgnored || !isAnswer)
            return Reason.SCTP_HEARTBEAT;
          flags &= ~SctpFlags.HEARTBEAT_FAILED;
          own = tag;
          other = 0;
          break;
        }
        takeTag(tag);
        break;
      default:
        break;
    }
    const next = transitions[dir * SCTP_REPLY_CELLS + (state << SCTP_STATE_SHIFT) + column];
    if (next === SctpState.INVALID) return Reason.SCTP_STATE;
    if (code === SctpChunk.INIT) {
      initiate(dir, desc[d + Desc.ACK]);
      // A repeated INIT must not keep an unanswered association alive.
      if (isConfirmed && state === SctpState.CLOSED && next === SctpState.CLOSED) isIgnored = true;
    } else if (code === SctpChunk.INIT_ACK) {
      if (!mayAnswer(dir, desc[d + Desc.ACK])) return Reason.SCTP_INITIATE_TAG;
      other = desc[d + Desc.ACK];
    }
    if (next !== state && next === SctpState.ESTABLISHED) isEstablished = true;
    state = next;
    return Reason.NONE;
  }

  /** A heartbeat with the tag that is known, or the first one at all. */
  function takeTag(tag: number): void {
    if (own === 0) own = tag;
    else flags &= ~SctpFlags.HEARTBEAT_FAILED;
  }

  /** An INIT: who sends it says which tag it wants to see. Said once more it means nothing. */
  function initiate(dir: number, initiateTag: number): void {
    if (isConfirmed && other === initiateTag) return;
    const bit = SctpFlags.INIT_ORIG << dir;
    if ((flags & SctpFlags.INIT_MASK) === SctpFlags.INIT_MASK) flags &= ~(bit ^ SctpFlags.INIT_MASK);
    flags |= bit;
    other = initiateTag;
  }

  /** Whether an INIT ACK of this direction may say this tag. When INITs have crossed, only the one that the INIT said. */
  function mayAnswer(dir: number, initiateTag: number): boolean {
    const inits = flags & SctpFlags.INIT_MASK;
    const otherInit = inits & (SctpFlags.INIT_ORIG << (1 - dir));
    if (otherInit === 0 && other !== 0 && other !== initiateTag) return false;
    return inits !== SctpFlags.INIT_MASK || other === initiateTag;
  }

  function opens(d: number): Reason {
    const meta = desc[d + Desc.META];
    if ((meta & SctpMeta.CANNOT_OPEN) !== 0) return Reason.SCTP_NOT_OPENING;
    own = 0;
    other = 0;
    flags = 0;
    state = SctpState.NONE;
    isConfirmed = false;
    const tag = desc[d + Desc.SEQ];
    let low = desc[d + Desc.WINDOW];
    let high = desc[d + Desc.SACK];
    while (low !== 0) {
      const code = low & 15;
      if (code === SctpChunk.HEARTBEAT) own = tag;
      else if (code === SctpChunk.SHUTDOWN_ACK) other = tag;
      low = (low >>> 4) | (high << 28);
      high >>>= 4;
    }
    const judged = judge(d, 0);
    return judged > 0 ? judged : Reason.NONE;
  }

  function open(entry: number): number {
    const h = entry * Hot.WORDS;
    hot[h + TAG] = own;
    hot[h + TAG + TAG_WORDS] = other;
    hot[h + Hot.SIDES] = flags;
    hot[h + Hot.STATUS] |= state << Status.STATE_SHIFT;
    return settings[TIMEOUTS + state];
  }

  function packet(entry: number, d: number, dir: number): number {
    const h = entry * Hot.WORDS;
    const ownAt = h + TAG + dir * TAG_WORDS;
    const otherAt = h + TAG + (1 - dir) * TAG_WORDS;
    const status = hot[h + Hot.STATUS];
    own = hot[ownAt];
    other = hot[otherAt];
    flags = hot[h + Hot.SIDES];
    const before = (status & Status.STATE_MASK) >>> Status.STATE_SHIFT;
    state = before;
    isConfirmed = true;
    const judged = judge(d, dir);
    hot[ownAt] = own;
    hot[otherAt] = other;
    let now = (status & ~Status.STATE_MASK) | (state << Status.STATE_SHIFT);
    if (isEstablished) now |= Status.ASSURED;
    if (judged > 0) {
      if (state !== before) flags |= SctpFlags.STATE_UNTOLD;
    } else if ((flags & SctpFlags.STATE_UNTOLD) !== 0) {
      flags &= ~SctpFlags.STATE_UNTOLD;
      if (state === before) now ^= Status.RESTARTED;
    }
    hot[h + Hot.SIDES] = flags;
    hot[h + Hot.STATUS] = now;
    if (judged > 0) return Answer.INVALID - judged;
    return judged === Judged.IGNORED ? Answer.IGNORED : settings[TIMEOUTS + state];
  }

  function takeUntold(entry: number): number {
    const h = entry * Hot.WORDS;
    if ((hot[h + Hot.KIND] & Kind.PROTOCOL_MASK) !== PROTOCOL_SCTP) return 0;
    if ((hot[h + Hot.SIDES] & SctpFlags.STATE_UNTOLD) === 0) return 0;
    hot[h + Hot.SIDES] &= ~SctpFlags.STATE_UNTOLD;
    return EventBit.PROTOINFO;
  }

  return { opens, open, packet, takeUntold };
}

/**
 * The life of a TCP connection as hosts lead it: handshake, data of either side within the other's window, the end by
 * FIN or RST. RFC 9293.
 */
import { Conn, ConnFlag } from './connection.ts';
import { chanceLimit } from './dice.ts';
import { ipBytes, TcpFlag, writeTcp } from './frames.ts';
import type { TrafficOptions } from './options.ts';
import { createRepeats, type Repeats, Segment } from './repeats.ts';
import { chooseSide, Made, NO_FRAME, phaseOf, type Stage } from './stage.ts';

enum Phase {
  SYN_ACK = 1,
  HANDSHAKE_ACK = 2,
  DATA = 3,
  /** The other side acknowledges the first FIN. */
  FIN_ACK = 4,
  SECOND_FIN = 5,
  LAST_ACK = 6,
}

export interface TcpSession {
  /** Each gives the bytes of the frame that it wrote; 0 for none. */
  open(slot: number): number;
  step(slot: number): number;
  data(slot: number): number;
  end(slot: number): number;
  /** A segment that is late or comes again; 0 when there is none. */
  repeat(): number;
}

const TCP_BYTES = 20;
const SYN_ACK = TcpFlag.SYN | TcpFlag.ACK;
const REPEATS_MAX = 1 << 20;

/** Room for all that wait at a time, were each packet one of them, and some more. */
function repeatsFor(options: TrafficOptions, delayNs: number): number {
  const waiting = options.packetsPerSecond * options.retransmission * (delayNs / 1e9);
  return Math.min(REPEATS_MAX, 64 + 2 * Math.ceil(waiting));
}

export function createTcpSession(stage: Stage, options: TrafficOptions): TcpSession {
  const { words, to, clock, dice, made, ready } = stage;
  const resetLimit = chanceLimit(options.resetShare);
  const reorderLimit = chanceLimit(options.reordering);
  const retransmitLimit = chanceLimit(options.retransmission);
  const delayNs = 2 * options.roundTripMs * 1e6;
  const again = createRepeats(repeatsFor(options, delayNs), clock, delayNs);
  /** The one that its successor has overtaken: it comes next. */
  const late = createRepeats(2, clock, 0);

  function remember(
    repeats: Repeats,
    c: number,
    dir: number,
    flags: number,
    seq: number,
    data: number,
  ): boolean {
    const at = repeats.room();
    if (at < 0) return false;
    const list = repeats.words;
    list[at + Segment.SLOT] = c / Conn.WORDS;
    list[at + Segment.NUMBER] = words[c + Conn.NUMBER];
    list[at + Segment.DIR] = dir;
    list[at + Segment.FLAGS] = flags;
    list[at + Segment.SEQ] = seq;
    list[at + Segment.ACK] = ackOf(c, dir, flags);
    list[at + Segment.DATA] = data;
    repeats.added();
    return true;
  }

  /** All that the other side has sent. */
  function ackOf(c: number, dir: number, flags: number): number {
    return (flags & TcpFlag.ACK) === 0 ? 0 : words[c + Conn.SEQ_SERVER - dir];
  }

  /** The next segment of a side, its sequence number moved on. */
  function send(c: number, dir: number, flags: number, data: number): number {
    const seq = words[c + Conn.SEQ_CLIENT + dir];
    const length = data + ((flags & (TcpFlag.SYN | TcpFlag.FIN)) === 0 ? 0 : 1);
    words[c + Conn.SEQ_CLIENT + dir] = (seq + length) | 0;
    // A SYN and its SYN+ACK that both come again in the midst of data would be taken for a new connection.
    if (length > 0 && flags !== SYN_ACK) {
      made[Made.REPEATABLE]++;
      if (retransmitLimit > 0 && dice.isBelow(retransmitLimit)) remember(again, c, dir, flags, seq, data);
    }
    if (!stage.isSeen(c, dir)) return NO_FRAME;
    return writeTcp(to, words, c, dir, flags, seq, ackOf(c, dir, flags), data);
  }

  function step(slot: number): number {
    const c = slot * Conn.WORDS;
    const flags = words[c + Conn.FLAGS];
    const other = 1 - ((flags >>> ConnFlag.CLOSER_SHIFT) & 1);
    switch (phaseOf(flags)) {
      case Phase.SYN_ACK:
        stage.wait(slot, Phase.HANDSHAKE_ACK);
        return send(c, 1, SYN_ACK, 0);
      case Phase.HANDSHAKE_ACK:
        words[c + Conn.FLAGS] = (flags & ~ConnFlag.PHASE_MASK) | (Phase.DATA << ConnFlag.PHASE_SHIFT);
        ready.add(slot);
        return send(c, 0, TcpFlag.ACK, 0);
      case Phase.FIN_ACK:
        stage.wait(slot, Phase.SECOND_FIN);
        return send(c, other, TcpFlag.ACK, 0);
      case Phase.SECOND_FIN:
        stage.wait(slot, Phase.LAST_ACK);
        return send(c, other, TcpFlag.FIN | TcpFlag.ACK, 0);
      default: {
        const bytes = send(c, 1 - other, TcpFlag.ACK, 0);
        stage.vacate(slot);
        return bytes;
      }
    }
  }

  function data(slot: number): number {
    const c = slot * Conn.WORDS;
    const dir = chooseSide(stage, c);
    const room = stage.size() - ipBytes(words, c) - TCP_BYTES;
    if (room <= 0) return send(c, dir, TcpFlag.ACK, 0);
    if (reorderLimit > 0 && dice.isBelow(reorderLimit)) {
      // This one comes late: remembered as it would have been sent, and overtaken by the next.
      const seq = words[c + Conn.SEQ_CLIENT + dir];
      if (remember(late, c, dir, TcpFlag.PSH | TcpFlag.ACK, seq, room)) {
        words[c + Conn.SEQ_CLIENT + dir] = (seq + room) | 0;
        made[Made.REORDERED]++;
        made[Made.DATA]++;
      }
    }
    return send(c, dir, TcpFlag.PSH | TcpFlag.ACK, room);
  }

  function repeat(): number {
    const isLate = late.isDue();
    if (!isLate && !again.isDue()) return NO_FRAME;
    const list = isLate ? late : again;
    const at = list.take();
    const s = list.words;
    const c = s[at + Segment.SLOT] * Conn.WORDS;
    if (words[c + Conn.NUMBER] !== s[at + Segment.NUMBER]) return NO_FRAME;
    const dir = s[at + Segment.DIR];
    if (!isLate) made[Made.RETRANSMITTED]++;
    if (!stage.isSeen(c, dir)) return NO_FRAME;
    return writeTcp(
      to,
      words,
      c,
      dir,
      s[at + Segment.FLAGS],
      s[at + Segment.SEQ],
      s[at + Segment.ACK],
      s[at + Segment.DATA],
    );
  }

  return {
    open(slot) {
      const c = slot * Conn.WORDS;
      words[c + Conn.SEQ_CLIENT] = dice.bits();
      words[c + Conn.SEQ_SERVER] = dice.bits();
      stage.wait(slot, Phase.SYN_ACK);
      return send(c, 0, TcpFlag.SYN, 0);
    },
    step,
    data,
    end(slot) {
      const c = slot * Conn.WORDS;
      const dir = dice.bits() >>> 31;
      words[c + Conn.FLAGS] = (words[c + Conn.FLAGS] & ~ConnFlag.CLOSER) | (dir << ConnFlag.CLOSER_SHIFT);
      if (!dice.isBelow(resetLimit)) {
        stage.wait(slot, Phase.FIN_ACK);
        return send(c, dir, TcpFlag.FIN | TcpFlag.ACK, 0);
      }
      const bytes = send(c, dir, TcpFlag.RST | TcpFlag.ACK, 0);
      stage.vacate(slot);
      return bytes;
    },
    repeat,
  };
}

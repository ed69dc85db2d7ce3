/** The life of an SCTP association: four-way handshake, data and acknowledgements, shutdown. RFC 9260. */
import { Conn, ConnFlag } from './connection.ts';
import { beginSctp, endSctp, ipBytes } from './frames.ts';
import { chooseSide, NO_FRAME, phaseOf, type Stage } from './stage.ts';

enum Phase {
  INIT_ACK = 1,
  COOKIE_ECHO = 2,
  COOKIE_ACK = 3,
  DATA = 4,
  SHUTDOWN_ACK = 5,
  SHUTDOWN_COMPLETE = 6,
}

/** First byte of a chunk. */
enum Chunk {
  DATA = 0,
  INIT = 1,
  INIT_ACK = 2,
  SACK = 3,
  SHUTDOWN = 7,
  SHUTDOWN_ACK = 8,
  COOKIE_ECHO = 10,
  COOKIE_ACK = 11,
  SHUTDOWN_COMPLETE = 14,
}

export interface SctpSession {
  /** Each gives the bytes of the frame that it wrote; 0 for none. */
  open(slot: number): number;
  step(slot: number): number;
  data(slot: number): number;
  end(slot: number): number;
}

const RECEIVER_WINDOW = 106_496;
const STREAMS = (10 << 16) | 10;
const INIT_BYTES = 20;
const COOKIE_BYTES = 16;
const STATE_COOKIE = 7;
const DATA_HEADER_BYTES = 16;
const SACK_BYTES = 16;
/** Begins and ends its message. */
const WHOLE = 3;
const COMMON_BYTES = 12;

export function createSctpSession(stage: Stage): SctpSession {
  const { words, to, dice, ready } = stage;

  /** A packet with one chunk, of which the caller writes all but its first word; it has `bytes`, padding included. */
  function begin(c: number, dir: number, type: Chunk, flags: number, length: number, tag: number): number {
    const padded = (length + 3) & ~3;
    const at = beginSctp(to, words, c, dir, tag, padded);
    to.view.setInt32(at, (type << 24) | (flags << 16) | length);
    if (padded > 4) to.bytes.fill(0, at + 4, at + padded);
    return at;
  }

  const end = (at: number, length: number): number => endSctp(to, at, (length + 3) & ~3);
  /** What the receiver of this direction asked for. */
  const tagTo = (c: number, dir: number): number => words[c + Conn.TAG_SERVER - dir];

  /** INIT and INIT ACK: the tag and the first number of their sender. */
  function init(c: number, dir: number, type: Chunk, length: number): number {
    if (!stage.isSeen(c, dir)) return NO_FRAME;
    const at = begin(c, dir, type, 0, length, type === Chunk.INIT ? 0 : tagTo(c, dir));
    const { view } = to;
    view.setInt32(at + 4, words[c + Conn.TAG_CLIENT + dir]);
    view.setInt32(at + 8, RECEIVER_WINDOW);
    view.setInt32(at + 12, STREAMS);
    view.setInt32(at + 16, words[c + Conn.SEQ_CLIENT + dir]);
    if (length > INIT_BYTES) view.setInt32(at + 20, (STATE_COOKIE << 16) | (4 + COOKIE_BYTES));
    return end(at, length);
  }

  /** A chunk of so many bytes whose content is zeroes, or begins with the last number that was received. */
  function plain(c: number, dir: number, type: Chunk, length: number): number {
    if (!stage.isSeen(c, dir)) return NO_FRAME;
    const at = begin(c, dir, type, 0, length, tagTo(c, dir));
    if (type === Chunk.SACK || type === Chunk.SHUTDOWN)
      to.view.setInt32(at + 4, words[c + Conn.SEQ_SERVER - dir] - 1);
    if (type === Chunk.SACK) to.view.setInt32(at + 8, RECEIVER_WINDOW);
    return end(at, length);
  }

  function step(slot: number): number {
    const c = slot * Conn.WORDS;
    const flags = words[c + Conn.FLAGS];
    const closer = (flags >>> ConnFlag.CLOSER_SHIFT) & 1;
    switch (phaseOf(flags)) {
      case Phase.INIT_ACK:
        stage.wait(slot, Phase.COOKIE_ECHO);
        return init(c, 1, Chunk.INIT_ACK, INIT_BYTES + 4 + COOKIE_BYTES);
      case Phase.COOKIE_ECHO:
        stage.wait(slot, Phase.COOKIE_ACK);
        return plain(c, 0, Chunk.COOKIE_ECHO, 4 + COOKIE_BYTES);
      case Phase.COOKIE_ACK:
        words[c + Conn.FLAGS] = (flags & ~ConnFlag.PHASE_MASK) | (Phase.DATA << ConnFlag.PHASE_SHIFT);
        ready.add(slot);
        return plain(c, 1, Chunk.COOKIE_ACK, 4);
      case Phase.SHUTDOWN_ACK:
        stage.wait(slot, Phase.SHUTDOWN_COMPLETE);
        return plain(c, 1 - closer, Chunk.SHUTDOWN_ACK, 4);
      default: {
        const bytes = plain(c, closer, Chunk.SHUTDOWN_COMPLETE, 4);
        stage.vacate(slot);
        return bytes;
      }
    }
  }

  function data(slot: number): number {
    const c = slot * Conn.WORDS;
    const dir = chooseSide(stage, c);
    const room = stage.size() - ipBytes(words, c) - COMMON_BYTES - DATA_HEADER_BYTES;
    if (room <= 0) return plain(c, dir, Chunk.SACK, SACK_BYTES);
    const number = words[c + Conn.SEQ_CLIENT + dir];
    words[c + Conn.SEQ_CLIENT + dir] = (number + 1) | 0;
    if (!stage.isSeen(c, dir)) return NO_FRAME;
    const length = DATA_HEADER_BYTES + room;
    const at = begin(c, dir, Chunk.DATA, WHOLE, length, tagTo(c, dir));
    to.view.setInt32(at + 4, number);
    return end(at, length);
  }

  return {
    open(slot) {
      const c = slot * Conn.WORDS;
      words[c + Conn.TAG_CLIENT] = dice.bits() | 1;
      words[c + Conn.TAG_SERVER] = dice.bits() | 1;
      words[c + Conn.SEQ_CLIENT] = dice.bits();
      words[c + Conn.SEQ_SERVER] = dice.bits();
      stage.wait(slot, Phase.INIT_ACK);
      return init(c, 0, Chunk.INIT, INIT_BYTES);
    },
    step,
    data,
    end(slot) {
      const c = slot * Conn.WORDS;
      const dir = dice.bits() >>> 31;
      words[c + Conn.FLAGS] = (words[c + Conn.FLAGS] & ~ConnFlag.CLOSER) | (dir << ConnFlag.CLOSER_SHIFT);
      stage.wait(slot, Phase.SHUTDOWN_ACK);
      return plain(c, dir, Chunk.SHUTDOWN, 8);
    },
  };
}

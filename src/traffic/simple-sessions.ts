/** UDP, ICMP echo and GRE: a question, its answer, and then more of both. */
import { Conn, ConnFlag, Kind } from './connection.ts';
import { ipBytes, writeEcho, writeGre, writeUdp } from './frames.ts';
import { chooseSide, NO_FRAME, type Stage } from './stage.ts';

/** The answer is under way. */
const ANSWER = 1;

export interface SimpleSessions {
  /** Each gives the bytes of the frame that it wrote; 0 for none. */
  open(slot: number): number;
  step(slot: number): number;
  data(slot: number): number;
  end(slot: number): number;
}

export function createSimpleSessions(stage: Stage): SimpleSessions {
  const { words, to, ready } = stage;

  /** Data of a packet whose headers above IP have so many bytes. */
  const room = (c: number, headers: number): number =>
    Math.max(0, stage.size() - ipBytes(words, c) - headers);

  function send(c: number, dir: number): number {
    if (dir === 0) words[c + Conn.SEQ_CLIENT]++;
    if (!stage.isSeen(c, dir)) return NO_FRAME;
    switch (words[c + Conn.FLAGS] & ConnFlag.KIND_MASK) {
      case Kind.UDP:
        return writeUdp(to, words, c, dir, room(c, 8));
      case Kind.GRE:
        return writeGre(to, words, c, dir, room(c, 4));
      default:
        // The answer has the length of its question.
        if (dir === 0) words[c + Conn.SEQ_SERVER] = room(c, 8);
        return writeEcho(to, words, c, dir, words[c + Conn.SEQ_CLIENT], words[c + Conn.SEQ_SERVER]);
    }
  }

  return {
    open(slot) {
      stage.wait(slot, ANSWER);
      return send(slot * Conn.WORDS, 0);
    },
    step(slot) {
      ready.add(slot);
      return send(slot * Conn.WORDS, 1);
    },
    data(slot) {
      const c = slot * Conn.WORDS;
      if ((words[c + Conn.FLAGS] & ConnFlag.KIND_MASK) !== Kind.ICMP) return send(c, chooseSide(stage, c));
      // An echo wants its answer before anything else.
      ready.remove(slot);
      stage.wait(slot, ANSWER);
      return send(c, 0);
    },
    end(slot) {
      stage.vacate(slot);
      return NO_FRAME;
    },
  };
}

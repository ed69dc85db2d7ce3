/** The arithmetic of the window check in words and numbers. The numbers are those that the check compared. */
import { grouped } from '../common/grouped.ts';
import { SideWord } from '../conntrack/protocols/tcp-segment.ts';
import { ackWindowOf, Bound, Outside, overshotOf } from '../conntrack/protocols/tcp-window.ts';
import { type Dir, otherDir, type Positions } from './positions.ts';
import type { WindowRecord } from './story.ts';

export const bytesText = (n: number): string => `${grouped(n)} byte${n === 1 ? '' : 's'}`;

export const SIDE_NAMES: readonly [string, string] = ['client', 'server'];

const BOUND_NAMES: Readonly<Record<Exclude<Bound, Bound.NONE>, WindowRecord['bound']>> = {
  [Bound.SEQ_OVER]: 'seq-over',
  [Bound.SEQ_BEYOND]: 'seq-beyond',
  [Bound.ACK_OVER]: 'ack-over',
  [Bound.SEQ_UNDER]: 'seq-under',
  [Bound.ACK_UNDER]: 'ack-under',
};

/** The value that a bound judges, and the limit. Both are sequence numbers. */
function judged(o: Int32Array): { value: number; limit: number; by: number } {
  const sender = (word: SideWord): number => o[Outside.SENDER + word];
  const receiver = (word: SideWord): number => o[Outside.RECEIVER + word];
  switch (o[Outside.BOUND]) {
    case Bound.ACK_OVER: {
      const limit = receiver(SideWord.END);
      return { value: o[Outside.SACK], limit, by: (o[Outside.SACK] - limit) | 0 };
    }
    case Bound.SEQ_UNDER: {
      const limit = (sender(SideWord.END) - receiver(SideWord.MAXWIN)) | 0;
      return { value: o[Outside.END], limit, by: (limit - o[Outside.END]) | 0 };
    }
    case Bound.ACK_UNDER: {
      const limit = (receiver(SideWord.END) - ackWindowOf(sender(SideWord.MAXWIN))) | 0;
      return { value: o[Outside.SACK], limit, by: (limit - o[Outside.SACK]) | 0 };
    }
    default: {
      const limit = sender(SideWord.MAXEND);
      return { value: o[Outside.SEQ], limit, by: (o[Outside.SEQ] - limit) | 0 };
    }
  }
}

export function windowRecord(o: Int32Array): WindowRecord {
  const bound: Exclude<Bound, Bound.NONE> = o[Outside.BOUND];
  const { value, limit, by } = judged(o);
  return {
    bound: BOUND_NAMES[bound],
    forgiven: o[Outside.FORGIVEN] === 1,
    value: value >>> 0,
    limit: limit >>> 0,
    by,
    seq: o[Outside.SEQ] >>> 0,
    end: o[Outside.END] >>> 0,
    ack: o[Outside.ACK] >>> 0,
    sack: o[Outside.SACK] >>> 0,
    senderEnd: o[Outside.SENDER + SideWord.END] >>> 0,
    senderMaxEnd: o[Outside.SENDER + SideWord.MAXEND] >>> 0,
    senderMaxWindow: o[Outside.SENDER + SideWord.MAXWIN] >>> 0,
    receiverEnd: o[Outside.RECEIVER + SideWord.END] >>> 0,
    receiverMaxWindow: o[Outside.RECEIVER + SideWord.MAXWIN] >>> 0,
  };
}

/** ` (packet 12)`, or nothing where it is not known. */
function set(positions: Positions, dir: Dir, word: SideWord): string {
  const { packet } = positions.setBy(dir, word);
  return packet === 0 ? '' : ` (packet ${packet})`;
}

/** One or two sentences; `dir` is the direction of the packet. */
export function windowWords(o: Int32Array, positions: Positions, dir: Dir): string[] {
  const peer = otherDir(dir);
  const [me, you] = [SIDE_NAMES[dir], SIDE_NAMES[peer]];
  const mine = (word: number): string => `${positions.at(dir, word) ?? word >>> 0}`;
  const yours = (word: number): string => `${positions.at(peer, word) ?? word >>> 0}`;
  const { limit, by } = judged(o);
  const beyond = bytesText(by);
  const span = `Sequence ${mine(o[Outside.SEQ])}..${mine(o[Outside.END])}`;
  const endR = o[Outside.RECEIVER + SideWord.END];
  const maxWinR = o[Outside.RECEIVER + SideWord.MAXWIN] >>> 0;
  const largest = `${grouped(maxWinR)}, the largest window of the ${you}${set(positions, peer, SideWord.MAXWIN)}`;
  const sack = o[Outside.SACK];
  const upTo =
    sack === o[Outside.ACK]
      ? `acknowledges ${yours(sack)}`
      : `acknowledges ${yours(o[Outside.ACK])} with SACK blocks up to ${yours(sack)}`;
  switch (o[Outside.BOUND]) {
    case Bound.SEQ_OVER:
    case Bound.SEQ_BEYOND: {
      const edge = positions.setBy(dir, SideWord.MAXEND);
      const who =
        edge.packet === 0 || edge.dir === peer
          ? `the right edge that the ${you} offered${edge.packet === 0 ? '' : ` with packet ${edge.packet}`}`
          : `where the ${me}'s own packet ${edge.packet} set it: the ${you} has offered no window yet`;
      const first = `${span} must not start above ${mine(limit)}, ${who}; it starts ${beyond} above.`;
      const overshot = overshotOf(o[Outside.END], limit);
      if (o[Outside.FORGIVEN] === 1) return [first];
      if (o[Outside.BOUND] === Bound.SEQ_BEYOND)
        return [
          first,
          `It oversteps the edge by ${grouped(overshot)}, which is no more than ${largest}: the ${you} may take it all the same.`,
        ];
      if (maxWinR === 0) return [first];
      if (overshot > maxWinR)
        return [
          first,
          `It would have been let through without effect had it overstepped the edge by no more than ${largest}; it does so by ${grouped(overshot)}.`,
        ];
      return [first, `Nor is it let through without effect: it breaks another bound as well (it ${upTo}).`];
    }
    case Bound.ACK_OVER:
      return [
        `It ${upTo}, and that must not lie above ${yours(endR)}, the end of all that the ${you} was seen to send${set(positions, peer, SideWord.END)}; it is ${beyond} above.`,
      ];
    case Bound.SEQ_UNDER:
      return [
        `${span} must not end below ${mine(limit)}, which is ${mine(o[Outside.SENDER + SideWord.END])}, the end of all that the ${me} was seen to send${set(positions, dir, SideWord.END)}, less ${largest}; it ends ${beyond} below.`,
      ];
    case Bound.ACK_UNDER: {
      const room = grouped(ackWindowOf(o[Outside.SENDER + SideWord.MAXWIN]) >>> 0);
      return [
        `It ${upTo}, and that must not lie below ${yours(limit)}, which is ${yours(endR)}, the end of all that the ${you} was seen to send${set(positions, peer, SideWord.END)}, less ${room}; it is ${beyond} below.`,
      ];
    }
    default:
      return [];
  }
}

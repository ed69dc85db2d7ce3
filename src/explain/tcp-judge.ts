/**
 * Judges a TCP packet a second time, by the tracker's own code, on a copy of the entry as it was
 * before the packet: what comes back are the answer, the cell of the table of states that it came
 * from, and the numbers of the window check. Nothing about TCP is decided here.
 */
import { Reason } from '../common/reasons.ts';
import { Answer } from '../conntrack/protocols/answer.ts';
import { createTcp } from '../conntrack/protocols/tcp.ts';
import {
  TCP_REPLY_CELLS,
  TCP_STATE_SHIFT,
  type TcpState,
  tcpTransitions,
} from '../conntrack/protocols/tcp-table.ts';
import { Bound, Outside } from '../conntrack/protocols/tcp-window.ts';
import { Meta, Status, type TcpClass } from '../shm/bits.ts';
import { Desc, Hot } from '../shm/offsets.generated.ts';

export interface TcpJudgement {
  /** A timeout in ms, or an Answer. */
  readonly answer: number;
  /** Why the packet is INVALID; NONE when it is not. */
  readonly reason: Reason;
  readonly cls: TcpClass;
  /** What the table says for the state before, this direction and this class. */
  readonly cell: TcpState;
  /** Words as in Outside, if the segment was outside its window; else null. */
  readonly outside: Int32Array | null;
}

export interface TcpJudge {
  /**
   * Judges the packet of a descriptor. `before` are the words of Hot before it, null when there was no
   * connection; `dir` its direction.
   */
  judge(before: Int32Array | null, desc: Int32Array, dir: number, nowMs: number): TcpJudgement;
}

export function createTcpJudge(settings: Int32Array): TcpJudge {
  /** Entry 0 of a memory that has no other. */
  const hot = new Int32Array(Hot.WORDS);
  const scratch = new Int32Array(Desc.WORDS);
  const numbers = new Int32Array(Outside.WORDS);
  const tcp = createTcp(hot, scratch, settings, () => {}, numbers);
  const transitions = tcpTransitions();

  function answerOf(before: Int32Array | null, dir: number, nowMs: number): number {
    if (before !== null) {
      for (let i = 0; i < Hot.WORDS; i++) hot[i] = before[i];
      return tcp.packet(0, 0, dir, nowMs);
    }
    const reason = tcp.opens(0);
    if (reason !== Reason.NONE) return Answer.INVALID - reason;
    hot.fill(0);
    tcp.open(0, 0);
    return tcp.packet(0, 0, 0, nowMs);
  }

  return {
    judge(before, desc, dir, nowMs) {
      scratch.set(desc);
      numbers[Outside.BOUND] = Bound.NONE;
      const answer = answerOf(before, dir, nowMs);
      const cls: TcpClass = (desc[Desc.META] >>> Meta.CLASS_SHIFT) & 7;
      const state = before === null ? 0 : (before[Hot.STATUS] & Status.STATE_MASK) >>> Status.STATE_SHIFT;
      return {
        answer,
        reason: answer <= Answer.INVALID ? Answer.INVALID - answer : Reason.NONE,
        cls,
        cell: transitions[dir * TCP_REPLY_CELLS + (state << TCP_STATE_SHIFT) + cls],
        outside: numbers[Outside.BOUND] === Bound.NONE ? null : numbers.slice(),
      };
    },
  };
}

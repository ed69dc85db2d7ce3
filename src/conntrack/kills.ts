/**
 * Connections that a helper ends. They end when the packet at hand has been dealt with: here at once when they
 * are among the masters, else by a command to their shard. Where there is no such connection an
 * expectation may have to go instead; then the command is a question, too.
 */
import { Kind } from '../shm/bits.ts';
import { Desc, Expect } from '../shm/offsets.generated.ts';
import type { Expectations } from './expectations.ts';
import type { Tracker } from './tracker.ts';

interface Kill {
  /** A descriptor: Task.KILL and the tuple. */
  readonly words: Int32Array;
  /** Expectation that goes where there is no such connection; 0 for none. */
  readonly orElse: number;
  /** ORDER of that expectation: its slot may have another one by then. */
  readonly order: number;
}

export interface KillsOptions {
  readonly tracker: Tracker;
  readonly expectations: Expectations;
  readonly expectationWords: Int32Array;
  /** Descriptors of the tracker; slot 0 is used. */
  readonly desc: Int32Array;
}

export interface Kills {
  /** Shapes: words is a descriptor. */
  add(words: Int32Array, orElse: number): void;
  /** Ends what is here, at the time of the descriptor at word `d`; returns whether there was anything to do. */
  run(d: number, nowMs: number): boolean;
  /** Takes a command for the shards; false when there is none. With ACK set it is a question. */
  take(out: Int32Array, o: number): boolean;
  /** Whether the shard had the connection of the question that was taken first. */
  answered(found: boolean): void;
}

/** Thread: ingest, not within a burst of the tracker. */
export function createKills(options: KillsOptions): Kills {
  const { tracker, expectations, expectationWords, desc } = options;
  const asked: Kill[] = [];
  const commands: Kill[] = [];
  const questions: Kill[] = [];

  function isThere({ orElse, order }: Kill): boolean {
    const e = orElse * Expect.WORDS;
    if (orElse === 0 || (expectationWords[e + Expect.KIND] & Kind.USED) === 0) return false;
    return expectationWords[e + Expect.ORDER] === order;
  }

  function endHere({ words }: Kill, sec: number, nsec: number, number: number): void {
    desc.set(words, 0);
    desc[Desc.SEC] = sec;
    desc[Desc.NSEC] = nsec;
    desc[Desc.NUMBER] = number;
    tracker.burst(0, 1);
  }

  return {
    add(words, orElse) {
      asked.push({ words, orElse, order: expectationWords[orElse * Expect.WORDS + Expect.ORDER] });
    },

    run(d, nowMs) {
      if (asked.length === 0) return false;
      const sec = desc[d + Desc.SEC];
      const nsec = desc[d + Desc.NSEC];
      const number = desc[d + Desc.NUMBER];
      for (let kill = asked.shift(); kill !== undefined; kill = asked.shift()) {
        const { words } = kill;
        if (tracker.find(words[Desc.HASH], words, 0, nowMs) === 0) commands.push(kill);
        else endHere(kill, sec, nsec, number);
      }
      return true;
    },

    take(out, o) {
      const kill = commands.shift();
      if (kill === undefined) return false;
      out.set(kill.words, o);
      if (isThere(kill)) {
        out[o + Desc.ACK] = 1;
        questions.push(kill);
      }
      return true;
    },

    answered(found) {
      const kill = questions.shift();
      if (kill !== undefined && !found && isThere(kill)) expectations.remove(kill.orElse);
    },
  };
}

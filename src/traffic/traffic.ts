/**
 * The generator: connections and attacks as one stream of frames in the order of time. The same options give the same
 * bytes, whoever asks for them and how.
 */

import { createAttacks } from './attacks.ts';
import { createDice } from './dice.ts';
import type { FrameTarget } from './frames.ts';
import type { TrafficOptions } from './options.ts';
import { createSessions, type Sessions, SILENCE } from './sessions.ts';
import { Made } from './stage.ts';

/** Words of the time of a frame. */
export enum Stamp {
  /** Since 1970, an unsigned 32-bit number kept as int32. */
  SEC = 0,
  NSEC = 1,
  WORDS = 2,
}

export interface Traffic {
  /**
   * Writes the next frame at `to.at`, where FRAME_BYTES_MAX bytes must be free. Gives its bytes, 0 at the end.
   *
   * Cost: no allocation
   */
  next(): number;
  readonly to: FrameTarget;
  /** When the frame was captured. Shapes: Int32Array(Stamp.WORDS) */
  readonly stamp: Int32Array;
  /** Shapes: Float64Array(Made.WORDS) */
  readonly made: Float64Array;
}

/** The attacks draw from numbers of their own: with them, the other traffic is as it is without. */
const ATTACK_SEED = 0x5bd1e995;
const NS = 1e9;
/** The first second that the 32 bits of a time stamp do not hold. */
const SECONDS_END = 2 ** 32;
const NO_SESSIONS: Sessions = { next: () => SILENCE };

/** Units: times in ns since the start. `to` may be given new memory between two frames. */
export function createTraffic(options: TrafficOptions, to: FrameTarget): Traffic {
  const clock = new Float64Array(1);
  const made = new Float64Array(Made.WORDS);
  const stamp = new Int32Array(Stamp.WORDS);
  const attacks = createAttacks(options, createDice(options.seed ^ ATTACK_SEED), to);
  const hasSessions = options.packetsPerSecond > 0;
  const sessions = hasSessions
    ? createSessions(options, createDice(options.seed), to, clock, made)
    : NO_SESSIONS;
  // It ends before the seconds start again.
  const endNs = Math.min(options.durationS, SECONDS_END - options.startSec) * NS;
  /** When the sessions have their next turn, and then each of the attacks. */
  const turns = new Float64Array(1 + attacks.length);
  const gaps = Float64Array.from([
    hasSessions ? NS / options.packetsPerSecond : Number.POSITIVE_INFINITY,
    ...attacks.map((attack) => NS / attack.packetsPerSecond),
  ]);
  if (!hasSessions) turns[0] = Number.POSITIVE_INFINITY;
  /** Start of the second of the last frame. */
  const second = new Float64Array(1);
  stamp[Stamp.SEC] = options.startSec;

  function setStamp(): void {
    while (clock[0] >= second[0] + NS) {
      second[0] += NS;
      stamp[Stamp.SEC]++;
    }
    stamp[Stamp.NSEC] = Math.floor(clock[0] - second[0]);
  }

  function firstTurn(): number {
    let first = 0;
    for (let i = 1; i < turns.length; i++) if (turns[i] < turns[first]) first = i;
    return first;
  }

  function next(): number {
    if (made[Made.PACKETS] >= options.packets) return 0;
    for (;;) {
      const who = attacks.length === 0 ? 0 : firstTurn();
      const now = turns[who];
      if (!(now < endNs)) return 0;
      turns[who] += gaps[who];
      clock[0] = now;
      let bytes: number;
      if (who === 0) {
        bytes = sessions.next();
        if (bytes === SILENCE) continue;
      } else {
        bytes = attacks[who - 1].next();
        made[attacks[who - 1].made]++;
      }
      made[Made.PACKETS]++;
      made[Made.BYTES] += bytes;
      setStamp();
      return bytes;
    }
  }

  return { next, to, stamp, made };
}

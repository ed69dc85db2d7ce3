/** What the protocols share: the connections, who waits, what the capture sees, what is counted. */

import { Conn, ConnFlag } from './connection.ts';
import type { Dice } from './dice.ts';
import type { FrameTarget } from './frames.ts';
import type { Ready } from './waiting.ts';

/** What was generated. Words of a Float64Array. */
export enum Made {
  PACKETS = 0,
  /** On the wire, without the records of the file. */
  BYTES = 1,
  /** Packets by kind of connection, in the order of Kind; the attacks follow. */
  TCP = 2,
  UDP = 3,
  ICMP = 4,
  SCTP = 5,
  GRE = 6,
  SYN_FLOOD = 7,
  UDP_FLOOD = 8,
  PORT_SCAN = 9,
  FRAGMENT_FLOOD = 10,
  COLLISIONS = 11,
  /** Connections opened and ended; those of attacks are not among them. */
  OPENED = 12,
  ENDED = 13,
  /** Packets with data. */
  DATA = 14,
  /** Packets that the capture has not: lost, and of the side that it does not see. */
  LOST = 15,
  UNSEEN = 16,
  REORDERED = 17,
  RETRANSMITTED = 18,
  /** TCP segments that could have been retransmitted. */
  REPEATABLE = 19,
  WORDS = 20,
}

/** Instead of the bytes of a frame: nothing was written, go on. */
export const NO_FRAME = 0;

export interface Stage {
  /** Shapes: Conn.WORDS per place */
  readonly words: Int32Array;
  readonly to: FrameTarget;
  /** Shapes: Float64Array(1), the time. Units: ns since the start */
  readonly clock: Float64Array;
  readonly dice: Dice;
  readonly made: Float64Array;
  readonly ready: Ready;
  /** Whether the capture has the next packet of this side; it is counted if not. */
  isSeen(c: number, dir: number): boolean;
  /** It goes on with `phase` when half a round trip has passed. */
  wait(slot: number, phase: number): void;
  /** The connection has ended: its place is free. */
  vacate(slot: number): void;
  /** Bytes of the next packet with data, IP header included. */
  size(): number;
}

export const phaseOf = (flags: number): number => (flags & ConnFlag.PHASE_MASK) >>> ConnFlag.PHASE_SHIFT;

/** Packets of one side in a row: so many fit into the window of the other whatever their size. */
const RUN_MAX = 64;

/** Which side sends data next. */
export function chooseSide({ words, dice }: Pick<Stage, 'words' | 'dice'>, c: number): number {
  const flags = words[c + Conn.FLAGS];
  const last = (flags >>> ConnFlag.SIDE_SHIFT) & 1;
  const run = (flags & ConnFlag.RUN_MASK) >>> ConnFlag.RUN_SHIFT;
  const side = run >= RUN_MAX ? 1 - last : dice.bits() >>> 31;
  const kept = flags & ~(ConnFlag.RUN_MASK | ConnFlag.SIDE);
  const length = side === last ? run + 1 : 1;
  words[c + Conn.FLAGS] = kept | (length << ConnFlag.RUN_SHIFT) | (side << ConnFlag.SIDE_SHIFT);
  return side;
}

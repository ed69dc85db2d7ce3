/** TCP segments that are sent once more, or later than they should: what they were, until it is their turn. */

/** Words of a segment. */
export enum Segment {
  SLOT = 0,
  /** Conn.NUMBER: when the place has another connection by then the segment is forgotten. */
  NUMBER = 1,
  DIR = 2,
  FLAGS = 3,
  SEQ = 4,
  ACK = 5,
  DATA = 6,
  WORDS = 8,
}

export interface Repeats {
  /** Shapes: Segment.WORDS per segment */
  readonly words: Int32Array;
  /** Where to write the next segment, -1 when there is no room; then `added`. */
  room(): number;
  added(): void;
  isDue(): boolean;
  /** Word of the one that is due; it may be read until the next is added. */
  take(): number;
}

/** All wait equally long. Shapes: clock: Float64Array(1), the time. Units: ns */
export function createRepeats(capacity: number, clock: Float64Array, delayNs: number): Repeats {
  const size = 2 ** Math.ceil(Math.log2(capacity));
  const words = new Int32Array(size * Segment.WORDS);
  const dues = new Float64Array(size);
  const mask = size - 1;
  let head = 0;
  let tail = 0;
  return {
    words,
    room: () => (((tail + 1) & mask) === head ? -1 : tail * Segment.WORDS),
    added() {
      dues[tail] = clock[0] + delayNs;
      tail = (tail + 1) & mask;
    },
    isDue: () => head !== tail && dues[head] <= clock[0],
    take() {
      const at = head * Segment.WORDS;
      head = (head + 1) & mask;
      return at;
    },
  };
}

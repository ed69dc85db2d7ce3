/**
 * Where each side of a TCP connection is: sequence numbers counted from its first one, and which
 * packet brought each bound of its window to where it is. Numbers go on beyond 4 GB.
 */
import { SIDE_WORDS, SideWord } from '../conntrack/protocols/tcp-segment.ts';
import { Hot } from '../shm/offsets.generated.ts';

/** Original and reply, as everywhere. */
export type Dir = 0 | 1;
export const otherDir = (dir: Dir): Dir => (dir === 0 ? 1 : 0);

/** A packet, and its direction. */
export interface Setter {
  /** 0 for none that is known. */
  readonly packet: number;
  readonly dir: Dir;
}

interface Side {
  /** A sequence number, and the position that it stands for; null while nothing is known. */
  anchor: { word: number; position: number } | null;
  /** By SideWord: who set it last. */
  readonly setBy: Setter[];
}

export interface Positions {
  /** Makes `word` the position `position` of that side. */
  anchor(dir: Dir, word: number, position: number): void;
  isAnchored(dir: Dir): boolean;
  /** The position of a sequence number of that side; null while nothing is known of it. */
  at(dir: Dir, word: number): number | null;
  /** Notes which bounds a packet moved. Both are words of Hot; `before` is null for a new connection. */
  learn(before: Int32Array | null, after: Int32Array, by: Setter): void;
  /** The packet that set a bound of a side last. */
  setBy(dir: Dir, word: SideWord): Setter;
}

const NOBODY: Setter = { packet: 0, dir: 0 };
const newSide = (): Side => ({ anchor: null, setBy: [NOBODY, NOBODY, NOBODY, NOBODY] });

export function createPositions(): Positions {
  const sides = [newSide(), newSide()] as const;

  /** Signed, so that what lies a little below the anchor is negative or smaller, not 4 GB larger. */
  function at(dir: Dir, word: number): number | null {
    const { anchor } = sides[dir];
    return anchor === null ? null : anchor.position + ((word - anchor.word) | 0);
  }

  function learnSide(dir: Dir, before: Int32Array | null, after: Int32Array, by: Setter): void {
    const side = sides[dir];
    const first = Hot.END_ORIG + dir * SIDE_WORDS;
    for (let word = SideWord.END; word <= SideWord.MAXACK; word++) {
      const was = before === null ? 0 : before[first + word];
      if (after[first + word] !== was) side.setBy[word] = by;
    }
    // Follow the stream, so that 32 bits of difference always suffice.
    const end = after[first + SideWord.END];
    const position = at(dir, end);
    if (position !== null && side.anchor !== null && side.setBy[SideWord.END] === by)
      side.anchor = { word: end, position };
  }

  return {
    anchor(dir, word, position) {
      sides[dir].anchor = { word, position };
    },
    isAnchored: (dir) => sides[dir].anchor !== null,
    at,
    learn(before, after, by) {
      learnSide(0, before, after, by);
      learnSide(1, before, after, by);
    },
    setBy: (dir, word) => sides[dir].setBy[word],
  };
}

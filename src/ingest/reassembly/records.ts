/**
 * What is known of datagrams that are being put together, as words in two arrays. A record is named by
 * the number of its first word; record 0 is no record.
 */

/** A datagram: the queue of its fragments. The key follows after these. */
export enum Queue {
  /** Next in the chain of its place in the index; next in the free list. */
  CHAIN = 0,
  HASH = 1,
  /** Neighbours in the order of deadlines. */
  OLDER = 2,
  NEWER = 3,
  /** Tick. */
  DEADLINE = 4,
  /** QueueFlag, and the ECN values seen, one bit for each. */
  FLAGS = 5,
  /** Where the datagram's data ends, as far as it is known. */
  LENGTH = 6,
  /** Bytes of data held. */
  HELD_BYTES = 7,
  /** Fragments held: they count as Reason.FRAGMENT for now. */
  HELD = 8,
  /** List of its fragments, the last to come first. */
  FRAGMENTS = 9,
  /** Tree of its runs, and the last of them. */
  RUNS = 10,
  LAST_RUN = 11,
  /** The fragment at offset 0. */
  FIRST = 12,
  /** Fewest bytes that are known from the start on: the capture cut off what follows. */
  CUT = 13,
  /** IPv4: record of the source, and its count at this queue's last fragment. */
  SOURCE = 14,
  SOURCE_COUNT = 15,
  /** IPv6, of the fragment at offset 0: where in its headers the protocol goes, and which one. */
  PROTOCOL_AT = 16,
  PROTOCOL = 17,
  KEY = 18,
}

export enum QueueFlag {
  /** The fragment at offset 0 is there. */
  FIRST_IN = 1,
  /** The end of the datagram is known. */
  LAST_IN = 2,
  BOTH = 3,
  ECN_SHIFT = 8,
}

/**
 * A fragment. Fragments that came in order make a run; the first of a run stands for it in the tree: a
 * treap, ordered by START, its heap ordered by a random PRIORITY so that no order of arrival makes it deep.
 */
export enum Fragment {
  /** Next fragment of the datagram; next in the free list. */
  NEXT = 0,
  /** Bytes of the datagram's data. */
  START = 1,
  END = 2,
  /** Where its bytes are kept, headers first, and how many of either there are. */
  BLOCK = 3,
  HEADER_BYTES = 4,
  DATA_BYTES = 5,
  /** What it counts towards the limit. */
  CHARGE = 6,
  /** Of a run: */
  RUN_END = 7,
  LEFT = 8,
  RIGHT = 9,
  PRIORITY = 10,
  WORDS = 11,
}

/** The meaning of the bits in packed fields (layouts.ts says where these fields are). */

/** Hot.STATUS: the kernel's status bits below, ours above. */
export enum Status {
  EXPECTED = 0x1,
  SEEN_REPLY = 0x2,
  ASSURED = 0x4,
  CONFIRMED = 0x8,
  DYING = 0x200,
  FIXED_TIMEOUT = 0x400,
  KERNEL_MASK = 0xffff,
  /** The original direction runs from the higher endpoint to the lower one. */
  FROM_HI = 1 << 16,
  FROM_HI_SHIFT = 16,
  /** Counters were switched on when it was created. */
  COUNTED = 1 << 17,
  /** Flips when TCP starts again in the state that it is in: a change of state for the events. */
  RESTARTED = 1 << 18,
  STATE_SHIFT = 20,
  STATE_MASK = 0xf << 20,
  /** HelperNumber of the helper that reads its packets; 0 for none. */
  HELPER_SHIFT = 24,
  HELPER_MASK = 0x1f << 24,
  /** Only answers were seen: with --one-way, where it began with one. */
  ORIGINAL_UNSEEN = 1 << 29,
  /** The first packet of the reply direction was the RST that ended it; the kernel does not set SEEN_REPLY then. */
  REFUSED = 1 << 30,
}

/** Hot.SIDES: flags of either side, window scales, and the flags of the packet that was ignored. */
export enum Sides {
  FLAGS_REPLY_SHIFT = 8,
  SCALE_ORIG_SHIFT = 16,
  SCALE_REPLY_SHIFT = 20,
  LAST_FLAGS_SHIFT = 24,
}

/** Flags of one side in Hot.SIDES, numbered as the kernel does. */
export enum Side {
  WINDOW_SCALE = 0x01,
  SACK_PERM = 0x02,
  CLOSE_INIT = 0x04,
  BE_LIBERAL = 0x08,
  DATA_UNACKNOWLEDGED = 0x10,
  MAXACK_SET = 0x20,
  /** Only in the flags of the ignored packet. */
  EXP_CHALLENGE_ACK = 0x40,
  /** Only in the flags of the ignored packet. */
  SIMULTANEOUS_OPEN = 0x80,
}

/** Hot.LAST: the raw window in the low 16 bits, then what else is remembered of the last packet. */
export enum Last {
  WINDOW_MASK = 0xffff,
  DIR_SHIFT = 16,
  DIR_BIT = 1 << 16,
  CLASS_SHIFT = 17,
  CLASS_MASK = 7 << 17,
  SCALE_SHIFT = 20,
  SCALE_MASK = 0xf << 20,
  RETRANS_SHIFT = 24,
}

/** Low four bits of Desc.META: what the shard shall do. */
export enum Task {
  TCP = 0,
  UDP = 1,
  UDPLITE = 2,
  ICMP = 3,
  ICMPV6 = 4,
  GENERIC = 5,
  /** The tuple is the one that the quoted packet's answer would have. */
  ICMP_ERROR = 6,
  SCTP = 7,
  GRE = 8,
  /** No packet: the next descriptor in this ring is of a packet that an expectation foretold (Foretold). */
  FORETOLD = 9,
  /** No packet: is there a connection of this tuple? (see claims.ts) */
  ASK = 10,
  /** No packet: end the connection of this tuple. */
  KILL = 11,
  /** No packet: time went on. */
  CLOCK = 14,
  /** No packet will follow. */
  FINISH = 15,
}

/** The rest of Desc.META. */
export enum Meta {
  TASK_MASK = 15,
  /** The packet ran from the higher endpoint to the lower one. */
  FROM_HI = 1 << 4,
  FROM_HI_SHIFT = 4,
  /** Both endpoints are the same, so direction cannot be told. */
  SELF = 1 << 5,
  SYN = 1 << 6,
  FIN = 1 << 7,
  RST = 1 << 8,
  ACK = 1 << 9,
  /** TcpClass. */
  CLASS_SHIFT = 10,
  /** The TCP header has bytes beyond the first 20. */
  OPTIONS = 1 << 13,
  SACK_PERM = 1 << 14,
  WINDOW_SCALE = 1 << 15,
  SCALE_SHIFT = 16,
  /** The ICMP error was not sent to the sender of the packet that it quotes. */
  QUOTE_ELSEWHERE = 1 << 20,
  /** Ingest already knows that the packet is INVALID; the Reason. */
  REASON_SHIFT = 21,
}

/** Classes of TCP packets, in the order of the columns of the transition table. */
export enum TcpClass {
  SYN = 0,
  SYNACK = 1,
  FIN = 2,
  ACK = 3,
  RST = 4,
  NONE = 5,
}

/** SCTP's bits in Desc.META, where TCP has its flags. */
export enum SctpMeta {
  /** There is a DATA chunk. */
  DATA = 1 << 6,
  /** There is a chunk with a rule of its own for the verification tag. */
  OWN_TAG_RULE = 1 << 7,
  /** There is a chunk that no association can begin with. */
  CANNOT_OPEN = 1 << 8,
}

/**
 * Chunks of an SCTP packet, in Desc.WINDOW and then Desc.SACK, the first one in the lowest four bits;
 * up to HEARTBEAT_ACK in the order of the columns of the transition table.
 */
export enum SctpChunk {
  /** No more, or one that changes no state. */
  NONE = 0,
  INIT = 1,
  INIT_ACK = 2,
  ABORT = 3,
  SHUTDOWN = 4,
  SHUTDOWN_ACK = 5,
  ERROR = 6,
  COOKIE_ECHO = 7,
  COOKIE_ACK = 8,
  SHUTDOWN_COMPLETE = 9,
  HEARTBEAT = 10,
  HEARTBEAT_ACK = 11,
  /** With the T flag: its sender has no association and reflects the tag. */
  ABORT_T = 12,
  SHUTDOWN_COMPLETE_T = 13,
}

/** Hot.SIDES of an SCTP association. */
export enum SctpFlags {
  /** The original side has sent an INIT; the other one's bit is the next. */
  INIT_ORIG = 1,
  INIT_MASK = 3,
  /** A HEARTBEAT with another tag was let through: its ACK may set the tags. */
  HEARTBEAT_FAILED = 4,
  /** The direction of that HEARTBEAT. */
  HEARTBEAT_DIR_SHIFT = 5,
  HEARTBEAT_DIR_BIT = 1 << 5,
  /** An INVALID packet has changed the state: the next packet's event says so. */
  STATE_UNTOLD = 1 << 3,
}

/** Hot.KIND: protocol in the low byte, then the family, then the zone. */
export enum Kind {
  PROTOCOL_MASK = 0xff,
  IPV6 = 0x100,
  /** Always set, so that no tuple looks like a free entry. */
  USED = 0x200,
  ZONE_SHIFT = 16,
}

/** Report.TYPE. */
export enum ReportType {
  /** Nothing before this time will be reported any more. */
  PROGRESS = 0,
  /** A packet, its verdict and the events that it caused in its connection. */
  PACKET = 1,
  /** A connection ended. */
  END = 2,
}

/** Verdict of a packet as nft's `ct state` names it. */
export enum Verdict {
  ESTABLISHED = 0,
  RELATED = 1,
  NEW = 2,
  ESTABLISHED_REPLY = 3,
  RELATED_REPLY = 4,
  UNTRACKED = 7,
  INVALID = 8,
  /** No verdict: the packet never reached the tracker, or was dropped. */
  NULL = 9,
  /** Not IP at all. */
  SKIP = 10,
}

/** Report.END. */
export enum EndCode {
  TIMEOUT = 0,
  RESET = 1,
  REOPENED = 2,
  EVICTED = 3,
  END_OF_CAPTURE = 4,
  /** The helper of its master ended it, as PPTP does with the tunnel of a call. */
  KILLED = 5,
  /** Somebody asked for it. */
  DELETED = 6,
}

/** Expect.FLAGS, numbered as the kernel does. */
export enum ExpectFlag {
  PERMANENT = 1,
  INACTIVE = 2,
  USERSPACE = 4,
}

/** Event bits, numbered as the kernel does. */
export enum EventBit {
  NEW = 1 << 0,
  RELATED = 1 << 1,
  DESTROY = 1 << 2,
  REPLY = 1 << 3,
  ASSURED = 1 << 4,
  PROTOINFO = 1 << 5,
}

/** What the generator keeps of a connection: a line of the cache. */

/** Words of a connection. */
export enum Conn {
  /** Of all connections opened, from 0. */
  NUMBER = 0,
  /** ConnFlag. */
  FLAGS = 1,
  /** IPv4 address, or the last 32 bits of an IPv6 address. */
  CLIENT = 2,
  SERVER = 3,
  /** Client's port << 16 | server's port; of ICMP the identifier << 16. */
  PORTS = 4,
  /** Checksum over both addresses, folded, not inverted. */
  SUM = 5,
  /** Next sequence number of the client, then of the server. ICMP: the number of the echo, and its bytes of data. */
  SEQ_CLIENT = 6,
  SEQ_SERVER = 7,
  /** IPv4 identification of the client's next packet, and << 16 of the server's. */
  IDS = 8,
  /** When it ends. Units: ms since the start */
  DEADLINE = 9,
  /** In the list of those that end at the same time. */
  NEXT = 10,
  /** Among those that may send data; -1 for none. */
  PLACE = 11,
  /** SCTP: the verification tag that the client asked for, then the server's. */
  TAG_CLIENT = 12,
  TAG_SERVER = 13,
  WORDS = 16,
}

/** Conn.FLAGS. */
export enum ConnFlag {
  /** Protocol, as Kind. */
  KIND_MASK = 7,
  IPV6 = 1 << 3,
  /** The capture has no packets of the client; the next bit is the server's. */
  MUTED = 1 << 4,
  MUTED_SHIFT = 4,
  /** Side that begins to close. */
  CLOSER_SHIFT = 6,
  CLOSER = 1 << 6,
  /** It ends as soon as it can. */
  DUE = 1 << 7,
  PHASE_SHIFT = 8,
  PHASE_MASK = 0xff << 8,
  /** Packets with data in a row from one side. */
  RUN_SHIFT = 16,
  RUN_MASK = 0xff << 16,
  /** The side that they come from. */
  SIDE_SHIFT = 24,
  SIDE = 1 << 24,
}

/** Kinds of connections, in the order of TRAFFIC_PROTOCOLS. */
export enum Kind {
  TCP = 0,
  UDP = 1,
  ICMP = 2,
  SCTP = 3,
  GRE = 4,
}

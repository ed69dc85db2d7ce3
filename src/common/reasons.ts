/**
 * Why a packet was not simply tracked. Every packet is tracked, or has exactly one of these reasons,
 * so that the counters add up to the packets read. Numbers and names are stable: programs may store
 * them. Add at the end of a class; never reuse a number.
 *
 * The docs (docs/reasons.md) are printed from this table.
 */

/** What becomes of a packet. */
export enum Outcome {
  /** It belongs to a connection, and changed it or was let through without effect. */
  TRACKED = 0,
  /** The tracker judged it: `ct state invalid`. */
  INVALID = 1,
  /** Left alone on purpose: `ct state untracked`. */
  UNTRACKED = 2,
  /** It never reached the tracker: not IP, damaged before layer 4, or cut too short by the capture. */
  SKIPPED = 3,
  /** The tracker refused it because it had no room. */
  DROPPED = 4,
}

export enum Reason {
  NONE = 0,

  // Never reached the tracker.
  LINK_TYPE = 1,
  LINK_SHORT = 2,
  NOT_IP = 3,
  IP_SHORT = 4,
  IP_VERSION = 5,
  IP_HEADER_LENGTH = 6,
  IP_LENGTH = 7,
  IP_CHECKSUM = 8,
  SNAP_LENGTH = 9,
  FRAGMENT = 10,
  FRAGMENT_TIMEOUT = 11,
  FRAGMENT_OVERLAP = 12,
  FRAGMENT_DUPLICATE = 13,
  FRAGMENT_CONFLICT = 14,
  FRAGMENT_LENGTH = 15,
  FRAGMENT_OVERSIZE = 16,
  FRAGMENT_ECN = 17,
  FRAGMENT_MEMORY = 18,
  FRAGMENT_DISTANCE = 19,
  TUNNEL_SHORT = 20,
  TUNNEL_VERSION = 21,
  TUNNEL_PAYLOAD = 22,
  TUNNEL_DEPTH = 23,
  FRAGMENT_HEADER = 28,
  FRAGMENT_UNFINISHED = 29,

  // Untracked.
  ICMPV6_CONTROL = 32,
  ONE_WAY_RESET = 35,
  ONE_WAY_ERROR = 36,

  // Invalid.
  IPV6_HEADERS = 64,
  IPV6_NO_NEXT_HEADER = 65,
  L4_SHORT = 66,
  TCP_HEADER_LENGTH = 67,
  TCP_CHECKSUM = 68,
  TCP_FLAGS = 69,
  TCP_NOT_OPENING = 70,
  TCP_NOT_LOOSE = 71,
  TCP_STATE = 72,
  TCP_SEQ_OVER = 73,
  TCP_ACK_OVER = 74,
  TCP_RST_SEQ = 75,
  UDP_LENGTH = 76,
  UDP_CHECKSUM = 77,
  UDPLITE_COVERAGE = 78,
  UDPLITE_CHECKSUM_ZERO = 79,
  UDPLITE_CHECKSUM = 80,
  ICMP_CHECKSUM = 81,
  ICMP_TYPE = 82,
  ICMP_NOT_A_QUERY = 83,
  ICMP_UNSOLICITED = 84,
  ICMP_FAMILY = 85,
  ICMP_QUOTE = 86,
  ICMP_QUOTE_UNKNOWN = 87,
  ICMP_QUOTE_DESTINATION = 88,
  ICMPV6_REDIRECT = 89,
  SCTP_CHECKSUM = 90,
  SCTP_CHUNKS = 91,
  SCTP_INIT_SHORT = 92,
  SCTP_NOT_OPENING = 93,
  SCTP_TAG = 94,
  SCTP_STATE = 95,
  SCTP_INITIATE_TAG = 96,
  SCTP_HEARTBEAT = 97,
  GRE_PROTOCOL = 100,

  // No room.
  TABLE_FULL = 128,
  PROBE_LIMIT = 129,
  HELPER_PARTIAL = 130,
  HELPER_REFUSED = 131,
  RING_FULL = 140,

  COUNT = 160,
}

export interface ReasonInfo {
  readonly outcome: Outcome;
  /** Stable, for programs. */
  readonly name: string;
  /** One line for people. */
  readonly meaning: string;
}

const row = (outcome: Outcome, name: string, meaning: string): ReasonInfo => ({ outcome, name, meaning });
const { TRACKED, SKIPPED, UNTRACKED, INVALID, DROPPED } = Outcome;

export const REASONS: ReadonlyMap<Reason, ReasonInfo> = new Map([
  [Reason.NONE, row(TRACKED, 'none', 'no reason: the packet was tracked')],

  [Reason.LINK_TYPE, row(SKIPPED, 'link-type', 'the interface has a link type that is not read')],
  [Reason.LINK_SHORT, row(SKIPPED, 'link-short', 'the frame ends inside its link-layer headers')],
  [Reason.NOT_IP, row(SKIPPED, 'not-ip', 'neither IPv4 nor IPv6 (ARP, LLDP, ...)')],
  [Reason.IP_SHORT, row(SKIPPED, 'ip-short', 'fewer bytes than an IP header')],
  [Reason.IP_VERSION, row(SKIPPED, 'ip-version', 'the version field contradicts the link layer')],
  [
    Reason.IP_HEADER_LENGTH,
    row(SKIPPED, 'ip-header-length', 'IPv4 header length under 20 bytes or beyond the packet'),
  ],
  [
    Reason.IP_LENGTH,
    row(SKIPPED, 'ip-length', 'the IP length field is beyond the packet or below the header'),
  ],
  [
    Reason.IP_CHECKSUM,
    row(SKIPPED, 'ip-checksum', 'wrong IPv4 header checksum: the IP layer drops it before tracking'),
  ],
  [Reason.SNAP_LENGTH, row(SKIPPED, 'snap-length', 'the capture cut off the bytes that name the connection')],
  [
    Reason.FRAGMENT,
    row(SKIPPED, 'fragment', 'a piece of a datagram; the last one to come bears the verdict of the whole'),
  ],
  [
    Reason.FRAGMENT_TIMEOUT,
    row(SKIPPED, 'fragment-timeout', 'the rest of the datagram did not come in time'),
  ],
  [
    Reason.FRAGMENT_OVERLAP,
    row(SKIPPED, 'fragment-overlap', 'fragments overlap: the whole datagram is thrown away'),
  ],
  [Reason.FRAGMENT_DUPLICATE, row(SKIPPED, 'fragment-duplicate', 'all of the fragment was there already')],
  [
    Reason.FRAGMENT_CONFLICT,
    row(SKIPPED, 'fragment-conflict', 'fragments disagree about where the datagram ends'),
  ],
  [
    Reason.FRAGMENT_LENGTH,
    row(SKIPPED, 'fragment-length', 'a fragment without data, or IPv6 data that is no multiple of 8 bytes'),
  ],
  [Reason.FRAGMENT_OVERSIZE, row(SKIPPED, 'fragment-oversize', 'the datagram would be too long for IP')],
  [Reason.FRAGMENT_ECN, row(SKIPPED, 'fragment-ecn', 'fragments with and without ECN in one datagram')],
  [
    Reason.FRAGMENT_MEMORY,
    row(SKIPPED, 'fragment-memory', 'fragments held take up ipfrag_high_thresh or frag6_high_thresh'),
  ],
  [
    Reason.FRAGMENT_DISTANCE,
    row(SKIPPED, 'fragment-distance', 'over ipfrag_max_dist fragments of the source came in between'),
  ],
  [
    Reason.TUNNEL_SHORT,
    row(SKIPPED, 'tunnel-short', 'with --decap: the packet ends inside its tunnel header'),
  ],
  [
    Reason.TUNNEL_VERSION,
    row(SKIPPED, 'tunnel-version', 'with --decap: a version or flags of a tunnel header that are not read'),
  ],
  [
    Reason.TUNNEL_PAYLOAD,
    row(
      SKIPPED,
      'tunnel-payload',
      'with --decap: the tunnel carries neither IP nor anything that can hold IP',
    ),
  ],
  [Reason.TUNNEL_DEPTH, row(SKIPPED, 'tunnel-depth', 'with --decap: more than eight tunnels in each other')],
  [
    Reason.FRAGMENT_HEADER,
    row(SKIPPED, 'fragment-header', 'the packet ends within its IPv6 fragment header'),
  ],
  [
    Reason.FRAGMENT_UNFINISHED,
    row(SKIPPED, 'fragment-unfinished', 'the rest of the datagram had not come when the capture ended'),
  ],

  [
    Reason.ICMPV6_CONTROL,
    row(UNTRACKED, 'icmpv6-control', 'neighbour discovery, multicast listener or router discovery'),
  ],
  [
    Reason.ONE_WAY_RESET,
    row(UNTRACKED, 'one-way-reset', 'with --one-way: a RST of a connection of which nothing was seen'),
  ],
  [
    Reason.ONE_WAY_ERROR,
    row(
      UNTRACKED,
      'one-way-error',
      'with --one-way: an ICMP error about a connection of which nothing was seen',
    ),
  ],

  [Reason.IPV6_HEADERS, row(INVALID, 'ipv6-headers', 'the chain of IPv6 extension headers is broken')],
  [Reason.IPV6_NO_NEXT_HEADER, row(INVALID, 'ipv6-no-next-header', 'IPv6 says that nothing follows')],
  [Reason.L4_SHORT, row(INVALID, 'l4-short', 'too short for its transport header')],
  [
    Reason.TCP_HEADER_LENGTH,
    row(INVALID, 'tcp-header-length', 'TCP data offset under 5 or beyond the packet'),
  ],
  [Reason.TCP_CHECKSUM, row(INVALID, 'tcp-checksum', 'wrong TCP checksum')],
  [Reason.TCP_FLAGS, row(INVALID, 'tcp-flags', 'a combination of TCP flags that means nothing')],
  [
    Reason.TCP_NOT_OPENING,
    row(INVALID, 'tcp-not-opening', 'no connection, and this TCP packet cannot open one'),
  ],
  [Reason.TCP_NOT_LOOSE, row(INVALID, 'tcp-not-loose', 'mid-stream packet while tcp_loose is 0')],
  [Reason.TCP_STATE, row(INVALID, 'tcp-state', 'the TCP state has no place for this packet')],
  [Reason.TCP_SEQ_OVER, row(INVALID, 'tcp-seq-over', 'sequence number over the upper bound of the window')],
  [Reason.TCP_ACK_OVER, row(INVALID, 'tcp-ack-over', 'acknowledges data that was never seen')],
  [
    Reason.TCP_RST_SEQ,
    row(INVALID, 'tcp-rst-seq', 'RST below the highest acknowledgement of the other side'),
  ],
  [Reason.UDP_LENGTH, row(INVALID, 'udp-length', 'UDP length under 8 or beyond the packet')],
  [Reason.UDP_CHECKSUM, row(INVALID, 'udp-checksum', 'wrong UDP checksum')],
  [
    Reason.UDPLITE_COVERAGE,
    row(INVALID, 'udplite-coverage', 'UDP-Lite coverage of 1 to 7 or beyond the packet'),
  ],
  [Reason.UDPLITE_CHECKSUM_ZERO, row(INVALID, 'udplite-checksum-zero', 'UDP-Lite without a checksum')],
  [Reason.UDPLITE_CHECKSUM, row(INVALID, 'udplite-checksum', 'wrong UDP-Lite checksum')],
  [Reason.ICMP_CHECKSUM, row(INVALID, 'icmp-checksum', 'wrong ICMP or ICMPv6 checksum')],
  [Reason.ICMP_TYPE, row(INVALID, 'icmp-type', 'ICMP type over 18')],
  [
    Reason.ICMP_NOT_A_QUERY,
    row(INVALID, 'icmp-not-a-query', 'an ICMP type that is neither query, answer nor error'),
  ],
  [Reason.ICMP_UNSOLICITED, row(INVALID, 'icmp-unsolicited', 'an ICMP answer that nobody asked for')],
  [Reason.ICMP_FAMILY, row(INVALID, 'icmp-family', 'ICMP in IPv6 or ICMPv6 in IPv4')],
  [Reason.ICMP_QUOTE, row(INVALID, 'icmp-quote', 'an ICMP error whose quoted packet cannot be read')],
  [
    Reason.ICMP_QUOTE_UNKNOWN,
    row(INVALID, 'icmp-quote-unknown', 'an ICMP error about a connection that does not exist'),
  ],
  [
    Reason.ICMP_QUOTE_DESTINATION,
    row(INVALID, 'icmp-quote-destination', 'an ICMP error sent to another host than the one it concerns'),
  ],
  [
    Reason.ICMPV6_REDIRECT,
    row(INVALID, 'icmpv6-redirect', 'an ICMPv6 redirect that breaks the rules of RFC 4861'),
  ],
  [Reason.SCTP_CHECKSUM, row(INVALID, 'sctp-checksum', 'wrong SCTP checksum (CRC32c)')],
  [
    Reason.SCTP_CHUNKS,
    row(INVALID, 'sctp-chunks', 'no SCTP chunk, one of length 0, or chunks that may not stand together'),
  ],
  [Reason.SCTP_INIT_SHORT, row(INVALID, 'sctp-init-short', 'an SCTP INIT or INIT ACK that ends too early')],
  [
    Reason.SCTP_NOT_OPENING,
    row(INVALID, 'sctp-not-opening', 'no association, and this SCTP packet cannot open one'),
  ],
  [Reason.SCTP_TAG, row(INVALID, 'sctp-tag', 'not the verification tag of this side of the association')],
  [Reason.SCTP_STATE, row(INVALID, 'sctp-state', 'the SCTP state has no place for this chunk')],
  [
    Reason.SCTP_INITIATE_TAG,
    row(INVALID, 'sctp-initiate-tag', 'an INIT ACK with another initiate tag than the known one'),
  ],
  [
    Reason.SCTP_HEARTBEAT,
    row(INVALID, 'sctp-heartbeat', 'a HEARTBEAT or HEARTBEAT ACK whose verification tag does not fit'),
  ],
  [
    Reason.GRE_PROTOCOL,
    row(INVALID, 'gre-protocol', 'GRE of version 1 that does not carry PPP: not PPTP, so it has no call id'),
  ],

  [Reason.TABLE_FULL, row(DROPPED, 'table-full', 'the table is full and nothing near could be evicted')],
  [Reason.PROBE_LIMIT, row(DROPPED, 'probe-limit', 'too many connections share this part of the index')],
  [
    Reason.HELPER_PARTIAL,
    row(DROPPED, 'helper-partial', 'a helper found the beginning of a command and could not read the rest'),
  ],
  [
    Reason.HELPER_REFUSED,
    row(DROPPED, 'helper-refused', 'a helper refused the message, or there was no room for its expectation'),
  ],
  [
    Reason.RING_FULL,
    row(
      DROPPED,
      'ring-full',
      'the ring of its shard was full, and at its interface too many packets waited already (captures wait)',
    ),
  ],
]);

/** The row of a reason. An unknown number is a programmer's error. */
export function reasonInfo(reason: Reason): ReasonInfo {
  const info = REASONS.get(reason);
  if (info === undefined) throw new Error(`no such reason: ${reason}`);
  return info;
}

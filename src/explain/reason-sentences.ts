/**
 * Each reason as a sentence for people who look at one packet: what the rule is, and what to do about
 * it where something can be done. The type demands a sentence for every reason, so whoever adds one
 * to src/common/reasons.ts adds its sentence here (and a packet that shows it to
 * test/explain/reason-packets.ts).
 */
import type { Reason as AnyReason } from '../common/reasons.ts';
import { Reason } from '../common/reasons.ts';

export type ToldReason = Exclude<AnyReason, Reason.NONE | Reason.COUNT>;

export interface ReasonSentence {
  /** Whole sentences, true of every packet with this reason. */
  readonly text: string;
  /** Facts of the frame that show it, by the start of their name (frame-facts.ts). */
  readonly shownBy?: readonly string[];
  /** What may help. */
  readonly advice?: string;
}

const OFFLOAD =
  'Wrong checksums from one host only are usual in a capture made on that host: its network card fills them in later. Try --checksum ignore.';
const MID_STREAM =
  'If the capture began in the middle of the connection, or sees one direction only, the tracker lacks what came before.';
const IP = ['frame', 'IP starts', 'IPv4', 'IPv6'];

export const REASON_SENTENCES: Readonly<Record<ToldReason, ReasonSentence>> = {
  [Reason.LINK_TYPE]: {
    text: 'The interface has a link type that is not read, so it is not known where the IP header would start.',
    shownBy: ['frame'],
  },
  [Reason.LINK_SHORT]: {
    text: 'The frame ends before its link-layer headers do.',
    shownBy: ['frame'],
  },
  [Reason.NOT_IP]: {
    text: 'The frame carries neither IPv4 nor IPv6. There is nothing to track in it.',
    shownBy: ['frame'],
  },
  [Reason.IP_SHORT]: {
    text: 'Fewer bytes follow the link layer than an IP header has.',
    shownBy: ['frame', 'IP starts'],
  },
  [Reason.IP_VERSION]: {
    text: 'The first four bits are not the IP version that the link layer announces. The IP layer drops it before tracking.',
    shownBy: ['frame', 'IP version'],
  },
  [Reason.IP_HEADER_LENGTH]: {
    text: 'The IPv4 header says that it is shorter than 20 bytes, or longer than the packet. The IP layer drops it before tracking.',
    shownBy: IP,
  },
  [Reason.IP_LENGTH]: {
    text: 'The length in the IP header is more than what follows, or less than the header itself. The IP layer drops it before tracking.',
    shownBy: IP,
  },
  [Reason.IP_CHECKSUM]: {
    text: 'The checksum of the IPv4 header is wrong. The IP layer drops it before tracking.',
    shownBy: ['IPv4 checksum'],
    advice: OFFLOAD,
  },
  [Reason.SNAP_LENGTH]: {
    text: 'The capture did not keep the bytes that name the connection. The kernel would have seen them.',
    shownBy: ['frame'],
    advice: 'Capture whole packets: tcpdump -s 0.',
  },
  [Reason.FRAGMENT]: {
    text: 'It is a piece of a datagram. Only the whole datagram is tracked: the last piece to come bears its verdict, and the others end here.',
    shownBy: ['IPv4', 'IPv6'],
  },
  [Reason.FRAGMENT_TIMEOUT]: {
    text: 'The rest of the datagram did not come in time, so what there was of it was thrown away.',
    shownBy: ['IPv4', 'IPv6'],
  },
  [Reason.FRAGMENT_OVERLAP]: {
    text: 'It overlaps another piece of its datagram. The whole datagram is thrown away, since overlaps are an old way to deceive.',
    shownBy: ['IPv4', 'IPv6'],
  },
  [Reason.FRAGMENT_DUPLICATE]: {
    text: 'All of this piece was there already. The datagram does not suffer from it.',
    shownBy: ['IPv4', 'IPv6'],
  },
  [Reason.FRAGMENT_CONFLICT]: {
    text: 'It says that the datagram ends elsewhere than another piece says. The datagram is thrown away.',
    shownBy: ['IPv4', 'IPv6'],
  },
  [Reason.FRAGMENT_LENGTH]: {
    text: 'It carries no data, or, not being the last one, a number of bytes that is no multiple of 8. Nothing can be put together from such pieces.',
    shownBy: ['IPv4', 'IPv6'],
  },
  [Reason.FRAGMENT_OVERSIZE]: {
    text: 'With this piece the datagram would be longer than IP allows.',
    shownBy: ['IPv4', 'IPv6'],
  },
  [Reason.FRAGMENT_ECN]: {
    text: 'Some pieces of the datagram have ECN marks that contradict those of others.',
    shownBy: ['IPv4', 'IPv6'],
  },
  [Reason.FRAGMENT_MEMORY]: {
    text: 'The memory for pieces of datagrams is used up.',
    shownBy: ['IPv4', 'IPv6'],
    advice: '--set ipfrag_high_thresh and frag6_high_thresh set how much there is.',
  },
  [Reason.FRAGMENT_DISTANCE]: {
    text: 'Too many other pieces of the same sender came in between: the identification may have come round.',
    shownBy: ['IPv4', 'IPv6'],
    advice: '--set ipfrag_max_dist sets how many there may be.',
  },
  [Reason.TUNNEL_SHORT]: {
    text: 'The packet ends inside the header of its tunnel.',
    shownBy: ['IPv4', 'IPv6', 'UDP'],
  },
  [Reason.TUNNEL_VERSION]: {
    text: 'The header of the tunnel has a version, or flags, that are not read.',
    shownBy: ['IPv4', 'IPv6', 'UDP'],
  },
  [Reason.TUNNEL_PAYLOAD]: {
    text: 'The tunnel carries neither IP nor anything that can hold IP.',
    shownBy: ['IPv4', 'IPv6', 'UDP'],
  },
  [Reason.TUNNEL_DEPTH]: {
    text: 'There are more than eight tunnels in each other: that is no traffic of anybody, and is not peeled further.',
    shownBy: ['IPv4', 'IPv6', 'UDP'],
  },
  [Reason.FRAGMENT_HEADER]: {
    text: 'The packet ends within its IPv6 fragment header.',
    shownBy: ['IPv4', 'IPv6'],
  },
  [Reason.FRAGMENT_UNFINISHED]: {
    text: 'When the capture ended the rest of the datagram had not come.',
    shownBy: ['IPv4', 'IPv6'],
  },

  [Reason.ICMPV6_CONTROL]: {
    text: 'Neighbour discovery, multicast listener and router messages belong to no connection. They are left alone on purpose.',
    shownBy: ['ICMPv6'],
  },
  [Reason.ONE_WAY_RESET]: {
    text: 'It is a RST of a connection of which nothing was seen. With --one-way that is no fault of the packet, so it is left alone.',
  },
  [Reason.ONE_WAY_ERROR]: {
    text: 'It is an ICMP error about a connection of which nothing was seen. With --one-way that is no fault of the packet, so it is left alone.',
    shownBy: ['it quotes'],
  },

  [Reason.IPV6_HEADERS]: {
    text: 'The chain of IPv6 extension headers ends outside the packet, so no transport header was found.',
    shownBy: ['IPv6'],
  },
  [Reason.IPV6_NO_NEXT_HEADER]: {
    text: 'The IPv6 header says that no header follows: there is nothing to make a tuple of.',
    shownBy: ['IPv6'],
  },
  [Reason.L4_SHORT]: {
    text: 'The packet ends before its transport header does.',
    shownBy: ['IPv4', 'IPv6', 'transport'],
  },
  [Reason.TCP_HEADER_LENGTH]: {
    text: 'The TCP header says that it is shorter than 20 bytes, or longer than the packet.',
    shownBy: ['TCP'],
  },
  [Reason.TCP_CHECKSUM]: {
    text: 'The TCP checksum is wrong. It is refused before the connection is looked at, which stays as it is.',
    shownBy: ['TCP checksum'],
    advice: OFFLOAD,
  },
  [Reason.TCP_FLAGS]: {
    text: 'The flags contradict each other, or there are none. Scanners send such packets to see who answers.',
  },
  [Reason.TCP_NOT_OPENING]: {
    text: 'There is no connection that it could belong to, and it cannot open one: that takes a SYN, or a plain ACK in mid-stream.',
    advice: MID_STREAM,
  },
  [Reason.TCP_NOT_LOOSE]: {
    text: 'There is no connection that it could belong to, and with tcp_loose=0 none is picked up in mid-stream.',
    advice: `${MID_STREAM} --set tcp_loose=1 picks it up.`,
  },
  [Reason.TCP_STATE]: { text: 'The TCP state has no place for this packet.' },
  [Reason.TCP_SEQ_OVER]: {
    text: 'It starts beyond the window: the receiver has not offered to take so much.',
    advice:
      'Packets that the capture missed (window updates above all), or that came out of order, make the window look too small. --set tcp_be_liberal=1 shows what would follow if windows were not judged.',
  },
  [Reason.TCP_ACK_OVER]: {
    text: 'It acknowledges data that the other side was never seen to send.',
    advice:
      'Packets that the capture missed make an acknowledgement look wrong. --set tcp_be_liberal=1 shows what would follow if windows were not judged.',
  },
  [Reason.TCP_RST_SEQ]: {
    text: 'A RST must not lie below what its receiver has acknowledged already: so old a one closes nothing. No liberal setting helps here.',
    advice: '--set tcp_ignore_invalid_rst=1 lets such a RST pass, without closing.',
  },
  [Reason.UDP_LENGTH]: {
    text: 'The UDP length is less than the 8 bytes of its header, or more than the packet has.',
    shownBy: ['UDP'],
  },
  [Reason.UDP_CHECKSUM]: {
    text: 'The UDP checksum is wrong.',
    shownBy: ['UDP checksum'],
    advice: OFFLOAD,
  },
  [Reason.UDPLITE_COVERAGE]: {
    text: 'The coverage of the UDP-Lite checksum is less than the header, or more than the packet has.',
    shownBy: ['UDP-Lite'],
  },
  [Reason.UDPLITE_CHECKSUM_ZERO]: {
    text: 'UDP-Lite must have a checksum, and this packet has none.',
    shownBy: ['UDP-Lite checksum'],
  },
  [Reason.UDPLITE_CHECKSUM]: {
    text: 'The UDP-Lite checksum is wrong.',
    shownBy: ['UDP-Lite checksum'],
    advice: OFFLOAD,
  },
  [Reason.ICMP_CHECKSUM]: {
    text: 'The checksum of the ICMP message is wrong.',
    shownBy: ['ICMP checksum'],
    advice: OFFLOAD,
  },
  [Reason.ICMP_TYPE]: {
    text: 'ICMP types above 18 are unknown to the tracker, and refused.',
    shownBy: ['ICMP'],
  },
  [Reason.ICMP_NOT_A_QUERY]: {
    text: 'This ICMP type is no question, no answer and no error about a packet, so it has no place in a table of connections.',
    shownBy: ['ICMP'],
  },
  [Reason.ICMP_UNSOLICITED]: {
    text: 'It is an answer, and nobody asked: no connection has its addresses, id, type and code.',
    shownBy: ['ICMP'],
    advice: 'An answer must have the id and the code of its question, and come within icmp_timeout.',
  },
  [Reason.ICMP_FAMILY]: {
    text: 'ICMP belongs into IPv4 and ICMPv6 into IPv6; this is the other way round.',
    shownBy: ['IPv4', 'IPv6'],
  },
  [Reason.ICMP_QUOTE]: {
    text: 'An ICMP error is known by the packet that it quotes, and too little of it is there, or it is one that has no connection.',
    shownBy: ['ICMP', 'it quotes'],
  },
  [Reason.ICMP_QUOTE_UNKNOWN]: {
    text: 'The ICMP error is about a connection that does not live at this time.',
    shownBy: ['it quotes'],
  },
  [Reason.ICMP_QUOTE_DESTINATION]: {
    text: 'An ICMP error must go to the sender of the packet that it quotes. This one goes to somebody else.',
    shownBy: ['IPv4', 'IPv6', 'it quotes'],
  },
  [Reason.ICMPV6_REDIRECT]: {
    text: 'A redirect must come from a neighbour (link-local source, hop limit 255) and quote the packet (RFC 4861 8.1).',
    shownBy: ['IPv6', 'ICMPv6'],
  },

  [Reason.SCTP_CHECKSUM]: {
    text: 'The SCTP checksum (CRC32c) is wrong.',
    advice: OFFLOAD,
  },
  [Reason.SCTP_CHUNKS]: {
    text: 'It has no chunk, one of length 0, or chunks that may not stand together: INIT, INIT ACK and SHUTDOWN COMPLETE stand alone.',
    shownBy: ['SCTP'],
  },
  [Reason.SCTP_INIT_SHORT]: {
    text: 'Its INIT or INIT ACK ends before the initiate tag does.',
    shownBy: ['SCTP'],
  },
  [Reason.SCTP_NOT_OPENING]: {
    text: 'There is no association that it could belong to, and it cannot open one.',
    shownBy: ['SCTP'],
    advice: MID_STREAM,
  },
  [Reason.SCTP_TAG]: {
    text: 'An SCTP packet must bear the verification tag that its receiver chose.',
    shownBy: ['SCTP'],
  },
  [Reason.SCTP_STATE]: {
    text: 'The SCTP state has no place for one of its chunks.',
    shownBy: ['SCTP'],
  },
  [Reason.SCTP_INITIATE_TAG]: {
    text: 'An INIT ACK must bear the initiate tag that is known of its side, once that side has sent an INIT.',
    shownBy: ['SCTP'],
  },
  [Reason.SCTP_HEARTBEAT]: {
    text: 'A HEARTBEAT or its answer has a tag that does not fit the association.',
    shownBy: ['SCTP'],
  },
  [Reason.GRE_PROTOCOL]: {
    text: 'GRE of version 1 belongs to PPTP and must carry PPP; this packet does not, so it has no call id.',
    shownBy: ['IPv4', 'IPv6'],
  },

  [Reason.RING_FULL]: {
    text: 'The ring of its shard was full, and at its interface so many packets waited that it could not wait, too. Captures are never treated so.',
    advice: 'More shards, a larger --ring-mb, or a --filter for what is not wanted.',
  },
  [Reason.TABLE_FULL]: {
    text: 'The table is full, and near its place there is no connection that could be evicted: all are ASSURED. The kernel drops such a packet.',
    advice: 'Compare with a larger table: --max.',
  },
  [Reason.HELPER_PARTIAL]: {
    text: 'The helper of the connection found the beginning of a command and could not read the rest. It drops such a packet, so that the sender sends it again as a whole.',
  },
  [Reason.HELPER_REFUSED]: {
    text: 'The helper of the connection refused the message, or there was no room for what it foretells. It drops such a packet.',
    advice: '--helpers none shows what would follow without helpers.',
  },
  [Reason.PROBE_LIMIT]: {
    text: 'Too many connections share this part of the index, so there is no place for another one.',
    advice: 'Compare with a larger table: --max.',
  },
};

/** IP protocol numbers that mean something here, and sizes of headers. */

export enum Protocol {
  HOP_BY_HOP = 0,
  ICMP = 1,
  IPV4 = 4,
  TCP = 6,
  UDP = 17,
  IPV6 = 41,
  ROUTING = 43,
  FRAGMENT = 44,
  GRE = 47,
  AUTHENTICATION = 51,
  ICMPV6 = 58,
  NO_NEXT_HEADER = 59,
  DESTINATION = 60,
  SCTP = 132,
  UDPLITE = 136,
}

export const IPV4_HEADER_BYTES = 20;
export const IPV6_HEADER_BYTES = 40;
/** Of IPv6. */
export const FRAGMENT_HEADER_BYTES = 8;
export const ICMP_HEADER_BYTES = 8;
export const UDP_HEADER_BYTES = 8;
export const TCP_HEADER_BYTES = 20;
export const PORTS_BYTES = 4;

export const ICMPV6_REDIRECT = 137;
/** Fixed part of a redirect; options follow. */
export const ICMPV6_REDIRECT_BYTES = 40;

/** Words that say where the parts of the last packet lie. */
export enum Last {
  /** The IP header. */
  IP = 0,
  /** Zone << 16. */
  ZONE = 1,
  /** The IPv6 fragment header; 0 for IPv4. */
  FRAGMENT = 2,
  /** The transport header, and where the captured bytes of the packet end. */
  TRANSPORT = 3,
  END = 4,
  WORDS = 5,
}

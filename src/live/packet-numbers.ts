/** Numbers of AF_PACKET and of its third ring format. Source: packet(7), Documentation/networking/packet_mmap */

export const ETH_P_ALL = 3;

/** Socket options. */
export enum PacketOption {
  ADD_MEMBERSHIP = 1,
  RX_RING = 5,
  STATISTICS = 6,
  VERSION = 10,
  RESERVE = 12,
  FANOUT = 18,
  IGNORE_OUTGOING = 23,
}

export const TPACKET_V3 = 2;
export const MEMBERSHIP_PROMISCUOUS = 1;
/** Packets that this host sent itself, as the kernel marks them. */
export const PKTTYPE_OUTGOING = 4;

export const FANOUT_HASH = 0;
export enum FanoutFlag {
  UNIQUE_ID = 0x2000,
  IGNORE_OUTGOING = 0x4000,
}

/** Words of a block's header. */
export enum Block {
  STATUS = 2,
  PACKETS = 3,
  FIRST_OFFSET = 4,
}

/** Words of a packet's header. What lies behind them is at byte offsets. */
export enum Head {
  NEXT = 0,
  SEC = 1,
  NSEC = 2,
  CAPTURE_LENGTH = 3,
  WIRE_LENGTH = 4,
  STATUS = 5,
  /** u16: where the frame begins, u16: where the network header does, both from here. */
  MAC_NET = 6,
  /** u32: the tag without its type. */
  VLAN_TCI = 8,
  /** u16: the tag's type. */
  VLAN_TPID = 9,
}
/** Of a packet's header, the 16-bit words and bytes that are read. */
export const HEAD_MAC_U16 = 12;
export const HEAD_NET_U16 = 13;
export const HEAD_VLAN_TPID_U16 = 18;
/** sll_pkttype of the address that follows the header. */
export const HEAD_PKTTYPE_BYTE = 58;

export enum Status {
  USER = 1 << 0,
  CHECKSUM_OPEN = 1 << 3,
  VLAN_VALID = 1 << 4,
  VLAN_TPID_VALID = 1 << 6,
}

export const KERNEL_OWNS = 0;

/**
 * A connection as people and programs see it: plain data, decoded from an entry. This is what the
 * library API returns, what JSON prints and what the text forms are made from.
 */

/** Addresses and the transport part of one direction. */
export interface Tuple {
  /** Text form, IPv6 compressed as RFC 5952 says. */
  readonly src: string;
  readonly dst: string;
  /** TCP, UDP, UDP-Lite, SCTP. */
  readonly sport?: number;
  readonly dport?: number;
  /** ICMP and ICMPv6. */
  readonly type?: number;
  readonly code?: number;
  readonly id?: number;
  /** GRE. */
  readonly srckey?: number;
  readonly dstkey?: number;
}

/** One direction with its counters. */
export interface Direction extends Tuple {
  /** Packets counted; absent without accounting. */
  readonly packets?: number;
  /** Layer 3 bytes, header included; absent without accounting. */
  readonly bytes?: number;
}

/** Why a connection ended. */
export type EndReason =
  | 'timeout'
  | 'reset'
  | 'reopened'
  | 'evicted'
  | 'end of capture'
  | 'helper'
  | 'deleted';

/** Which directions packets were seen of. Without `--one-way` never the reply alone. */
export type Halves = 'original' | 'reply' | 'both';

/** Of a GRE connection, in whole seconds; set when it begins, so that a call of PPTP may have longer ones. */
export interface GreTimeouts {
  readonly timeoutS: number;
  readonly streamTimeoutS: number;
}

export interface Connection {
  /** Stable for the life of the connection and equal for any number of shards. 32 bits. */
  readonly id: number;
  readonly family: 'ipv4' | 'ipv6';
  /** IP protocol number. */
  readonly protocol: number;
  /** tcp, udp, udplite, icmp, icmpv6, gre, sctp, else unknown. */
  readonly protocolName: string;
  readonly original: Direction;
  readonly reply: Direction;
  /** Protocol state as the kernel prints it (TCP, SCTP), else null. */
  readonly state: string | null;
  /** GRE only. */
  readonly greTimeouts?: GreTimeouts;
  /** Bits as in the kernel's IPS_ numbers: 1 EXPECTED, 2 SEEN_REPLY, 4 ASSURED, 8 CONFIRMED, 0x200 DYING, 0x400 FIXED_TIMEOUT. */
  readonly status: number;
  /** Helper that reads its packets, as the kernel calls it; null for none. */
  readonly helper: string | null;
  /** Id of the connection that foretold this one; null for none. */
  readonly master: number | null;
  /** Live connections that this one foretold. */
  readonly expected: number;
  readonly halves: Halves;
  readonly zone: number;
  readonly mark: number;
  /** Whole seconds until expiry, rounded down; 0 when it is past. */
  readonly timeoutS: number;
  /** Nanoseconds since 1970. */
  readonly startNs: bigint;
  /** Time of the last packet that belonged to it, counted or not. */
  readonly lastNs: bigint;
  /** When and why it ended; null while it lives. */
  readonly end: { readonly atNs: bigint; readonly reason: EndReason } | null;
}

export enum StatusBit {
  EXPECTED = 0x1,
  SEEN_REPLY = 0x2,
  ASSURED = 0x4,
  CONFIRMED = 0x8,
  DYING = 0x200,
  FIXED_TIMEOUT = 0x400,
}

/** What an event line says. */
export type EventType = 'NEW' | 'UPDATE' | 'DESTROY';

export interface ConnectionEvent {
  readonly type: EventType;
  /** Nanoseconds since 1970: of the packet that caused it, or the deadline of an expiry. */
  readonly atNs: bigint;
  /** The event carries the protocol state (the kernel's PROTOINFO bit); always true for a DESTROY of TCP or SCTP. */
  readonly withState: boolean;
  readonly connection: Connection;
}

/**
 * A story: what `flowshard explain` tells of a connection, as plain records in order. The text is
 * made from them, and `--json` prints them as they are. docs/explain.md names every key.
 */
import type { EndReason, Tuple } from '../export/connection.ts';
import type { Expected } from './step.ts';

/** What became of a packet. */
export type Effect =
  /** The first packet of a life. */
  | 'opens'
  /** It belongs to the connection and was counted. */
  | 'accepted'
  /** It belongs to the connection, but was let through without effect. */
  | 'ignored'
  /** An ICMP error about the connection. */
  | 'related'
  /** INVALID. */
  | 'refused'
  | 'untracked'
  /** It never reached the tracker. */
  | 'skipped'
  /** No room for it. */
  | 'dropped';

export type DirectionName = 'original' | 'reply';

/** First record. */
export interface StoryRecord {
  readonly record: 'story';
  readonly file: string;
  readonly family: 'ipv4' | 'ipv6';
  readonly protocol: number;
  readonly protocolName: string;
  readonly zone: number;
  /** As the packets of direction `original` have it. */
  readonly tuple: Tuple;
  /** The packet that was asked for; null without `--packet`. */
  readonly packet: number | null;
}

/** A life begins: the next packet opens it. */
export interface LifeRecord {
  readonly record: 'life';
  /** From 1. */
  readonly life: number;
  readonly n: number;
  readonly atNs: bigint;
  /** Its original direction; that of a later life may be the other one. */
  readonly original: Tuple;
  /** TCP: the beginning was not seen. */
  readonly pickedUp: boolean;
  /** The helper that reads its packets; null for none. */
  readonly helper: string | null;
  /** The connection that foretold it; null where nobody did. */
  readonly master: {
    readonly id: number;
    readonly tuple: string | null;
    readonly helper: string | null;
  } | null;
}

export interface TcpRecord {
  readonly flags: string;
  /** As they stand in the packet. */
  readonly seq: number;
  readonly ack: number | null;
  /** Counted from the first sequence number of that side; null while it is not known. */
  readonly relativeSeq: number | null;
  readonly relativeEnd: number | null;
  readonly relativeAck: number | null;
  /** Payload. */
  readonly bytes: number;
  readonly window: number;
  /** With the scale that the tracker knows. */
  readonly windowScaled: number;
  /** Left and right edges, relative where they can be. */
  readonly sack: readonly (readonly [number, number])[];
  readonly options: readonly string[];
}

/** By what numbers a segment was outside its window; absolute. */
export interface WindowRecord {
  readonly bound: 'seq-over' | 'seq-beyond' | 'ack-over' | 'seq-under' | 'ack-under';
  /** Accepted all the same: the connection or the settings are liberal. */
  readonly forgiven: boolean;
  /** What was judged, what it was held against, and by how much it missed. */
  readonly value: number;
  readonly limit: number;
  readonly by: number;
  readonly seq: number;
  readonly end: number;
  readonly ack: number;
  readonly sack: number;
  readonly senderEnd: number;
  readonly senderMaxEnd: number;
  readonly senderMaxWindow: number;
  readonly receiverEnd: number;
  readonly receiverMaxWindow: number;
}

export interface PacketRecord {
  readonly record: 'packet';
  readonly n: number;
  readonly atNs: bigint;
  /** Null while the connection does not live. */
  readonly life: number | null;
  /** Null where it cannot be told. */
  readonly direction: DirectionName | null;
  /** In words: flags, `UDP`, `echo request`. */
  readonly what: string;
  /** Layer 3 length; null where it could not be read. */
  readonly bytes: number | null;
  readonly tcp: TcpRecord | null;
  readonly effect: Effect;
  /** As `ct` of a trace; null for a packet without a verdict. */
  readonly verdict: string | null;
  /** Name of the reason, as of docs/reasons.md; null for a packet that was tracked. */
  readonly reason: string | null;
  readonly stateBefore: string | null;
  readonly stateAfter: string | null;
  /** Names of the status bits after the packet; null without a connection. */
  readonly statusAfter: readonly string[] | null;
  /** The timeout that the packet set, seconds; null where it set none. */
  readonly timeoutS: number | null;
  /** Why it is not the timeout of the state; null where it is. */
  readonly timeoutBecause: string | null;
  /** Until expiry after the packet; null without a connection. */
  readonly leftS: number | null;
  /** Status bits that it set: SEEN_REPLY, ASSURED, ... */
  readonly gained: readonly string[];
  /** Of conntrack -E: NEW or UPDATE; null for none. */
  readonly event: 'NEW' | 'UPDATE' | null;
  /** What there is to say, one sentence or more each. */
  readonly why: readonly string[];
  readonly window: WindowRecord | null;
  /** Connections that the helper has learnt to expect from it. */
  readonly expects: readonly Expected[];
  /** What its bytes say; only of the packet that was asked for, else null. */
  readonly facts: readonly { readonly name: string; readonly text: string }[] | null;
}

/** A life ends. */
export interface EndRecord {
  readonly record: 'end';
  readonly life: number;
  readonly atNs: bigint;
  readonly reason: EndReason;
  /** The packet that ended it; null for a timeout. */
  readonly n: number | null;
  readonly state: string | null;
  readonly statusNames: readonly string[];
  readonly why: string;
  /** Packets and bytes that were counted; null without accounting. */
  readonly counted: {
    readonly original: readonly [packets: number, bytes: number];
    readonly reply: readonly [packets: number, bytes: number];
  } | null;
}

/** Last record. */
export interface TotalRecord {
  readonly record: 'total';
  readonly lives: number;
  readonly packets: number;
  readonly effects: Readonly<Record<Effect, number>>;
  /** Packets by name of their reason. */
  readonly reasons: Readonly<Record<string, number>>;
  /** What lives at the end of the capture; null for nothing. */
  readonly alive: {
    readonly life: number;
    readonly state: string | null;
    readonly statusNames: readonly string[];
    readonly leftS: number;
  } | null;
  /** What may help, for the reasons that were met. */
  readonly advice: readonly string[];
}

export type AnyRecord = StoryRecord | LifeRecord | PacketRecord | EndRecord | TotalRecord;

/** The only record of a packet that belongs to no connection. */
export interface LoneRecord {
  readonly record: 'lone';
  readonly file: string;
  readonly n: number;
  readonly atNs: bigint;
  /** What becomes of packets with its reason: `invalid`, `untracked`, `skipped`. */
  readonly outcome: string;
  readonly reason: string;
  readonly why: readonly string[];
  readonly facts: readonly { readonly name: string; readonly text: string }[];
  readonly advice: readonly string[];
}

/** A connection that the TUPLE may mean, where it may mean several. */
export interface CandidateRecord {
  readonly record: 'candidate';
  /** As `explain` takes it. */
  readonly tuple: string;
  readonly firstPacket: number;
  readonly packets: number;
  readonly firstNs: bigint;
  readonly lastNs: bigint;
}

export type AnyOutput = AnyRecord | LoneRecord | CandidateRecord;

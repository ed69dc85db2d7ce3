/** What a live run is asked for, and what its threads are handed: plain data. Loads nothing. */
import type { LiveErrorFields } from './live-error.ts';
import type { PacketSocket } from './packet-socket.ts';

/** MiB of a ring. */
export const RING_MB = { min: 1, max: 1024, usual: 64 } as const;
/** Bytes taken of each packet. No packet of today is longer than the usual value. */
export const SNAPLEN = { max: 262_144, usual: 262_144 } as const;

export interface LiveRequest {
  /** Names; all of them are read by each ingest thread. */
  readonly interfaces: readonly string[];
  /** Ingest threads. Packets are given to them by the hash of their flow. */
  readonly ingests: number;
  /** Size of the ring of each interface and ingest thread. */
  readonly ringMb: number;
  readonly snaplen: number;
  readonly promiscuous: boolean;
  /** A tcpdump expression; empty for all. */
  readonly filter: string;
  /** When an interface is down or gone. */
  readonly onDown: 'wait' | 'exit';
}

/** What becomes of an interface, for people. */
export interface InterfaceNotice {
  readonly name: string;
  readonly state: 'up' | 'down' | 'gone';
}

/** For one ingest thread. */
export interface LiveOptions {
  /** One of each interface; the thread's own from now on. */
  readonly sockets: readonly PacketSocket[];
  /** Whoever writes to this eventfd wakes the thread. */
  readonly waker: number;
  readonly onDown: 'wait' | 'exit';
  /** Where notices go; null: nowhere. */
  readonly notices: { postMessage(notice: InterfaceNotice): void } | null;
}

/** Why a live run ended early. */
export type LiveFailure = LiveErrorFields;

/** What a live run is asked for: plain data that threads are handed. */

export interface LiveOptions {
  /** Names of interfaces; all of them are read by each ingest thread. */
  readonly interfaces: readonly string[];
  /** Size of the ring of each interface and ingest thread. */
  readonly ringMb: number;
  /** Bytes of each packet that are taken. */
  readonly snaplen: number;
  readonly promiscuous: boolean;
  /** A tcpdump expression; empty for all. */
  readonly filter: string;
  /** When an interface is down or gone. */
  readonly onDown: 'wait' | 'exit';
  /** The ingest threads are given packets by the hash of their flow: number of the group, where there are several. */
  readonly fanoutGroup: number;
}

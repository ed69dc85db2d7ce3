/**
 * What may be asked of a running tracker, and done to it: the one door through which the control API, the
 * printers of live events and the tests come in. Behind it lie the mailboxes of the threads that own the
 * connections (src/shm/mailbox.ts): they answer between bursts of packets, in bounded slices.
 */
import type { Connection } from '../export/connection.ts';
import type { Expectation } from '../export/expectation.ts';
import type { Stats } from '../export/stats.ts';
import type { Program } from '../query/program.ts';

export { PAGE_ENTRY_WORDS } from '../shm/mailbox.ts';

/** Copies of entries, each taken as a whole between two packets. Valid until the next page is asked for. */
export interface Page {
  /** Number of the owner: a shard, or `shards` for the connections with helpers. */
  readonly owner: number;
  /** Shapes: at least count * PAGE_ENTRY_WORDS; entry i starts at i * PAGE_ENTRY_WORDS. */
  readonly words: Int32Array;
  readonly count: number;
  /** The owner's clock when the page was made: tick (see Hot.DEADLINE) and seconds since 1970. */
  readonly tickMs: number;
  readonly nowSec: number;
}

/** Where in the table the reading of a list goes on: owner and entry. Opaque to clients. */
export interface ScanPosition {
  readonly owner: number;
  readonly entry: number;
}

export interface ScanOptions {
  /** null: all. */
  readonly filter: Program | null;
  readonly from?: ScanPosition;
  /** Most entries; the last page says by `next` where it went on. */
  readonly limit?: number;
}

export interface ScanPage extends Page {
  /** Where the next page begins; null after the last one. */
  readonly next: ScanPosition | null;
}

/** Endpoints as the original direction has them. */
export interface TupleQuery {
  readonly family: 'ipv4' | 'ipv6';
  readonly protocol: number;
  readonly src: string;
  readonly dst: string;
  readonly sport?: number;
  readonly dport?: number;
  readonly type?: number;
  readonly code?: number;
  readonly id?: number;
  readonly srckey?: number;
  readonly dstkey?: number;
  readonly zone?: number;
}

export interface Change {
  /** new = (old & ~mask) ^ value, as conntrack --mark value/mask has it. */
  readonly mark?: { readonly value: number; readonly mask: number };
  /** Seconds from now. */
  readonly timeoutS?: number;
  /** Bits to set; ASSURED and FIXED_TIMEOUT only. */
  readonly status?: number;
}

export interface NewConnection extends TupleQuery {
  readonly timeoutS: number;
  /** Name as the kernel prints it; TCP and SCTP. */
  readonly state?: string;
  readonly mark?: number;
  /** SEEN_REPLY, ASSURED, FIXED_TIMEOUT. */
  readonly status?: number;
}

export interface NewExpectation {
  readonly master: TupleQuery;
  readonly tuple: TupleQuery;
  readonly mask: TupleQuery;
  readonly timeoutS: number;
  readonly helper?: string;
  readonly permanent?: boolean;
}

export type CreateAnswer<T> =
  | { readonly made: T }
  | { readonly refused: 'exists' | 'full' | 'no master' | 'not allowed' };

/** One owner of connections, as its counters tell. */
export interface OwnerInfo {
  readonly owner: number;
  readonly kind: 'shard' | 'masters';
  readonly entries: number;
  readonly entriesMax: number;
  readonly indexSlots: number;
  /** Entries per index slot in use. */
  readonly load: number;
  readonly probeMax: number;
  /** Connections that are due and not yet expired, and by how much the wheel is behind, ms. */
  readonly wheelBacklog: number;
  readonly expiryLagMs: number;
  /** Descriptors that wait, and room for. */
  readonly ringDepth: number;
  readonly ringSlots: number;
  /** Number of the next event. */
  readonly nextEvent: number;
  readonly bytes: number;
  /** From arrival (time stamp of the packet) to state updated; null where it is not measured (captures). ns. */
  readonly latencyNs: LatencyNs | null;
}

export interface LatencyNs {
  readonly count: number;
  readonly min: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** Numbers of the next events, by owner: what `since` takes. */
export type EventPosition = readonly number[];

export interface TrackerControl {
  readonly shards: number;
  /** Shards, and the connections with helpers where there are helpers. */
  readonly owners: number;
  /** Live connections, from counters. */
  count(): number;
  /** Pages of the table, each connection that lives throughout exactly once. Ends early when the caller stops asking. */
  scan(options: ScanOptions): AsyncGenerator<ScanPage>;
  /** The connection of a tuple, either direction; null when there is none. */
  find(tuple: TupleQuery): Promise<Connection | null>;
  /** Ends those that match; gives them as pages, as they were. */
  remove(options: ScanOptions): AsyncGenerator<ScanPage>;
  /** Ends all. Returns how many. */
  flush(): Promise<number>;
  /** Changes those that match; gives them as pages, as they are now. */
  update(options: ScanOptions, change: Change): AsyncGenerator<ScanPage>;
  create(connection: NewConnection): Promise<CreateAnswer<Connection>>;
  expectations(): Promise<Expectation[]>;
  /** By the position in the list of `expectations` that `matches` chooses. Returns those that ended. */
  removeExpectations(matches: (expectation: Expectation) => boolean): Promise<Expectation[]>;
  createExpectation(expectation: NewExpectation): Promise<CreateAnswer<Expectation>>;
  /** How many live connections each master foretold, by id: `use=` of a line is one more. */
  expectedCounts(): Promise<ReadonlyMap<number, number>>;
  stats(): Stats;
  ownersInfo(): OwnerInfo[];
  /** Settings that may be changed while it runs, see src/conntrack/settings.ts. */
  readonly settings: Int32Array;
  /** The next events of all owners. */
  eventPosition(): EventPosition;
  /** Opens a reader of events from there on (default: from now on). */
  events(from?: EventPosition): EventReader;
}

/** A run of events that a reader came too late for. Both ends included. */
export interface EventGap {
  readonly owner: number;
  readonly from: number;
  readonly to: number;
}

/** One event, as the words of a report: Report in src/shm/layouts.ts. */
export interface RawEvent {
  readonly owner: number;
  readonly seq: number;
  /** Shapes: Report words from word 0 on. The reader's own copy. */
  readonly words: Int32Array;
}

export interface EventReader {
  /**
   * What has come since the last call, at most about `max`: the events of each owner in the order of their numbers, those of
   * several by time; gaps where they are. Never waits.
   */
  take(max: number): { readonly events: readonly RawEvent[]; readonly gaps: readonly EventGap[] };
  /** Where the next call goes on. */
  position(): EventPosition;
}

/** What the main thread gives its threads to work with, and what they say at the end. */

import type { CaptureErrorFields } from '../common/errors.ts';
import type { HashKey } from '../common/hash.ts';
import type { HelperAt } from '../conntrack/helpers/registry.ts';
import type { ReportMode } from '../conntrack/reporter.ts';
import type { LiveFailure, LiveOptions } from '../live/options.ts';
import type { Decap } from '../packet/tunnels/options.ts';
import type { FrameBlock } from '../shm/frame-block.ts';
import type { MailboxMemory } from '../shm/mailbox.ts';
import type { RingBlock } from '../shm/ring-block.ts';
import type { RingMemory } from '../shm/segment.ts';
import type { TrafficOptions } from '../traffic/options.ts';

/** Words of the control block that all threads share. */
export enum Control {
  /** Set by the main thread: stop reading, finish what was read. */
  STOP = 0,
  /** Set by a thread that failed: nobody need wait for anybody any more. */
  FAILED = 1,
  /** Ingest threads whose interfaces are open. */
  OPENED = 2,
  /** Interfaces that are down or gone at the moment. */
  DOWN = 3,
  /** Set by the main thread: interfaces may be read. Until then packets wait in their rings. */
  BEGIN = 4,
  /** Set by the main thread: latencies are counted from now on. */
  MEASURING = 5,
  WORDS = 6,
}

/** Memory of the expectations: the ingest thread's, but for the claims, which the shards settle. */
export interface ExpectationMemory {
  readonly words: Int32Array;
  readonly claims: Int32Array;
}

/** What a thread needs to be asked questions while it runs, and to tell events that nobody need read. */
export interface ServiceMemory {
  readonly mailbox: MailboxMemory;
  /** Shapes: PROGRESS_WORDS */
  readonly progress: Int32Array;
}

/** Words of what the threads of a measured run tell each other. Units: ms on the shared clock */
export enum Measured {
  /** When the first packet of the paced part was due. Ingest thread. */
  ORIGIN = 0,
  /** The measured part. Main thread. */
  BEGIN = 1,
  END = 2,
  /** By how much the newest packet was sent too late. Ingest thread. */
  BEHIND = 3,
  WORDS = 4,
}

/** What measuring a run needs; it is there only when a run is measured. */
export interface MeasureMemory {
  /** Shapes: Measured.WORDS */
  readonly words: Float64Array;
  /** Packets are sent when they are due, from this one on; null: as fast as it goes. */
  readonly pacedFrom: number | null;
  /** Time of the packet that is due at ORIGIN, whole seconds since 1970. */
  readonly originSec: number;
  /** When what lies in a slot of the ring arrived there; of each shard. Not where packets are paced. */
  readonly arrivals: readonly Float64Array[];
  /** Shapes: FINE_WORDS, of each shard. */
  readonly histograms: readonly Int32Array[];
}

/** What a thread says of its garbage collector. */
export interface Garbage {
  readonly count: number;
  readonly longestMs: number;
  readonly totalMs: number;
}

export interface ShardTask {
  readonly segment: SharedArrayBuffer;
  /** One ring of each ingest thread. */
  readonly inputs: RingBlock;
  readonly settings: Int32Array;
  readonly control: Int32Array;
  readonly hashKey: HashKey;
  readonly mode: ReportMode;
  /** Check every structure after each so many bursts; 0 for never. */
  readonly selfCheckEvery: number;
  /** Where claims on expectations are settled. */
  readonly claims: Int32Array;
  /** null: nobody asks, and reports wait for their reader. */
  readonly service: ServiceMemory | null;
  /** Shapes: HISTOGRAM_WORDS; units: 0.1 us. null where packets have no arrival that could be measured. */
  readonly latency: Int32Array | null;
  /** Number of this shard. */
  readonly shard: number;
  readonly measure: MeasureMemory | null;
}

export interface IngestTask {
  readonly files: readonly string[];
  /** Instead of files. */
  readonly live: LiveOptions | null;
  /** Instead of files. */
  readonly memory: FrameBlock | null;
  /** Instead of files. */
  readonly traffic: TrafficOptions | null;
  /** Number of this ingest thread, and how many there are. */
  readonly ingest: number;
  readonly ingests: number;
  readonly rings: readonly RingMemory[];
  /** Reports of packets that go to no shard. */
  readonly reports: RingMemory;
  readonly counters: Float64Array;
  readonly control: Int32Array;
  readonly hashKey: HashKey;
  readonly mode: ReportMode;
  readonly verifyChecksums: boolean;
  readonly zoneFromVlan: boolean;
  readonly decap: Decap | null;
  /** Helpers by number, each with its port. */
  readonly helpers: readonly HelperAt[];
  /** Where the connections with helpers live. */
  readonly masters: SharedArrayBuffer;
  readonly expectations: ExpectationMemory;
  readonly settings: Int32Array;
  readonly selfCheckEvery: number;
  /** Of the connections with helpers. */
  readonly service: ServiceMemory | null;
  /** Shapes: PROGRESS_WORDS: how far the reports of this thread itself have come, where these are a log. */
  readonly progress: Int32Array;
  /** After the end of the capture: stay and answer, until STOP. */
  readonly hold: boolean;
  readonly measure: MeasureMemory | null;
}

export interface IngestResult {
  /** Files that could not be read to their end. */
  readonly errors: readonly CaptureErrorFields[];
  /** Reading was stopped before the end. */
  readonly stopped: boolean;
  /** Why the reading of interfaces ended by itself. */
  readonly failure?: LiveFailure | null;
  /** Where the run is measured. */
  readonly garbage?: Garbage | null;
}

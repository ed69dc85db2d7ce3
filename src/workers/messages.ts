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
  WORDS = 5,
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
}

export interface IngestResult {
  /** Files that could not be read to their end. */
  readonly errors: readonly CaptureErrorFields[];
  /** Reading was stopped before the end. */
  readonly stopped: boolean;
  /** Why the reading of interfaces ended by itself. */
  readonly failure?: LiveFailure | null;
}

/** What the main thread gives its threads to work with, and what they say at the end. */

import type { CaptureErrorFields } from '../common/errors.ts';
import type { HashKey } from '../common/hash.ts';
import type { HelperAt } from '../conntrack/helpers/registry.ts';
import type { ReportMode } from '../conntrack/reporter.ts';
import type { Decap } from '../packet/tunnels/options.ts';
import type { RingMemory } from '../shm/segment.ts';

/** Words of the control block that all threads share. */
export enum Control {
  /** Set by the main thread: stop reading, finish what was read. */
  STOP = 0,
  /** Set by a thread that failed: nobody need wait for anybody any more. */
  FAILED = 1,
  WORDS = 2,
}

/** Memory of the expectations: the ingest thread's, but for the claims, which the shards settle. */
export interface ExpectationMemory {
  readonly words: Int32Array;
  readonly claims: Int32Array;
}

export interface ShardTask {
  readonly segment: SharedArrayBuffer;
  readonly ring: RingMemory;
  readonly settings: Int32Array;
  readonly control: Int32Array;
  readonly hashKey: HashKey;
  readonly mode: ReportMode;
  /** Check every structure after each so many bursts; 0 for never. */
  readonly selfCheckEvery: number;
  /** Where claims on expectations are settled. */
  readonly claims: Int32Array;
}

export interface IngestTask {
  readonly files: readonly string[];
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
}

export interface IngestResult {
  /** Files that could not be read to their end. */
  readonly errors: readonly CaptureErrorFields[];
  /** Reading was stopped before the end. */
  readonly stopped: boolean;
}

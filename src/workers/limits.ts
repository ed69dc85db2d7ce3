/** How large a run may be. Apart from the pipeline, so that a command can say so without loading the threads. */
import { availableParallelism } from 'node:os';

export const SHARDS_MAX = 64;
/** Ingest threads, of interfaces. */
export const INGESTS_MAX = 16;
export const CONNECTIONS_MAX_DEFAULT = 1_048_576;
/** 2^24: 3 GB of memory. */
export const CONNECTIONS_MAX = 16_777_216;

/** Shards when nothing is said: one core is for ingest. */
export const defaultShards = (): number => Math.min(SHARDS_MAX, Math.max(1, availableParallelism() - 1));

/** What a source of packets works with in an ingest thread. */
import type { Service } from '../conntrack/service.ts';
import type { Dispatcher } from '../ingest/dispatcher.ts';
import type { OpenChecksums } from '../packet/transport.ts';
import type { IngestReporter } from './ingest-reporter.ts';

export interface IngestRun {
  readonly dispatcher: Dispatcher;
  /** Set before a packet whose checksum its sender's card was still to make. */
  readonly checksums: OpenChecksums;
  /** `isLong` is set by a live source: so many packets wait that those for full shards are to be dropped. */
  readonly backlog: { isLong: () => boolean };
  /** Reports of packets that no shard sees; null when nobody wants them. */
  readonly reporter: IngestReporter | null;
  /** Answers what is asked about the connections with helpers; null where nobody asks. */
  readonly service: Service | null;
  /** After the last packet. */
  finish(): void;
}

/** Reads interfaces until it is told to stop. */
import type { LiveOptions } from '../live/options.ts';
import type { IngestRun } from './ingest-run.ts';
import type { IngestResult, IngestTask } from './messages.ts';

export function readInterfaces(_task: IngestTask, _live: LiveOptions, run: IngestRun): Promise<IngestResult> {
  run.finish();
  return Promise.resolve({ errors: [], stopped: true });
}

/** `flowshard gen --track`: what is generated goes straight into the tracker. */
import type { ExitStatus } from '../../common/errors.ts';
import type { HashKey } from '../../common/hash.ts';
import type { TrafficOptions } from '../../traffic/options.ts';
import { defaultShards } from '../../workers/limits.ts';
import type { PrintKind } from '../printers.ts';
import { parseEventMask, type TrackFlags } from '../track.ts';
import { track } from '../track-run.ts';
import type { TrackingFlags } from '../tracking-options.ts';

export interface GenTrackFlags extends TrackingFlags {
  readonly print?: PrintKind;
  readonly output?: readonly string[];
  readonly eventMask?: readonly string[];
  readonly shards?: number;
  readonly stats?: true;
  readonly acct: boolean;
  readonly hashKey?: HashKey;
  readonly json?: true;
  readonly quiet?: true;
}

/** Returns the exit status. Errors: OptionError */
export async function genTrack(flags: GenTrackFlags, traffic: TrafficOptions): Promise<ExitStatus> {
  const all: TrackFlags = {
    ...flags,
    traffic,
    print: flags.print ?? 'none',
    shards: flags.shards ?? defaultShards(),
    selfCheckEvery: 0,
    api: true,
    promiscuous: true,
    // The counters are what JSON is asked for here.
    ...(flags.json === true ? { stats: true } : {}),
  };
  const status = await track(all, parseEventMask(flags.eventMask));
  if (flags.quiet !== true) process.stderr.write(`  seed        ${traffic.seed}\n`);
  return status;
}

/**
 * A run in this thread, packet by packet: reader, dispatcher, the tracker of connections with helpers
 * and one shard, as the threads put them together. After each packet everything that became of it
 * is at hand: its bytes, its descriptor, and what was reported about the one connection that is
 * watched.
 */
import type { CaptureError } from '../common/errors.ts';
import type { HashKey } from '../common/hash.ts';
import { Reason } from '../common/reasons.ts';
import type { HelperAt } from '../conntrack/helpers/registry.ts';
import { reassemblyLimits, Setting } from '../conntrack/settings.ts';
import { createDispatcher, type Dispatcher } from '../ingest/dispatcher.ts';
import { openCapture } from '../ingest/open-capture.ts';
import { type CaptureReader, ReadStatus, Rec } from '../ingest/reader.ts';
import type { Encapsulation } from '../packet/tunnels/options.ts';
import { createClaimTaker } from '../shm/claims.ts';
import { Counter } from '../shm/counters.ts';
import { createExpectationMemory } from '../shm/segment.ts';
import { createRunMasters, type RunMasters } from './run-masters.ts';
import { createRunShard } from './run-shard.ts';
import { type Master, newStep, type ShardReport, type Step } from './step.ts';
import type { TupleKey } from './tuple-key.ts';

export interface RunOptions {
  readonly file: string;
  readonly settings: Int32Array;
  readonly encapsulation: Encapsulation;
  readonly helpers: readonly HelperAt[];
  /** Greatest number of connections. */
  readonly maxConnections: number;
  /** The connection whose reports are wanted; null tracks nothing and only decodes. */
  readonly watch: TupleKey | null;
}

export interface RunEnd {
  readonly packets: number;
  /** What was reported after the last packet. */
  readonly reports: readonly ShardReport[];
  /** Time of the last packet. */
  readonly sec: number;
  readonly nsec: number;
  readonly error: CaptureError | null;
}

/** What is done with a packet; whether to go on. A promise only where there is something to wait for. */
export type OnStep = (step: Step) => boolean | Promise<boolean>;

/** Only which connection is evicted from a full table depends on it; fixed, so that a story is told the same twice. */
const HASH_KEY: HashKey = { k0: 0x666c6f77, k1: 0x73686172 };

interface Run {
  /** The packet at hand; the same object for all. */
  readonly step: Step;
  packet(reader: CaptureReader): void;
  finish(): void;
}

function createRun(options: RunOptions): Run {
  const { settings, watch, maxConnections } = options;
  const known = new Map<number, Master>();
  const step = newStep(known);
  const expectations = createExpectationMemory(watch === null ? 1 : settings[Setting.EXPECT_MAX]);
  const runUntilSettled = (): void => {
    dispatcher.flush();
    shard.run();
  };
  const claims = createClaimTaker(expectations.claims, runUntilSettled);
  const shard = createRunShard({ settings, maxConnections, hashKey: HASH_KEY, watch, claims }, step);
  let helped: RunMasters | null = null;
  if (watch !== null) {
    const { helpers } = options;
    const common = { helpers, expectations, settings, maxConnections, hashKey: HASH_KEY, watch };
    helped = createRunMasters({ ...common, waitForClaim: runUntilSettled }, step, known);
  }
  const dispatcher: Dispatcher = createDispatcher({
    rings: [shard.writer],
    hashKey: HASH_KEY,
    verifyChecksums: settings[Setting.CHECKSUM] !== 0,
    ...options.encapsulation,
    reassembly: reassemblyLimits(settings),
    counters: new Float64Array(Counter.WORDS),
    waitForShard: shard.run,
    ...(helped === null ? {} : { masters: helped.masters }),
    onUndispatched(_number, _sec, _nsec, _verdict, reason) {
      step.reason = reason;
    },
  });

  function begin(): void {
    step.isDispatched = false;
    step.isWatched = false;
    step.isIgnored = false;
    step.reason = Reason.NONE;
    step.reports = [];
    step.expects = [];
  }

  function settle(): void {
    dispatcher.flush();
    shard.run();
    helped?.take();
    step.sec = dispatcher.nowSec() >>> 0;
    step.nsec = dispatcher.nowNsec();
  }

  return {
    step,
    packet({ view, record }) {
      begin();
      step.number++;
      step.view = view;
      step.offset = record[Rec.OFFSET];
      step.captureLength = record[Rec.CAPTURE_LENGTH];
      step.wireLength = record[Rec.WIRE_LENGTH];
      step.linkType = record[Rec.LINK_TYPE];
      const { offset, captureLength, wireLength, linkType } = step;
      dispatcher.packet(view, offset, captureLength, wireLength, linkType, record[Rec.SEC], record[Rec.NSEC]);
      settle();
    },
    finish() {
      begin();
      dispatcher.finish();
      helped?.masters.finish();
      settle();
    },
  };
}

/** Shows every packet to `onStep`, until it says no. Errors: what is wrong with the file is in the answer. */
export async function runPackets(options: RunOptions, onStep: OnStep): Promise<RunEnd> {
  const run = createRun(options);
  const { step } = run;
  const reader = await openCapture(options.file);
  for (;;) {
    const status = reader.next();
    if (status === ReadStatus.END) break;
    if (status === ReadStatus.NEED_BYTES) {
      await reader.fill();
      continue;
    }
    run.packet(reader);
    const goesOn = onStep(step);
    // An await costs more than most packets do.
    if (goesOn !== true && !(await goesOn)) break;
  }
  run.finish();
  await reader.close();
  const { number, sec, nsec, reports } = step;
  return { packets: number, reports, sec, nsec, error: reader.error };
}

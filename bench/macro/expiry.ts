/**
 * A million connections due within one second, while packets go on at a steady rate: how late is each one deleted, and what do
 * the packets feel of it?
 *
 * Ingest and tracker run in one thread against the clock: packet k arrives at k / rate, whether or not anybody is ready for it, so that
 * no delay is left out. Events are on.
 */
import { monotonicMs } from '../../src/common/clock.ts';
import { ReadStatus, Rec } from '../../src/ingest/reader.ts';
import { Counter } from '../../src/shm/counters.ts';
import { BLOCK_START_SEC, tcpTraffic, udpAt, withLaps } from '../lib/blocks.ts';
import { type Context, type Figure, scaled } from '../lib/figure.ts';
import { createInThread, type InThread, type Source, sourceOf } from '../lib/in-thread.ts';

export const EXPIRY_LAG = 'expiry lag, p99.9';
export const LATENCY_QUIET = 'packet latency p99.9, nothing due';
export const LATENCY_DUE = 'packet latency p99.9, a million due in a second';
export const LATENCY_RATIO = 'packet latency p99.9: due by nothing due';

/** Packets per second meanwhile. */
const RATE = 1_000_000;
const BURST = 64;
const UDP_TIMEOUT_S = 30;
/** Packet time of a round; the due connections come at its start. */
const ROUND_S = 100;
const QUIET_S = 15;
/** Before and after the second in which they are due. */
const MARGIN_S = 0.2;

export function run(context: Context): Promise<Figure[]> {
  const due = scaled(context, 1_000_000, 1_000_000, 1000);
  const established = scaled(context, 100_000, 100_000, 100);
  const rounds = scaled(context, 7, 2, 1);
  const thread = createInThread({ maxEntries: due + established * 2, events: true });
  const traffic = tcpTraffic(established, context.seed);
  const found = { lag: [] as number[], quiet: [] as number[], during: [] as number[] };
  const source = sourceOf(withLaps(traffic, Number.POSITIVE_INFINITY));
  for (let n = 0; n < traffic.prologue + traffic.loop; n += takeAll(thread, source)) {
    // The connections of the steady packets are made, and the code gets warm.
  }
  // The first round is for warming up.
  for (let round = 0; round <= rounds; round++) {
    context.say(`round ${round} of ${rounds}`);
    const startSec = BLOCK_START_SEC + 100 + round * ROUND_S;
    const flows = sourceOf(udpAt(due, startSec, 1));
    while (takeAll(thread, flows) > 0) {
      // Made at full speed.
    }
    const seconds = scaled(context, 1 + 2 * MARGIN_S, 1 + 2 * MARGIN_S, 0.02);
    const quiet = pace(thread, source, startSec + QUIET_S, seconds);
    const firstDueSec = startSec + UDP_TIMEOUT_S;
    const during = pace(thread, source, firstDueSec - MARGIN_S, seconds, {
      firstSec: firstDueSec,
      count: due,
    });
    if (round === 0) continue;
    found.quiet.push(quiet.latencyMs * 1000);
    found.during.push(during.latencyMs * 1000);
    if (during.lagMs !== null) found.lag.push(during.lagMs);
  }
  // Of tiny runs none is due while it is looked at.
  if (found.lag.length === 0) found.lag.push(0);
  const checksum = thread.segment.counters[Counter.CREATED];
  const at = { connections: due };
  const ratios = found.during.map((us, i) => us / found.quiet[i]);
  return Promise.resolve([
    { name: EXPIRY_LAG, unit: 'ms', values: found.lag, checksum, at },
    { name: LATENCY_QUIET, unit: 'us', values: found.quiet, checksum, at },
    { name: LATENCY_DUE, unit: 'us', values: found.during, checksum, at },
    { name: LATENCY_RATIO, unit: 'times', values: ratios, checksum, at },
  ]);
}

function takeAll(thread: InThread, source: Source): number {
  const count = thread.ingest(source);
  thread.track();
  return count;
}

/** The least value that 99.9 % do not exceed. */
function p999(values: Float64Array): number {
  values.sort();
  return values[Math.min(values.length - 1, Math.floor(values.length * 0.999))];
}

/**
 * Packets at RATE from packet time `fromSec` on, which goes with the clock. `due`: so many connections expire, evenly within
 * a second from `firstSec` on.
 */
function pace(
  thread: InThread,
  source: Source,
  fromSec: number,
  seconds: number,
  due: { readonly firstSec: number; readonly count: number } | null = null,
): { readonly latencyMs: number; readonly lagMs: number | null } {
  const { dispatcher, segment } = thread;
  const { record, view } = source;
  const total = Math.floor(RATE * seconds);
  const latencies = new Float64Array(total);
  const lags = new Float64Array(due?.count ?? 0);
  const endedBefore = segment.counters[Counter.ENDED_TIMEOUT];
  let ended = 0;
  const startMs = monotonicMs();
  for (let k = 0; k < total; ) {
    const arrived = Math.min(total, Math.floor(((monotonicMs() - startMs) * RATE) / 1000));
    const count = Math.min(BURST, arrived - k);
    if (count <= 0) continue;
    for (let i = 0; i < count; i++) {
      while (source.next() !== ReadStatus.PACKET) void source.fill();
      const atSec = fromSec + (k + i) / RATE;
      const sec = Math.floor(atSec);
      const nsec = Math.floor((atSec - sec) * 1e9);
      const { OFFSET, CAPTURE_LENGTH, WIRE_LENGTH, LINK_TYPE } = Rec;
      dispatcher.packet(
        view,
        record[OFFSET],
        record[CAPTURE_LENGTH],
        record[WIRE_LENGTH],
        record[LINK_TYPE],
        sec,
        nsec,
      );
    }
    dispatcher.flush();
    thread.track();
    const doneMs = monotonicMs() - startMs;
    for (let i = 0; i < count; i++) latencies[k + i] = doneMs - ((k + i) * 1000) / RATE;
    k += count;
    if (due === null) continue;
    // They expire in the order in which they are due, to some milliseconds.
    const now = Math.min(due.count, segment.counters[Counter.ENDED_TIMEOUT] - endedBefore);
    for (; ended < now; ended++) lags[ended] = doneMs - (due.firstSec - fromSec + ended / due.count) * 1000;
  }
  const isWhole = due !== null && ended === due.count;
  if (due !== null && seconds > 1 && !isWhole)
    throw new Error(`only ${ended} of ${due.count} connections had expired at the end`);
  return { latencyMs: p999(latencies), lagMs: isWhole ? p999(lags) : null };
}
